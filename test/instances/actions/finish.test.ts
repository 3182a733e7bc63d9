// The steps of an end, and their order.
import { expect, test } from 'vitest'
import { createFinish } from '../../../src/instances/actions/finish.ts'
import { createLog } from '../../../src/log.ts'
import { reserve } from '../../fixtures/entry.ts'
import { keep } from '../../fixtures/ledger.ts'

type Options = Parameters<typeof createFinish>[0]

/** An end of one instance, step by step; `killPane` is tmux's part of it. */
function end(killPane: () => Promise<void>) {
  const session = { isMoved: false, paneId: '%1', panePid: 0 }
  const entry = { ...reserve({ state: 'ready', seen: { session } }), isReserved: false }
  const steps: string[] = []
  const step =
    <T>(name: string, result: T) =>
    () => {
      steps.push(`${name} while ${entry.state}`)
      return result
    }
  const { ledger } = keep([entry], step('saved', undefined))
  ledger.subscribe((event) => {
    if (event.type === 'moved') steps.push(event.to)
    if (event.type === 'instance') steps.push(`published while ${entry.state}`)
  })
  steps.length = 0
  const tmux = {
    capture: step('captured', Promise.resolve(['bye'])),
    killPane: () => killPane().finally(step('removed', undefined)),
  }
  const store = { failure: () => null, written: () => Promise.resolve() }
  const deps = { tmux, store, log: createLog('error', { write: () => {} }), now: Date.now }
  const notes = { remove: step('note removed', undefined) }
  const conversations = { takeLast: () => Promise.resolve() }
  const ending = createFinish({ deps, ledger, notes, conversations } as unknown as Options)
  const exit = { code: null, signal: 'SIGKILL' }
  const concluded = ending.conclude(entry, { reason: 'signal', exit, by: 'nobody' })
  return { entry, steps, concluded }
}

test('an end is published once its session is gone, and its note is removed once the store has the end', async () => {
  let gone = (): void => {}
  const { entry, steps, concluded } = end(() => new Promise((resolve) => (gone = resolve)))
  await new Promise(setImmediate)
  expect([entry.state, entry.end, steps]).toEqual(['ready', null, ['captured while ready']])
  gone()
  await concluded
  await new Promise(setImmediate)
  expect(steps.slice(1)).toEqual([
    'removed while ready',
    'error',
    'saved while error',
    'published while error',
    'note removed while error',
  ])
  expect(entry).toMatchObject({
    seen: { session: null },
    end: { evidence: { lastLines: ['bye'] } },
  })
})

test('an end is published even when tmux does not remove the session', async () => {
  const { entry, steps, concluded } = end(() => Promise.reject(new Error('tmux hangs')))
  await concluded
  expect(steps).toContain('published while error')
  expect(entry.end).toMatchObject({ evidence: { reason: 'signal', signal: 'SIGKILL' } })
})
