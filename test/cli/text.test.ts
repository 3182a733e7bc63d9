// Text for a terminal, over everything that text may hold.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { age, alignColumns, printable, printableJson } from '../../src/cli/text.ts'

const anyText = fc.string({ unit: 'binary' })

test('nothing that is printed can steer a terminal or break the line', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(printable(text)).not.toMatch(/[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u)
    }),
  )
})

test('ordinary text, emoji and accents included, is printed as it is', () => {
  for (const text of ['plain', 'é ü 漢字', '🚀 👩‍💻', '~ = # %']) expect(printable(text)).toBe(text)
})

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
