// The attach command of an instance leads a terminal to its agent, wherever a person moved the pane.
import { execa } from 'execa'
import { expect } from 'vitest'
import { labPath, test, type TestLab } from '../fixtures/lab.ts'
import { fooAndBar, sessions } from '../fixtures/life.ts'
import { until } from '../fixtures/until.ts'

async function paneOf(lab: TestLab, id: string): Promise<string> {
  const panes = await lab.tmux('list-panes', '-a', '-F', '#{@lab_agent} #{pane_id}')
  const line = panes.split('\n').find((row) => row.startsWith(`${id} `))
  return line!.split(' ')[1]!
}

/** The session and the pane of lab's server that a terminal shows after a person types `argv`. */
async function shown(lab: TestLab, argv: readonly string[]): Promise<string> {
  const env = { ...lab.env, LAB_STATE_DIR: lab.stateDir }
  const outer = (...args: readonly string[]): Promise<unknown> =>
    execa('tmux', ['-L', 'outer', '-f', '/dev/null', ...args], { env, extendEnv: false, cwd: '/' })
  const seen = async (): Promise<string | undefined> => {
    const clients = await lab.tmux('list-clients', '-F', '#{client_control_mode} #{client_session} #{pane_id}') // prettier-ignore
    return clients
      .split('\n')
      .find((line) => line.startsWith('0 '))
      ?.slice(2)
  }
  await outer('new-session', '-d', '--', 'env', '-u', 'TMUX', ...argv)
  try {
    return await until(seen, { what: `a terminal in which ${argv.join(' ')} runs` })
  } finally {
    await outer('kill-server')
    await until(async () => (await seen()) === undefined, { what: 'no terminal' })
  }
}

test('the attach command reaches the agent: at home, in another session, with a shell at home, in two sessions', async ({
  lab,
}) => {
  const [foo] = await fooAndBar(lab)
  const pane = await paneOf(lab, foo.id)
  const leadsTo = async (session: string, target: string, ref = 'foo'): Promise<void> => {
    const { attach } = await until(
      async () => {
        const now = await lab.get(foo.id)
        return now.attach.at(-1) === target ? now : null
      },
      { what: `the target ${target}` },
    )
    expect(attach).toEqual(['tmux', '-L', 'lab', 'attach', '-t', target])
    const lines = [attach, [process.execPath, labPath, 'attach', ref]]
    for (const argv of lines) expect(await shown(lab, argv)).toBe(`${session} ${pane}`)
  }
  await leadsTo('foo', '=foo:')
  // From a terminal type that this machine does not know.
  const strange = ['env', 'TERM=xterm-ghostty', process.execPath, labPath, 'attach', 'foo']
  expect(await shown(lab, strange)).toBe(`foo ${pane}`)
  // Two sessions have its window, and its home is the first.
  await lab.tmux('link-window', '-d', '-s', '=foo:', '-t', '=bar:9')
  await leadsTo('foo', '=foo:')
  await lab.tmux('unlink-window', '-t', '=bar:9')
  // A name that tmux could read as another target, or as a part of one.
  for (const name of ['v1.2', 'fix:login', '%x:@y.0']) {
    await lab.tmux('rename-session', '-t', pane, name)
    const now = await lab.tmux('display-message', '-p', '-t', pane, '#{session_name}')
    await leadsTo(now, now.includes(':') ? pane : `=${now}:`, now)
  }
  await lab.tmux('rename-session', '-t', pane, 'foo')
  // Its own session stays for a person's shell.
  await lab.tmux('split-window', '-t', '=foo:', 'sleep 600')
  await lab.tmux('new-session', '-d', '-s', 'mine', 'sleep 600')
  await lab.tmux('join-pane', '-d', '-s', pane, '-t', '=mine:')
  await lab.tmux('new-window', '-t', '=mine:', 'sleep 600')
  await leadsTo('mine', pane)
  // Its own session has ended; its pane is in another instance's session.
  await lab.tmux('kill-session', '-t', '=foo')
  await lab.tmux('join-pane', '-d', '-s', pane, '-t', '=bar:')
  await leadsTo('bar', pane)
  expect(await sessions(lab)).toEqual(['bar', 'mine'])
  const details = await lab.call('GET', `/instances/${foo.id}/details`)
  expect(details.body).toContain(`attach -t ${pane}`)
}, 60_000)
