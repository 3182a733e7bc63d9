// Session names: a table of names and their parts, and properties over names that are easy to confuse.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  assignKeys,
  belongsTo,
  colourOf,
  composeName,
  keyCharsMax,
  labelCharsMax,
  lowestFreeSlot,
  parseLabel,
  parseName,
  reservedNames,
  slugCharsMax,
  slugOf,
  type Label,
  type ProjectKey,
} from '../../src/core/names.ts'

const key = (text: string): ProjectKey => text as ProjectKey

const keysOf = (...paths: string[]): Record<string, string> => Object.fromEntries(assignKeys(paths))

/** Paths that a careless program takes for one another, or that tmux reads as something else. */
const adversarialPaths = [
  ['foo', 'foobar', 'foo-2', 'foo_2', 'foo.bar', 'foo/bar', 'foo-bar', 'foo_bar', 'foo~2'],
  ['foo~2~fix', 'foo 2', ' foo', 'foo ', '=x', '_x', '-x', '@1', '$3', '%5', '*', '?', '[a]'],
  ['{last}', '!', '+', '_', '-', '.', ':', 'a:b', 'a.b', 'a_b', 'a-b', 'a/b', 'a/b/c', 'a-b/c'],
  ['a/b-c', 'é', 'e\u0301', '日本', '本日', '🚀', '\ud800', 'a\nb', 'a\tb', 'a\u0000b', '_lab'],
  ['lab-login', '.lab', '/lab', 'lab/login', 'Foo', 'FOO', 'x'.repeat(60), 'x'.repeat(61)],
  ['x'.repeat(300), `${'x'.repeat(300)}y`, '日'.repeat(300), `${'a/'.repeat(149)}a`, ''],
].flat()

const pathPiece = fc.oneof(
  fc.constantFrom(...adversarialPaths),
  fc.string({ unit: fc.constantFrom('a', 'b', '-', '_', '.', '/', '~', ' ', '2', 'é', ':', '=') }),
  fc.string({ unit: 'binary', maxLength: 20 }),
)
const pathSet = fc.uniqueArray(
  fc.oneof(
    pathPiece,
    fc.tuple(pathPiece, pathPiece).map(([a, b]) => `${a}/${b}`),
  ),
  { maxLength: 40 },
)
const anyKey = pathSet
  .filter((paths) => paths.length > 0)
  .map((paths) => assignKeys(paths).get(paths[0] ?? '') ?? key('never'))
const anySlug = fc.oneof(
  fc.string({ unit: 'binary' }).map((text) => slugOf(text as Label)),
  fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_-]{0,31}$/).map((text) => slugOf(text as Label)),
)

describe('composing and parsing', () => {
  test.for([
    ['foo', 1, null, 'foo'],
    ['foo', 2, null, 'foo~2'],
    ['foo', 2, 'fix', 'foo~2~fix'],
    ['foo-2', 1, null, 'foo-2'],
    ['foo', 12, '2', 'foo~12~2'],
    ['_', 999_999, 'a-b_c', '_~999999~a-b_c'],
  ] as const)('%s, slot %i, slug %s is %s, both ways', ([project, slot, slug, name]) => {
    expect(composeName({ key: key(project), slot, slug })).toBe(name)
    expect(parseName(name)).toEqual({ key: project, slot, slug })
  })

  test('a composed name parses back to the same key, slot and slug', () => {
    fc.assert(
      fc.property(anyKey, fc.integer({ min: 1, max: 999_999 }), anySlug, (project, slot, slug) => {
        // Slot 1 never has a label.
        const parts = { key: project, slot, slug: slot === 1 ? null : slug }
        expect(parseName(composeName(parts))).toEqual(parts)
      }),
    )
  })

  test('a composed name is one that tmux keeps, of at most 100 characters', () => {
    fc.assert(
      fc.property(anyKey, fc.integer({ min: 1, max: 999_999 }), anySlug, (project, slot, slug) => {
        expect(composeName({ key: project, slot, slug })).toMatch(
          /^[A-Za-z0-9_][A-Za-z0-9_~-]{0,99}$/,
        )
      }),
    )
  })

  test.for(
    [
      ['', '~', '~2', 'foo~', 'foo~0', 'foo~1', 'foo~01', 'foo~02', 'foo~-2', 'foo~2~', 'foo~2~~'],
      ['foo~x', 'foo~fix~2', 'foo~2~a~b', 'foo~1~fix', 'foo~1000000', '-foo', '=foo', 'foo.bar'],
      ['foo:0', 'foo bar', 'é', 'foo\n', '\nfoo', 'foo~2\n', 'x'.repeat(61), 'foo~2~é'],
      [`foo~2~${'x'.repeat(33)}`],
    ].flat(),
  )('lab does not make the name %j', (name) => {
    expect(parseName(name)).toBeNull()
  })

  test('exactly the composed names parse', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[fo~0-9_-]{1,12}$/), (name) => {
        const parts = parseName(name)
        if (parts) expect(composeName(parts)).toBe(name)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('belonging', () => {
  const names = [
    'foo',
    'foo~2',
    'foo~2~fix',
    'foobar',
    'foobar~2',
    'foo-2',
    'foo_2',
    'foo-2~2',
    'fo',
  ]
  test.for([
    ['foo', ['foo', 'foo~2', 'foo~2~fix']],
    ['foobar', ['foobar', 'foobar~2']],
    ['foo-2', ['foo-2', 'foo-2~2']],
    ['foo_2', ['foo_2']],
    ['fo', ['fo']],
    ['f', []],
  ] as const)('to %s belong %j and nothing else', ([project, own]) => {
    expect(names.filter((name) => belongsTo(name, project))).toEqual(own)
  })

  test('a name belongs to the project it was composed for, and to no other', () => {
    fc.assert(
      fc.property(pathSet, fc.integer({ min: 1, max: 99 }), anySlug, (paths, slot, slug) => {
        const keys = [...assignKeys(paths).values()]
        for (const mine of keys) {
          const name = composeName({ key: mine, slot, slug })
          expect(keys.filter((other) => belongsTo(name, other))).toEqual([mine])
        }
      }),
      { numRuns: 50 },
    )
  })

  test("lab's own session and the login session belong to no project", () => {
    const keys = assignKeys([...adversarialPaths, ...reservedNames]).values()
    for (const project of keys)
      for (const name of reservedNames) expect(belongsTo(name, project)).toBe(false)
  })
})

describe('slots', () => {
  test.for([
    [[], false, 1],
    [[], true, 2],
    [[1], false, 2],
    [[2], false, 1],
    [[2], true, 3],
    [[1, 2, 4], false, 3],
    [[1, 2, 3], true, 4],
    [[9], true, 2],
  ] as const)(
    'with %j taken and labelled %s the lowest free one is %i',
    ([taken, labelled, slot]) => {
      expect(lowestFreeSlot(new Set(taken), labelled)).toBe(slot)
    },
  )
})

describe('labels', () => {
  test.for([
    ['', null],
    ['   \n', null],
    ['\u200b', null],
    ['\u00ad \u200d', null],
    ['  fix it ', 'fix it'],
    ['🚀', '🚀'],
    ['👩‍💻 bug', '👩‍💻 bug'],
    ['=x', '=x'],
    ['-v', '-v'],
    ['x'.repeat(60), 'x'.repeat(60)],
    ['😀'.repeat(60), '😀'.repeat(60)],
  ] as const)('%j is kept as %j', ([typed, label]) => {
    expect(parseLabel(typed)).toEqual({ ok: true, label })
  })

  test.for([
    ['x'.repeat(61), /at most 60 characters/],
    ['x'.repeat(10_000), /at most 60 characters/],
    ['a\nb', /control characters/],
    ['a\u0000b', /control characters/],
    ['a\u001b[2Jb', /control characters/],
    ['a\u007fb', /control characters/],
    ['a\u009bb', /control characters/],
    ['a\u2028b', /control characters/],
    ['a\u202eb', /control characters/],
    ['a\u2066b', /control characters/],
    ['a\u061cb', /control characters/],
    ['a\ud800', /control characters/],
  ] as const)('%j is refused with the reason', ([typed, reason]) => {
    expect(parseLabel(typed)).toEqual({
      ok: false,
      reason: expect.stringMatching(reason) as string,
    })
  })

  test('a label is trimmed, short and harmless to terminals, whatever a person types', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (typed) => {
        const parsed = parseLabel(typed)
        if (!parsed.ok || parsed.label === null) return
        expect(parsed.label).toBe(typed.trim())
        expect(Array.from(parsed.label).length).toBeLessThanOrEqual(labelCharsMax)
        expect(parsed.label).not.toMatch(/[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/u)
      }),
    )
  })

  test.for([
    ['fix it', 'fix-it'],
    ['Crème brûlée', 'Creme-brulee'],
    ['foo~2', 'foo-2'],
    ['a.b:c', 'a-b-c'],
    ['--a--', 'a'],
    ['_a_', '_a_'],
    ['🚀', null],
    ['日本', null],
    ['-', null],
    ['x'.repeat(60), 'x'.repeat(32)],
    [`${'x'.repeat(31)} y`, 'x'.repeat(31)],
  ] as const)('%j stands in a name as %s', ([label, slug]) => {
    expect(slugOf(label as Label)).toBe(slug)
  })

  test('a slug parses, or is null', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (label) => {
        const slug = slugOf(label as Label)
        if (slug === null) return
        expect(slug).toMatch(/^[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?$/)
        expect(slug.length).toBeLessThanOrEqual(slugCharsMax)
      }),
    )
    expect(slugOf(null)).toBeNull()
  })
})

describe('project keys', () => {
  test.for([
    ['foo', 'foo'],
    ['foo/bar', 'foo-bar'],
    ['foo.bar', 'foo_bar'],
    ['foo bar', 'foo_bar'],
    ['foo~2', 'foo_2'],
    ['-foo', '_foo'],
    ['=x', '_x'],
    ['@1', '_1'],
    ['$3', '_3'],
    ['*', '_'],
    ['🚀', '_'],
    ['日本', '__'],
    ['', '_'],
  ] as const)('alone, %j has the key %s', ([path, wanted]) => {
    expect(keysOf(path)).toEqual({ [path]: wanted })
  })

  test('of two paths with one key, the one that needed no change keeps it', () => {
    const keys = keysOf('foo/bar', 'foo-bar', 'foo.bar', 'foo_bar')
    expect(keys).toMatchObject({ 'foo-bar': 'foo-bar', foo_bar: 'foo_bar' })
    expect(keys['foo/bar']).toMatch(/^foo-bar-[0-9a-f]{4}$/)
    expect(keys['foo.bar']).toMatch(/^foo_bar-[0-9a-f]{4}$/)
  })

  test('of two paths that both needed a change, neither takes the plain key', () => {
    const keys = Object.values(keysOf('a b', 'a.b'))
    for (const made of keys) expect(made).toMatch(/^a_b-[0-9a-f]{4}$/)
  })

  test("no project gets the name of lab's own sessions, whatever its path", () => {
    const keys = Object.values(keysOf('_lab', '.lab', '-lab', 'lab-login', 'lab/login'))
    expect(keys.filter((made) => reservedNames.includes(made))).toEqual([])
    expect(new Set(keys).size).toBe(5)
  })

  test('every path gets a unique legal key, the same in any order', () => {
    fc.assert(
      fc.property(pathSet, (paths) => {
        const keys = assignKeys(paths)
        expect([...keys.keys()].sort()).toEqual([...paths].sort())
        expect(new Set(keys.values()).size).toBe(paths.length)
        for (const made of keys.values()) {
          expect(made).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_-]*$/)
          expect(made.length).toBeLessThanOrEqual(keyCharsMax)
        }
        expect(assignKeys(paths.toReversed())).toEqual(keys)
      }),
    )
  })

  test('the adversarial paths all at once get different keys that tmux keeps', () => {
    const keys = [...assignKeys(adversarialPaths).values()]
    expect(new Set(keys).size).toBe(adversarialPaths.length)
    for (const made of keys) expect(parseName(made)).toEqual({ key: made, slot: 1, slug: null })
  })

  test("a path that equals another path's hashed key still gets a unique key", () => {
    const [hashed = ''] = Object.values(keysOf('a b', 'a.b'))
    const keys = keysOf('a b', 'a.b', hashed)
    expect(keys[hashed]).toBe(hashed)
    expect(new Set(Object.values(keys)).size).toBe(3)
  })

  test('many paths with one plain key get unique keys, though four digits do not suffice', () => {
    // 2,500 of 65,536 possible hashes: some of them meet.
    const signs = Array.from({ length: 50 }, (_, i) => String.fromCodePoint(0x4e00 + 37 * i))
    const paths = signs.flatMap((first) => signs.map((second) => first + second))
    const keys = assignKeys(paths)
    const made = [...keys.values()]
    expect(new Set(made).size).toBe(paths.length)
    expect(made.some((one) => /^__-[0-9a-f]{8}$/.test(one))).toBe(true)
    expect(assignKeys(paths.toReversed())).toEqual(keys)
  })
})

test('colourOf gives a key the same colour each time, and different keys mostly different ones', () => {
  const keys = ['api', 'web-shop', 'infra', 'notes', 'docs', 'site', 'lab', 'dotfiles']
  const colours = keys.map((one) => colourOf(one))
  expect(keys.map((one) => colourOf(one))).toEqual(colours)
  expect(new Set(colours).size).toBeGreaterThan(keys.length / 2)
  for (const colour of colours) expect(colour).toBeLessThan(256)
})
