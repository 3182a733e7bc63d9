// `lab install`: the unit, and what is asked of systemd. systemctl and loginctl are programs that record
// how they are called.
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { test as base, type Ran } from '../../fixtures/api-server.ts'

interface Machine {
  readonly unit: string
  /** What was asked of systemctl and loginctl, oldest first. */
  calls(): readonly string[]
  install(...argv: string[]): Promise<Ran>
  /** Makes a program of the machine anew. */
  program(name: string, script: string): void
}

const test = base.extend<{ machine: Machine }>({
  machine: async ({ fakeLab, folder }, use) => {
    const bin = join(folder, 'bin')
    const record = join(folder, 'calls')
    mkdirSync(bin)
    writeFileSync(record, '')
    const program = (name: string, script: string): void => {
      const text = `#!/bin/sh\necho "${name} $*" >>'${record}'\n${script}\n`
      writeFileSync(join(bin, name), text)
      chmodSync(join(bin, name), 0o755)
    }
    // The lab that the unit starts is this process.
    program('systemctl', `case "$*" in *MainPID*) echo ${process.pid};; esac`)
    program('loginctl', '')
    await use({
      unit: join(folder, '.config/systemd/user/lab.service'),
      calls: () => readFileSync(record, 'utf8').split('\n').filter(Boolean),
      program,
      install: (...argv) =>
        fakeLab.run(['install', ...argv], {
          homedir: folder,
          cwd: '/srv/work',
          self: ['/usr/bin/node', '/opt/lab/dist/lab.js'],
          env: { PATH: `${bin}:/usr/bin:/bin`, USER: 'ann' },
        }),
    })
  },
})

describe('lab install', () => {
  test('writes a unit that ends no agent, starts it and lets it linger', async ({
    machine,
    fakeLab,
  }) => {
    const { exitCode, out, err } = await machine.install('--port', '8443')
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' })
    expect(out).toBe(`${machine.unit}: installed\nlab listens on ${fakeLab.url}\n`)
    const text = readFileSync(machine.unit, 'utf8')
    expect(text).toContain('\nExecStart=/usr/bin/node /opt/lab/dist/lab.js serve --port 8443\n')
    expect(text).toContain('\nKillMode=process\n')
    expect(text).toContain('\nOOMPolicy=continue\n')
    expect(text).toContain('\nWantedBy=default.target\n')
    expect(machine.calls()).toEqual([
      'systemctl --user show --property=MainPID --value lab.service',
      'systemctl --user daemon-reload',
      'systemctl --user enable lab.service',
      'systemctl --user start lab.service',
      'loginctl enable-linger',
    ])
  })

  test('changes nothing when it is repeated, and restarts lab when its flags change', async ({
    machine,
  }) => {
    await machine.install()
    expect((await machine.install()).out).toContain(': installed already\n')
    expect(machine.calls()).not.toContain('systemctl --user restart lab.service')
    expect((await machine.install('--max-instances', '9')).out).toContain(': renewed\n')
    expect(machine.calls()).toContain('systemctl --user restart lab.service')
  })

  test('writes every word so that systemd reads the same word', async ({ machine }) => {
    await machine.install('--password-file=./a "b" $c%d\\e', '--projects-root', '../x', '~/y')
    expect(readFileSync(machine.unit, 'utf8')).toContain(
      'serve "--password-file=/srv/work/a \\"b\\" $$c%%d\\\\e" --projects-root /srv/x ~/y\n',
    )
  })

  test('refuses a line break, which would begin another setting', async ({ machine }) => {
    const { exitCode, err } = await machine.install('--host=a\nExecStartPre=/bin/evil')
    expect(exitCode).toBe(1)
    expect(err).toContain('cannot hold a line break')
    expect(existsSync(machine.unit)).toBe(false)
  })

  test('refuses while another lab runs, and says how to end it', async ({ machine }) => {
    machine.program('systemctl', 'echo 0')
    const { exitCode, err } = await machine.install()
    expect(exitCode).toBe(1)
    expect(err).toContain(`lab runs already, as process ${process.pid}. End it first`)
    expect(existsSync(machine.unit)).toBe(false)
  })

  test('says what systemd said when it refuses', async ({ machine }) => {
    machine.program(
      'systemctl',
      `case "$*" in *MainPID*) echo ${process.pid};; *enable*) echo 'no bus' >&2; exit 1;; esac`,
    )
    expect(await machine.install()).toEqual({
      exitCode: 1,
      out: '',
      err: 'lab: systemctl --user enable lab.service failed: no bus\n',
    })
  })

  test('says what to run where lingering needs more rights', async ({ machine }) => {
    machine.program('loginctl', 'echo denied >&2; exit 1')
    const { exitCode, err } = await machine.install()
    expect(exitCode).toBe(1)
    expect(err).toContain('lab: denied\n')
    expect(err).toContain('sudo loginctl enable-linger ann\n')
  })

  test('--uninstall ends and removes the unit, and repeats without a failure', async ({
    machine,
  }) => {
    await machine.install()
    const { exitCode, out } = await machine.install('--uninstall')
    expect(exitCode).toBe(0)
    expect(out).toContain('removed. The agents keep running')
    expect(existsSync(machine.unit)).toBe(false)
    expect(machine.calls().slice(-2)).toEqual([
      'systemctl --user disable --now lab.service',
      'systemctl --user daemon-reload',
    ])
    expect(await machine.install('--uninstall')).toMatchObject({ exitCode: 0 })
  })
})
