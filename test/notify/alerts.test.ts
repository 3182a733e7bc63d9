import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { followAlerts } from '../../src/notify/alerts.ts'
import { permissionOf } from '../fixtures/question.ts'
import { createFakeService } from '../web/fake-service.ts'

const needsAfterMs = 5000

async function follow(question = permissionOf()) {
  const service = createFakeService()
  const { id } = await service.start({ project: 'foo', label: 'fix' }, 'page')
  /** What was raised and withdrawn, in order. */
  const said: string[] = []
  const start = () =>
    followAlerts({
      instances: service,
      preferences: () => ({ needsAfterMs, events: ['needs', 'died', 'done'] }),
      now: Date.now,
      onRaise: ({ kind, body }) => said.push(`${kind}: ${body}`),
      onWithdraw: ({ kind }) => said.push(`withdraw ${kind}`),
    })
  const ask = (): void => service.change(id, { state: 'waiting', question })
  return { service, id, said, start, ask }
}

const asks = 'needs: wants to run terraform apply -auto-approve'

describe('followAlerts', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test('raises a question once it is open for as long as the configuration says', async () => {
    const { said, start, ask } = await follow()
    start()
    ask()
    vi.advanceTimersByTime(needsAfterMs - 1)
    expect(said).toEqual([])
    vi.advanceTimersByTime(1)
    expect(said).toEqual([asks])
  })

  test('raises nothing when the question is answered before that', async () => {
    const { service, id, said, start, ask } = await follow()
    start()
    ask()
    vi.advanceTimersByTime(needsAfterMs - 1)
    service.change(id, { state: 'busy', question: null })
    vi.advanceTimersByTime(needsAfterMs)
    expect(said).toEqual([])
  })

  test('raises a question once, also while other facts change or tmux is unreadable', async () => {
    const { service, id, said, start, ask } = await follow()
    start()
    ask()
    vi.advanceTimersByTime(needsAfterMs)
    service.change(id, { memoryBytes: 1 })
    service.change(id, { state: 'unknown', question: null })
    ask()
    vi.advanceTimersByTime(needsAfterMs)
    expect(said).toEqual([asks])
  })

  test('withdraws a question that was answered elsewhere, and raises the next one', async () => {
    const { service, id, said, start, ask } = await follow()
    start()
    ask()
    vi.advanceTimersByTime(needsAfterMs)
    service.change(id, { state: 'busy', question: null })
    expect(said).toEqual([asks, 'withdraw needs'])
    service.change(id, { state: 'waiting', question: permissionOf({ id: 'b', detail: 'ls' }) })
    vi.advanceTimersByTime(needsAfterMs)
    expect(said.at(-1)).toBe('needs: wants to run ls')
  })

  test('raises a death and the end of work at once, and withdraws them when work goes on', async () => {
    const { service, id, said, start } = await follow()
    start()
    service.change(id, { state: 'busy' })
    service.change(id, { state: 'ready', doing: 'All tests pass.' })
    vi.advanceTimersByTime(0)
    service.change(id, { attached: 1 })
    service.change(id, { state: 'busy' })
    service.die(id)
    vi.advanceTimersByTime(0)
    service.dismiss(id, 'page')
    expect(said).toEqual([
      'done: All tests pass.',
      'withdraw done',
      'died: The agent was killed.',
      'withdraw died',
    ])
  })

  test('raises after its start what is open', async () => {
    const { said, start, ask } = await follow()
    ask()
    start()
    vi.advanceTimersByTime(needsAfterMs)
    expect(said).toEqual([asks])
  })

  test('does not raise a death of more than an hour ago after its start', async () => {
    const { service, id, said, start } = await follow()
    service.die(id)
    vi.advanceTimersByTime(61 * 60_000)
    start()
    vi.advanceTimersByTime(0)
    expect(said).toEqual([])
  })

  test('raises nothing after its end', async () => {
    const { said, start, ask, service } = await follow()
    const following = start()
    ask()
    following.end()
    vi.advanceTimersByTime(needsAfterMs)
    expect(said).toEqual([])
    expect(service.listeners()).toBe(0)
  })
})
