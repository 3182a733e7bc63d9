import { array, assert, constantFrom, integer, oneof, property, string } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { plainRow, rgbOf, styledRows } from '../../../../src/web/views/terminal/sgr.ts'

const one = (row: string) => styledRows([row])[0]

describe('styledRows', () => {
  test.each([
    ['text without styles', 'foo', [{ text: 'foo', classes: '' }]],
    ['a colour of the first eight', '\x1b[31mfoo', [{ text: 'foo', classes: 'c1' }]],
    ['a bright colour', '\x1b[91mfoo', [{ text: 'foo', classes: 'c9' }]],
    ['a background', '\x1b[44mfoo', [{ text: 'foo', classes: 'b4' }]],
    ['a colour of 256', '\x1b[38;5;153mfoo', [{ text: 'foo', classes: 'c153' }]],
    ['a colour of 256 with colons', '\x1b[48:5:237mfoo', [{ text: 'foo', classes: 'b237' }]],
    ['a 24-bit colour', '\x1b[38;2;255;0;0mfoo', [{ text: 'foo', classes: 'c196' }]],
    ['a 24-bit grey', '\x1b[38;2;128;128;128mfoo', [{ text: 'foo', classes: 'c244' }]],
    ['a 24-bit colour with colons', '\x1b[38:2::0:0:255mfoo', [{ text: 'foo', classes: 'c21' }]],
    ['swapped colours', '\x1b[7mfoo', [{ text: 'foo', classes: 'cd bd' }]],
    ['swapped named colours', '\x1b[31;44;7mfoo', [{ text: 'foo', classes: 'c4 b1' }]],
    ['concealed text, which stays visible', '\x1b[8mfoo', [{ text: 'foo', classes: '' }]],
    ['a colour out of range, which it ignores', '\x1b[38;5;999mfoo', [{ text: 'foo', classes: '' }]],
    ['several marks', '\x1b[1;3;4;9mfoo', [{ text: 'foo', classes: 'bold italic underline strike' }]],
    ['the end of a mark', '\x1b[1mfoo\x1b[22mbar', [{ text: 'foo', classes: 'bold' }, { text: 'bar', classes: '' }]],
    ['the text of a link without its address', '\x1b]8;;https://evil.example\x1b\\foo\x1b]8;;\x1b\\', [{ text: 'foo', classes: '' }]],
    ['a title that never ends, which it drops', 'foo\x1b]0;bar', [{ text: 'foo', classes: '' }]],
    ['a cursor movement, which it drops', 'foo\x1b[2Jbar', [{ text: 'foobar', classes: '' }]],
    ['marks that reorder text, in sight', 'a\u202eb', [{ text: 'a\\u202eb', classes: '' }]],
    ['a tab as blanks', 'ab\tc', [{ text: 'ab      c', classes: '' }]],
    ['markup as text', '</pre><script>', [{ text: '</pre><script>', classes: '' }]],
  ])('reads %s', (_what, row, runs) => {
    expect(one(row)).toEqual(runs)
  }) // prettier-ignore

  test('keeps a style over the end of a row', () => {
    expect(styledRows(['\x1b[32mfoo', 'bar\x1b[mbaz'])).toEqual([
      [{ text: 'foo', classes: 'c2' }],
      [
        { text: 'bar', classes: 'c2' },
        { text: 'baz', classes: '' },
      ],
    ])
  })

  test('drops the styles of a screen with too many, and keeps its text', () => {
    const row = Array.from({ length: 200 }, (_, i) => `\x1b[38;5;${i}mx`).join('')
    const rows = styledRows(Array.from({ length: 50 }, () => row))
    expect(rows.flat().length).toBeLessThan(2100)
    expect(rows.map((runs) => runs.map(({ text }) => text).join(''))).toEqual(
      Array.from({ length: 50 }, () => 'x'.repeat(200)),
    )
  })

  test('lets no control character and no unknown class through', () => {
    const piece = oneof(
      string(),
      constantFrom('\x1b[', '\x1b]8;;', '\x1b\\', '\x07', 'm', ';', '38', '5', '2', '\x9b31m', '\x1bP'),
      array(integer({ min: 0, max: 300 })).map((codes) => `\x1b[${codes.join(';')}m`),
    ) // prettier-ignore
    const known = /^(?:(?:[cb](?:d|\d{1,3})|bold|dim|italic|underline|strike)(?: |$))*$/
    assert(
      property(array(array(piece).map((parts) => parts.join(''))), (rows) => {
        for (const { text, classes } of styledRows(rows).flat()) {
          expect(text).not.toMatch(/\p{Cc}/u)
          expect(classes).toMatch(known)
        }
      }),
    )
  })
})

describe('plainRow', () => {
  test('removes styles and shows hidden characters', () => {
    expect(plainRow('\x1b[1mfoo\x1b[m\u200ebar')).toBe('foo\\u200ebar')
  })
})

describe('rgbOf', () => {
  test.each([
    [16, [0, 0, 0]],
    [196, [255, 0, 0]],
    [231, [255, 255, 255]],
    [232, [8, 8, 8]],
    [255, [238, 238, 238]],
  ])('knows colour %i', (colour, rgb) => {
    expect(rgbOf(colour)).toEqual(rgb)
  })
})
