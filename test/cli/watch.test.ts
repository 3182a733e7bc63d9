// `lab watch` in a real terminal, a pane of a private tmux, and what its picture holds.
import { describe, expect } from 'vitest'
import { createPicture, formatScreen } from '../../src/cli/commands/watch.ts'
import { childrenOf } from '../../src/processes/proc.ts'
import { instanceOf, runWith } from '../fixtures/api-server.ts'
import { labPath, test, type TestLab } from '../fixtures/lab.ts'
import { until } from '../fixtures/until.ts'

interface Terminal {
  /** What is on the screen. */
  screen(): Promise<string>
  type(...keys: string[]): Promise<string>
  /** Whether the other screen is shown, and the cursor. */
  modes(): Promise<string>
  pid(): Promise<number>
}

/** Opens a shell on lab's tmux server, whose screen shows what a person would see. */
async function openTerminal(lab: TestLab): Promise<Terminal> {
  const sets = ['-e', `LAB_STATE_DIR=${lab.stateDir}`, '-e', 'PS1=ready> ']
  await lab.tmux('new-session', '-d', '-s', 'mine', '-x', '90', '-y', '20', ...sets, 'sh', '-i')
  const show = (format: string): Promise<string> =>
    lab.tmux('display-message', '-p', '-t', '=mine:', format)
  const terminal = {
    screen: () => lab.tmux('capture-pane', '-p', '-t', '=mine:'),
    type: (...keys: string[]) => lab.tmux('send-keys', '-t', '=mine:', ...keys),
    modes: () => show('#{alternate_on} #{cursor_flag} #{wrap_flag}'),
    pid: async () => Number(await show('#{pane_pid}')),
  }
  await until(async () => (await terminal.screen()).includes('ready>'), { what: 'a prompt' })
  return terminal
}

async function watch(terminal: Terminal): Promise<void> {
  await terminal.type('-l', `'${process.execPath}' '${labPath}' watch; echo "exit $?"`)
  await terminal.type('Enter')
  await until(async () => (await terminal.screen()).includes('q leaves'), { what: 'the table' })
}

describe('lab watch', () => {
  test('shows each change, and leaves the terminal as it found it', async ({ lab }) => {
    await lab.boot()
    const terminal = await openTerminal(lab)
    const before = await terminal.modes()
    await watch(terminal)
    expect(await terminal.screen()).toMatch(/^0 of 6 running\n/)
    expect(await terminal.modes()).not.toBe(before)
    const { id } = await lab.start('foo', 'fix it')
    await lab.reaches(id, 'ready')
    await until(async () => /ready +\d+s +foo~2~fix-it/.test(await terminal.screen()), {
      what: 'the new row',
    })
    await lab.call('DELETE', `/api/v1/instances/${id}`)
    await until(async () => !(await terminal.screen()).includes('foo~2'), { what: 'no row' })
    await terminal.type('q')
    await until(async () => (await terminal.screen()).includes('exit 0'), { what: 'its end' })
    expect(await terminal.modes()).toBe(before)
    // What is typed is seen again.
    await terminal.type('-l', 'echo seen')
    await until(async () => (await terminal.screen()).includes('> echo seen'), { what: 'an echo' })
  })

  test('leaves at C-c and at a signal, and finds a restarted lab', async ({ lab }) => {
    await lab.boot()
    const terminal = await openTerminal(lab)
    const before = await terminal.modes()
    await watch(terminal)
    await lab.end()
    await until(async () => (await terminal.screen()).includes('Not live: '), { what: 'the loss' })
    await lab.boot()
    await until(async () => (await terminal.screen()).includes('q leaves'), { what: 'live again' })
    await terminal.type('C-c')
    await until(async () => (await terminal.screen()).includes('exit 0'), { what: 'its end' })
    expect(await terminal.modes()).toBe(before)
    await terminal.type('-l', 'clear')
    await terminal.type('Enter')
    await watch(terminal)
    const [watching] = childrenOf(await terminal.pid())
    if (watching === undefined) throw new Error('lab watch does not run')
    process.kill(watching, 'SIGTERM')
    await until(async () => (await terminal.screen()).includes('exit 0'), { what: 'its end' })
    expect(await terminal.modes()).toBe(before)
  })

  test('needs a terminal', async () => {
    expect(await runWith(['watch'])).toEqual({
      exitCode: 1,
      out: '',
      err: 'lab: lab watch needs a terminal; `lab ls` works in a pipe.\n',
    })
  })
})

describe('createPicture', () => {
  const cap = { max: 6, used: 1 }

  test('keeps the instances by project and slot, and drops those that are over', () => {
    const picture = createPicture()
    const a = instanceOf({ id: 'a', project: 'a', slot: 2 })
    const b = instanceOf({ id: 'b', project: 'a', slot: 1 })
    const c = instanceOf({ id: 'c', project: 'Z', slot: 1 })
    picture.take({ type: 'snapshot', instances: [a], cap })
    for (const instance of [b, c]) picture.take({ type: 'instance', instance })
    const ids = (): readonly string[] => picture.now().instances.map(({ id }) => id)
    expect(ids()).toEqual(['c', 'b', 'a'])
    picture.take({ type: 'instance', instance: { ...b, state: 'stopped' } })
    picture.take({ type: 'removed', id: 'c' })
    expect(ids()).toEqual(['a'])
    expect(picture.take({ type: 'project', project: { key: 'a', path: '/', lastUsedAt: null, instances: [] } })).toBe(false) // prettier-ignore
  })
})

describe('formatScreen', () => {
  const context = {
    env: {},
    homedir: '/nonexistent',
    cwd: '/',
    version: '1',
    terminal: 'a',
    stderr: { write: () => true },
    stdout: { write: () => true, isTTY: true, columns: 40, rows: 8 },
  }

  test('is never taller than the terminal, and lets no text control it', () => {
    const instances = Array.from({ length: 9 }, (_, i) =>
      instanceOf({ id: `${i}`, name: `i${i}\u001b[2J`, doing: 'x\u009b5m\n'.repeat(30) }),
    )
    const seen = { instances, cap: { max: 6, used: 9 }, lost: 'gone\u001b]0;x\u0007' }
    const screen = formatScreen(seen, context)
    expect(screen.split('\r\n')).toHaveLength(8)
    expect(screen).toContain('  … 7 more lines')
    // oxlint-disable-next-line no-control-regex -- these sequences are lab's own
    const rest = screen.replace(/\u001b\[(?:[HKJ]|\d+m)|\r\n/g, '')
    // oxlint-disable-next-line no-control-regex -- control characters are the point
    expect(rest).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/)
  })
})
