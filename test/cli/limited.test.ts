// How the table says that an agent is at a usage limit.
import { describe, expect, test } from 'vitest'
import { doingOf } from '../../src/cli/table.ts'
import { instanceOf } from '../fixtures/api-server.ts'

describe('a limited instance', () => {
  // A moment without a zone is in the time of this machine, as the table's words are.
  const limitedUntil = new Date('2026-12-01T14:05:00').toISOString()

  test.for([
    [{ continuesByItself: true, limitedUntil }, 'continues by itself at 14:05'],
    [{ continuesByItself: true }, 'continues by itself'],
    [{ waitingFor: 'weekly limit', limitedUntil }, 'waits for you: weekly limit, which ends Dec 1 14:05'], // prettier-ignore
    [{ waitingFor: 'usage limit' }, 'waits for you: usage limit'],
  ] as const)('with %j %s', ([fields, words]) => {
    const doing = "You've hit your limit."
    expect(doingOf(instanceOf({ state: 'limited', doing, ...fields }))).toBe(words)
  })
})
