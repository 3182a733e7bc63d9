// The store on a real disk: an update is durable once it resolves, and lab starts whatever the file holds.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect } from 'vitest'
import { StoreUnwritable } from '../../src/errors.ts'
import type { Facts } from '../../src/store/facts.ts'
import { openStore } from '../../src/store/store.ts'
import { bundle, put } from '../fixtures/folder.ts'
import { recordOf } from '../fixtures/record.ts'
import { noSmallDisk, test } from '../fixtures/small-disk.ts'

const now = (): Date => new Date('2026-02-03T04:05:06.789Z')
const open = (dir: string) => openStore({ dir, now })

function addOne(facts: Facts): void {
  facts.instances.push(recordOf({ id: `id ${facts.instances.length + 1}` }))
}

describe('the store', () => {
  test('reads back what it wrote, whatever the texts hold', async ({ folder }) => {
    const text = fc.string({ unit: 'grapheme' })
    const record = fc
      .record({
        label: fc.option(text),
        projectPath: text,
        slot: fc.nat(),
        stopAskedBy: fc.constantFrom(null, 'page', 'nobody'),
        ended: fc.option(
          fc.record({
            state: fc.constantFrom('stopped', 'error'),
            at: text,
            evidence: fc.record({
              reason: fc.constantFrom('exited', 'signal', 'rebooted'),
              message: text,
              exitCode: fc.option(fc.nat(255)),
              signal: fc.option(text),
              lastLines: fc.array(text),
              by: fc.constantFrom('cli', 'nobody'),
              at: text,
            }),
            left: fc.array(
              fc.record({
                pid: fc.nat(),
                start: text,
                command: text,
                servesOthers: fc.boolean(),
                mayBeAgent: fc.boolean(),
              }),
            ),
          }),
        ),
      })
      .map((change) => recordOf(change))
    await fc.assert(
      fc.asyncProperty(
        fc.array(record).map((all) => all.map((one, i) => ({ ...one, id: `id ${i}` }))),
        fc.dictionary(
          text.filter((name) => name !== '__proto__'),
          fc.record({ lastUsedAt: text }),
        ),
        async (instances, projects) => {
          const store = open(folder)
          await store.update((facts) => Object.assign(facts, { instances, projects }))
          const again = open(folder)
          expect(again.corruptKeptAt).toBeNull()
          expect(again.facts).toEqual(store.facts)
        },
      ),
      { numRuns: 50 },
    )
  })

  test('lets its owner alone read the file, whatever the umask and the mode before', async ({
    folder,
  }) => {
    const path = join(folder, 'state.json')
    const before = process.umask(0)
    try {
      await open(folder).update(() => {})
      expect(statSync(path).mode & 0o777).toBe(0o600)
      writeFileSync(path, readFileSync(path), { mode: 0o644 })
      await open(folder).update(() => {})
      expect(statSync(path).mode & 0o777).toBe(0o600)
    } finally {
      process.umask(before)
    }
  })

  test('shows an update at once, and has it on disk when the update resolves', async ({
    folder,
  }) => {
    const store = open(folder)
    const written = store.update((facts) => void (facts.projects['/p'] = { lastUsedAt: 'now' }))
    expect(store.facts.projects).toEqual({ '/p': { lastUsedAt: 'now' } })
    await written
    expect(open(folder).facts).toEqual(store.facts)
    expect(readdirSync(folder)).toEqual(['state.json'])
  })

  test('writes updates of one turn together, and updates made during a write with the next one', async ({
    folder,
  }) => {
    const store = open(folder)
    const first = Array.from({ length: 50 }, () => store.update(addOne))
    expect(new Set(first).size).toBe(1)
    // A turn later that write has begun.
    await new Promise(setImmediate)
    const second = Array.from({ length: 50 }, () => store.update(addOne))
    expect(new Set(second).size).toBe(1)
    expect(second[0]).not.toBe(first[0])
    await first[0]
    await store.flush()
    expect(open(folder).facts.instances).toHaveLength(100)
  })

  test('flushes updates that wait for their write', async ({ folder }) => {
    const store = open(folder)
    await store.flush()
    void store.update((facts) => facts.instances.push(recordOf()))
    await store.flush()
    expect(open(folder).facts.instances).toHaveLength(1)
  })

  test('shows a reader the whole file during a write', async ({ folder }) => {
    const store = open(folder)
    let writing = true
    const writes = (async () => {
      for (let i = 1; i <= 8; i++)
        await store.update((facts) => {
          facts.instances = Array.from({ length: 25 * i }, () => recordOf())
        })
    })().finally(() => (writing = false))
    await new Promise(setImmediate)
    while (writing) {
      if (readdirSync(folder).includes('state.json'))
        expect(
          () => JSON.parse(readFileSync(join(folder, 'state.json'), 'utf8')) as unknown,
        ).not.toThrow()
      await new Promise(setImmediate)
    }
    await writes
  })

  test('keeps a whole file when lab is killed during a write', async ({ folder }) => {
    const program = bundle(
      `import { openStore } from './src/store/store.ts'
       const store = openStore({ dir: process.argv[2], now: () => new Date() })
       for (let i = 0; ; i++) {
         const key = '/p' + (i % 500)
         await store.update((facts) => { facts.projects[key] = { lastUsedAt: 'x'.repeat(2000) } })
         process.stdout.write('.')
       }`,
      join(folder, 'program.mjs'),
    )
    const dir = join(folder, 'state')
    mkdirSync(dir)
    for (let kills = 0; kills < 5; kills++) {
      const child = spawn(process.execPath, [program, dir], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      // The next write has begun by then. How far it has come differs from run to run.
      for (let writes = 0; writes <= kills; writes++) await once(child.stdout, 'data')
      child.kill('SIGKILL')
      await once(child, 'close')
      const store = open(dir)
      expect(store.corruptKeptAt).toBeNull()
      expect(store.facts.projects['/p0']).toBeDefined()
    }
  })
})

describe('the store, where it cannot read the file,', () => {
  const whole = { version: 1, projects: {}, instances: [recordOf()], server: null }
  test.for([
    ['nothing in it', ''],
    ['half of a write', JSON.stringify(whole).slice(0, -40)],
    ['no JSON', '\u0000\u0000\u0000'],
    ['a version that no lab wrote', JSON.stringify({ ...whole, version: 0 })],
    ['no version', JSON.stringify({ ...whole, version: undefined })],
    ['an array', '[]'],
    ['null', 'null'],
    ['another shape', JSON.stringify({ ...whole, instances: {} })],
  ])('keeps it aside byte for byte and starts empty: %s', async ([, text], { folder }) => {
    put(join(folder, 'state.json'), text)
    const store = open(folder)
    expect(store.facts).toEqual({
      version: 1,
      projects: {},
      instances: [],
      server: null,
      settings: null,
      givenUp: [],
    })
    expect(store.corruptKeptAt).toBe(`${folder}/state.json.corrupt-2026-02-03T040506.789Z`)
    expect(readFileSync(store.corruptKeptAt!, 'utf8')).toBe(text)
    await store.update((facts) => void (facts.projects['/p'] = { lastUsedAt: 'now' }))
    expect(readFileSync(store.corruptKeptAt!, 'utf8')).toBe(text)
    expect(open(folder)).toMatchObject({ corruptKeptAt: null, facts: store.facts })
  })

  test('moves a folder in its place aside', ({ folder }) => {
    mkdirSync(join(folder, 'state.json'))
    expect(statSync(open(folder).corruptKeptAt!).isDirectory()).toBe(true)
  })

  test('starts empty without a file, and makes none by reading', ({ folder }) => {
    expect(open(folder).corruptKeptAt).toBeNull()
    expect(readdirSync(folder)).toEqual([])
  })
})

test('keeps a change in memory when the disk refuses it, and writes it with the next change', async ({
  folder,
}) => {
  const dir = join(folder, 'state')
  mkdirSync(dir)
  const store = open(dir)
  renameSync(dir, `${dir}.away`)
  const refused = store.update((facts) => facts.instances.push(recordOf()))
  await expect(refused).rejects.toBeInstanceOf(StoreUnwritable)
  await expect(refused).rejects.toThrow(`lab cannot write ${dir}/state.json`)
  await expect(refused).rejects.toMatchObject({ cause: { code: 'ENOENT' } })
  await store.flush()
  expect(store.facts.instances).toHaveLength(1)
  renameSync(`${dir}.away`, dir)
  await store.update((facts) => void (facts.projects['/p'] = { lastUsedAt: 'now' }))
  expect(open(dir).facts).toEqual(store.facts)
})

describe('the store, where it cannot write the file,', () => {
  test('tries again until it can, and reports both the failure and its end', async ({ folder }) => {
    const dir = join(folder, 'state')
    const told: boolean[] = []
    const store = openStore({ dir, now, onHealth: (failure) => told.push(failure !== null) })
    await expect(store.update(addOne)).rejects.toBeInstanceOf(StoreUnwritable)
    await expect(store.update(addOne)).rejects.toBeInstanceOf(StoreUnwritable)
    expect(store.failure()).toBeInstanceOf(StoreUnwritable)
    let isWritten = false
    const written = store.written().then(() => (isWritten = true))
    await new Promise(setImmediate)
    expect(isWritten).toBe(false)
    mkdirSync(dir)
    await written
    expect(store.failure()).toBeNull()
    expect(told).toEqual([true, false])
    expect(open(dir).facts.instances).toHaveLength(2)
    await store.written()
  })

  test('calls prepare before each write', async ({ folder }) => {
    const dir = join(folder, 'state')
    const store = openStore({ dir, now, prepare: () => mkdirSync(dir, { recursive: true }) })
    await store.update(addOne)
    rmSync(dir, { recursive: true })
    await store.update(addOne)
    expect(open(dir).facts.instances).toHaveLength(2)
  })

  test.for([
    ['ENOSPC', 'No space is left on its disk: make room there.'],
    ['EROFS', 'Its disk is mounted read-only: mount it writable.'],
    ['EACCES', "Give lab's user the right to write there."],
    ['EMFILE', 'The system says EMFILE: look at its disk.'],
  ])('names the remedy for %s', async ([code, remedy], { folder }) => {
    const prepare = (): never => {
      throw Object.assign(new Error(code), { code })
    }
    await expect(openStore({ dir: folder, now, prepare }).update(addOne)).rejects.toThrow(remedy)
  })

  test.skipIf(noSmallDisk !== null)(
    'keeps an unreadable file until the disk lets it be put aside',
    async ({ disk }) => {
      put(join(disk.path, 'state.json'), 'torn')
      disk.readOnly(true)
      const store = open(disk.path)
      await expect(store.update(addOne)).rejects.toThrow('mounted read-only')
      disk.readOnly(false)
      await store.written()
      expect(readFileSync(store.corruptKeptAt!, 'utf8')).toBe('torn')
      expect(open(disk.path).facts.instances).toHaveLength(1)
    },
  )
})
