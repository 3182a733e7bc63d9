// The decision to start, as a table.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ProjectKey } from '../../src/core/names.ts'
import { decideStart, promptRefusal, type StartQuestion } from '../../src/core/start.ts'

const decide = (question: Partial<StartQuestion>) =>
  decideStart({ key: 'foo' as ProjectKey, label: '', names: [], capMax: 6, used: 0, ...question })

test.for([
  [[], '', 'foo', 1],
  [[], 'fix', 'foo~2~fix', 2],
  [[], '🚀', 'foo~2', 2],
  [['foo'], '', 'foo~2', 2],
  [['foo'], 'fix', 'foo~2~fix', 2],
  [['foo~2~fix'], '', 'foo', 1],
  [['foo~2~fix'], 'fix', 'foo~3~fix', 3],
  [['foo', 'foo~2', 'foo~4'], '', 'foo~3', 3],
  [['foobar', 'foo-2', 'foo_2', 'foobar~2'], '', 'foo', 1],
  [['foo~x', 'foo~1', 'foo~2~'], '', 'foo', 1],
  [['foo~2~'], 'fix', 'foo~2~fix', 2],
] as const)('with the names %j, a start with label %j is %s', ([names, label, name, slot]) => {
  expect(decide({ names, label })).toMatchObject({ ok: true, name, slot })
})

test('a label is kept as typed, and the name has its name-safe form', () => {
  expect(decide({ label: '  Crème brûlée ' })).toMatchObject({
    label: 'Crème brûlée',
    name: 'foo~2~Creme-brulee',
  })
})

test('the seventh start is refused when six may run', () => {
  expect(decide({ used: 5 }).ok).toBe(true)
  expect(decide({ used: 6 })).toEqual({ ok: false, code: 'at_capacity' })
  expect(decide({ used: 7 })).toEqual({ ok: false, code: 'at_capacity' })
})

test('a bad label is refused before the cap is checked', () => {
  expect(decide({ used: 6, label: 'a\nb' })).toMatchObject({ ok: false, code: 'invalid_label' })
})

describe('a resumed instance', () => {
  test.for([
    [3, [], '', 'foo~3'],
    [3, ['foo~3~other'], '', 'foo'],
    [3, ['foo~3'], 'fix', 'foo~2~fix'],
    [1, [], '', 'foo'],
    [1, ['foo'], '', 'foo~2'],
    [1, [], 'fix', 'foo~2~fix'],
  ] as const)(
    'that had slot %i, with the names %j and the label %j, is %s',
    ([slotWanted, names, label, name]) => {
      expect(decide({ slotWanted, names, label })).toMatchObject({ ok: true, name })
    },
  )
})

test('a start takes a free name, whatever names are in use', () => {
  const name = fc.stringMatching(/^fo{1,2}(~[1-4](~[a-b]?)?)?$/)
  fc.assert(
    fc.property(fc.array(name), fc.constantFrom('', 'a', 'b', '🚀'), (names, label) => {
      const decision = decide({ names, label })
      expect(decision.ok && !names.includes(decision.name)).toBe(true)
    }),
  )
})

describe('a first prompt', () => {
  test.each([
    '',
    'fix the login',
    '-x is a flag',
    '!ls is text here',
    'ends with a backslash\\',
    '/tmp/x is a path',
    '/x.y is no command',
    ' and / alone',
    'two\nlines',
    'é'.repeat(8000),
  ])('is taken: %j', (prompt) => {
    expect(promptRefusal(prompt)).toBe(null)
  })

  test.each([
    ['/model', '/model'],
    ['/health answers 500', '/health'],
    [' \n/foo:bar x', '/foo:bar'],
    ['/X\nmore', '/X'],
  ])('that Claude would run as a command is refused: %j', (prompt, command) => {
    expect(promptRefusal(prompt)).toMatch(`would run ${command} as a command`)
  })

  test('is refused when it is longer than an argument should be, and says what to do', () => {
    expect(promptRefusal('é'.repeat(8001))).toMatch(
      /has 16002 bytes, and lab takes 16000 at most\. Put the text into a file/,
    )
    expect(promptRefusal('a\0b')).toMatch(/NUL/)
  })
})
