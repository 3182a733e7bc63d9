// The keepers' notes in a real folder.
import { execFileSync } from 'node:child_process'
import type { FSWatcher } from 'node:fs'
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  watch,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, vi } from 'vitest'
import { openLaunchNotes } from '../../src/store/launch-notes.ts'
import { put, test } from '../fixtures/folder.ts'
import { until } from '../fixtures/until.ts'

const limit = vi.hoisted(() => ({ reached: false }))

vi.mock('node:fs', async (original) => {
  const real = await original<{ watch: (...args: unknown[]) => FSWatcher }>()
  const limited = (...args: unknown[]): FSWatcher => {
    if (limit.reached) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' })
    return real.watch(...args)
  }
  return { ...real, watch: limited }
})

afterEach(() => (limit.reached = false))

/** Writes a note as the keeper does. */
function note(path: string, status: string): void {
  writeFileSync(`${path}.part`, status)
  renameSync(`${path}.part`, path)
}

describe('the launch notes', () => {
  test('report a note once it is whole', async ({ folder }) => {
    const told: boolean[] = []
    const notes = openLaunchNotes(join(folder, 'notes'), () => told.push(notes.names().has('a')))
    const seen: unknown[] = []
    const watcher = watch(join(folder, 'notes'), (_event, name) => seen.push(name))
    put(join(folder, 'notes', 'a.part'), '13')
    put(join(folder, 'notes', 'b.part'), '0')
    await until(() => seen.includes('b.part'), { what: 'the kernel to tell of both' })
    watcher.close()
    await new Promise(setImmediate)
    expect(told).toEqual([])
    note(notes.pathOf('a'), '137')
    await until(() => told.length > 0, { what: 'the note' })
    expect(told).not.toContain(false)
    expect(notes.read('a')).toEqual({ code: null, signal: 'SIGKILL' })
    expect(notes.read('b')).toBeNull()
    notes.close()
  })

  test('report nothing once they are closed', async ({ folder }) => {
    let told = 0
    const notes = openLaunchNotes(folder, () => told++)
    let others = 0
    const other = openLaunchNotes(folder, () => others++)
    notes.close()
    note(notes.pathOf('a'), '0')
    await until(() => others > 0, { what: 'the note' })
    other.close()
    expect(told).toBe(0)
  })

  test('make their folder for its owner alone, and accept an existing one', ({ folder }) => {
    const dir = join(folder, 'a', 'notes')
    openLaunchNotes(dir, () => {}).close()
    expect(statSync(dir).mode & 0o777).toBe(0o700)
    note(join(dir, 'a'), '7')
    const notes = openLaunchNotes(dir, () => {})
    expect(notes.names()).toEqual(new Set(['a']))
    expect(notes.read('a')).toEqual({ code: 7, signal: null })
    const first = notes.identityOf('a')
    note(join(dir, 'a'), '7')
    expect(notes.identityOf('a')).not.toBe(first)
    expect(notes.identityOf('b')).toBeNull()
    notes.close()
  })

  test.for([
    ['0', { code: 0, signal: null }],
    ['1', { code: 1, signal: null }],
    ['128', { code: 128, signal: null }],
    ['129', { code: null, signal: 'SIGHUP' }],
    ['143', { code: null, signal: 'SIGTERM' }],
    ['255', { code: 255, signal: null }],
    ['', null],
    ['7\n', null],
    ['-1', null],
    ['1234', null],
    ['x', null],
  ] as const)('read a note that says %j as %j', ([status, exit], { folder }) => {
    const notes = openLaunchNotes(folder, () => {})
    note(notes.pathOf('a'), status)
    expect(notes.read('a')).toEqual(exit)
    notes.close()
  })

  test('read a missing note as null, and remove it without an error', ({ folder }) => {
    const notes = openLaunchNotes(join(folder, 'notes'), () => {})
    expect(notes.read('a')).toBeNull()
    notes.remove('a')
    note(notes.pathOf('a'), '0')
    put(`${notes.pathOf('a')}.part`, '1')
    note(notes.pathOf('ab'), '0')
    notes.remove('a')
    expect(readdirSync(join(folder, 'notes'))).toEqual(['ab'])
    mkdirSync(notes.pathOf('folder'))
    expect(notes.read('folder')).toBeNull()
    rmSync(join(folder, 'notes'), { recursive: true })
    expect(notes.names()).toEqual(new Set())
    notes.close()
  })

  test('keep the actor of a stop request across a restart, until the note is removed', ({
    folder,
  }) => {
    const notes = openLaunchNotes(folder, () => {})
    expect(notes.endAskedBy('a')).toBeNull()
    for (const by of ['api', 'user:Zoë\nthe 2nd'] as const) {
      notes.askEnd('a', by)
      const next = openLaunchNotes(folder, () => {})
      expect([next.endAskedBy('a'), next.endAskedBy('ab'), next.read('a')]).toEqual([
        by,
        null,
        null,
      ])
      next.close()
    }
    notes.remove('a')
    expect(readdirSync(folder)).toEqual([])
    // Cut off: its lab was killed before it had answered the request.
    put(`${notes.pathOf('a')}.stop`, '')
    expect(notes.endAskedBy('a')).toBeNull()
    notes.close()
  })

  test('are read where the kernel has no watcher left', ({ folder }) => {
    limit.reached = true
    const notes = openLaunchNotes(folder, () => {})
    note(notes.pathOf('a'), '0')
    expect(notes.names()).toEqual(new Set(['a']))
    expect(notes.read('a')).toEqual({ code: 0, signal: null })
    notes.close()
  })

  test('report a note that is a link, as on a full disk', async ({ folder }) => {
    let told = 0
    const notes = openLaunchNotes(folder, () => told++)
    symlinkSync('137', notes.pathOf('a'))
    await until(() => told > 0, { what: 'the note to be told' })
    expect(notes.read('a')).toEqual({ code: null, signal: 'SIGKILL' })
    expect(notes.names().has('a')).toBe(true)
    notes.remove('a')
    expect(readdirSync(folder)).toEqual([])
    notes.close()
  })

  test('make a removed folder again and watch it', async ({ folder }) => {
    let told = 0
    const notes = openLaunchNotes(join(folder, 'notes'), () => told++)
    rmSync(join(folder, 'notes'), { recursive: true })
    notes.prepare()
    note(notes.pathOf('a'), '0')
    await until(() => told > 0, { what: 'the note to be told' })
    rmSync(join(folder, 'notes'), { recursive: true })
    notes.askEnd('a', 'page')
    expect(notes.endAskedBy('a')).toBe('page')
    notes.close()
  })

  test('read a FIFO in the place of a note as null, without waiting for a writer', ({ folder }) => {
    const notes = openLaunchNotes(folder, () => {})
    for (const name of ['a', 'a.stop']) execFileSync('mkfifo', [join(folder, name)])
    expect(notes.read('a')).toBeNull()
    expect(notes.endAskedBy('a')).toBeNull()
    expect(() => notes.askEnd('a', 'page')).toThrow('ENXIO')
    notes.close()
  })
})

describe('the launch file', () => {
  test("holds one launch's settings for its user alone, also when the launch is removed", ({
    folder,
  }) => {
    const notes = openLaunchNotes(join(folder, 'notes'), () => {})
    notes.writeSettings('a', { disableAgentView: true })
    notes.writeSettings('b', {})
    const path = notes.settingsPathOf('a')
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ disableAgentView: true })
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(notes.read('a')).toBeNull()
    notes.remove('a')
    expect(readdirSync(join(folder, 'notes'))).toEqual(['a.settings', 'b.settings'])
    notes.close()
  })

  test('throws what the system says when it cannot be written', ({ folder }) => {
    const notes = openLaunchNotes(join(folder, 'notes'), () => {})
    rmSync(join(folder, 'notes'), { recursive: true })
    expect(() => notes.writeSettings('a', {})).toThrow('ENOENT')
    notes.close()
  })
})
