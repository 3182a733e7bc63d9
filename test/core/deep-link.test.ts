// From the registry's word to an address in claude.ai.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { deepLinkOf } from '../../src/core/deep-link.ts'

test.for([
  ['cse_01AbC-_z', 'https://claude.ai/code/session_01AbC-_z'],
  ['session_01AbC', 'https://claude.ai/code/session_01AbC'],
  [`cse_${'x'.repeat(200)}`, `https://claude.ai/code/session_${'x'.repeat(200)}`],
  [null, null],
  ['', null],
  ['cse_', null],
  ['01AbC', null],
  ['CSE_1', null],
  ['cse_1\n', null],
  ['cse_a/../../login', null],
  ['cse_a?x=1', null],
  ['cse_a#b', null],
  ['cse_<script>', null],
  ['xcse_1', null],
  [`cse_${'x'.repeat(201)}`, null],
] as const)('%j is the link %j', ([bridge, link]) => {
  expect(deepLinkOf(bridge)).toBe(link)
})

test('a link leads to claude.ai or is null, whatever the registry holds', () => {
  const word = fc.oneof(
    fc.string(),
    fc.string().map((text) => `cse_${text}`),
  )
  fc.assert(
    fc.property(word, (bridge) => {
      const link = deepLinkOf(bridge)
      if (link === null) return
      const { origin, pathname, search, hash } = new URL(link)
      expect({ origin, search, hash }).toEqual({
        origin: 'https://claude.ai',
        search: '',
        hash: '',
      })
      expect(pathname).toMatch(/^\/code\/session_[A-Za-z0-9_-]+$/)
      expect(new URL(link).href).toBe(link)
    }),
  )
})
