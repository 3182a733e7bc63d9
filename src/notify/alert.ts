// Which state of an instance makes which alert, and its words. Pure.
import { isLive, type Instance } from '../core/instance.ts'
import { waitsForOperator } from '../core/limit.ts'
import { destructiveText } from '../core/question.ts'
import type { NotifyEvent } from '../core/settings.ts'
import type { EndReason } from '../core/state.ts'
import { printable } from '../core/text.ts'

/** One event that lab tells the operator of. */
export interface Alert {
  /** Names the event: lab tells each target of one key once. */
  readonly key: string
  readonly kind: NotifyEvent
  /** The instance's id. */
  readonly instance: string
  /** The question that one tap can allow or deny; null for any other alert. */
  readonly question: string | null
  readonly title: string
  readonly body: string
  /** The instance in claude.ai; null while it has no link. */
  readonly deepLink: string | null
}

const together: Partial<Record<EndReason, string>> = {
  tmux_gone: 'Agents ended with tmux. lab offers to resume them.',
  rebooted: 'Agents ended at a reboot. lab offers to resume them.',
}

// The few lines that a lock screen shows.
const bodyCharsMax = 300
const titleCharsMax = 120

/**
 * The alert that an instance gives reason for now; null when there is none. `before` is its state before
 * this one, because only an agent that has worked can be done.
 */
export function alertOf(instance: Instance, before: Instance['state'] | null): Alert | null {
  const { id, state, question, evidence } = instance
  const hasQuestion = question !== null && isLive(state) && state !== 'stopping'
  if (hasQuestion || waitsForOperator(instance)) return needOf(instance)
  if (state === 'error' && evidence && !instance.dismissed) {
    const ended = together[evidence.reason]
    // One event ends all of them within a moment, and one alert tells of it.
    if (ended) return { ...make(instance, 'died', `${evidence.reason} ${evidence.at.slice(0, 16)}`, ended), title: 'lab' } // prettier-ignore
    return make(instance, 'died', `${id} died ${evidence.at}`, evidence.message)
  }
  if (state === 'ready' && before === 'busy')
    return make(instance, 'done', `${id} done ${instance.since}`, instance.doing ?? 'is done')
  return null
}

function needOf(instance: Instance): Alert {
  const { id, question, waitingFor, since } = instance
  if (!question) {
    const body = waitingFor === null ? 'waits for you' : `waits for you: ${waitingFor}`
    return make(instance, 'needs', `${id} needs ${since}`, body)
  }
  const alert = make(instance, 'needs', `${id} asks ${question.id}`, sentence(question))
  const has = (wanted: string): boolean => question.choices.some((choice) => choice.id === wanted)
  // What could destroy work is asked once more on the page, which a notification cannot do.
  const isSafe = destructiveText(question, instance.workspace.path) === null
  // The words of a dialog on a screen may be cut off, so only the page takes that answer.
  const isTap =
    isSafe && question.tool !== null && question.answerable && has('allow') && has('deny')
  return { ...alert, question: isTap ? question.id : null }
}

function sentence({ title, detail }: { readonly title: string; readonly detail: string }): string {
  return detail === '' ? title : `${title} ${detail}`
}

function make(instance: Instance, kind: NotifyEvent, key: string, body: string): Alert {
  const { id, project, label, name, deepLink } = instance
  return {
    key,
    kind,
    instance: id,
    question: null,
    title: cut(label === null ? name : `${project} · ${label}`, titleCharsMax),
    body: cut(body, bodyCharsMax),
    deepLink,
  }
}

/** The text on one line, without hidden characters, and shortened to so many characters. */
function cut(text: string, max: number): string {
  const line = printable(text.replace(/\s+/g, ' ').trim())
  return line.length <= max ? line : `${line.slice(0, max - 1).replace(/[\ud800-\udbff]$/, '')}…`
}
