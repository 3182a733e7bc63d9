// `lab attach` and `lab tmux` run the right program with the right words. The program is a shell line
// that writes down what it was given.
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { instanceOf, test } from '../fixtures/api-server.ts'

/** A program that writes its arguments and TMUX to `file`, one a line, and exits with `status`. */
function recorder(file: string, status = 0): string[] {
  const script = `{ printf '%s\\n' "$@"; echo "TMUX=\${TMUX-unset}"; } >'${file}'; exit ${status}`
  return ['/bin/sh', '-c', script, 'recorder']
}

test('attach runs the command that the server gives, and ends with its exit code', async ({
  fakeLab,
  folder,
}) => {
  const file = join(folder, 'ran')
  fakeLab.answers['GET /api/v1/instances/foo~2'] = {
    body: instanceOf({ attach: [...recorder(file, 3), 'attach', '-t', '=foo~2'] }),
  }
  expect(await fakeLab.run(['attach', 'foo~2'])).toEqual({ exitCode: 3, out: '', err: '' })
  expect(readFileSync(file, 'utf8')).toBe('attach\n-t\n=foo~2\nTMUX=unset\n')
})

test('inside tmux, attach says so and attaches all the same', async ({ fakeLab, folder }) => {
  const file = join(folder, 'ran')
  fakeLab.answers['GET /api/v1/instances/foo'] = { body: instanceOf({ attach: recorder(file) }) }
  const { exitCode, err } = await fakeLab.run(['attach', 'foo'], { env: { TMUX: '/tmp/s,1,0' } })
  expect(exitCode).toBe(0)
  expect(err).toBe('lab: inside tmux already, so press the prefix twice (C-b C-b d leaves).\n')
  expect(readFileSync(file, 'utf8')).toContain('TMUX=unset')
})

/** A stand-in for tmux that has terminfo for `known` alone, complains of others as tmux does, and records. */
function particular(file: string, known: string): string[] {
  const script = `case $TERM in
    ${known}) echo "attached as $TERM" >'${file}' ;;
    ''|dumb) echo 'open terminal failed: terminal does not support clear' >&2; exit 1 ;;
    *) echo "missing or unsuitable terminal: $TERM" >&2; exit 1 ;; esac`
  return ['/bin/sh', '-c', script, 'tmux']
}

test.for(['attach', 'tmux'] as const)(
  '%s on a terminal that this machine does not know uses a common one, and says how to teach it',
  async (command, { fakeLab, folder }) => {
    const file = join(folder, 'ran')
    const tmux = particular(file, 'xterm-256color')
    fakeLab.answers['GET /api/v1/instances/foo'] = { body: instanceOf({ attach: tmux }) }
    fakeLab.writeNote({ tmux })
    const run = await fakeLab.run([command, 'foo'], { env: { TERM: 'xterm-ghostty' } })
    expect(run).toMatchObject({ exitCode: 0, out: '' })
    expect(run.err).toMatch(/no terminfo entry for xterm-ghostty.*infocmp -x xterm-ghostty/)
    expect(readFileSync(file, 'utf8')).toBe('attached as xterm-256color\n')
  },
)

test("attach without a terminal passes on tmux's own words, which no other TERM would change", async ({
  fakeLab,
}) => {
  const tmux = ['/bin/sh', '-c', 'echo "open terminal failed: not a terminal" >&2; exit 1']
  fakeLab.answers['GET /api/v1/instances/foo'] = { body: instanceOf({ attach: tmux }) }
  const run = await fakeLab.run(['attach', 'foo'], { env: { TERM: 'xterm-ghostty' } })
  expect(run).toEqual({ exitCode: 1, out: '', err: 'open terminal failed: not a terminal\n' })
})

test.for([
  ['dumb', 'TERM=dumb'],
  ['', 'no TERM'],
] as const)(
  'attach with TERM "%s" says what to set, and pretends nothing',
  async ([term, what], { fakeLab, folder }) => {
    const file = join(folder, 'ran')
    const body = instanceOf({ attach: particular(file, 'xterm-256color') })
    fakeLab.answers['GET /api/v1/instances/foo'] = { body }
    const { exitCode, err } = await fakeLab.run(['attach', 'foo'], { env: { TERM: term } })
    expect(exitCode).toBe(1)
    expect(err).toContain(`${what}. In a terminal that can, set TERM=xterm-256color`)
    expect(existsSync(file)).toBe(false)
  },
)

test('attach where tmux knows no terminal at all names what is missing', async ({
  fakeLab,
  folder,
}) => {
  const body = instanceOf({ attach: particular(join(folder, 'ran'), 'none') })
  fakeLab.answers['GET /api/v1/instances/foo'] = { body }
  const { exitCode, err } = await fakeLab.run(['attach', 'foo'], { env: { TERM: 'foot' } })
  expect(exitCode).toBe(1)
  expect(err).toContain('no terminfo entry for xterm-256color; install')
})

test('an ended instance is not attached to; why it ended is said', async ({ fakeLab, folder }) => {
  const file = join(folder, 'ran')
  const evidence = { reason: 'exited', message: 'It left with 1.' } as never
  fakeLab.answers['GET /api/v1/instances/the-id'] = {
    body: instanceOf({ state: 'error', attach: recorder(file), evidence }),
  }
  expect(await fakeLab.run(['attach', 'the-id'])).toMatchObject({
    exitCode: 1,
    err: 'lab: foo has ended: It left with 1. `lab resume 0b9f3a52` continues it.\n',
  })
  expect(existsSync(file)).toBe(false)
})

test('what a lab named by URL answers is shown, quoted for a shell, and never run', async ({
  fakeLab,
  folder,
}) => {
  const file = join(folder, 'ran')
  const attach = [...recorder(file), '=foo', "it's"]
  fakeLab.answers['GET /api/v1/instances/foo'] = { body: instanceOf({ attach }) }
  const { exitCode, err } = await fakeLab.run(['attach', 'foo', '--url', fakeLab.url])
  expect(exitCode).toBe(1)
  expect(err).toContain(` recorder '=foo' 'it'\\''s'\n`)
  expect(existsSync(file)).toBe(false)
})

test('a program that is not installed is named', async ({ fakeLab }) => {
  fakeLab.answers['GET /api/v1/instances/foo'] = {
    body: instanceOf({ attach: ['no-such-tmux', 'attach'] }),
  }
  expect(await fakeLab.run(['attach', 'foo'])).toMatchObject({
    exitCode: 1,
    err: 'lab: no-such-tmux cannot be run: it is not installed.\n',
  })
})

test('tmux gets its words untouched, dashes and help included', async ({ fakeLab, folder }) => {
  const file = join(folder, 'ran')
  fakeLab.writeNote({ tmux: recorder(file) })
  const cases = [
    ['ls', '-F', '#{session_name}', '--', ''],
    ['display', '--help'],
    ['kill-session', '-t', '=foo~2:', '--url', 'x'],
  ]
  for (const words of cases) {
    expect(await fakeLab.run(['tmux', ...words])).toEqual({ exitCode: 0, out: '', err: '' })
    expect(readFileSync(file, 'utf8')).toBe(`${words.join('\n')}\nTMUX=unset\n`)
  }
  await fakeLab.run(['tmux', '--state-dir', fakeLab.stateDir, 'ls'], {
    env: { LAB_STATE_DIR: '/no' },
  })
  expect(readFileSync(file, 'utf8')).toBe('ls\nTMUX=unset\n')
})

test('tmux works while lab is down, by its last note and else by the usual name', async ({
  fakeLab,
  folder,
}) => {
  const file = join(folder, 'ran')
  fakeLab.writeNote({ procStart: '1', tmux: recorder(file, 4) })
  expect(await fakeLab.run(['tmux', 'ls'])).toMatchObject({ exitCode: 4 })
  expect(readFileSync(file, 'utf8')).toBe('ls\nTMUX=unset\n')
  rmSync(join(fakeLab.stateDir, 'server.json'))
  // No server of that name lives under an empty TMUX_TMPDIR: tmux itself says so and exits 1.
  const env = { TMUX_TMPDIR: folder, PATH: process.env['PATH'] ?? '' }
  const { exitCode, err } = await fakeLab.run(['tmux', 'has-session'], { env })
  expect(exitCode).toBe(1)
  expect(err).toMatch(/^(error connecting to|no server running on) [^\n]*\/lab\b/)
})

test('tmux runs the program of a server only while that server runs', async ({
  fakeLab,
  folder,
}) => {
  // Any process may have that pid by now.
  fakeLab.writeNote({ tmux: [`/proc/${process.pid}/exe`, '-L', 'lab', 'ls'] })
  const env = { TMUX_TMPDIR: folder, PATH: process.env['PATH'] ?? '' }
  const { exitCode, err } = await fakeLab.run(['tmux', 'ls'], { env })
  expect(exitCode).toBe(1)
  expect(err).toMatch(/^(error connecting to|no server running on) [^\n]*\/lab\b/)
})

test('a program ended by a signal answers as a shell would', async ({ fakeLab }) => {
  fakeLab.writeNote({ tmux: ['/bin/sh', '-c', 'kill -TERM $$'] })
  expect((await fakeLab.run(['tmux', 'ls'])).exitCode).toBe(143)
})
