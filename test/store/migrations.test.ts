// Files of other versions.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { UsageError } from '../../src/errors.ts'
import { storeVersion } from '../../src/store/facts.ts'
import { migrate, type Migration } from '../../src/store/migrations.ts'
import { openStore } from '../../src/store/store.ts'
import { put } from '../fixtures/folder.ts'
import { recordOf } from '../fixtures/record.ts'
import { test } from '../fixtures/small-disk.ts'

const now = (): Date => new Date('2026-02-03T04:05:06.789Z')

describe('migrate', () => {
  const steps: Record<number, Migration> = {
    1: (file) => ({ ...file, label: 'one' }),
    2: ({ label, ...rest }) => ({ ...rest, title: `${String(label)} two` }),
  }

  test('takes a file through every version up to that of this lab', () => {
    const file = { version: 1, instances: [], unknown: true }
    const last = { version: 3, instances: [], unknown: true, title: 'one two' }
    expect(migrate(file, { steps, to: 3 })).toEqual(last)
    expect(migrate(last, { steps, to: 3 })).toBe(last)
    expect(file).toEqual({ version: 1, instances: [], unknown: true })
  })

  test.for([0, -1, 1.5, '1', null, undefined])('refuses the version %j', (version) => {
    expect(migrate({ version, instances: [] }, { steps, to: 3 })).toBeNull()
  })
})

describe('a file of a newer version', () => {
  test('is refused with its path, its version and a remedy, and is left untouched', ({
    folder,
  }) => {
    const path = join(folder, 'state.json')
    const text = `{"version":${storeVersion + 1},\n"records":{} }`
    put(path, text)
    const open = () => openStore({ dir: folder, now })
    expect(open).toThrow(UsageError)
    expect(open).toThrow(`${path} has version ${storeVersion + 1}`)
    expect(open).toThrow(/Start the newer lab, or give this one its own --state-dir/)
    expect(readFileSync(path, 'utf8')).toBe(text)
  })
})

describe('a record without a tmux server', () => {
  test('gets the server that lab talked to last, while its instance runs', ({ folder }) => {
    const { server: _, ...running } = recordOf()
    const server = { pid: 6, startedAt: 60 }
    const file = { version: 1, projects: {}, instances: [running], server }
    put(join(folder, 'state.json'), JSON.stringify(file))
    const { facts } = openStore({ dir: folder, now })
    expect(facts.instances).toEqual([recordOf({ server: { pid: 6, start: null } })])
  })
})
