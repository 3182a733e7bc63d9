// The observation of an instance from tmux, the keeper and the registry.
import { describe, expect, test } from 'vitest'
import { exitOf, type Observation } from '../../../src/core/state.ts'
import type { Seen } from '../../../src/instances/state/seen.ts'
import { observationOf } from '../../../src/instances/observe/observation.ts'
import type { ListedSession } from '../../../src/tmux/tmux.ts'
import { id, registry, reserve } from '../../fixtures/entry.ts'

type Pane = NonNullable<ListedSession['pane']>

const alive: Pane = {
  paneId: '%1',
  isMoved: false,
  pid: 7,
  dead: false,
  deadStatus: null,
  deadSignal: null,
  title: '',
}

function sessionWith(pane: Partial<Pane> | null): ListedSession {
  const session = { sessionId: '$1', name: 'api', attached: 0, createdAt: 1, isForeignHost: false }
  return { ...session, lab: { id }, pane: pane && { ...alive, ...pane } }
}

function of(
  pane: Partial<Pane> | null,
  change: Partial<Parameters<typeof observationOf>[1]> = {},
  seen: Partial<Seen> = {},
): Observation {
  const session = pane && sessionWith(pane)
  return observationOf(reserve({ seen }), {
    session: session ?? undefined,
    note: null,
    serverGone: false,
    ...change,
  })
}

test.for([
  ['a pane in which something runs', {}, false, 'alive'],
  ['a pane in which nothing runs', { dead: true }, false, 'dead'],
  ['no session', null, false, 'absent'],
  ['no session and another server', null, true, 'server_gone'],
  // An existing pane outranks the server: a pane cannot outlive its server.
  ['a pane and another server', {}, true, 'alive'],
] as const)('%s is observed as such', ([, pane, serverGone, told]) => {
  expect(of(pane, { serverGone }).pane).toBe(told)
})

describe('the exit', () => {
  test('is that of the keeper’s note, though tmux reports another', () => {
    const dead = { dead: true, deadSignal: 9 }
    expect(of(dead, { note: exitOf(3) }).exit).toEqual(exitOf(3))
    expect(of(null, { note: exitOf(3) }).exit).toEqual(exitOf(3))
  })

  test('is that of tmux’s dead pane without a note', () => {
    expect(of({ dead: true, deadSignal: 9 }).exit).toEqual(exitOf(137))
    expect(of({ dead: true, deadStatus: 3 }).exit).toEqual(exitOf(3))
    expect(of({ dead: true }).exit).toBeNull()
    // A pane that was started again still carries the status of before.
    expect(of({ deadStatus: 3 }).exit).toBeNull()
  })
})

describe('the activity', () => {
  const old = { ...registry, status: null }
  const since = (ms: number) => ({ registry: old, statuslessSince: performance.now() - ms })

  test.for([
    ['✳ Claude', 'quiet'],
    ['◐ thinking', 'busy'],
    ['⠂ thinking', 'busy'],
    ['vim', null],
  ] as const)('is in the title %j where the registry has no status', ([title, told]) => {
    expect(of({ title }, {}, since(10_000)).title).toBe(told)
  })

  test('is not taken from the title while the registry has a status or may get one', () => {
    const title = '◐ thinking'
    expect(of({ title }, {}, { registry }).title).toBeNull()
    expect(of({ title }, {}, since(0)).title).toBeNull()
    expect(of({ title }).title).toBeNull()
  })

  test('is a dialog on the screen only until the registry has a status', () => {
    expect(of({}, {}, { dialog: 'trust' }).dialog).toBe('trust')
    expect(of({}, {}, { dialog: 'trust', registry: old }).dialog).toBe('trust')
    expect(of({}, {}, { dialog: 'trust', registry }).dialog).toBeNull()
  })
})

test('a stop is observed once it is requested', () => {
  expect(of({}).stopAsked).toBe(false)
  const asked = reserve({ launch: { stopAskedBy: 'api' } })
  const seen = { session: sessionWith({}), note: null, serverGone: false }
  expect(observationOf(asked, seen).stopAsked).toBe(true)
})
