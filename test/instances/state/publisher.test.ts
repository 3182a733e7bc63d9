// The listeners that hear of every change.
import { expect, test } from 'vitest'
import type { LabEvent } from '../../../src/core/events.ts'
import { createListeners } from '../../../src/instances/state/publisher.ts'

const event: LabEvent = { type: 'removed', id: 'x' }

test('each listener is called until it leaves, and one that throws stops no other', () => {
  const errors: unknown[] = []
  const { emit, subscribe } = createListeners({ error: (fields: unknown) => errors.push(fields) })
  const told: string[] = []
  subscribe(() => {
    told.push('first')
    throw new Error('full')
  })
  const leave = subscribe(() => told.push('second'))
  emit(event)
  leave()
  emit(event)
  expect(told).toEqual(['first', 'second', 'first'])
  expect(errors).toHaveLength(2)
})
