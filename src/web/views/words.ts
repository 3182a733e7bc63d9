// The words of the page: for an instance, its state, why it ended, by whom, how large it is. Pure.
import type { Actor } from '../../core/actor.ts'
import { causeOf } from '../../core/text.ts'
import {
  isLive,
  tmuxUnreadable,
  type Evidence,
  type Instance,
  type ShownState,
} from '../../core/instance.ts'
import { waitsForOperator } from '../../core/limit.ts'

/** The title of an instance: its label, or else its name. */
export function titleOf({ label, name }: Instance): string {
  return label ?? name
}

/** Whether a start takes longer than it should; the agent lives on. */
export function isOverdue({ state, evidence }: Instance): boolean {
  return state === 'starting' && evidence !== null
}

const words: Record<ShownState, string> = {
  starting: 'Starting',
  ready: 'Ready',
  busy: 'Busy',
  waiting: 'Waiting',
  stopping: 'Stopping',
  stopped: 'Stopped',
  error: 'Died',
  limited: 'Limited',
  stalled: 'Stalled',
  unknown: 'Unknown',
}

const endWords: Partial<Record<Evidence['reason'], string>> = {
  start_failed: 'Did not start',
  session_closed: 'Closed',
  tmux_gone: 'Ended with tmux',
  rebooted: 'Ended at a reboot',
}

/** The state as a word; of an end, as much of its cause as fits one. */
export function wordOf(instance: Instance): string {
  const { state, evidence } = instance
  if (isOverdue(instance)) return 'Not ready yet'
  if (state === 'ready' && instance.unread) return 'Done'
  if (!evidence || isLive(state)) return words[state]
  if (state === 'stopped' && evidence.reason === 'exited') return 'Exited'
  return (state === 'error' ? endWords[evidence.reason] : undefined) ?? words[state]
}

/** What a waiting instance needs, in one line. */
export function needOf({ state, waitingFor, question }: Instance): string {
  if (question === null)
    return state === 'limited' ? `waits for you: ${waitingFor}` : (waitingFor ?? 'your answer')
  const [line = ''] = question.detail.trim().split('\n')
  return `${question.title} ${line}`.trim()
}

/** Why an instance ended: the words of its screen where they say it, else how it ended. */
export function causeText(instance: Instance): string | null {
  const { evidence } = instance
  if (evidence === null) return null
  const cause = evidence.reason === 'stopped' ? null : causeOf(evidence.lastLines)
  return cause ?? exitText(evidence)
}

/** What a row says after the state and its age: what hinders the operator first, then what the agent does. */
export function restOf(instance: Instance): readonly string[] {
  const { state, linkState, workspace, unknownBecause } = instance
  const isQuiet = state === 'unknown' || !isLive(state)
  const said = [
    waitsForOperator(instance) ? needOf(instance) : null,
    state === 'error' ? causeText(instance) : null,
    unknownBecause === tmuxUnreadable ? null : unknownBecause,
    workspace.moved === null
      ? null
      : workspace.moved.to === null
        ? 'folder removed'
        : 'folder moved',
    isLive(state) && linkState === 'lost' ? 'link lost' : null,
    instance.isBlank ? 'blank conversation' : null,
    isQuiet || state === 'waiting' || state === 'limited' ? null : instance.doing,
    state === 'ready' && instance.background ? 'background command' : null,
    isLive(state) && linkState === 'unavailable' ? 'no link: find it in claude.ai' : null,
  ]
  return said.filter((one) => one !== null)
}

/** The exit status or the signal, in words; null where neither is known. */
export function exitText({ signal, exitCode }: Evidence): string | null {
  return signal ?? (exitCode === null ? null : `exit status ${exitCode}`)
}

const ways: Partial<Record<Actor, string>> = {
  page: 'From the page',
  api: 'Through the API',
  cli: 'From the command line',
  agent: 'By an agent',
  notify: 'From a notification',
}

/** The actor in words; null where no actor asked for it. */
export function byText(by: Actor): string | null {
  if (by === 'nobody') return null
  return ways[by] ?? `By ${by.slice(by.indexOf(':') + 1)}`
}

const megabyte = 1024 * 1024

/** An amount of memory, as short as it can be said. */
export function bytesText(bytes: number): string {
  const megabytes = Math.round(bytes / megabyte)
  return megabytes < 1000 ? `${megabytes} MB` : `${(bytes / megabyte / 1024).toFixed(1)} GB`
}
