// The keeper with every shell that may be `sh`; its work in a pane is proven in contract.test.ts.
import { execaSync } from 'execa'
import { mkdtempSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect } from 'vitest'
import { keeperArgv, withoutKeeperNoise } from '../../src/tmux/keeper.ts'
import { noSmallDisk, test } from '../fixtures/small-disk.ts'

const dir = mkdtempSync(join(tmpdir(), 'keeper-'))
afterAll(() => rmSync(dir, { recursive: true }))
const shells = ['sh', 'dash', 'bash', 'busybox'].filter(
  (shell) => execaSync(shell, ['--help'], { reject: false }).code !== 'ENOENT',
)
let notes = 0

describe.each(shells)('the keeper under %s', (shell) => {
  function keep(argv: readonly string[], nofile = 0) {
    const noteFile = join(dir, `note ${notes++}`)
    const [, ...rest] = keeperArgv({ nofile, noteFile, argv })
    const command = shell === 'busybox' ? ['sh', ...rest] : rest
    const { all, stderr, exitCode } = execaSync(shell, command, { all: true, reject: false })
    return { all, stderr, exitCode, note: readFileSync(noteFile, 'utf8'), noteFile }
  }

  test.each([
    ['exit 0', '0'],
    ['exit 3', '3'],
    ['kill -KILL $$', '137'],
    ['kill -SEGV $$', '139'],
    ['kill -TERM $$', '143'],
    ['kill -HUP $$', '129'],
    ['kill -INT $$', '130'],
    ['kill -ABRT $$', '134'],
  ])('writes down the end of `%s` as %s and adds nothing to the screen', (script, status) => {
    const { all, exitCode, note } = keep(['sh', '-c', `printf 'no newline'; ${script}`])
    expect(note).toBe(status)
    expect(exitCode).toBe(Number(status))
    expect(all).toBe('no newline')
  })

  test.skipIf(noSmallDisk !== null)('links to the status on a full disk', ({ disk }) => {
    disk.fill()
    const noteFile = join(disk.path, 'note')
    const [, ...rest] = keeperArgv({ nofile: 0, noteFile, argv: ['sh', '-c', 'kill -KILL $$'] })
    const command = shell === 'busybox' ? ['sh', ...rest] : rest
    const { all, exitCode } = execaSync(shell, command, { all: true, reject: false })
    expect({ all, exitCode, note: readlinkSync(noteFile) }).toEqual({
      all: '',
      exitCode: 137,
      note: '137',
    })
  })

  test('says why a program could not be started', () => {
    expect(keep(['/nowhere/claude', '--x'])).toMatchObject({
      note: '127',
      all: expect.stringContaining('/nowhere/claude'),
    })
  })

  test('gives every argument on as it is', () => {
    const argv = ['a b', '', "it's", '"', '$HOME', '`id`', 'x\ny', ';', '\\', '-n', 'é😀']
    const { all } = keep([
      'node',
      '-e',
      'console.log(JSON.stringify(process.argv.slice(1)))',
      '--',
      ...argv,
    ])
    expect(JSON.parse(all)).toEqual(argv)
  })

  test('leaves the agent stderr, no file of its own, and its default signals', () => {
    const script = '[ -e /proc/self/fd/3 ] || echo closed >&2; kill -INT $$; echo no >&2'
    expect(keep(['sh', '-c', script]).stderr).toBe('closed')
  })

  test('limits open files, to the hard limit at most, and not at all for 0', () => {
    const asks = ['sh', '-c', 'ulimit -n']
    expect(keep(asks, 64).all).toBe('64')
    expect(keep(asks, 999_999_999).all).toBe(execaSync('sh', ['-c', 'ulimit -Hn']).stdout)
    expect(keep(asks, 0).all).toBe(execaSync('sh', ['-c', 'ulimit -n']).stdout)
  })

  test('writes a note that only its user can read', () => {
    expect(statSync(keep(['true']).noteFile).mode & 0o777).toBe(0o600)
  })
})

describe("a dead pane's lines", () => {
  test.each([
    ['Pane is dead'],
    ['Pane is dead (status 3, Thu Nov 20 14:00:00 2026)'],
    ['Pane is dead (signal 9, Thu Nov 20 14:00:00 2026)'],
  ])('lose %j at the end, and the blanks above it', (line) => {
    expect(withoutKeeperNoise(['a', '', 'b', '', '', line, ''])).toEqual(['a', '', 'b'])
  })

  test('keep what the agent printed, even that sentence', () => {
    const printed = ['Pane is dead (status 1, x)', 'Killed', 'lab-keeper: line 1: 7 Killed']
    expect(withoutKeeperNoise([...printed, 'Pane is dead', '', ''])).toEqual(printed)
    expect(withoutKeeperNoise(['Pane is dead', '', 'Pane is dead'])).toEqual(['Pane is dead'])
    expect(withoutKeeperNoise([])).toEqual([])
  })
})
