// One instance between the store, tmux's metadata and the API.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ProjectKey } from '../../../src/core/names.ts'
import {
  entryFromRecord,
  namesHeldBy,
  recordOf,
  resetForLaunch,
  type Entry,
} from '../../../src/instances/state/entry.ts'
import { entryFromSession, metadataOf } from '../../../src/instances/state/metadata.ts'
import type { InstanceRecord } from '../../../src/store/facts.ts'
import type { ListedSession, SessionMetadata } from '../../../src/tmux/tmux.ts'
import { evidence, id, later, now, registry, reserve } from '../../fixtures/entry.ts'

function sessionOf(lab: SessionMetadata | null): ListedSession {
  return {
    sessionId: '$1',
    name: 'api~2~fix',
    attached: 0,
    createdAt: 1,
    pane: null,
    isForeignHost: false,
    lab,
  }
}

const records: fc.Arbitrary<InstanceRecord> = fc
  .record({
    id: fc.uuid(),
    name: fc.string(),
    projectPath: fc.string(),
    slot: fc.integer({ min: 1, max: 999_999 }),
    label: fc.option(fc.string()),
    model: fc.option(fc.string()),
    effort: fc.option(fc.string()),
    conversation: fc.uuid(),
    createdAt: fc.string(),
    launchedAt: fc.string(),
    parkedJobId: fc.option(fc.string()),
    said: fc.constantFrom('yes' as const, 'no' as const, 'unknown' as const),
    isBlank: fc.boolean(),
    registered: fc.option(fc.record({ pid: fc.nat(), start: fc.string() })),
    bootId: fc.string(),
    note: fc.string(),
    verified: fc.boolean(),
    together: fc.option(fc.string()),
    dismissed: fc.boolean(),
    server: fc.option(fc.record({ pid: fc.nat(), start: fc.option(fc.string()) })),
    keeper: fc.option(fc.record({ pid: fc.nat(), start: fc.string() })),
    stopAskedBy: fc.constantFrom(null, 'page' as const, 'cli' as const),
    state: fc.constantFrom(null, 'stopped' as const, 'error' as const),
  })
  .map(({ state, ...rest }) => ({
    ...rest,
    ended: state && {
      state,
      at: later,
      evidence: { ...evidence, lastLines: ['bye'] },
      left: [],
    },
  }))

describe('the store', () => {
  test('gives back what it was given, for live instances and ended ones', () => {
    fc.assert(
      fc.property(records, (record) => {
        expect(recordOf(entryFromRecord(record), record.bootId)).toEqual(record)
      }),
    )
  })

  test('remembers a live instance as one that is still to be found', () => {
    const record = recordOf(reserve(), 'boot')
    expect(record).toMatchObject({ ended: null, bootId: 'boot', verified: false })
    expect(entryFromRecord(record)).toMatchObject({
      state: 'starting',
      unconfirmed: true,
      since: now,
    })
    expect(entryFromRecord({ ...record, verified: true })).toMatchObject({
      state: 'ready',
      unconfirmed: true,
    })
  })

  test('remembers an ended one as it ended', () => {
    for (const state of ['stopped', 'error'] as const) {
      const ended = { ...reserve(), state, ended: { at: later, evidence, left: [] } }
      const entry = entryFromRecord(recordOf(ended, 'boot'))
      expect(entry).toMatchObject({ state, unconfirmed: false, since: later, ended: ended.ended })
    }
  })
})

describe("a session's metadata", () => {
  test('is enough to know the instance again without the store', () => {
    for (const change of [{}, { label: null }, { model: 'opus' }, { slot: 1, name: 'api' }]) {
      const entry = { ...reserve(change), conversation: 'another' }
      const again = entryFromSession({ ...sessionOf(metadataOf(entry)), name: entry.name }, later)
      expect(again).toMatchObject({
        id,
        name: entry.name,
        slot: entry.slot,
        label: entry.label,
        model: entry.model,
        projectPath: '/p/api',
        conversation: 'another',
        note: entry.note,
        createdAt: now,
        // It may have been ready long ago, and what it does now is still to be seen.
        verified: true,
        unconfirmed: true,
        state: 'starting',
      })
    }
  })

  test('holds text only, and no key without a value', () => {
    const metadata = metadataOf(reserve({ label: null }))
    expect(Object.values(metadata).every((value) => typeof value === 'string')).toBe(true)
    expect(metadata).not.toHaveProperty('label')
    expect(metadata).not.toHaveProperty('model')
  })

  test("that lab did not write makes no instance of somebody's session", () => {
    const whole = metadataOf(reserve())
    expect(entryFromSession(sessionOf(null), now)).toBeNull()
    for (const missing of ['id', 'project', 'note'])
      expect(entryFromSession(sessionOf({ ...whole, [missing]: '' }), now)).toBeNull()
    expect(entryFromSession(sessionOf({ ...whole, note: '../state.json' }), now)).toBeNull()
  })

  test.for(['', '0', '-1', '2.5', '1e3', 'x', '9999999', ' 2'])(
    'with the slot %j counts as slot 1',
    (slot) => {
      expect(entryFromSession(sessionOf({ ...metadataOf(reserve()), slot }), now)?.slot).toBe(1)
    },
  )
})

test('a new launch keeps who the instance is and forgets what became of the last one', () => {
  const entry: Entry = {
    ...reserve(),
    state: 'error',
    verified: true,
    conversation: 'kept',
    branch: 'main',
    registry,
    deepLink: registry.deepLink,
    agent: { pid: 7, start: '1' },
    session: { isMoved: false, paneId: '%1', panePid: 6 },
    stopAskedBy: 'page',
    together: 'all',
    ended: { at: later, evidence, left: [] },
  }
  resetForLaunch(entry, { name: 'api~3~fix', slot: 3, note: 'next', now: later })
  expect(entry).toMatchObject({
    id,
    conversation: 'kept',
    branch: 'main',
    createdAt: now,
    launchedAt: later,
    name: 'api~3~fix',
    slot: 3,
    note: 'next',
    verified: false,
    registry: null,
    deepLink: null,
    agent: null,
    session: null,
    stopAskedBy: null,
    together: null,
    ended: null,
  })
})

test('an instance holds its name and its slot under any name', () => {
  const key = 'api' as ProjectKey
  expect(namesHeldBy(reserve(), key)).toEqual(['api~2~fix', 'api~2'])
  expect(namesHeldBy(reserve({ name: 'renamed', slot: 1 }), key)).toEqual(['renamed', 'api'])
})
