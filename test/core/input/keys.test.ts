// The keys that lab can send.
import { describe, expect, test } from 'vitest'
import { isKey, keys } from '../../../src/core/input/keys.ts'

describe('keys', () => {
  test('are all keys, and each is there once', () => {
    expect(keys.filter((key) => !isKey(key))).toEqual([])
    expect(new Set(keys).size).toBe(keys.length)
  })
})

describe('isKey', () => {
  test.for(['Enter', 'Escape', 'F12', '0', 'z', 'Z', 'C-c'])('takes %s', (name) => {
    expect(isKey(name)).toBe(true)
  })

  test.for(['', 'enter', 'F0', 'F13', 'C-', 'C-C', 'C-1', 'M-x', 'ab', '-l', ';', 'é', 'toString'])(
    'refuses %j',
    (name) => {
      expect(isKey(name)).toBe(false)
    },
  )
})
