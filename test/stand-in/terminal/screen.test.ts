import { describe, expect, test } from 'vitest'
import { wrap } from '../../../src/stand-in/terminal/screen.ts'

describe('wrap', () => {
  test('cuts between words, counts wide characters twice and keeps the indent', () => {
    expect(wrap(' one two three', 10)).toEqual([' one two ', ' three'])
    expect(wrap('漢字漢字', 5)).toEqual(['漢字', '漢字'])
    expect(wrap('', 5)).toEqual([''])
  })
})
