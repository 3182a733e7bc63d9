// Texts and keys for an instance, one after the other, each with its actor in the journal.
import type { Actor } from '../../core/actor.ts'
import { isKey } from '../../core/input/keys.ts'
import { controlIn, typedText, whyNoPrompt, type Delivery, type Message } from '../../core/input/message.ts' // prettier-ignore
import { InvalidRequest } from '../../errors.ts'
import type { Entry } from '../state/entry.ts'
import { deliver, deliveryMs, refused, type DeliverOptions } from './deliver.ts'
import { paneOf } from './listening.ts'

export interface Send {
  /** @throws NotRunning DialogOpen StateUnknown InvalidRequest, and what tmux throws */
  message(entry: Entry, message: Message, by: Actor): Promise<Delivery>
  /** Presses keys; also while a dialog is open, which they may answer. @throws NotRunning InvalidRequest, and what tmux throws */
  keys(entry: Entry, keys: readonly string[], by: Actor): Promise<Delivery>
}

const keysMax = 100

export function createSend(options: DeliverOptions): Send {
  const { tmux, journal, now } = options.deps

  function record(entry: Entry, by: Actor, what: object): void {
    const at = new Date(now()).toISOString()
    journal.append({ at, id: entry.id, name: entry.launch.name, what: 'typed', by, ...what })
  }

  return {
    async message(entry, message, by) {
      const text = typedText(message.text)
      const why = whyNoPrompt({ ...message, text })
      if (why !== null) return refused(why)
      const control = controlIn(text)
      if (control !== null)
        throw new InvalidRequest(`The text has the control character ${control}, which would press a key. Remove it.`) // prettier-ignore
      paneOf(entry)
      const delivery = await inQueue(entry, () => deliver(entry, message, options))
      record(entry, by, { ...delivery, characters: text.length })
      return delivery
    },
    async keys(entry, keys, by) {
      const unknown = keys.find((key) => !isKey(key))
      if (unknown !== undefined)
        throw new InvalidRequest(`"${unknown}" is not a key that lab presses.`)
      if (keys.length === 0 || keys.length > keysMax)
        throw new InvalidRequest(`lab presses 1 to ${keysMax} keys at once.`)
      paneOf(entry)
      const delivery = await inQueue(entry, async () => {
        await tmux.pressKeys(paneOf(entry), keys)
        return { receipt: 'typed' }
      })
      record(entry, by, { keys: keys.join(' ') })
      return delivery
    },
  }
}

/** Runs a task in the instance's queue, but not for a caller who has waited too long. */
function inQueue(entry: Entry, task: () => Promise<Delivery>): Promise<Delivery> {
  const askedAt = performance.now()
  return entry.queue.run(() =>
    performance.now() - askedAt > deliveryMs
      ? refused('Earlier texts for this instance took too long. Look at the screen, and try again.')
      : task(),
  )
}
