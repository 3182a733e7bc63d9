// What a usage limit means for an instance.
import { describe, expect, test } from 'vitest'
import { decideLimit, type UsageLimit } from '../../src/core/limit.ts'

const now = Date.parse('2026-02-03T04:05:06.000Z')
const hour = 3_600_000
const fiveHours: UsageLimit = { type: 'five_hour', resetsAt: now + hour, at: now - 1000 }
const decide = (
  limit: Partial<UsageLimit> | null,
  status: Parameters<typeof decideLimit>[1]['status'] = 'idle',
) => decideLimit(limit && { ...fiveHours, ...limit }, { status, startedAt: now - 2 * hour, now })

describe('a limit', () => {
  test.for([
    [{}, 'idle', null],
    [{}, 'shell', null],
    [{ type: 'overage' }, 'idle', null],
    [{ resetsAt: null, at: null }, 'idle', null],
    // An older Claude asks at the five-hour limit too.
    [{}, 'waiting', '5-hour limit'],
    [{ type: 'seven_day' }, 'waiting', 'weekly limit'],
    [{ type: 'seven_day' }, 'idle', 'weekly limit'],
    [{ type: 'seven_day_opus' }, 'waiting', 'weekly Opus limit'],
    [{ type: 'seven_day_new' }, 'waiting', 'usage limit'],
  ] as const)(
    '%j of an agent that is %s leaves it waiting for %s',
    ([limit, status, waitingFor]) => {
      expect(decide(limit, status)).toEqual({ waitingFor })
    },
  )

  test.for([
    ['while the agent works', {}, 'busy'],
    ['while lab does not know what the agent does', {}, null],
    ['three minutes after its end', { resetsAt: now - 181_000 }, 'idle'],
    ['of the process before a resume', { at: now - 3 * hour }, 'idle'],
  ] as const)('is over %s', ([, limit, status]) => {
    expect(decide(limit, status)).toBeNull()
  })

  test('lasts until the agent has had time to continue', () => {
    expect(decide({ resetsAt: now - 90_000 })).toEqual({ waitingFor: null })
  })

  test('is none where the newest record has none', () => {
    expect(decide(null)).toBeNull()
  })
})
