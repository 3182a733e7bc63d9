// Text for a terminal, over everything that text may hold.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { age, alignColumns, printableJson } from '../../src/cli/text.ts'

const anyText = fc.string({ unit: 'binary' })

test('printed JSON reads back as the same value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.dictionary(anyText, anyText), (value, texts) => {
      const both = JSON.parse(JSON.stringify({ value, texts })) as unknown
      expect(JSON.parse(printableJson(both))).toEqual(both)
    }),
  )
})

test.for([
  [0, '0s'],
  [59, '59s'],
  [60, '1m'],
  [3599, '59m'],
  [3600, '1h'],
  [86_399, '23h'],
  [86_400, '1d'],
  [-5, '0s'],
] as const)('%i seconds ago is %s', ([seconds, text]) => {
  const now = Date.parse('2026-01-01T00:00:00Z')
  expect(age(new Date(now - seconds * 1000).toISOString(), now)).toBe(text)
})

test('columns line up under wide characters, and lines end in no blanks', () => {
  expect(
    alignColumns([
      ['漢字', 'x', ''],
      ['abcdef', 'y', 'z'],
      ['🚀', '\u001b[31mred\u001b[0m', ''],
      ['é', 'w', 'z'],
    ]),
  ).toEqual(['漢字    x', 'abcdef  y    z', '🚀      \u001b[31mred\u001b[0m', 'é       w    z'])
})
