// What decides which cookies are good, across restarts: this lab's own name for them, the salt of the
// password's keys, and the sign-ins that were ended before their time. One file of its own, 0600.
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
  // A file from before labs had one is given one.
  lab: z
    .string()
    .regex(/^[\da-f]{12}$/)
    .default(newLab),
  salt: z.string().regex(/^[\w-]{43}$/),
  ended: z.array(z.object({ id: z.string(), until: z.number() })),
})

// Sign-outs of years; each takes some 60 bytes.
const endedMax = 1000

export interface AuthSessions {
  /** Tells this lab from every other; no secret, and the same for as long as the file is. */
  readonly lab: string
  /** Part of every key; another one makes every cookie worthless. */
  salt(): string
  /** Whether a sign-in was ended by its owner. */
  isEnded(id: string): boolean
  /** Ends a sign-in whose cookie would be good until then (ms). @throws LabError store_unwritable */
  end(id: string, until: number): Promise<void>
  /** Ends every sign-in there ever was. @throws LabError store_unwritable */
  endAll(): Promise<void>
  /** Writes what is known, where the file is missing or could not be written. @throws LabError store_unwritable */
  save(): Promise<void>
}

/**
 * Opens `sign-ins.json` in the state directory; where it cannot be read all sign in again. What cannot be
 * written yet is for `save`: until then the cookies hold as long as this lab runs.
 */
export async function openAuthSessions(dir: string, now: () => number): Promise<AuthSessions> {
  const path = join(dir, 'sign-ins.json')
  const known = read(path) ?? { lab: newLab(), salt: newSalt(), ended: [], isWhole: false }
  const { lab } = known
  let { salt, ended } = known
  // One write after the other: the file must end with what was asked for last.
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
    isEnded: (id) => ended.some((one) => one.id === id),
    end(id, until) {
      // The clock may go back, and what it called old be good again: only a long list is cut.
      const kept = ended.length < endedMax ? ended : ended.filter((one) => one.until > now())
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
