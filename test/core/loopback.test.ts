// Which hosts reach this machine alone: without a guard lab listens on these, and answers to these names.
import { describe, expect, test } from 'vitest'
import { isLoopback } from '../../src/core/loopback.ts'

describe('isLoopback', () => {
  test.for(['localhost', '::1', '[::1]', '127.0.0.1', '127.0.0.53', '127.255.255.254'])(
    'accepts %s',
    (host) => expect(isLoopback(host)).toBe(true),
  )

  test.for([
    '0.0.0.0',
    '::',
    '::2',
    '10.0.0.1',
    '127.0.0.256',
    '127.0.0.1.example.net',
    '127.1',
    'localhost.example.net',
    'Localhost ',
    '',
  ])('refuses %j', (host) => expect(isLoopback(host)).toBe(false))
})
