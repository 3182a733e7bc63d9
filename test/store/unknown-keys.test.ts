// Keys of a newer lab: they survive this lab on every level.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect } from 'vitest'
import { openStore } from '../../src/store/store.ts'
import { withUnknownKeys } from '../../src/store/unknown-keys.ts'
import { put } from '../fixtures/folder.ts'
import { recordOf } from '../fixtures/record.ts'
import { test } from '../fixtures/small-disk.ts'

const now = (): Date => new Date('2026-02-03T04:05:06.789Z')
const jsonIn = (folder: string) => JSON.parse(readFileSync(join(folder, 'state.json'), 'utf8'))

const knownFile = {
  version: 1,
  projects: { '/p/foo': { lastUsedAt: 'then', order: 1 }, '/p/bar': { lastUsedAt: 'then' } },
  instances: [
    recordOf({
      id: 'live',
      keeper: { pid: 7, start: '70' },
      server: { pid: 6, start: '60' },
      registered: { pid: 8, start: '80' },
    }),
    recordOf({
      id: 'ended',
      ended: {
        state: 'error',
        at: 'then',
        order: 3,
        evidence: {
          reason: 'exited',
          message: 'It ended.',
          exitCode: 1,
          signal: null,
          lastLines: ['bye'],
          by: 'nobody',
          at: 'then',
        },
        left: [5, 6].map((pid) => ({
          pid,
          start: '50',
          command: 'sleep',
          servesOthers: false,
          mayBeAgent: false,
        })),
      },
    }),
  ],
  server: { pid: 6, startedAt: 60 },
  settings: null,
  givenUp: ['note'],
}

const extraKeys = fc.dictionary(
  fc.string().map((key) => `${key}+`),
  fc.jsonValue(),
  { maxKeys: 2 },
)

/** Every object of the file in which a further key is no record: `projects` holds records by path. */
function objectsOf(file: typeof knownFile): object[] {
  const walk = (value: unknown): object[] => {
    if (typeof value !== 'object' || value === null) return []
    const inside = Object.values(value).flatMap(walk)
    return Array.isArray(value) || value === file.projects ? inside : [value, ...inside]
  }
  return walk(file)
}

const objectsMax = objectsOf(knownFile).length

function withExtraKeys(extras: readonly object[]): typeof knownFile {
  const file = structuredClone(knownFile)
  for (const [index, target] of objectsOf(file).entries()) Object.assign(target, extras[index])
  return file
}

describe('the store', () => {
  test('keeps every unknown key through read, update, write and read', async ({ folder }) => {
    const extrasOfAll = fc.array(extraKeys, { minLength: objectsMax, maxLength: objectsMax })
    await fc.assert(
      fc.asyncProperty(extrasOfAll, async (extras) => {
        const text = JSON.stringify(withExtraKeys(extras))
        put(join(folder, 'state.json'), text)
        const expectedFacts = structuredClone(knownFile)
        const expectedFile = JSON.parse(text)
        for (const lastUsedAt of ['now', 'later']) {
          const store = openStore({ dir: folder, now })
          expect(store.setAside).toEqual([])
          expect(store.facts).toEqual(expectedFacts)
          // The callers write records that hold the known keys alone, in any order.
          await store.update((facts) => {
            facts.projects['/p/bar'] = { lastUsedAt }
            facts.instances = structuredClone(facts.instances).toReversed()
          })
          for (const file of [expectedFacts, expectedFile]) {
            file.projects['/p/bar'].lastUsedAt = lastUsedAt
            file.instances.reverse()
          }
          expect(jsonIn(folder)).toEqual(expectedFile)
        }
      }),
      { numRuns: 50 },
    )
  })

  test('removes the unknown keys of a record together with the record', async ({ folder }) => {
    const record = { ...recordOf({ id: 'live' }), pool: 'x' }
    put(join(folder, 'state.json'), JSON.stringify({ ...knownFile, instances: [record] }))
    const store = openStore({ dir: folder, now })
    await store.update((facts) => (facts.instances = []))
    await store.update((facts) => facts.instances.push(recordOf({ id: 'live' })))
    expect(jsonIn(folder).instances).toEqual([recordOf({ id: 'live' })])
  })

  test('keeps a key that is named like the prototype', async ({ folder }) => {
    const text = JSON.stringify({ ...knownFile, x: 1 }).replace('"x":1', '"__proto__":{"a":1}')
    put(join(folder, 'state.json'), text)
    await openStore({ dir: folder, now }).update(() => {})
    expect(Object.entries(jsonIn(folder)).at(-1)).toEqual(['__proto__', { a: 1 }])
  })
})

describe('withUnknownKeys', () => {
  const raw = { id: 1, keeper: { pid: 7, start: '70', cgroup: 'x' } }
  const known = { id: 1, keeper: { pid: 7, start: '70' } }

  test('gives no key of one process to another', () => {
    expect(withUnknownKeys(known, { raw, known })).toEqual(raw)
    const moved = { id: 1, keeper: { pid: 7, start: '71' } }
    expect(withUnknownKeys(moved, { raw, known })).toEqual(moved)
    expect(withUnknownKeys({ id: 1, keeper: null }, { raw, known })).toEqual({
      id: 1,
      keeper: null,
    })
  })

  test('does not bring back a known key that the caller left out', () => {
    const [before, after] = [{ id: 1, order: 2 }, { id: 1 }]
    expect(withUnknownKeys(after, { raw: before, known: before })).toEqual(after)
  })

  test('prefers the value of the caller, also for a key that was unknown', () => {
    const origin = { raw: { id: 1, kind: 'old' }, known: { id: 1 } }
    expect(withUnknownKeys({ id: 1, kind: 'new' }, origin)).toEqual({ id: 1, kind: 'new' })
  })
})
