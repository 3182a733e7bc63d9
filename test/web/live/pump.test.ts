import { describe, expect, test } from 'vitest'
import type { LabEvent } from '../../../src/core/events.ts'
import { createPump } from '../../../src/web/live/pump.ts'
import { until } from '../../fixtures/until.ts'

function createSource() {
  const listeners = new Set<(event: LabEvent) => void>()
  return {
    listeners,
    subscribe(listener: (event: LabEvent) => void) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    emit: (id: number) =>
      listeners.forEach((listener) => listener({ type: 'removed', id: `${id}` })),
  }
}

function busyFor(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

describe('the pump', () => {
  test('lets others have a turn while it tells of very many events, and tells all, in order', async () => {
    const source = createSource()
    const told: string[] = []
    const waits: boolean[] = []
    let turnsOfOthers = 0
    createPump((listener) => source.subscribe(listener))((event, manyWait) => {
      busyFor(1)
      told.push(event.type === 'removed' ? event.id : '')
      waits.push(manyWait)
    })
    for (let i = 0; i < 60; i++) source.emit(i)
    // Whoever changes something is not held up by those who look on.
    expect(told).toEqual([])
    const count = (): void => {
      turnsOfOthers += 1
      if (told.length < 60) setImmediate(count)
    }
    setImmediate(count)
    await until(() => told.length === 60, { what: 'all events' })
    expect(told).toEqual(Array.from({ length: 60 }, (_, i) => `${i}`))
    expect(turnsOfOthers).toBeGreaterThan(3)
    // What sums up many is made once a turn, and after the very last.
    expect(waits.at(-1)).toBe(false)
    expect(waits.filter(Boolean).length).toBeGreaterThan(20)
  })

  test('tells nobody of what happened before they came', async () => {
    const source = createSource()
    const join = createPump((listener) => source.subscribe(listener))
    const heard: Record<string, string[]> = { first: [], second: [] }
    const hear = (name: string) => (event: LabEvent) =>
      heard[name]!.push(event.type === 'removed' ? event.id : '')
    join(hear('first'))
    source.emit(1)
    join(hear('second'))
    source.emit(2)
    await until(() => heard['first']!.length === 2, { what: 'both events' })
    expect(heard).toEqual({ first: ['1', '2'], second: ['2'] })
  })

  test('listens as long as somebody hears it, and forgets what waits when the last has left', async () => {
    const source = createSource()
    const join = createPump((listener) => source.subscribe(listener))
    const heard: string[] = []
    const leave = join(() => heard.push('old'))
    source.emit(1)
    leave()
    expect(source.listeners.size).toBe(0)
    join((event) => heard.push(event.type === 'removed' ? event.id : ''))
    source.emit(2)
    await until(() => heard.length > 0, { what: 'an event' })
    expect(heard).toEqual(['2'])
  })
})
