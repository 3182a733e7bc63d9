// From observation to state: each legal move, each illegal move, and each combination of reports.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  deriveState,
  exitOf,
  isLegalMove,
  type Observation,
  type State,
} from '../../src/core/state.ts'

const quiet: Observation = {
  pane: 'alive',
  exit: null,
  registry: null,
  asked: null,
  limit: null,
  dialog: null,
  title: null,
  stopAsked: false,
  swept: false,
}
const registry = (
  status: 'idle' | 'busy' | 'waiting' | 'shell' | null,
  waitingFor: string | null = null,
  parkedJobId: string | null = null,
) => ({ registry: { status, waitingFor, parkedJobId } })
const exited = (code: number) => ({ pane: 'dead', exit: { code, signal: null } }) as const
const killed = { pane: 'dead', exit: { code: null, signal: 'SIGKILL' } } as const
const derive = (from: State, signals: Partial<Observation>, waitingFor: string | null = null) =>
  deriveState(from, waitingFor, { ...quiet, ...signals })

const weekly = { waitingFor: 'weekly limit' }
const parked = 'moved to the background; press Esc in it'

describe('the state table', () => {
  const legal: Partial<Record<State, State[]>> = {
    starting: ['ready', 'busy', 'waiting', 'stopping', 'error'],
    ready: ['busy', 'waiting', 'limited', 'stopping', 'error', 'stopped'],
    busy: ['ready', 'waiting', 'limited', 'stopping', 'error', 'stopped'],
    waiting: ['ready', 'busy', 'limited', 'stopping', 'error', 'stopped'],
    limited: ['ready', 'busy', 'waiting', 'stopping', 'error', 'stopped'],
    stopping: ['stopped', 'error'],
    stopped: ['starting'],
    error: ['starting'],
  }
  const states = Object.keys(legal) as State[]
  test.for(states)('from %s it allows exactly its moves, and staying', (from) => {
    expect(states.filter((to) => isLegalMove(from, to)).sort()).toEqual(
      [...(legal[from] ?? []), from].sort(),
    )
  })
})

describe('a living agent', () => {
  test.for([
    ['starting', {}, 'starting', null],
    ['starting', registry('idle'), 'ready', null],
    ['starting', registry('busy'), 'busy', null],
    ['starting', { dialog: 'trust' }, 'waiting', 'trust'],
    ['ready', registry('waiting', 'permission prompt'), 'waiting', 'permission prompt'],
    ['ready', registry('waiting'), 'waiting', 'input needed'],
    ['busy', registry('shell'), 'ready', null],
    ['waiting', registry('busy'), 'busy', null],
    // The registry comes first, and the title only where the registry has no status.
    ['ready', { ...registry('idle'), title: 'busy' }, 'ready', null],
    ['ready', { ...registry(null), title: 'busy' }, 'busy', null],
    ['busy', { ...registry(null), title: 'quiet' }, 'ready', null],
    ['ready', { title: 'busy' }, 'ready', null],
    ['ready', { ...registry('idle'), dialog: 'trust' }, 'ready', null],
    ['ready', registry(null), 'ready', null],
    // For a session in the background Claude does not update the status of this process.
    ['ready', registry('idle', null, '21141526'), 'waiting', parked],
    ['busy', registry('busy', null, '21141526'), 'waiting', parked],
    // At a limit the registry says `idle`, or `waiting` where a dialog is open.
    ['busy', { ...registry('idle'), limit: { waitingFor: null } }, 'limited', null],
    ['ready', { ...registry('waiting', 'dialog open'), limit: weekly }, 'limited', 'weekly limit'],
    ['limited', registry('busy'), 'busy', null],
    // The end of a turn that may have reached a limit is not known yet.
    ['busy', { ...registry('idle'), limit: 'suspected' }, 'busy', null],
    ['limited', registry('idle'), 'ready', null],
    ['limited', registry('waiting', 'dialog open'), 'waiting', 'dialog open'],
    ['starting', { ...registry('idle'), limit: weekly }, 'ready', null],
    [
      'ready',
      { ...registry('idle'), limit: weekly, asked: 'input needed' },
      'waiting',
      'input needed',
    ],
  ] as const)('%s with %j is %s', ([from, signals, state, waitingFor]) => {
    expect(derive(from, signals)).toEqual({ state, waitingFor, end: null })
  })

  test('keeps its waitingFor without a new observation', () => {
    expect(derive('waiting', {}, 'trust')).toMatchObject({ state: 'waiting', waitingFor: 'trust' })
  })
})

describe('an end without a request', () => {
  test.for([
    ['ready', exited(0), 'stopped', 'exited'],
    ['ready', exited(3), 'error', 'exited'],
    ['busy', killed, 'error', 'signal'],
    ['starting', exited(0), 'error', 'start_failed'],
    ['starting', exited(127), 'error', 'start_failed'],
    ['starting', killed, 'error', 'start_failed'],
    ['waiting', { pane: 'absent' }, 'error', 'session_closed'],
    ['starting', { pane: 'absent' }, 'error', 'session_closed'],
    ['ready', { pane: 'server_gone' }, 'error', 'tmux_gone'],
    // The keeper's note outranks a session that is gone by now.
    ['ready', { ...exited(3), pane: 'absent' }, 'error', 'exited'],
    ['ready', { ...exited(0), pane: 'server_gone' }, 'stopped', 'exited'],
    // The note comes before tmux notices.
    ['ready', { ...exited(3), pane: 'alive' }, 'error', 'exited'],
    ['ready', { pane: 'dead' }, 'error', 'exited'],
  ] as const)('%s with %j is %s, because %s', ([from, signals, state, reason]) => {
    expect(derive(from, signals)).toMatchObject({ state, waitingFor: null, end: { reason } })
  })

  test('has the exit code or the signal', () => {
    expect(derive('ready', killed).end?.exit).toEqual({ code: null, signal: 'SIGKILL' })
    expect(derive('ready', exited(3)).end?.exit).toEqual({ code: 3, signal: null })
  })
})

describe('a stop', () => {
  test.for(['starting', 'ready', 'busy', 'waiting', 'limited'] as const)(
    'requested in %s is stopping first, whatever else is observed',
    (from) => {
      for (const rest of [quiet, { ...quiet, ...killed }, { ...quiet, swept: true }])
        expect(derive(from, { ...rest, stopAsked: true }, 'x')).toEqual({
          state: 'stopping',
          waitingFor: null,
          end: null,
        })
    },
  )

  test('is over only when nothing is left, and is not an error at any status', () => {
    expect(derive('stopping', { ...exited(0), stopAsked: true }).state).toBe('stopping')
    expect(derive('stopping', { pane: 'absent' }).state).toBe('stopping')
    expect(derive('stopping', { ...killed, swept: true })).toMatchObject({
      state: 'stopped',
      end: { reason: 'stopped', exit: { signal: 'SIGKILL' } },
    })
    expect(derive('stopping', { pane: 'absent', swept: true }).end?.exit).toEqual({
      code: null,
      signal: null,
    })
  })
})

test('every observation leads to a legal move, and to an end exactly once', () => {
  const live = ['starting', 'ready', 'busy', 'waiting', 'limited', 'stopping'] as const
  const signals = fc.record<Observation>({
    pane: fc.constantFrom('alive', 'dead', 'absent', 'server_gone'),
    exit: fc.option(fc.integer({ min: 0, max: 255 }).map(exitOf)),
    registry: fc.option(
      fc.record({
        status: fc.constantFrom('idle', 'busy', 'waiting', 'shell', null),
        waitingFor: fc.option(fc.string()),
        parkedJobId: fc.option(fc.string()),
      }),
    ),
    asked: fc.option(fc.string()),
    limit: fc.option(
      fc.oneof(
        fc.constant('suspected' as const),
        fc.record({ waitingFor: fc.option(fc.string()) }),
      ),
    ),
    dialog: fc.option(fc.string()),
    title: fc.constantFrom('busy', 'quiet', null),
    stopAsked: fc.boolean(),
    swept: fc.boolean(),
  })
  fc.assert(
    fc.property(
      fc.constantFrom<State>(...live, 'stopped', 'error'),
      fc.option(fc.string()),
      signals,
      (from, waitingFor, heard) => {
        const { state, end } = deriveState(from, waitingFor, heard)
        expect(isLegalMove(from, state)).toBe(true)
        const endsNow = state !== from && (state === 'stopped' || state === 'error')
        expect(end !== null).toBe(endsNow)
      },
    ),
    { numRuns: 2000 },
  )
})

test.for([
  [0, 0, null],
  [1, 1, null],
  [127, 127, null],
  [128, 128, null],
  [129, null, 'SIGHUP'],
  [137, null, 'SIGKILL'],
  [139, null, 'SIGSEGV'],
  [143, null, 'SIGTERM'],
  [162, null, 'signal 34'],
  [192, null, 'signal 64'],
  [193, 193, null],
  [255, 255, null],
] as const)('status %i is exit code %s or signal %s', ([status, code, signal]) => {
  expect(exitOf(status)).toEqual({ code, signal })
})

describe('every sequence of up to five signals', () => {
  // The smallest alphabet in which every source speaks, and contradicts every other.
  const heard: readonly Partial<Observation>[] = [
    registry('idle'),
    registry('busy'),
    registry('waiting', 'permission prompt'),
    { ...registry(null), title: 'busy' },
    { dialog: 'trust' },
    { limit: { waitingFor: null } },
    { exit: { code: 0, signal: null } },
    { exit: { code: null, signal: 'SIGKILL' }, pane: 'dead' },
    { pane: 'absent' },
    { pane: 'server_gone' },
    { stopAsked: true },
    { swept: true },
  ]

  test('leads to one legal state, and out of an end to nowhere', () => {
    let sequences = 0
    const walk = (
      state: State,
      waitingFor: string | null,
      signals: Observation,
      depth: number,
    ): void => {
      if (depth === 0) return
      for (const more of heard) {
        const next = { ...signals, ...more }
        const derived = deriveState(state, waitingFor, next)
        sequences += 1
        if (!isLegalMove(state, derived.state))
          throw new Error(`${state} → ${derived.state} after ${JSON.stringify(next)}`)
        if ((derived.state === 'waiting') !== (derived.waitingFor !== null))
          throw new Error(`${derived.state} for ${derived.waitingFor}`)
        if ((state === 'stopped' || state === 'error') && derived.state !== state)
          throw new Error(`${state} did not stay`)
        walk(derived.state, derived.waitingFor, next, depth - 1)
      }
    }
    walk('starting', null, quiet, 5)
    expect(sequences).toBe(12 + 12 ** 2 + 12 ** 3 + 12 ** 4 + 12 ** 5)
  })
})
