// The ledger's `change`, which alone changes an instance: its refusals, events, writes and journal lines.
import { describe, expect, test } from 'vitest'
import { evidence, id, later, registry, reserve } from '../../fixtures/entry.ts'
import { keep } from '../../fixtures/ledger.ts'

const end = { state: 'error', at: later, evidence, left: [], isDismissed: false } as const

function live(state: 'ready' | 'busy' = 'ready') {
  const entry = { ...reserve({ state }), isReserved: false }
  return { entry, ...keep([entry]) }
}

describe('change', () => {
  test('publishes a move, then the instance, and journals it with the actor', () => {
    const { entry, ledger, events, journal } = live()
    ledger.change(entry, { state: 'waiting', waitingFor: 'input needed', by: 'cli' })
    const { at } = events[0] as { at: string }
    expect(events).toEqual([
      {
        type: 'moved',
        id,
        from: 'ready',
        to: 'waiting',
        by: 'cli',
        reason: null,
        waitingFor: 'input needed',
        at,
      },
      { type: 'instance', instance: ledger.present(entry) },
    ])
    expect(entry).toMatchObject({ state: 'waiting', waitingFor: 'input needed', since: at })
    const line = { at, id, name: 'api~2~fix', project: '/p/api', by: 'cli' }
    expect(journal).toEqual([{ ...line, what: 'ready → waiting', waitingFor: 'input needed' }])
  })

  test('journals the evidence with an end, and dates the move like the end', () => {
    const { entry, ledger, journal } = live()
    ledger.change(entry, { state: 'error', end, by: 'nobody', reason: 'signal' })
    expect(entry.since).toBe(later)
    const { exitCode, signal, lastLines } = evidence
    expect(journal).toMatchObject([
      { what: 'ready → error', reason: 'signal', at: later, exitCode, signal, lastLines },
    ])
  })

  test('refuses an illegal move, logs it, and changes nothing', () => {
    const { entry, ledger, events, logged } = live()
    const before = { ...entry }
    const change = { state: 'starting', launch: { name: 'other' } } as const
    expect(ledger.change(entry, change).isLegal).toBe(false)
    expect([entry, events, logged]).toEqual([before, [], ['an illegal move was refused']])
  })

  test('sets a state without a move in the table, for an adopted instance', () => {
    const { entry, ledger, events } = live()
    ledger.change(entry, { state: 'error', end, by: 'nobody' })
    ledger.change(entry, { state: 'ready', end: null, isSet: true, reason: 'adopted' })
    expect(entry).toMatchObject({ state: 'ready', end: null })
    expect(events.filter(({ type }) => type === 'moved')).toMatchObject([
      { to: 'error' },
      { from: 'error', to: 'ready', by: 'nobody', reason: 'adopted' },
    ])
  })

  test('writes the values that must outlive lab, and no observation', () => {
    const { entry, ledger, facts } = live()
    facts.instances = []
    ledger.change(entry, { seen: { attached: 2, registry } })
    expect(facts.instances).toEqual([])
    ledger.change(entry, { launch: { conversation: 'another' } })
    expect(facts.instances).toMatchObject([{ id, conversation: 'another' }])
  })

  test('neither writes nor publishes when nothing differs, and keeps the values', () => {
    const session = { isMoved: false, paneId: '%1', panePid: 7 }
    const entry = { ...reserve({ state: 'ready', seen: { session } }), isReserved: false }
    let writes = 0
    const { ledger, events } = keep([entry], () => (writes += 1))
    const { seen, launch } = entry
    writes = 0
    ledger.change(entry, { state: 'ready', seen: { session: { ...session } }, launch: { slot: 2 } })
    expect([entry.seen === seen, entry.launch === launch, writes, events]).toEqual([
      true,
      true,
      0,
      [],
    ])
  })

  test('publishes no value that no row shows', () => {
    const { entry, ledger, events } = live()
    ledger.change(entry, { seen: { statuslessSince: 5 } })
    expect(events).toEqual([])
  })

  test('publishes only once the change is written, where a caller requires that', async () => {
    const { entry, ledger, events } = live()
    const { saved } = ledger.change(entry, {
      launch: { isBlank: true },
      isPublishedOnceSaved: true,
    })
    expect(events).toEqual([])
    await saved
    expect(events).toMatchObject([{ type: 'instance', instance: { isBlank: true } }])
  })
})

describe('a reserved place', () => {
  test('is not written before the launch begins', () => {
    const entry = reserve()
    const { ledger, facts } = keep([entry])
    ledger.change(entry, { launch: { name: 'api~3~fix' } })
    expect(facts.instances).toEqual([])
    ledger.change(entry, { isReserved: false })
    expect(facts.instances).toMatchObject([{ name: 'api~3~fix' }])
  })

  test('counts toward the cap', () => {
    const { ledger } = keep([reserve()])
    expect(ledger.cap()).toEqual({ max: 6, used: 1 })
  })
})

describe('restore', () => {
  test('undoes a failed launch: the end, the earlier launch and the observations are back', () => {
    const { entry, ledger, facts, events } = live()
    ledger.change(entry, { state: 'error', end, by: 'nobody' })
    const before = { ...entry }
    const launch = { ...entry.launch, id: 'next', name: 'api~5' }
    ledger.change(entry, { launch, end: null, state: 'starting', by: 'page', isReserved: true })
    events.length = 0
    ledger.restore(entry, before, 'page')
    expect(entry).toEqual(before)
    expect(facts.instances).toMatchObject([{ name: 'api~2~fix', ended: { at: later } }])
    expect(events[0]).toMatchObject({
      from: 'starting',
      to: 'error',
      by: 'page',
      reason: 'not_started',
    })
  })
})

describe('batch', () => {
  test('publishes each changed instance once, at its end, and the cap after them', () => {
    const { entry, ledger, events } = live()
    ledger.batch(() => {
      ledger.change(entry, { seen: { attached: 1 } })
      ledger.change(entry, { seen: { attached: 2 } })
      ledger.change(entry, { state: 'error', end, by: 'nobody' })
      expect(events.map(({ type }) => type)).toEqual(['moved'])
    })
    expect(events.map(({ type }) => type)).toEqual(['moved', 'instance', 'cap'])
  })

  test('publishes the changes of work that then throws', () => {
    const { entry, ledger, events } = live()
    const work = (): void => {
      ledger.change(entry, { seen: { attached: 1 } })
      throw new Error('a bug')
    }
    expect(() => ledger.batch(work)).toThrow('a bug')
    expect(events.map(({ type }) => type)).toEqual(['instance'])
  })
})

describe('remove', () => {
  test('forgets an instance in the store as well, and frees its place', () => {
    const { entry, ledger, facts, events } = live()
    ledger.remove(entry)
    ledger.change(entry, { launch: { slot: 9 } })
    expect([ledger.find(id), facts.instances]).toEqual([undefined, []])
    expect(events).toEqual([
      { type: 'removed', id },
      { type: 'cap', cap: { max: 6, used: 0 } },
    ])
  })
})
