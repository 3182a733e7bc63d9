// tmux is replaced across 3.6 under a running server and lab: agents, page and commands still work.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { isAtLeast } from '../../../src/tmux/client/socket.ts'
import { test, type TestLab } from '../../fixtures/lab.ts'
import { fooAndBar, isAlive, looked, stop } from '../../fixtures/life.ts'
import { until } from '../../fixtures/until.ts'

const real = execFileSync('sh', ['-c', 'command -v tmux && tmux -V'], { encoding: 'utf8' })
const [realPath = '', realVersion = ''] = real.trim().split(/\ntmux /)
const otherVersion = isAtLeast(realVersion, '3.6') ? '3.5a' : '3.8'

/** Installs another tmux: a stand-in that gets no answer when it attaches, or the one of LAB_OTHER_TMUX. */
function replaceTmux(bin: string): void {
  mkdirSync(bin, { recursive: true })
  const other = process.env['LAB_OTHER_TMUX']
  const script = other
    ? `exec ${other} "$@"`
    : `[ "$1" = -V ] && { echo 'tmux ${otherVersion}'; exit; }
       case " $* " in *" -C "* | *" attach "*) exec sleep 600 ;; esac
       exec ${realPath} "$@"`
  writeFileSync(join(bin, 'new'), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  renameSync(join(bin, 'new'), join(bin, 'tmux'))
}

/** Does something while a folder stands first on lab's PATH; the test's own tmux stays what it was. */
async function withFirst<T>(lab: TestLab, bin: string, act: () => Promise<T>): Promise<T> {
  const path = lab.env['PATH']!
  lab.env['PATH'] = `${bin}:${path}`
  try {
    return await act()
  } finally {
    lab.env['PATH'] = path
  }
}

const notices = async (lab: TestLab): Promise<string> => (await lab.call('GET', '/')).body

test('lab finds, starts, stops and attaches agents after an upgrade of tmux and a restart, and the page explains it', async ({
  lab,
}) => {
  const [foo, bar] = await fooAndBar(lab)
  const server = await lab.tmux('display-message', '-p', '#{pid}')
  const own = `/proc/${server}/exe`
  await lab.end()
  const bin = join(lab.dir, 'upgraded')
  replaceTmux(bin)
  await withFirst(lab, bin, () => lab.boot())
  const seen = await lab.reaches(foo.id, 'ready')
  expect(seen).toMatchObject({ pid: foo.pid, attach: [own, '-L', 'lab', 'attach', '-t', '=foo:'] })
  await until(async () => (await notices(lab)).includes('do not understand each other'), {
    what: 'the notice',
  })
  const { tmux } = (await lab.call('GET', '/api/v1/server')).body
  expect(tmux).toMatchObject({ argv: [own, '-L', 'lab'] })
  // lab hears of it at once, not at the next reconcile, because the connection is up.
  const { id, pid } = await lab.start('foo')
  expect(pid).toBeDefined()
  await lab.reaches(id, 'ready')
  const typed = await withFirst(lab, bin, () => lab.run('tmux', 'ls', '-F', '#{pid}'))
  expect(typed).toMatchObject({ exitCode: 0, stderr: '' })
  await stop(lab, bar.id)
  await looked(lab)
  expect(isAlive(foo.pid)).toBe(true)
  expect(lab.stderr()).not.toContain('connection not made')
})

test('an upgrade of tmux while lab runs changes the commands that lab shows and runs', async ({
  lab,
}) => {
  // The same file is replaced, as a package manager does it.
  const bin = join(lab.dir, 'upgraded')
  mkdirSync(bin)
  writeFileSync(join(bin, 'tmux'), `#!/bin/sh\nexec ${realPath} "$@"\n`, { mode: 0o755 })
  const [foo] = await withFirst(lab, bin, () => fooAndBar(lab))
  const own = `/proc/${await lab.tmux('display-message', '-p', '#{pid}')}/exe`
  expect(foo.attach[0]).toBe('tmux')
  replaceTmux(bin)
  const after = await until(
    async () => {
      const now = await lab.get(foo.id)
      return now.attach[0] === own ? now : null
    },
    { what: 'the attach command of the server’s own program' },
  )
  expect(after).toMatchObject({ state: 'ready', pid: foo.pid })
  const noted = (): string => readFileSync(join(lab.stateDir, 'server.json'), 'utf8')
  await until(() => noted().includes(own), { what: 'the program in server.json' })
})
