// The file in which commands find lab: its mode and the address in it.
import { chmodSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { writeServerFile } from '../../src/store/server-file.ts'
import { test } from '../fixtures/folder.ts'

const note = { url: 'http://127.0.0.1:1', self: { pid: 1, start: '1' }, token: 't', tmux: ['tmux'] }

describe('server.json', () => {
  test.for([
    [0o700, 0o600],
    [0o750, 0o640],
    [0o2750, 0o640],
    // The group must have both rights, to list the directory and to enter it.
    [0o710, 0o600],
  ] as const)(
    'in a state directory of mode %o gets the mode %o',
    async ([dirMode, mode], { folder }) => {
      chmodSync(folder, dirMode)
      await writeServerFile(folder, note)
      await writeServerFile(folder, note)
      expect(statSync(join(folder, 'server.json')).mode & 0o777).toBe(mode)
    },
  )

  test.for([
    ['http://0.0.0.0:8080', 'http://127.0.0.1:8080'],
    ['http://[::]:8080', 'http://[::1]:8080'],
    ['http://192.0.2.1:8080', 'http://192.0.2.1:8080'],
  ] as const)('of a lab that listens on %s names %s', async ([url, reached], { folder }) => {
    await writeServerFile(folder, { ...note, url })
    const written = JSON.parse(readFileSync(join(folder, 'server.json'), 'utf8')) as { url: string }
    expect(written.url).toBe(reached)
  })
})
