import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeValue, encodeValue, parseListing } from '../../src/tmux/listing.ts'

const head = 'M|77|1700000000|3.3a'

describe('a listing', () => {
  test('keeps the agent pane of a session apart from panes split beside it, and finds it where it was moved', () => {
    const { listing, unknownKeys } = parseListing(
      'M',
      ['path'],
      [
        head,
        'M|$1|2|1700000001|%5|50|0|||foo::::id,path:a:/p:shell',
        'M|$1|2|1700000001|%3|30|1|3||foo::a::id,path:a:/p:✳ title: with | all',
        'M|$2|0|1700000002|%6|60|0|||mine::::::shell',
        'M|$3|0|1700000003|%7|70|0|||foo~2::::id,path:b:/q:shell',
        'M|$2|0|1700000002|%4|40|1||9|mine::b:::::moved',
        'M|$0|1|1700000000|%0|10|0|||_lab:1::::::x',
        'M|$9|1|1700000000|%9|90|0|||renamed:1::::::x',
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
        isGuest: false,
      },
      {
        sessionId: '$2',
        name: 'mine',
        attached: 0,
        createdAt: 1_700_000_002,
        pane: null,
        lab: null,
        isGuest: false,
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
        isGuest: false,
      },
    ])
  })

  test('tells which keys it should have asked for', () => {
    const { unknownKeys } = parseListing(
      'M',
      ['path'],
      [head, 'M|$1|0|1|%1|1|0|||foo::a::id,path,label,self,x y:a:/p:t'],
    )
    expect(unknownKeys).toEqual(['label'])
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
