// One instance between the store, tmux's metadata and the API.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ProjectKey } from '../../../src/core/names.ts'
import {
  entryFromRecord,
  namesHeldBy,
  newLaunch,
  recordOf,
} from '../../../src/instances/state/entry.ts'
import { firstSeen } from '../../../src/instances/state/seen.ts'
import { entryFromSession, metadataOf } from '../../../src/instances/state/metadata.ts'
import type { InstanceRecord } from '../../../src/store/facts.ts'
import type { ListedSession, SessionMetadata } from '../../../src/tmux/tmux.ts'
import { modes } from '../../../src/core/settings.ts'
import { evidence, later, now, reserve } from '../../fixtures/entry.ts'

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
    projectKey: fc.string(),
    kind: fc.constant('manual' as const),
    workspace: fc.record({ kind: fc.constant('shared' as const), cwd: fc.string() }),
    account: fc.string(),
    slot: fc.integer({ min: 1, max: 999_999 }),
    label: fc.option(fc.string()),
    model: fc.option(fc.string()),
    effort: fc.option(fc.string()),
    mode: fc.constantFrom(...modes),
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
  .map(({ state, dismissed, ...rest }) => ({
    ...rest,
    dismissed: dismissed && state !== null,
    ended: state && {
      state,
      at: later,
      evidence: { ...evidence, lastLines: ['bye'] },
      left: [],
    },
  }))

describe('the store', () => {
  test('returns the entries that it was given, for live instances and ended ones', () => {
    fc.assert(
      fc.property(records, (record) => {
        expect(recordOf(entryFromRecord(record))).toEqual(record)
      }),
    )
  })

  test('returns a live instance as one that lab has yet to find', () => {
    const record = recordOf(reserve())
    expect(record).toMatchObject({ ended: null, bootId: 'boot', verified: false })
    expect(entryFromRecord(record)).toMatchObject({
      state: 'starting',
      seen: { isUnconfirmed: true },
      since: now,
    })
    expect(entryFromRecord({ ...record, verified: true })).toMatchObject({
      state: 'ready',
      seen: { isUnconfirmed: true },
    })
  })

  test('derives from the path and the session name what an older lab did not store', () => {
    const { projectKey: _key, workspace: _workspace, ...old } = recordOf(reserve())
    const renamed = { ...old, name: 'my own:name' }
    expect(entryFromRecord(old).spec).toMatchObject({
      projectKey: 'api',
      workspace: { kind: 'shared', cwd: '/p/api' },
    })
    expect(entryFromRecord(renamed).spec.projectKey).toBe('my_own_name')
  })

  test('returns an ended instance with its end', () => {
    for (const state of ['stopped', 'error'] as const) {
      const end = { state, at: later, evidence, left: [], isDismissed: true }
      const entry = entryFromRecord(recordOf(reserve({ state, end })))
      expect(entry).toMatchObject({ state, seen: { isUnconfirmed: false }, since: later, end })
    }
  })
})

const moment = { now: later, bootId: 'b' }

describe("a session's metadata", () => {
  test('is enough to recognise the instance without the store', () => {
    const elsewhere = { workspace: { kind: 'shared', cwd: '/elsewhere' } } as const
    const otherKey = { projectKey: 'other' as ProjectKey }
    for (const spec of [{}, { label: null }, { model: 'opus' }, elsewhere, otherKey])
      for (const place of [{}, { slot: 1, name: 'api' }]) {
        const entry = reserve({
          spec,
          launch: { ...place, account: 'work', conversation: 'another' },
        })
        const session = { ...sessionOf(metadataOf(entry)), name: entry.launch.name }
        const { id: launchId, name, slot } = entry.launch
        expect(entryFromSession(session, moment)).toMatchObject({
          spec: entry.spec,
          // The agent may have been ready long ago, and lab has not observed it yet.
          launch: {
            id: launchId,
            name,
            slot,
            account: 'work',
            conversation: 'another',
            isVerified: true,
            bootId: 'b',
          },
          seen: { isUnconfirmed: true },
          state: 'starting',
        })
      }
  })

  test('of an older lab is enough, too', () => {
    const entry = reserve()
    const { key: _key, kind: _kind, workspace: _workspace, ...rest } = metadataOf(entry)
    const { cwd: _cwd, account: _account, ...old } = rest
    const found = entryFromSession(sessionOf({ ...old, id: entry.id }), moment)
    expect(found).toMatchObject({ spec: entry.spec, launch: { account: 'default' } })
  })

  test.for([{ kind: 'worker' }, { workspace: 'worktree' }])(
    'with %j, which a newer lab wrote, is enough to show the instance',
    (newer) => {
      const session = sessionOf({ ...metadataOf(reserve()), ...newer })
      expect(entryFromSession(session, moment)?.spec).toEqual(reserve().spec)
    },
  )

  test('holds text only, and no key without a value', () => {
    const metadata = metadataOf(reserve({ spec: { label: null } }))
    expect(Object.values(metadata).every((value) => typeof value === 'string')).toBe(true)
    expect(metadata).not.toHaveProperty('label')
    expect(metadata).not.toHaveProperty('model')
  })

  test('that lab did not write makes no instance', () => {
    const whole = metadataOf(reserve())
    expect(entryFromSession(sessionOf(null), moment)).toBeNull()
    for (const missing of ['id', 'project', 'note'])
      expect(entryFromSession(sessionOf({ ...whole, [missing]: '' }), moment)).toBeNull()
    expect(entryFromSession(sessionOf({ ...whole, note: '../state.json' }), moment)).toBeNull()
  })

  test.for(['', '0', '-1', '2.5', '1e3', 'x', '9999999', ' 2'])(
    'with the slot %j counts as slot 1',
    (slot) => {
      const entry = entryFromSession(sessionOf({ ...metadataOf(reserve()), slot }), moment)
      expect(entry?.launch.slot).toBe(1)
    },
  )
})

describe('a new launch', () => {
  const kept = { conversation: 'kept', said: 'yes', isBlank: false } as const
  const launch = newLaunch(
    { id: 'next', name: 'api~3~fix', slot: 3, account: 'work', bootId: 'b', now: later },
    kept,
  )

  test('continues the conversation and forgets the end of the last launch', () => {
    expect(launch).toMatchObject({
      ...kept,
      id: 'next',
      name: 'api~3~fix',
      slot: 3,
      account: 'work',
      bootId: 'b',
      startedAt: later,
      isVerified: false,
      stopAskedBy: null,
      together: null,
      keeper: null,
      server: null,
      registered: null,
      parkedJobId: null,
    })
  })

  test('has no observation but the branch, and no listing shows it', () => {
    const { branch, knownSince, ...rest } = firstSeen('main')
    expect([branch, knownSince]).toEqual(['main', Number.POSITIVE_INFINITY])
    expect(new Set(Object.values(rest))).toEqual(new Set([null, false, 0]))
  })
})

test('an instance holds its name and its slot under any name', () => {
  const key = 'api' as ProjectKey
  expect(namesHeldBy(reserve(), key)).toEqual(['api~2~fix', 'api~2'])
  expect(namesHeldBy(reserve({ launch: { name: 'renamed', slot: 1 } }), key)).toEqual([
    'renamed',
    'api',
  ])
})
