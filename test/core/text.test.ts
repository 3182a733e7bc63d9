// Hidden characters and words for a shell.
import type { State } from '../../src/core/state.ts'
import { execFileSync } from 'node:child_process'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hasHidden, headline, printable, shellText, shellWord } from '../../src/core/text.ts'

const anyText = fc.string({ unit: 'binary' })

// By name: a table of these characters as they are would show none of them.
const hidden: readonly (readonly [string, string])[] = [
  ['NUL', '\u0000'],
  ['line feed', '\n'],
  ['escape', '\u001b'],
  ['DEL', '\u007f'],
  ['C1 control', '\u009b'],
  ['Arabic letter mark', '\u061c'],
  ['left-to-right mark', '\u200e'],
  ['right-to-left mark', '\u200f'],
  ['line separator', '\u2028'],
  ['paragraph separator', '\u2029'],
  ['right-to-left override', '\u202e'],
  ['left-to-right isolate', '\u2066'],
  ['pop directional isolate', '\u2069'],
  ['byte order mark', '\ufeff'],
  ['lone surrogate', '\ud800'],
]
const ordinary = ['plain', 'é ü 漢字', '🚀 👩‍💻', '~ = # %', 'سلام']

describe('hasHidden', () => {
  test.for(hidden)('finds the %s', ([, character]) => {
    expect(hasHidden(`a${character}b`)).toBe(true)
  })

  test.for(ordinary)('finds nothing in %s', (text) => {
    expect(hasHidden(text)).toBe(false)
  })
})

describe('printable', () => {
  test.for(hidden)('writes out the %s', ([, character]) => {
    const code = character.charCodeAt(0).toString(16).padStart(4, '0')
    expect(printable(`a${character}b`)).toBe(`a\\u${code}b`)
  })

  test('leaves no hidden character, whatever the text', () => {
    fc.assert(fc.property(anyText, (text) => !hasHidden(printable(text))))
  })

  test.for(ordinary)('keeps %s as it is', (text) => {
    expect(printable(text)).toBe(text)
  })
})

describe('shellWord', () => {
  test.for(['claude', '/srv/a-b_c.d', 'user@host:22', '50%', 'a+b,c'])('keeps %s', (word) => {
    expect(shellWord(word)).toBe(word)
  })

  test.for([
    ['=foo', "'=foo'"],
    ['foo~2', "'foo~2'"],
    ['', "''"],
    ["it's", `'it'\\''s'`],
  ] as const)('quotes %j, which a shell would change', ([word, quoted]) => {
    expect(shellWord(word)).toBe(quoted)
  })
})

describe('shellText', () => {
  const meaningful = [
    '"',
    "'",
    '\\',
    '$',
    '`',
    ' ',
    '\n',
    '=',
    '~',
    '-',
    ';',
    '*',
    '!',
    '#',
    'a',
    'é',
  ]

  test('is read by a shell as the same words', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: fc.constantFrom(...meaningful) })), (argv) => {
        const printed = execFileSync('sh', ['-c', `printf '%s\\0' ${shellText(['--', ...argv])}`])
        expect(printed.toString()).toBe(['--', ...argv].map((word) => `${word}\0`).join(''))
      }),
      { numRuns: 60 },
    )
  })
})

describe('headline', () => {
  test('counts what runs, and what needs the operator', () => {
    const cap = { max: 10, used: 7 }
    const one = (state: State, waitingFor: string | null = null) => ({ state, waitingFor })
    expect(headline([one('ready'), one('limited')], cap)).toBe('7 of 10 running')
    expect(headline([one('waiting', 'trust')], cap)).toBe('7 of 10 running · 1 needs you')
    const many = [one('waiting', 'trust'), one('limited', 'weekly limit'), one('error')]
    expect(headline(many, cap)).toBe('7 of 10 running · 2 need you · 1 died')
  })
})
