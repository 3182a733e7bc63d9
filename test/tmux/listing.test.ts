import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createLister } from '../../src/tmux/lister.ts'
import type { Reply } from '../../src/tmux/client/reply.ts'
import { decodeValue, encodeValue, parseListing } from '../../src/tmux/listing.ts'

const head = 'M|77|1700000000|3.3a'

/** A row as tmux prints it for `listCommands`: the numbers, the name, what is written on it, the title. */
function row(numbers: string, name: string, written: string, title: string): string {
  return `M|${numbers}|${Buffer.byteLength(name)}|${name}:${written}:M${title}`
}

describe('a listing', () => {
  test('keeps the agent pane of a session apart from panes split beside it, and finds it where it was moved', () => {
    const { listing, unknownKeys } = parseListing(
      'M',
      ['path'],
      [
        head,
        row('$1|2|1700000001|%5|50|0|||', 'foo', '::::id,path:a:/p', 'shell'),
        row('$1|2|1700000001|%3|30|1|3||', 'foo', ':a:::id,path:a:/p', '✳ title: with | all'),
        row('$2|0|1700000002|%6|60|0|||', 'mine', '::::::', 'shell'),
        row('$3|0|1700000003|%7|70|0|||', 'foo~2', '::::id,path:b:/q', 'shell'),
        row('$2|0|1700000002|%4|40|1||9|', 'mine', ':b:::::', 'moved'),
        row('$0|1|1700000000|%0|10|0|||', '_lab', '1::::::', 'x'),
        row('$9|1|1700000000|%9|90|0|||', 'renamed', '1::::::', 'x'),
      ],
    )
    expect(unknownKeys).toEqual([])
    expect(listing.server).toEqual({ pid: 77, startedAt: 1_700_000_000, version: '3.3a' })
    expect(listing.sessions).toEqual([
      {
        sessionId: '$1',
        name: 'foo',
        attached: 2,
        createdAt: 1_700_000_001,
        pane: {
          paneId: '%3',
          isMoved: false,
          pid: 30,
          dead: true,
          deadStatus: 3,
          deadSignal: null,
          title: '✳ title: with | all',
        },
        lab: { id: 'a', path: '/p' },
        isForeignHost: false,
      },
      {
        sessionId: '$2',
        name: 'mine',
        attached: 0,
        createdAt: 1_700_000_002,
        pane: null,
        lab: null,
        isForeignHost: false,
      },
      {
        sessionId: '$3',
        name: 'foo~2',
        attached: 0,
        createdAt: 1_700_000_003,
        pane: {
          paneId: '%4',
          isMoved: true,
          pid: 40,
          dead: true,
          deadStatus: null,
          deadSignal: 9,
          title: 'moved',
        },
        lab: { id: 'b', path: '/q' },
        isForeignHost: false,
      },
    ])
  })

  test('tells which keys it should have asked for', () => {
    const { unknownKeys } = parseListing(
      'M',
      ['path'],
      [head, row('$1|0|1|%1|1|0|||', 'foo', ':a:::id,path,label,self,x y:a:/p', 't')],
    )
    expect(unknownKeys).toEqual(['label'])
  })

  test.each(['notes:1', 'fix: login', 'a|b', ':', 'é😀:x|y', 'M|77:M'])(
    'reads the name "%s" whole, and all that follows it',
    (name) => {
      const line = row('$1|0|1|%1|30|0|||', name, ':a:30::id,path:a:/p', 'a title')
      const { sessions } = parseListing('M', ['path'], [head, line]).listing
      expect(sessions).toMatchObject([
        { name, lab: { id: 'a', path: '/p' }, pane: { pid: 30, title: 'a title' } },
      ])
    },
  )

  test.each([
    ['a separator', ':a:30::id,path,label,note:a:/p:la:bel:n:M✳ t', '✳ t'],
    ['a newline', ':a:30::id,path,label,note:a:/p:la', ''],
  ])(
    'keeps agent and title apart when a person wrote %s into the metadata, and believes none of it',
    (_what, written, title) => {
      const line = `M|$1|0|1|%1|30|0||||3|foo:${written}`
      const { listing } = parseListing('M', ['path', 'label', 'note'], [head, line])
      expect(listing.sessions).toMatchObject([{ name: 'foo', pane: { title } }])
      expect(listing.sessions[0]?.lab).toEqual({ id: 'a' })
    },
  )

  test.each([
    ['is dead', '1', true],
    ['is about to be dead', '0', false],
  ])('a pane without a pid that %s keeps its keeper’s', (_what, dead, isDead) => {
    const line = row(`$1|0|1|%1||${dead}|||41`, 'foo', ':a:30:41:id:a', '')
    const { sessions } = parseListing('M', [], [head, line]).listing
    expect(sessions[0]?.pane).toMatchObject({ pid: 30, dead: isDead })
  })

  test.each([
    ['ran last what lab started', '41', true],
    ['was given another command', '9', false],
  ])('a dead pane without a pid that %s is told by its command', (_what, command, isKeepers) => {
    const line = row(`$1|0|1|%1||1|3||${command}`, 'foo', ':a:30:41:id:a', '')
    const { sessions } = parseListing('M', [], [head, line]).listing
    expect(sessions[0]?.pane?.dead).toBe(isKeepers ? true : undefined)
  })

  test.each([
    ['Pane is dead (signal 9, Sat Nov 28 05:04:36 2026)', { deadSignal: 9, deadStatus: null }],
    ['Pane is dead (status 3, Sat Nov 28 05:04:36 2026)', { deadSignal: null, deadStatus: 3 }],
    ['Pane is dead', { deadSignal: null, deadStatus: null }],
    ['it says "Pane is dead (signal 9, now)"', { deadSignal: null, deadStatus: null }],
  ])('tells how a pane died, where tmux says so on its screen alone: %s', async (line, told) => {
    const run = ([command]: readonly (readonly string[])[]): Promise<Reply> => {
      const rows = [head, row('$1|0|1|%4|30|1|||', 'foo', ':a:30:::a', 't')]
      const lines = command![0] === 'capture-pane' ? ['bye', line, '', ''] : rows
      return Promise.resolve({ kind: 'ok', lines })
    }
    const list = createLister(
      { run, captureRun: run },
      { rowTag: 'M', timeoutMs: 1000, onKept: () => {} },
    )
    expect((await list()).sessions).toMatchObject([{ pane: { dead: true, ...told } }])
  })

  test('has no server when tmux did not say who it is', () => {
    expect(parseListing('M', [], ['what is this']).listing.server).toBeNull()
  })

  test('any value comes back as it was, and holds nothing that ends a field', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 12 }), (value) => {
        expect(encodeValue(value)).toMatch(/^[A-Za-z0-9%/_.!~*'()-]*$/)
        expect(decodeValue(encodeValue(value))).toBe(value)
      }),
    )
    expect(decodeValue(encodeValue('\ud800'))).toBe('\ufffd')
    expect(decodeValue('100%')).toBe('100%')
  })
})
