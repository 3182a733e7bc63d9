import { describe, expect, test } from 'vitest'
import { readKeys } from '../../../src/stand-in/terminal/keys.ts'

describe('readKeys', () => {
  test('separates text, Enter, a paste with its newlines, arrows and Escape', () => {
    expect(readKeys('a ü\r\x1b[200~x\ry\x1b[201~\x1b[A\x1bq')).toEqual({
      keys: [
        { type: 'text', text: 'a ü' },
        { type: 'enter' },
        { type: 'paste', text: 'x\ny' },
        { type: 'up' },
        { type: 'escape' },
        { type: 'text', text: 'q' },
      ],
      rest: '',
    })
  })

  for (const start of ['\x1b', '\x1b[', '\x1b[20', '\x1b[200~half', '\x1b[200~half\x1b[201'])
    test(`keeps the incomplete key ${JSON.stringify(start)} as rest`, () => {
      expect(readKeys(`a${start}`)).toEqual({ keys: [{ type: 'text', text: 'a' }], rest: start })
    })
})
