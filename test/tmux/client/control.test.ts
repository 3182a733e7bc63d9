// What only the control client does: it is told of changes, and its connections come and go.
import { readdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect } from 'vitest'
import type { Tmux } from '../../../src/tmux/tmux.ts'
import { messagesOf, mockLog } from '../../fixtures/log.ts'
import { test, type TmuxSandbox } from '../../fixtures/tmux.ts'
import { until } from '../../fixtures/until.ts'
import { clients, onTerminal, open, openBare, owner, session, shows } from '../opened.ts'

/** Pids of this process's children whose arguments contain `text`, zombies left out. */
async function children(text: string): Promise<number[]> {
  const found: number[] = []
  for (const entry of await readdir('/proc')) {
    const pid = Number(entry)
    if (!pid) continue
    const [line, args] = await Promise.all(
      ['stat', 'cmdline'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')),
    )
    const [state, ppid] = line!.slice(line!.lastIndexOf(')') + 2).split(' ')
    if (Number(ppid) === process.pid && state !== 'Z' && args!.replaceAll('\0', ' ').includes(text))
      found.push(pid)
  }
  return found
}

/** Waits until no notice is under way: this one's own has come, and the next listing is quiet. */
async function counted(tmux: Tmux, act: () => Promise<unknown>): Promise<void> {
  let wakes = 0
  tmux.onWake(() => (wakes += 1))
  await act()
  await until(() => wakes > 0, { what: 'a wake' })
}

async function attached(sandbox: TmuxSandbox): Promise<number[]> {
  return children(`-L ${sandbox.socket} -f /dev/null -u -N -C attach-session`)
}

describe('the control client', () => {
  test.for([
    ['made', ['new-session', '-d', '-s', 'new', 'exec sleep 1000']],
    ['killed', ['kill-session', '-t', '=foo']],
    ['renamed', ['rename-session', '-t', '=foo', 'bar']],
  ] as const)('wakes lab when a session is %s from outside', async ([, args], { sandbox }) => {
    const tmux = await open(sandbox, { client: 'control' })
    await tmux.newSession(session(sandbox))
    await counted(tmux, () => sandbox.tmux(...args))
  })

  test('holds two connections that resize nothing and count as nobody', async ({ sandbox }) => {
    const tmux = await open(sandbox, { client: 'control' })
    await tmux.newSession(session(sandbox))
    expect(await attached(sandbox)).toHaveLength(2)
    const sizes = await sandbox.tmux(
      'list-windows',
      '-a',
      '-F',
      '#{session_name} #{window_width}x#{window_height}',
    )
    expect(sizes.split('\n')).toContain('foo 200x50')
    expect((await tmux.list()).sessions).toMatchObject([{ attached: 0 }])
  })

  test('does not take tmux for silent when lab itself was held up', async ({ sandbox }) => {
    const log = mockLog()
    const tmux = await open(sandbox, {
      client: 'control',
      timeoutMs: 2000,
      log,
    })
    // More than a pipe takes at once: the rest goes out when lab comes to it again.
    const answers = Array.from({ length: 600 }, () => tmux.list())
    await new Promise((resolve) => process.nextTick(resolve))
    const free = performance.now() + 2500
    while (performance.now() < free);
    for (const answer of await Promise.all(answers)) expect(answer.sessions).toEqual([])
    expect(messagesOf(log, 'warn')).toEqual([])
  })

  test('answers while its connections are gone, wakes lab, and has them again', async ({
    sandbox,
  }) => {
    const tmux = await open(sandbox, { client: 'control' })
    const { paneId } = await tmux.newSession(session(sandbox))
    const before = await attached(sandbox)
    await counted(tmux, async () => {
      for (const pid of before) process.kill(pid, 'SIGKILL')
    })
    const again = await until(
      async () => {
        expect((await tmux.list()).sessions).toHaveLength(1)
        expect(await tmux.capture(paneId, 1)).toEqual([])
        const now = await attached(sandbox)
        return now.length === 2 && !now.some((pid) => before.includes(pid))
      },
      { what: 'two new connections' },
    )
    expect(again).toBe(true)
    await counted(tmux, () => sandbox.tmux('rename-session', '-t', '=foo', 'bar'))
  })

  test('ends what a lab that was killed left attached, and no terminal of a person', async ({
    sandbox,
  }) => {
    const before = await openBare(sandbox, { client: 'spawned' })
    await before.setOwner(owner)
    const stale = execa('tmux', ['-L', sandbox.socket, '-C', 'attach', '-t', '=_lab'], {
      env: sandbox.env,
      stdin: 'pipe',
      reject: false,
    })
    await onTerminal(sandbox, before.attachArgv({ name: '_lab' }))
    const modes = async () =>
      (await sandbox.tmux('list-clients', '-F', '#{client_control_mode}')).split('\n').toSorted()
    await until(async () => (await modes()).join('') === '01', { what: 'both attached' })
    await open(sandbox, { client: 'control' })
    await stale
    await until(async () => (await modes()).join('') === '011', {
      what: 'the person and lab alone',
    })
  })

  test('makes its session again when somebody ends it or the whole server', async ({ sandbox }) => {
    const tmux = await open(sandbox, { client: 'control' })
    for (const kill of ['kill-session', 'kill-server']) {
      await tmux.newSession(session(sandbox, { name: kill }))
      await sandbox.tmux(kill, ...(kill === 'kill-session' ? ['-t', '=_lab'] : [])).catch(() => {})
      await until(() => tmux.newSession(session(sandbox, { name: `after-${kill}` })), {
        what: 'a session',
      })
      await until(
        async () => {
          // Each connection comes back with the next call that needs it.
          const pane = (await tmux.list()).sessions[0]!.pane!
          await tmux.capture(pane.paneId, 1)
          return (await attached(sandbox)).length === 2
        },
        { what: 'two connections' },
      )
      expect(await tmux.owner()).toEqual(owner)
      await counted(tmux, () =>
        sandbox.tmux('rename-session', '-t', `=after-${kill}`, `told-${kill}`),
      )
    }
  })

  test('makes and ends no session while a connection introduces itself, nor the other way round', async ({
    sandbox,
  }) => {
    // That is what crashes the server; it is too brief to be met by chance, so here it takes long.
    const log = join(sandbox.dir, 'log')
    const slow = join(sandbox.dir, 'slow')
    const script = `#!/bin/sh
      case " $* " in
      *" -C "*) echo open >>${log}; sleep 0.3; echo opened >>${log}; exec tmux "$@" ;;
      *" source-file "* | *"kill-pane -t"*) echo change >>${log}; sleep 0.3; tmux "$@"; s=$?; echo changed >>${log}; exit $s ;;
      *) exec tmux "$@" ;;
      esac`
    await writeFile(slow, script, { mode: 0o755 })
    const mocked = mockLog()
    const tmux = await open(sandbox, {
      client: 'control',
      tmuxPath: slow,
      log: mocked,
    })
    const seen = async () => (await readFile(log, 'utf8')).trim().split('\n')
    const { paneId } = await tmux.newSession(session(sandbox))
    await writeFile(log, '')
    for (const pid of await attached(sandbox)) process.kill(pid, 'SIGKILL')
    // Until lab knows, it would ask one that is dead.
    const lost = () => messagesOf(mocked, 'warn').filter((text) => text.includes('connection lost'))
    await until(() => lost().length === 2, { what: 'both connections lost' })
    const early = tmux.killPane({ paneId, id: 'id of foo' })
    await until(
      async () => {
        await tmux.list()
        return (await seen()).includes('open')
      },
      { what: 'a connection under way' },
    )
    await Promise.all([early, tmux.newSession(session(sandbox, { name: 'late' }))])
    const lines = await seen()
    expect(lines.slice(0, 2)).toEqual(['change', 'changed'])
    const ends: Record<string, string> = { open: 'opened', change: 'changed' }
    for (const [i, line] of lines.entries()) if (ends[line]) expect(lines[i + 1]).toBe(ends[line])
    expect((await tmux.list()).sessions.map(({ name }) => name)).toEqual(['late'])
  })

  test('survives a pane that guesses how its answers end', async ({ sandbox }) => {
    const tmux = await open(sandbox, { client: 'control' })
    const argv = ['sh', '-c', 'echo other; exec sleep 1000']
    const { paneId: other } = await tmux.newSession(session(sandbox, { name: 'other', argv }))
    // Told which answer was the last, it prints how each of the next 160 ends in each of the next 25
    // seconds, so that some capture must meet one, and then an answer that was never given.
    const [told, done] = [join(sandbox.dir, 'told'), join(sandbox.dir, 'done')]
    const script = `while ! [ -e "$1" ]; do sleep 0.02; done; now=$(date +%s) i=$(cat "$1"); end=$((i+160))
      while [ $i -lt $end ]; do t=0; while [ $t -lt 25 ]; do echo "%end $((now+t)) $i 1"; t=$((t+1)); done; i=$((i+1)); done
      echo %begin 1 2 1; echo %end 1 2 1; echo all; : >"$2"; exec sleep 1000`
    const lines = 160 * 25 + 3
    const { paneId } = await tmux.newSession(
      session(sandbox, { argv: ['sh', '-c', script, 'guess', told, done], historyLimit: 5000 }),
    )
    const answer = await sandbox.tmux('-C', 'display-message', '-p', 'x')
    await writeFile(`${told}.part`, /^%begin \d+ (\d+) /m.exec(answer)![1]!)
    await rename(`${told}.part`, told)
    // Every question to tmux is one of those answers, so none is asked before the lines are there.
    await until(() => stat(done), { what: 'the lines to be printed' })
    await until(
      async () => (await sandbox.tmux('capture-pane', '-p', '-t', paneId)).includes('all'),
      { what: 'the lines on the screen' },
    )
    let cut = 0
    for (let i = 0; i < 10; i++) {
      const [guessing, quiet] = await Promise.allSettled([
        tmux.capture(paneId, 4500),
        tmux.capture(other, 3000),
      ])
      if (guessing.status === 'rejected' || guessing.value.length < lines) cut += 1
      if (quiet.status === 'fulfilled') expect(quiet.value).toEqual(['other'])
      const { sessions } = await tmux.list()
      expect(sessions.map((s) => s.name)).toEqual(['foo', 'other'])
    }
    expect(cut).toBeGreaterThan(0)
    const whole = await until(
      async () => {
        const screen = await tmux.capture(paneId, 4500)
        return screen.length === lines ? screen : null
      },
      { timeoutMs: 30_000, what: 'the whole screen' },
    )
    expect(whole.at(-1)).toBe('all')
  })
})

async function files(): Promise<number> {
  return (await readdir('/proc/self/fd')).length
}

describe.each(clients)('a closed %s client', (client) => {
  test('leaves no process and no open file, and server and sessions as they were', async ({
    sandbox,
  }) => {
    const before = { files: await files(), children: await children('tmux') }
    const tmux = await open(sandbox, { client })
    const { paneId } = await tmux.newSession(session(sandbox))
    await tmux.typeText(paneId, 'x')
    await shows(tmux, paneId, 'x')
    const pending = tmux.list().catch(() => null)
    await tmux.close()
    await pending
    expect(await children('tmux')).toEqual(before.children)
    await until(async () => (await files()) <= before.files, { what: 'closed files' })
    await expect(tmux.list()).rejects.toThrow('lab is ending')
    expect(await sandbox.tmux('ls', '-F', '#{session_name} #{session_attached}')).toBe(
      '_lab 0\nfoo 0',
    )
  })
})
