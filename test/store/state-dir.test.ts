// The state directory, with other files in the place of lab's own.
import { execFileSync } from 'node:child_process'
import { mkdirSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { UsageError } from '../../src/errors.ts'
import { makeStateDir } from '../../src/store/state-dir.ts'
import { put, test } from '../fixtures/folder.ts'

describe('makeStateDir', () => {
  test('makes the directory for its user alone, and accepts an existing one', ({ folder }) => {
    const dir = join(folder, 'a', 'state')
    makeStateDir(dir)
    expect(statSync(dir).mode & 0o777).toBe(0o700)
    mkdirSync(join(dir, 'buffers'))
    put(join(dir, 'journal.jsonl'), '')
    mkdirSync(join(folder, 'elsewhere'))
    symlinkSync(join(folder, 'elsewhere'), join(dir, 'notes'))
    makeStateDir(dir)
  })

  test.for(['buffers', 'notes'])(
    'refuses a file in the place of the folder %s',
    (name, { folder }) => {
      const path = put(join(folder, name))
      expect(() => makeStateDir(folder)).toThrow(UsageError)
      expect(() => makeStateDir(folder)).toThrow(
        `${path} is a file, and lab keeps a folder there. Move it away.`,
      )
    },
  )

  test.for(['journal.jsonl', 'lock', 'server.json', 'sign-ins.json', 'tmux-clients.json'])(
    'refuses a folder or a FIFO in the place of the file %s',
    (name, { folder }) => {
      const [a, b] = [join(folder, 'a'), join(folder, 'b')]
      mkdirSync(join(a, name), { recursive: true })
      expect(() => makeStateDir(a)).toThrow(
        `${join(a, name)} is a folder, and lab keeps a file there. Move it away.`,
      )
      mkdirSync(b)
      execFileSync('mkfifo', [join(b, name)])
      expect(() => makeStateDir(b)).toThrow('is a special file, and lab keeps a file there')
    },
  )

  test('refuses a file in the place of the directory itself', ({ folder }) => {
    const path = put(join(folder, 'state'))
    expect(() => makeStateDir(path)).toThrow(
      `--state-dir ${path} is a file, not a folder. Name a folder, or move it away.`,
    )
  })
})
