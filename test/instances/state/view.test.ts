// The view of an instance.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ProjectKey } from '../../../src/core/names.ts'
import type { Launch } from '../../../src/core/instance.ts'
import type { Seen } from '../../../src/instances/state/seen.ts'
import { present } from '../../../src/instances/state/view.ts'
import { evidence, id, later, now, registry, reserve } from '../../fixtures/entry.ts'

const around = {
  key: 'api' as ProjectKey,
  readable: true,
  attach: ['tmux', 'attach'],
}

describe('the view', () => {
  test('of a new instance has every field of the contract, with null for unknown values', () => {
    const { background, dismissed, isBlank, ...shown } = present(reserve(), around)
    expect([background, dismissed, isBlank]).toEqual([false, false, false])
    expect(shown).toEqual({
      id,
      name: 'api~2~fix',
      project: 'api',
      projectPath: '/p/api',
      slot: 2,
      label: 'Fix!',
      kind: 'manual',
      state: 'starting',
      waitingFor: null,
      since: now,
      conversation: id,
      deepLink: null,
      linkState: 'connecting',
      account: 'default',
      workspace: { kind: 'shared', path: '/p/api', branch: null, moved: null },
      model: null,
      pid: null,
      attached: 0,
      attach: ['tmux', 'attach'],
      memoryBytes: null,
      createdAt: now,
      lastActivityAt: null,
      endedAt: null,
      evidence: null,
      unknownBecause: null,
      limitedUntil: null,
      continuesByItself: false,
      question: null,
      unread: false,
      doing: null,
      effort: null,
      mode: 'auto',
      left: [],
    })
  })

  test('of a live instance is unknown while lab cannot read tmux or has not seen the instance', () => {
    const entry = reserve({ state: 'busy' })
    expect(present(entry, { ...around, readable: false }).state).toBe('unknown')
    expect(present(reserve({ state: 'busy', seen: { isUnconfirmed: true } }), around).state).toBe(
      'unknown',
    )
    expect(present(entry, around).state).toBe('busy')
  })

  test('of an ended instance is its end, whatever lab observed before', () => {
    const { deepLink } = registry
    const agent = { pid: 7, start: '1' }
    const entry = reserve({
      state: 'error',
      seen: { registry, deepLink, agent, attached: 2, memoryBytes: 5 },
      end: { state: 'error', at: later, evidence, left: [], isDismissed: false },
    })
    expect(present(entry, { ...around, readable: false })).toMatchObject({
      state: 'error',
      deepLink: null,
      linkState: 'unavailable',
      pid: null,
      attached: 0,
      attach: [],
      memoryBytes: null,
      endedAt: later,
      evidence,
      lastActivityAt: now,
    })
  })

  test('keeps the stored key when no project has that path', () => {
    expect(present(reserve(), { ...around, key: null }).project).toBe('api')
    expect(present(reserve({ launch: { name: 'api' } }), { ...around, key: null }).project).toBe(
      'api',
    )
  })

  test('shows a link as connecting for 30 s, linked, lost or unavailable', () => {
    const linkAt = (
      seen: Partial<Seen>,
      seconds: number,
      launch: Partial<Launch> = {},
    ): unknown => {
      const startedMs = performance.now() - seconds * 1000
      const entry = reserve({
        state: 'ready',
        launch: { startedMs, ...launch },
        seen: { registry: { ...registry, deepLink: null }, ...seen },
      })
      const { deepLink, linkState } = present(entry, around)
      return [deepLink, linkState]
    }
    expect(linkAt({}, 29.9)).toEqual([null, 'connecting'])
    expect(linkAt({}, 30)).toEqual([null, 'unavailable'])
    expect(linkAt({ registry }, 3600)).toEqual([registry.deepLink, 'linked'])
    expect(linkAt({ deepLink: registry.deepLink }, 1)).toEqual([null, 'lost'])
    expect(linkAt({ registry: null, deepLink: registry.deepLink }, 3600)).toEqual([null, 'lost'])
    // The wall clock does not matter.
    expect(linkAt({}, 30, { startedAt: later })).toEqual([null, 'unavailable'])
    expect(linkAt({}, 1, { startedAt: '1970-01-01T00:00:00.000Z' })).toEqual([null, 'connecting'])
    // A resumed instance gets the same time again.
    expect(linkAt({}, 3600, { startedMs: performance.now() })).toEqual([null, 'connecting'])
  })

  test('is JSON whatever the registry holds', () => {
    const updatedAt = fc.option(fc.double({ min: 0, max: 8.64e15, noNaN: true }))
    fc.assert(
      fc.property(updatedAt, (at) => {
        const shown = present(
          reserve({ seen: { registry: { ...registry, updatedAt: at } } }),
          around,
        )
        expect(JSON.parse(JSON.stringify(shown))).toEqual(shown)
      }),
    )
  })
})
