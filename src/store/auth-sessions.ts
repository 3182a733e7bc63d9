// The values that keep cookies good across restarts of lab: the name of this lab, the salt of the keys,
// and the sign-ins that ended before their time. One file, which only lab's user can read.
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import * as z from 'zod'
import { writeRemedy } from '../disk-errors.ts'
import { LabError } from '../errors.ts'
import { createQueue } from '../queue.ts'
import { readTextSync } from '../read-file.ts'
import { replaceFile } from '../atomic-write.ts'

const shape = z.object({
  version: z.literal(1),
  // The file of an older lab has no name.
  lab: z
    .string()
    .regex(/^[\da-f]{12}$/)
    .default(newLab),
  salt: z.string().regex(/^[\w-]{43}$/),
  ended: z.array(z.object({ id: z.string(), until: z.number() })),
})

// Enough for the sign-outs of years; each takes about 60 bytes.
const endedMax = 1000

export interface AuthSessions {
  /** Distinguishes this lab from every other one. Not a secret; the same as long as the file exists. */
  readonly lab: string
  /** A part of every key: another salt makes every cookie invalid. */
  salt(): string
  /** Whether the owner of a sign-in has ended it. */
  isEnded(id: string): boolean
  /** Ends a sign-in whose cookie would be good until then (ms). @throws LabError store_unwritable */
  end(id: string, until: number): Promise<void>
  /** Ends all sign-ins. @throws LabError store_unwritable */
  endAll(): Promise<void>
  /** Writes the file. @throws LabError store_unwritable */
  save(): Promise<void>
}

/**
 * Opens `sign-ins.json` in the state directory. When lab cannot read it, every user has to sign in again.
 * When lab cannot write it yet, `save` writes it later; until then the cookies are good while this lab runs.
 */
export async function openAuthSessions(dir: string, now: () => number): Promise<AuthSessions> {
  const path = join(dir, 'sign-ins.json')
  const known = read(path) ?? { lab: newLab(), salt: newSalt(), ended: [], isWhole: false }
  const { lab } = known
  let { salt, ended } = known
  // One write after the other, so that the file holds the latest change.
  const writes = createQueue()

  function write(): Promise<void> {
    return writes.run(async () => {
      try {
        const content = `${JSON.stringify({ version: 1, lab, salt, ended })}\n`
        await replaceFile(path, content, { mode: 0o600 })
      } catch (error) {
        throw new LabError(
          'store_unwritable',
          `lab cannot write ${path}, so this holds only until lab is restarted. ${writeRemedy(error)}`,
          { cause: error },
        )
      }
    })
  }

  if (!known.isWhole) await write().catch(() => undefined)
  return {
    save: write,
    lab,
    salt: () => salt,
    isEnded: (id) => ended.some((session) => session.id === id),
    end(id, until) {
      // A clock that is set back makes an expired sign-in good again: keep all until the list is long.
      const kept =
        ended.length < endedMax ? ended : ended.filter((session) => session.until > now())
      ended = [...kept, { id, until }]
      return write()
    },
    endAll() {
      salt = newSalt()
      ended = []
      return write()
    },
  }
}

function newLab(): string {
  return randomBytes(6).toString('hex')
}

function newSalt(): string {
  return randomBytes(32).toString('base64url')
}

function read(path: string): (z.infer<typeof shape> & { isWhole: boolean }) | null {
  try {
    const json = JSON.parse(readTextSync(path)) as object
    return { ...shape.parse(json), isWhole: 'lab' in json }
  } catch {
    return null
  }
}
