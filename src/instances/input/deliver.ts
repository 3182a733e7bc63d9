// Delivers one text: into an empty prompt, then Enter, then the receipt. It never types a text twice.
import { setTimeout as sleep } from 'node:timers/promises'
import { readDraft } from '../../claude/prompt-line.ts'
import { holdsText, typedText, type Delivery, type Message, type Receipt } from '../../core/input/message.ts' // prettier-ignore
import { printable } from '../../core/text.ts'
import { DialogOpen, StateUnknown } from '../../errors/input.ts'
import type { InstancesDeps } from '../state/deps.ts'
import type { Entry } from '../state/entry.ts'
import type { Ledger } from '../state/ledger.ts'
import { isOver, listening, paneOf } from './listening.ts'
import type { Prompts } from './prompts.ts'

export interface DeliverOptions {
  readonly deps: InstancesDeps
  readonly ledger: Ledger
  readonly prompts: Prompts
}

/** The longest time for one text. A receipt comes within 1.2 s on a loaded machine. */
export const deliveryMs = 30_000
// Claude draws a megabyte within 4 s.
const drawMs = 10_000
// Claude ignores Enter for at most 0.9 s, right after a dialog has closed.
const enterAgainMs = 1500
const entersMax = 3
const pollMs = 25
const shownCharsMax = 60

/** Types a text and submits it if the message says so. @throws NotRunning DialogOpen StateUnknown, and what tmux throws */
export async function deliver(
  entry: Entry,
  message: Message,
  options: DeliverOptions,
): Promise<Delivery> {
  const { tmux } = options.deps
  const pane = paneOf(entry)
  const text = typedText(message.text)
  await listening(entry, { ...options, ...options.deps })
  const before = await watchDraft(tmux, pane, { until: (draft) => draft !== null, ms: enterAgainMs }) // prettier-ignore
  if (before === null)
    return refused('lab does not see the prompt on its screen, so it typed nothing. Look at the screen.') // prettier-ignore
  if (before !== '')
    return refused(`The prompt holds a text that is not sent: ${excerpt(before)}. Send it or clear it (key C-u), then try again.`) // prettier-ignore
  await tmux.typeText(pane, text)
  const shown = await watchDraft(tmux, pane, { until: (draft) => draft !== null && draft !== '', ms: drawMs }) // prettier-ignore
  if (!shown)
    return typed('lab does not see the text in the prompt, so it pressed no Enter. Look at the screen.') // prettier-ignore
  if (!isPartOf(shown, text))
    return typed(`Somebody typed at the same moment: ${excerpt(shown)}. lab pressed no Enter. Look at the screen.`) // prettier-ignore
  if (!message.submit) return { receipt: 'typed' }
  // A command of Claude's runs no UserPromptSubmit hook.
  const needsHook = options.prompts.areHeard(entry) && !/^\s*[!/]/.test(text)
  return submit(entry, { pane, text, needsHook }, options)
}

/** Presses Enter, again where Claude ignored it, and waits for the receipt. */
async function submit(
  entry: Entry,
  { pane, text, needsHook }: Submission,
  { deps, ledger, prompts }: DeliverOptions,
): Promise<Delivery> {
  const heard = { isHeard: false }
  const stop = prompts.onPrompt(entry.id, (prompt) => {
    heard.isHeard ||= prompt === null || holdsText(prompt, text)
  })
  const deadline = performance.now() + deliveryMs
  let receipt: Receipt = 'submitted'
  let enters = 0
  let enteredAt = Number.NEGATIVE_INFINITY
  try {
    for (;;) {
      if (heard.isHeard) return { receipt }
      if (isOver(entry)) return typed('The instance ended before it took the text.')
      const isLate = performance.now() > deadline
      const draft = await draftOf(deps.tmux, pane)
      if (draft === '' && (!needsHook || isLate)) return { receipt }
      if (isLate) return typed('lab did not hear that the agent took the text. Look at the screen.')
      const isThere = draft !== null && isPartOf(draft, text)
      if (isThere && enters < entersMax && performance.now() > enteredAt + enterAgainMs) {
        const { status } = await listening(entry, { ...deps, ledger })
        if (enters === 0) receipt = status === 'busy' ? 'queued' : 'submitted'
        // Claude ignores Enter only after a dialog. A busy agent has queued the text or not drawn it yet.
        if (enters === 0 || status !== 'busy') await deps.tmux.pressKeys(pane, ['Enter'])
        enters += 1
        enteredAt = performance.now()
      }
      await sleep(pollMs)
    }
  } catch (error) {
    if (heard.isHeard) return { receipt }
    if (error instanceof DialogOpen || error instanceof StateUnknown)
      return typed(`${error.message} The text stands in the prompt, and lab pressed no Enter.`)
    throw error
  } finally {
    stop()
  }
}

interface Submission {
  readonly pane: string
  readonly text: string
  /** Whether the receipt comes from the agent's hook; else an empty prompt tells. */
  readonly needsHook: boolean
}

type Tmux = InstancesDeps['tmux']

async function draftOf(tmux: Tmux, pane: string): Promise<string | null> {
  return readDraft((await tmux.screen(pane)).rows)
}

/** Looks at the prompt until it is right or the time is over; returns what it saw last. */
async function watchDraft(
  tmux: Tmux,
  pane: string,
  { until, ms }: { readonly until: (draft: string | null) => boolean; readonly ms: number },
): Promise<string | null> {
  const deadline = performance.now() + ms
  for (;;) {
    const draft = await draftOf(tmux, pane)
    if (until(draft) || performance.now() > deadline) return draft
    await sleep(pollMs)
  }
}

// Claude draws a long paste as a placeholder.
const placeholder = /^\[Pasted text #\d+(?: \+\d+ lines)?\]$/

/** Whether the prompt shows this text, whole or a part of it, and nothing else. */
function isPartOf(draft: string, text: string): boolean {
  return draft !== '' && (placeholder.test(draft) || holdsText(text, draft))
}

/** A delivery of which lab typed nothing. */
export function refused(reason: string): Delivery {
  return { receipt: 'refused', reason }
}

function typed(reason: string): Delivery {
  return { receipt: 'typed', reason }
}

/** The beginning of a text, in quotes, for a sentence. */
function excerpt(text: string): string {
  const line = printable(text)
  return `"${line.length > shownCharsMax ? `${line.slice(0, shownCharsMax)}…` : line}"`
}
