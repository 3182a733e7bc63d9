// The offer to resume instances that ended together, from the ledger.
import { describe, expect, test } from 'vitest'
import type { Instance } from '../../../src/core/instance.ts'
import { resumeOfferOf } from '../../../src/instances/state/resume-offer.ts'
import type { Entry } from '../../../src/instances/state/entry.ts'
import type { Ledger } from '../../../src/instances/state/ledger.ts'
import { evidence, reserve } from '../../fixtures/entry.ts'

const entry = (
  id: string,
  together: string | null,
  second: number | null,
  order?: number,
): Entry => {
  const at = `2026-01-01T00:00:0${second}.000Z`
  const evidenceOfStop = { ...evidence, reason: 'stopped' } as const
  return reserve({
    spec: { id },
    launch: { together },
    state: second === null ? 'stopping' : 'stopped',
    end:
      second === null
        ? null
        : { state: 'stopped', at, evidence: evidenceOfStop, left: [], order, isDismissed: false },
  })
}

function offered(...entries: Entry[]): readonly string[] | null {
  const ledger = {
    entries: () => entries,
    present: ({ id }: Entry) => ({ id }) as Instance,
  } as unknown as Ledger
  return resumeOfferOf(ledger)?.instances.map(({ id }) => id) ?? null
}

describe('the resume offer', () => {
  test('comes once, when the last instance of the stop-all has ended', () => {
    expect(offered(entry('a', 'x', null), entry('b', 'x', null))).toBeNull()
    expect(offered(entry('a', 'x', 1), entry('b', 'x', null))).toBeNull()
    expect(offered(entry('a', 'x', 1), entry('b', 'x', 2))).toEqual(['a', 'b'])
  })

  test('does not wait for other instances that end at the same time', () => {
    expect(offered(entry('a', 'x', 1), entry('b', null, null), entry('c', 'y', null))).toEqual([
      'a',
    ])
  })

  test('names the latest instances that ended together', () => {
    expect(offered(entry('a', 'x', 1), entry('b', 'y', 2), entry('c', null, 3))).toEqual(['b'])
    expect(offered(entry('c', null, 3))).toBeNull()
  })

  test('names the latest ones by sequence number, also when the clock went back', () => {
    expect(offered(entry('a', 'x', 9, 1), entry('b', 'y', 2, 2))).toEqual(['b'])
    // The ends of an older lab have no sequence number, and come first.
    expect(offered(entry('a', 'x', 9), entry('b', 'y', 2, 1))).toEqual(['b'])
  })
})
