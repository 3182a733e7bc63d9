// What decides which cookies are good, across restarts: this lab's own name for them, the salt of the
// password's keys, and the sign-ins that were ended before their time. One file of its own, 0600.
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import * as z from 'zod'
import { LabError } from '../errors.ts'
import { readTextSync } from '../read-file.ts'
import { replaceFile } from '../write-file.ts'

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

export interface SignIns {
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
}

/** Opens `sign-ins.json` in the state directory; one that cannot be read is begun anew, and all sign in again. */
export async function openSignIns(dir: string, now: () => number): Promise<SignIns> {
  const path = join(dir, 'sign-ins.json')
  const known = read(path) ?? { lab: newLab(), salt: newSalt(), ended: [] }
  const { lab } = known
  let { salt, ended } = known
  let writing: Promise<void> = Promise.resolve()

  // One after the other: what was asked for last must be what stays.
  function write(): Promise<void> {
    writing = writing
      .catch(() => undefined)
      .then(() =>
        replaceFile(path, `${JSON.stringify({ version: 1, lab, salt, ended })}\n`, { mode: 0o600 }),
      )
    return writing.catch((error: unknown) => {
      throw new LabError(
        'store_unwritable',
        `lab cannot write ${path}, so this holds only until lab is restarted. Make room or give its user the right to write there.`,
        { cause: error },
      )
    })
  }

  await write()
  return {
    lab,
    salt: () => salt,
    isEnded: (id) => ended.some((one) => one.id === id),
    end(id, until) {
      ended = [...ended.filter((one) => one.until > now()), { id, until }]
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

function read(path: string): z.infer<typeof shape> | null {
  try {
    return shape.parse(JSON.parse(readTextSync(path)))
  } catch {
    return null
  }
}
