// One record that lab cannot read costs no other, and is not lost.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { openStore } from '../../src/store/store.ts'
import { put } from '../fixtures/folder.ts'
import { recordOf } from '../fixtures/record.ts'
import { test } from '../fixtures/small-disk.ts'

const open = (dir: string) => openStore({ dir, now: () => new Date('2026-02-03T04:05:06.789Z') })
const jsonIn = (folder: string) => JSON.parse(readFileSync(join(folder, 'state.json'), 'utf8'))

const evidence = {
  reason: 'exited',
  message: 'It ended.',
  exitCode: 0,
  signal: null,
  lastLines: [],
  by: 'nobody',
  at: 'then',
}
const good = recordOf({ id: 'good' })
const file = {
  version: 1,
  projects: { '/p/foo': { lastUsedAt: 'then' } },
  instances: [good],
  server: null,
  settings: null,
  givenUp: ['note'],
}

const ended = { state: 'error', at: 'then', evidence, left: [] }
const future: readonly (readonly [string, object, string])[] = [
  [
    'an unknown kind',
    { kind: 'worker', pool: { name: 'p', index: 3 }, conversation: null },
    'kind',
  ],
  [
    'an unknown reason',
    { ended: { ...ended, evidence: { ...evidence, reason: 'budget' } } },
    'ended.evidence.reason',
  ],
  ['an unknown actor', { stopAskedBy: 'pool:x' }, 'stopAskedBy'],
  ['an unknown end state', { ended: { ...ended, state: 'parked' } }, 'ended.state'],
]

describe('an instance of a future kind', () => {
  test.for(future)(
    'with %s is set aside alone and written back unchanged',
    async ([, change, field], { folder }) => {
      const record = { ...recordOf({ id: 'future', name: 'foo~9' }), ...change, extra: [{ a: 1 }] }
      put(join(folder, 'state.json'), JSON.stringify({ ...file, instances: [record, good] }))
      for (let boots = 0; boots < 2; boots++) {
        const store = open(folder)
        expect(store.corruptKeptAt).toBeNull()
        expect(store.facts.instances.map(({ id }) => id)).toContain('good')
        expect(store.facts.instances.map(({ id }) => id)).not.toContain('future')
        expect(store.setAside).toMatchObject([{ record: 'instance foo~9', field }])
        await store.update((facts) => facts.instances.push(recordOf({ id: `new${boots}` })))
      }
      const { instances } = jsonIn(folder)
      expect(instances[0]).toEqual(record)
      expect(instances.slice(1).map(({ id }: { id: string }) => id)).toEqual([
        'good',
        'new0',
        'new1',
      ])
    },
  )

  test('keeps its record when lab finds the instance again in tmux', async ({ folder }) => {
    const record = { ...recordOf({ id: 'future' }), stopAskedBy: 'pool:x', pool: 'x' }
    put(join(folder, 'state.json'), JSON.stringify({ ...file, instances: [record] }))
    const store = open(folder)
    await store.update(() => {})
    await store.update((facts) => facts.instances.push(recordOf({ id: 'future', said: 'yes' })))
    const again = open(folder)
    expect(again.facts.instances).toEqual([recordOf({ id: 'future', said: 'yes' })])
    await again.update(() => {})
    const found = { ...recordOf({ id: 'future', said: 'yes' }), pool: 'x' }
    expect(jsonIn(folder).instances).toEqual([record, found])
  })
})

describe('the settings', () => {
  test('come back as they were written, and are null until the operator sets one', async ({
    folder,
  }) => {
    const store = open(folder)
    expect(store.facts.settings).toBe(null)
    const settings = { model: 'opus', effort: null, mode: 'plan', quickWords: { '/p': ['go'] } } as const // prettier-ignore
    await store.update((facts) => void (facts.settings = { ...settings, quickWords: { '/p': ['go'] } })) // prettier-ignore
    expect(open(folder).facts.settings).toEqual(settings)
  })
})

test('an instance of an older lab is in mode auto', ({ folder }) => {
  const { mode: _mode, ...older } = recordOf({ id: 'older' })
  put(join(folder, 'state.json'), JSON.stringify({ ...file, instances: [older] }))
  const { facts, setAside } = open(folder)
  expect([facts.instances, setAside]).toEqual([[recordOf({ id: 'older', mode: 'auto' })], []])
})

describe('a record that cannot be read', () => {
  test.for([
    ['that is no object', { instances: ['foo', good] }, 'instance number 1'],
    ['without an id', { instances: [good, { name: 'foo' }] }, 'instance foo'],
    ['of a project', { projects: { '/p': { lastUsedAt: 5 }, ...file.projects } }, 'project /p'],
    ['of the settings', { settings: { model: null, effort: null, mode: 'turbo' } }, 'settings'],
    ['of the tmux server', { server: { socket: '/tmp/x' } }, 'tmux server'],
    [
      'of an abandoned launch',
      { givenUp: [{ note: 'other' }, 'note'] },
      'abandoned launch number 1',
    ],
  ] as const)(
    '%s is set aside alone and written back unchanged',
    async ([, change, record], { folder }) => {
      put(join(folder, 'state.json'), JSON.stringify({ ...file, ...change }))
      const store = open(folder)
      expect(store.corruptKeptAt).toBeNull()
      expect(store.facts).toEqual(file)
      expect(store.setAside).toMatchObject([{ record }])
      await store.update((facts) => facts.givenUp.push('another'))
      const written = jsonIn(folder)
      expect(written.givenUp.at(-1)).toBe('another')
      const [key = '', value] = Object.entries(change)[0] ?? []
      if (Array.isArray(value)) expect(written[key]).toEqual(expect.arrayContaining(value))
      else expect(written[key]).toEqual(value)
      expect(open(folder).setAside).toEqual(store.setAside)
    },
  )

  test('gives way to a record that lab writes in its place, and keeps its unknown keys there', async ({
    folder,
  }) => {
    const projects = { '/p': { lastUsedAt: 5, quickWords: ['yes'] } }
    const server = { pid: 'six', startedAt: 60 }
    put(join(folder, 'state.json'), JSON.stringify({ ...file, projects, server }))
    await open(folder).update((facts) => {
      facts.projects['/p'] = { lastUsedAt: 'now' }
      facts.server = { pid: 6, startedAt: 60 }
    })
    expect(jsonIn(folder)).toMatchObject({
      projects: { '/p': { lastUsedAt: 'now', quickWords: ['yes'] } },
      server: { pid: 6, startedAt: 60 },
    })
    expect(open(folder).setAside).toEqual([])
  })
})

describe('two records with one id', () => {
  test('count as one, the later, which alone is written back', async ({ folder }) => {
    const older = recordOf({ id: 'twice', name: 'foo' })
    const newer = recordOf({ id: 'twice', name: 'foo~2' })
    put(join(folder, 'state.json'), JSON.stringify({ ...file, instances: [older, good, newer] }))
    const store = open(folder)
    expect(store.facts.instances.map(({ name }) => name)).toEqual(['foo~2', good.name])
    await store.update(() => undefined)
    expect(jsonIn(folder).instances).toHaveLength(2)
  })
})
