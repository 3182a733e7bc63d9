// Keeps the text of lab's status line in tmux: how many agents run and need the operator.
import { setTimeout as sleep } from 'node:timers/promises'
import { headline } from '../core/text.ts'
import type { Service } from '../instances/service.ts'
import type { Log } from '../log.ts'
import type { Tmux } from '../tmux/tmux.ts'

// Each new text makes tmux draw the attached terminals again.
const pauseMs = 500
const endMs = 300

/** Sets the text now and after each change, until the returned function is called, which says that lab is down. */
export function keepStatusLine(
  instances: Pick<Service, 'subscribe' | 'list' | 'cap'>,
  tmux: Pick<Tmux, 'setStatus'>,
  log: Log,
): () => Promise<void> {
  let timer: NodeJS.Timeout | null = null
  const set = (text: string): Promise<void> =>
    tmux.setStatus(text).catch((err: unknown) => log.debug({ err }, 'no status line'))
  function write(): void {
    timer = null
    void set(headline(instances.list(), instances.cap()))
  }
  const unsubscribe = instances.subscribe(({ type }) => {
    if (type === 'moved' || type === 'removed' || type === 'cap')
      timer ??= setTimeout(write, pauseMs).unref()
  })
  write()
  return async () => {
    unsubscribe()
    if (timer) clearTimeout(timer)
    // A tmux that does not answer must not hold up lab's end.
    await Promise.race([set('lab is down'), sleep(endMs, undefined, { ref: false })])
  }
}
