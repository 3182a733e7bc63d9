// --config with a real lab: the start, SIGHUP with a good file and with a bad one.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect } from 'vitest'
import { labPath, test, type TestLab } from '../fixtures/lab.ts'
import { isAlive } from '../fixtures/life.ts'
import { until } from '../fixtures/until.ts'

const write = (path: string, value: unknown): void =>
  writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value))

const settings = async (lab: TestLab) => (await lab.call('GET', '/api/v1/settings')).body

async function notices(lab: TestLab): Promise<readonly { code: string; message: string }[]> {
  return (await lab.call('GET', '/api/v1/server')).body.notices
}

describe('lab serve --config', () => {
  test('takes the lists of the file, and reads it again on SIGHUP', async ({ lab }) => {
    const file = join(lab.dir, 'lab.json')
    write(file, { models: ['one', 'two'], projects: { foo: { quickWords: ['run the tests'] } } })
    await lab.boot(`--config=${file}`)
    expect(await settings(lab)).toMatchObject({
      models: ['one', 'two'],
      efforts: ['low', 'medium', 'high', 'xhigh', 'max'],
      quickWords: { foo: ['run the tests'] },
    })
    write(file, { models: ['three'] })
    process.kill(lab.pid(), 'SIGHUP')
    await until(async () => (await settings(lab)).models[0] === 'three', { what: 'the new list' })
    expect((await settings(lab)).quickWords).toEqual({})
  })

  test('changes nothing for a bad file on SIGHUP, and says so in the log and in a notice', async ({
    lab,
  }) => {
    const file = join(lab.dir, 'lab.json')
    write(file, { models: ['one'] })
    await lab.boot(`--config=${file}`)
    const { events } = await lab.events()
    write(file, { models: ['two'], pools: [] })
    process.kill(lab.pid(), 'SIGHUP')
    const notice = await until(
      async () => (await notices(lab)).find(({ code }) => code === 'config_invalid'),
      { what: 'the notice' },
    )
    expect(notice.message).toContain(`--config ${file}: pools is not a key that this lab knows.`)
    expect(notice).toMatchObject({ commands: [`kill -HUP ${lab.pid()}`] })
    expect(lab.stderr()).toContain('lab cannot use the configuration file and changes nothing')
    expect((await settings(lab)).models).toEqual(['one'])
    write(file, { models: ['two'] })
    process.kill(lab.pid(), 'SIGHUP')
    await until(async () => (await settings(lab)).models[0] === 'two', { what: 'the new list' })
    expect(await notices(lab)).toEqual([])
    expect(events.length).toBeGreaterThan(0)
  })

  test.for([
    ['{"modles":[]}', /^lab: --config \S+: modles is not a key .*did you mean models\?\)\.$/m],
    ['{', /^lab: --config \S+ is not JSON: /],
  ] as const)(
    'refuses to start with %s, with exit code 2 and one line',
    async ([text, said], { lab }) => {
      const file = join(lab.dir, 'lab.json')
      write(file, text)
      const { exitCode, stderr, stdout } = await lab.run('serve', `--projects-root=${lab.root}`, `--config=${file}`) // prettier-ignore
      expect([exitCode, stdout]).toEqual([2, ''])
      expect(stderr).toMatch(said)
      expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    },
  )

  test('refuses to start without the file, and with a folder in its place', async ({ lab }) => {
    const folder = join(lab.dir, 'folder')
    mkdirSync(folder)
    for (const [path, said] of [
      [join(lab.dir, 'none.json'), 'there is no such file'],
      [folder, 'is not a regular file'],
    ] as const) {
      const { exitCode, stderr } = await lab.run('serve', `--projects-root=${lab.root}`, `--config=${path}`) // prettier-ignore
      expect(exitCode).toBe(2)
      expect(stderr).toContain(said)
    }
  })
})

describe('lab serve --config in a terminal', () => {
  test('reads the file again on SIGHUP, and ends when the terminal closes', async ({ lab }) => {
    const file = join(lab.dir, 'lab.json')
    write(file, {})
    const tmux = async (...args: readonly string[]): Promise<string> =>
      (await execa('tmux', ['-L', 'term', '-f', '/dev/null', ...args], { env: lab.env, extendEnv: false, cwd: '/' })).stdout // prettier-ignore
    const flags = [`--projects-root=${lab.root}`, `--state-dir=${lab.stateDir}`, `--config=${file}`]
    const argv = [process.execPath, labPath, 'serve', ...flags, '--port=0']
    const session = ['new-session', '-d', '-x', '200', '-s', 'lab', '-P', '-F', '#{pane_pid}']
    const pid = Number(await tmux(...session, '--', ...argv))
    const shows = (text: string): Promise<unknown> =>
      until(async () => (await tmux('capture-pane', '-p', '-J', '-t', '=lab:')).includes(text), {
        what: `a terminal with ${text}`,
      })
    try {
      await shows('lab listening on')
      process.kill(pid, 'SIGHUP')
      await shows('lab has read the configuration file again')
      await tmux('kill-session', '-t', '=lab')
      await until(() => !isAlive(pid), { what: 'the end of lab' })
    } finally {
      if (isAlive(pid)) process.kill(pid, 'SIGKILL')
      await tmux('kill-server').catch(() => undefined)
    }
  })
})

describe('lab serve without --config', () => {
  test('ends at SIGHUP, as any program does, and the agents stay', async ({ lab }) => {
    await lab.boot()
    const { id } = await lab.start('foo')
    await lab.reaches(id, 'ready')
    await lab.end('SIGHUP')
    await lab.boot()
    await lab.reaches(id, 'ready')
  })
})
