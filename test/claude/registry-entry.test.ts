// One file of Claude's registry, field by field.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseEntry } from '../../src/claude/registry-entry.ts'
import { conversation, fileOf } from '../fixtures/registry.ts'

describe('a registry entry', () => {
  const alone = { isBackground: false, isSpare: false, jobId: null, parkedJobId: null }
  const whole = {
    ...alone,
    pid: 7,
    procStart: '4711',
    conversation,
    status: 'idle',
    waitingFor: null,
    deepLink: null,
    startedAt: 1,
    updatedAt: 1_700_000_000_000,
    statusUpdatedAt: 1,
  }
  const nothing = {
    ...alone,
    pid: 7,
    procStart: null,
    conversation: null,
    status: null,
    waitingFor: null,
    deepLink: null,
    startedAt: null,
    updatedAt: null,
    statusUpdatedAt: null,
  }

  test('of Claude Code is read', () => {
    expect(parseEntry(fileOf(7))).toEqual(whole)
    expect(
      parseEntry(
        fileOf(7, { status: 'waiting', waitingFor: 'dialog open', bridgeSessionId: 'cse_1' }),
      ),
    ).toEqual({
      ...whole,
      status: 'waiting',
      waitingFor: 'dialog open',
      deepLink: 'https://claude.ai/code/session_1',
    })
  })

  test('with only a pid has null in the rest', () => {
    expect(parseEntry('{"pid":7}')).toEqual(nothing)
  })

  test.for([
    [
      { kind: 'bg', jobId: '21141526' },
      { isBackground: true, jobId: '21141526' },
    ],
    [
      { kind: 'bg', spare: true },
      { isBackground: true, isSpare: true },
    ],
    [{ parkedJobId: '21141526' }, { parkedJobId: '21141526' }],
    [{ parkedJobId: 7, spare: 'yes' }, {}],
    [{ procStart: 4711 }, { procStart: '4711' }],
    [{ procStart: '' }, { procStart: null }],
    [{ procStart: {} }, { procStart: null }],
    [{ procStart: true }, { procStart: null }],
    [{ sessionId: 'latest' }, { conversation: null }],
    [{ sessionId: `${conversation} --fork-session` }, { conversation: null }],
    [{ sessionId: 7 }, { conversation: null }],
    [{ status: 'thinking' }, { status: null }],
    [{ status: ['idle'] }, { status: null }],
    [{ waitingFor: 'input needed' }, { waitingFor: null }],
    [
      { status: 'waiting', waitingFor: '' },
      { status: 'waiting', waitingFor: null },
    ],
    [
      { status: 'waiting', waitingFor: {} },
      { status: 'waiting', waitingFor: null },
    ],
    [{ bridgeSessionId: 7 }, { deepLink: null }],
    [{ bridgeSessionId: '../x' }, { deepLink: null }],
    [{ updatedAt: '2026' }, { updatedAt: null }],
    [{ updatedAt: 1e300 }, { updatedAt: null }],
    [{ updatedAt: -1 }, { updatedAt: null }],
  ])('with %j has %j and the rest unchanged', ([change, expected]) => {
    expect(parseEntry(fileOf(7, change))).toEqual({ ...whole, ...expected })
  })

  test.for([
    '',
    ' ',
    '{',
    '[]',
    'null',
    '7',
    '"x"',
    '{}',
    '{"pid":"7"}',
    '{"pid":0}',
    '{"pid":-1}',
    '{"pid":1.5}',
    '{"pid":null}',
  ])('of the shape %j is null', (json) => {
    expect(parseEntry(json)).toBeNull()
  })

  test('has the right type or null in every field, whatever the file holds', () => {
    const fields = [
      'procStart',
      'sessionId',
      'status',
      'waitingFor',
      'bridgeSessionId',
      'startedAt',
      'updatedAt',
    ]
    const anything = fc.oneof(
      fc.jsonValue(),
      fc.record(
        Object.fromEntries([
          ['pid', fc.oneof(fc.integer(), fc.jsonValue())],
          ...fields.map((name) => [name, fc.oneof(fc.jsonValue(), fc.double())]),
        ]) as Record<string, fc.Arbitrary<unknown>>,
        { requiredKeys: [] },
      ),
    )
    fc.assert(
      fc.property(anything, (value) => {
        const entry = parseEntry(JSON.stringify(value))
        if (!entry) return
        expect(Number.isInteger(entry.pid) && entry.pid > 0).toBe(true)
        expect(entry.procStart).toSatisfy(
          (it) => it === null || (typeof it === 'string' && it !== ''),
        )
        expect([null, 'idle', 'busy', 'waiting', 'shell']).toContain(entry.status)
        if (entry.conversation !== null) expect(entry.conversation).toMatch(/^[0-9a-f-]{36}$/i)
        if (entry.waitingFor !== null) expect(entry.status).toBe('waiting')
        if (entry.updatedAt !== null) new Date(entry.updatedAt).toISOString()
      }),
      { numRuns: 1000 },
    )
  })

  test('that is cut off anywhere is null, or whole', () => {
    const json = fileOf(7)
    for (let end = 0; end < json.length; end++) expect(parseEntry(json.slice(0, end))).toBeNull()
    fc.assert(fc.property(fc.string(), (text) => void parseEntry(text)))
  })
})
