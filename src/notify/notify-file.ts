// What being told needs across restarts: lab's key pair for Web Push, the devices, and the alerts that were
// told. One file, which only lab's user can read.
import { renameSync } from 'node:fs'
import { join } from 'node:path'
import webpush from 'web-push'
import * as z from 'zod'
import { replaceFile } from '../atomic-write.ts'
import { notifyEvents } from '../core/settings.ts'
import type { Log } from '../log.ts'
import { createQueue } from '../queue.ts'
import { readTextSync } from '../read-file.ts'

/** What a browser's PushSubscription says of itself; other keys are left out. */
export const subscriptionShape = z.object({
  /** The address of the browser's push service. */
  endpoint: z
    .string()
    .max(2000)
    .refine((text) => text.startsWith('https://') && URL.canParse(text), 'is not an https address'),
  keys: z.object({
    p256dh: z.string().regex(/^[\w-]{87}=?$/, 'is not a key of 65 bytes'),
    auth: z.string().regex(/^[\w-]{22}(==)?$/, 'is not a secret of 16 bytes'),
  }),
})

/** The events that a device wants. */
export const eventsShape = z.array(z.enum(notifyEvents))

const deviceShape = subscriptionShape.extend({
  /** Names the device to lab and to its browser. Not a secret. */
  id: z.string(),
  /** What the operator recognises it by, such as `Android, Chrome`. */
  name: z.string(),
  /** The origin under which the device reaches lab; null where it did not say. */
  origin: z.string().nullable(),
  events: eventsShape,
  createdAt: z.string(),
})

const shape = z.object({
  version: z.literal(1),
  keys: z.object({ publicKey: z.string(), privateKey: z.string() }),
  /** Where a tap in another program than the browser finds lab. */
  address: z.string().nullable(),
  devices: z.array(deviceShape),
  told: z.array(z.object({ key: z.string(), instance: z.string(), devices: z.array(z.string()) })),
})

export type Subscription = z.infer<typeof subscriptionShape>
export type Device = z.infer<typeof deviceShape>
type Content = z.infer<typeof shape>

export interface NotifyFile {
  content(): Content
  /** Changes the content at once and the file soon; a failure is logged and does not throw. */
  change(fields: Partial<Omit<Content, 'version' | 'keys'>>): void
  /** Writes the file. @throws what the system says */
  save(): Promise<void>
}

/**
 * Opens `push.json` in the state directory. A file that lab cannot read is put aside: with new keys each
 * device has to be added again. `prepare` makes the directory ready before a write.
 */
export function openNotifyFile(
  dir: string,
  log: Pick<Log, 'error'>,
  prepare: () => void = () => undefined,
): NotifyFile {
  const path = join(dir, 'push.json')
  let content = read(path, log) ?? newContent()
  const writes = createQueue()
  const save = (): Promise<void> =>
    writes.run(() => {
      prepare()
      return replaceFile(path, `${JSON.stringify(content)}\n`, { mode: 0o600 })
    })
  return {
    content: () => content,
    save,
    change(fields) {
      content = { ...content, ...fields }
      save().catch((err: unknown) => log.error({ err, path }, 'lab could not write the devices'))
    },
  }
}

/** The content of a lab that has no devices yet, with new keys. */
export function newContent(): Content {
  const keys = webpush.generateVAPIDKeys()
  return { version: 1, keys, address: null, devices: [], told: [] }
}

function read(path: string, log: Pick<Log, 'error'>): Content | null {
  try {
    return shape.parse(JSON.parse(readTextSync(path)))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    log.error(
      { path },
      'lab cannot read the devices to notify, puts the file aside and makes new keys',
    )
    try {
      renameSync(path, `${path}.unreadable`)
    } catch {
      // lab replaces it with the next change.
    }
    return null
  }
}
