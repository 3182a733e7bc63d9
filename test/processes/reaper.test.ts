// Ending what an instance left behind: real processes of every kind that outlives its parent.
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect } from 'vitest'
import { createReaper, type Reaper } from '../../src/processes/reaper.ts'
import { createLog } from '../../src/log.ts'
import { createProcessTableReader, isRunning, readProcess } from '../../src/processes/proc.ts'
import { bundle, put, test as base } from '../fixtures/folder.ts'
import { until } from '../fixtures/until.ts'

const quiet = createLog('error', { write: () => {} })
const reaperOf = (graceMs: number, excludedPids: readonly number[] = []): Reaper =>
  createReaper({ graceMs, log: quiet, excludedPids: () => excludedPids, isReaper })

// What a test starts it lets go of: it stands in the place of the first process.
const isReaper = (pid: number): boolean => pid <= 1 || pid === process.pid

interface Instance {
  readonly id: string
  /** Runs a shell script with the instance's mark, or without it; returns the shell's pid. */
  run(script: string, env?: Record<string, string>): number
  /** The pids that carry the mark now. */
  pids(): Promise<number[]>
}

const test = base.extend<{ instance: Instance; other: Instance }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the fixture's needs from this pattern
  instance: async ({}, use) => useInstance(use),
  // oxlint-disable-next-line no-empty-pattern -- as above
  other: async ({}, use) => useInstance(use),
})

async function useInstance(use: (instance: Instance) => Promise<void>): Promise<void> {
  const id = randomUUID()
  const readTable = createProcessTableReader()
  const shells: ChildProcess[] = []
  const pids = async (): Promise<number[]> =>
    [...(await readTable()).values()]
      .filter(({ instance }) => instance === id)
      .map(({ pid }) => pid)
  await use({
    id,
    pids,
    run(script, env = { LAB_INSTANCE: id }) {
      const shell = spawn('sh', ['-c', script], {
        env: { PATH: '/usr/bin:/bin', ...env },
        stdio: 'ignore',
        detached: true,
      })
      shells.push(shell)
      return shell.pid!
    },
  })
  // Whatever the test left: first those without the mark, too, by their groups, but never by the number
  // of one that has ended, for it may be another's; then by the mark, fast enough for one that forks.
  for (const { pid, exitCode, signalCode } of shells)
    if (exitCode === null && signalCode === null) kill(-pid!)
  for (let round = 0; round < 100; round++) {
    const left = await pids()
    if (left.length === 0) break
    for (const pid of left) kill(pid)
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended.
  }
}

async function untilThereAre(instance: Instance, count: number): Promise<number[]> {
  let pids: number[] = []
  await until(async () => (pids = await instance.pids()).length === count, {
    what: `${count} processes`,
  })
  return pids
}

// A process that heeds no polite word, in one shell word.
const stubborn = `sh -c 'trap "" TERM HUP INT; exec sleep 1000'`

describe('a sweep', () => {
  test('of nothing is over at once', async () => {
    expect(await reaperOf(60_000).sweep(randomUUID())).toEqual([])
  })

  test('ends plain children, those of other sessions, nohup and the doubly forked', async ({
    instance,
  }) => {
    instance.run(
      'sleep 1000 & setsid sleep 1000 & nohup sleep 1000 & (sleep 1000 &) ; (setsid nohup sleep 1000 &)',
    )
    const pids = await untilThereAre(instance, 5)
    // Their parent is gone: no walk down a tree finds them.
    await until(() => pids.every((pid) => readProcess(pid)?.parent !== process.pid), {
      what: 'the shell to end',
    })
    expect(await reaperOf(60_000).sweep(instance.id)).toEqual([])
    expect(await instance.pids()).toEqual([])
  })

  test('kills after the grace what ignores SIGTERM', async ({ instance }) => {
    instance.run(`${stubborn} & setsid ${stubborn} & nohup ${stubborn} & (setsid ${stubborn} &)`)
    await untilThereAre(instance, 4)
    await until(async () => ignoresTerm(await instance.pids()), { what: 'all to be stubborn' })
    const begun = performance.now()
    expect(await reaperOf(300).sweep(instance.id)).toEqual([])
    expect(performance.now() - begun).toBeGreaterThanOrEqual(300)
    expect(await instance.pids()).toEqual([])
  })

  test('lets who heeds SIGTERM put things in order', async ({ folder, instance }) => {
    const done = join(folder, 'done')
    instance.run(
      `trap 'echo bye > ${done}; exit' TERM; : > ${folder}/up; while :; do sleep 0.05; done`,
    )
    await until(() => existsSync(join(folder, 'up')), { what: 'the trap to be set' })
    expect(await reaperOf(60_000).sweep(instance.id)).toEqual([])
    expect(readFileSync(done, 'utf8')).toBe('bye\n')
  })

  test('waits for no grace that is over', async ({ instance }) => {
    instance.run(`exec ${stubborn}`)
    await until(async () => ignoresTerm(await instance.pids()), { what: 'it to be stubborn' })
    expect(await reaperOf(60_000).sweep(instance.id, { deadline: performance.now() })).toEqual([])
    expect(await instance.pids()).toEqual([])
  })

  test('ends those that are stopped', async ({ instance }) => {
    const pid = instance.run('kill -STOP $$; sleep 1000')
    await until(() => readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') T '), {
      what: 'the stop',
    })
    expect(await reaperOf(100).sweep(instance.id)).toEqual([])
    expect(await instance.pids()).toEqual([])
  })

  test('ends what is born while others die', async ({ folder, instance }) => {
    const child = put(join(folder, 'child'), '#!/bin/sh\ntrap "" TERM\nexec sleep 1000\n', 0o755)
    // On SIGTERM one leaves a stubborn child behind, another one never stops having children.
    instance.run(`trap 'setsid ${child} & exit' TERM; >${folder}/one; while :; do sleep 0.05; done`)
    instance.run(`trap '' TERM; >${folder}/two; while :; do setsid ${child} & sleep 0.02; done`)
    await until(() => existsSync(join(folder, 'one')) && existsSync(join(folder, 'two')), {
      what: 'both traps to be set',
    })
    expect(await reaperOf(150).sweep(instance.id)).toEqual([])
    expect(await instance.pids()).toEqual([])
  })

  test("leaves another instance's processes and unmarked ones alone", async ({
    instance,
    other,
  }) => {
    instance.run('exec sleep 1000')
    other.run('exec sleep 1000')
    const unmarked = readProcess(instance.run('exec sleep 1000', {}))!
    const lookalike = readProcess(other.run('exec sleep 1000', { X_LAB_INSTANCE: instance.id }))!
    await untilThereAre(other, 1)
    await untilThereAre(instance, 1)
    expect(await reaperOf(60_000).sweep(instance.id)).toEqual([])
    expect(await other.pids()).toHaveLength(1)
    expect(isRunning(unmarked)).toBe(true)
    expect(isRunning(lookalike)).toBe(true)
  })

  test('spares the named pids, such as the tmux server’s', async ({ instance }) => {
    const spared = instance.run(`exec ${stubborn}`)
    instance.run('exec sleep 1000')
    await untilThereAre(instance, 2)
    expect(await reaperOf(100, [spared]).sweep(instance.id)).toEqual([])
    expect(await instance.pids()).toEqual([spared])
  })

  test('never ends lab itself nor what lab was started from, though they carry the mark', async ({
    folder,
    instance,
  }) => {
    const program = bundle(
      `import { createReaper } from './src/processes/reaper.ts'
       import { spawn } from 'node:child_process'
       spawn('sleep', ['1000'], { stdio: 'ignore', detached: true }).unref()
       const log = { warn: console.log }
       const { sweep, processesOf } = createReaper({ graceMs: 200, log, excludedPids: () => [], isReaper: (pid) => pid === ${process.pid} })
       const id = process.env.LAB_INSTANCE
       while ((await processesOf(id, null)).length < 1);
       console.log(JSON.stringify([await sweep(id), await processesOf(id, process.ppid)]))`,
      join(folder, 'program.mjs'),
    )
    const { stdout } = await promisify(execFile)(
      'sh',
      ['-c', '"$1" "$2"; echo "ended with $?"', 'outer', process.execPath, program],
      { env: { PATH: '/usr/bin:/bin', LAB_INSTANCE: instance.id } },
    )
    expect(stdout).toBe('[[],[]]\nended with 0\n')
    expect(await instance.pids()).toEqual([])
  })
})

describe('belongings', () => {
  test('are what carries the mark and what runs below the keeper, without the keeper', async ({
    folder,
    instance,
  }) => {
    const script = `setsid sleep 1000 & env -i sh -c 'sleep 1000 & echo > "$0/up"; exec sleep 1000' ${folder} & wait`
    const keeper = instance.run(script)
    await until(() => existsSync(join(folder, 'up')), { what: 'all to run' })
    const reaper = reaperOf(60_000)
    const found = (await reaper.processesOf(instance.id, keeper)).map(({ pid }) => pid)
    expect(found).toHaveLength(3)
    expect(found).not.toContain(keeper)
    expect(new Set(found).size).toBe(3)
    // Without its keeper it is one of many that the instance let go of, and something else runs in it.
    const { own, serving } = await reaper.look(instance.id, null)
    expect(own).toEqual([])
    expect(serving.map(({ pid }) => pid)).toEqual([keeper])
  })

  test('are nothing that a program of somebody else’s began with the mark', async ({
    instance,
  }) => {
    // The shell lives, carries no mark, and gave it to what it began.
    const shell = instance.run(`LAB_INSTANCE=${instance.id} setsid sleep 1000 & wait`, {})
    await untilThereAre(instance, 1)
    const reaper = reaperOf(60_000)
    expect(await reaper.look(instance.id, null)).toEqual({ own: [], serving: [] })
    expect(await reaper.sweep(instance.id)).toEqual([])
    expect(isRunning(readProcess(shell)!)).toBe(true)
    expect(await instance.pids()).toHaveLength(1)
  })

  test('are not a process that systemd began for a service with the mark in its environment', async ({
    instance,
  }) => {
    const service = instance.run('exec sleep 1000')
    const own = instance.run('exec sleep 1000')
    await untilThereAre(instance, 2)
    const reaper = createReaper({
      graceMs: 60_000,
      log: quiet,
      excludedPids: () => [],
      isReaper,
      isOfService: (pid) => pid === service,
    })
    const groups = await reaper.look(instance.id, null)
    expect([groups.own.map(({ pid }) => pid), groups.serving]).toEqual([[own], []])
    expect(await reaper.sweep(instance.id)).toEqual([])
    expect(await instance.pids()).toEqual([service])
  })

  test.for([
    ['another instance’s mark', 'LAB_INSTANCE=another'],
    ['no mark', '-u LAB_INSTANCE'],
  ] as const)(
    'are not a daemon in which something with %s runs, nor what else runs in it',
    async ([, mark], { folder, instance }) => {
      // Let go of by the shell that began it, as a build daemon is.
      const daemon = `sleep 1000 & env ${mark} sleep 1000 & echo >"$0/up"; wait`
      instance.run(`(setsid sh -c '${daemon}' ${folder} &); exec sleep 1000`)
      await until(() => existsSync(join(folder, 'up')), { what: 'all to run' })
      const reaper = reaperOf(60_000)
      // The daemon, the plain one in it, and the plain one beside it.
      await untilThereAre(instance, 3)
      const { serving } = await reaper.look(instance.id, null)
      expect(serving).toHaveLength(1)
      expect(await reaper.sweep(instance.id)).toEqual([])
      const after = await instance.pids()
      expect(after).toContain(serving[0]!.pid)
      expect(after).toHaveLength(2)
    },
  )

  test.for(['screen', 'zellij', 'dtach', 'abduco'])(
    'are not a %s that was let go of, whose windows carry the mark whoever opened them',
    async (name, { folder, instance }) => {
      const server = join(folder, name)
      symlinkSync('/bin/sh', server)
      instance.run(`(setsid ${server} -c 'sleep 1000; :' &); exec sleep 1000`)
      await untilThereAre(instance, 3)
      const reaper = reaperOf(60_000)
      const { serving } = await reaper.look(instance.id, null)
      expect(serving).toHaveLength(1)
      expect(await reaper.sweep(instance.id)).toEqual([])
      expect(await instance.pids()).toHaveLength(2)
    },
  )

  test('of an unknown instance are none', async () => {
    expect(await reaperOf(1).processesOf(randomUUID(), 2 ** 22 + 1)).toEqual([])
  })
})

describe('a signal', () => {
  test('reaches exactly the process that was meant, not the next one with its pid', async ({
    instance,
  }) => {
    instance.run('exec sleep 1000')
    const [pid] = await untilThereAre(instance, 1)
    const process = readProcess(pid!)!
    const reaper = reaperOf(1)
    reaper.signal(
      [
        { ...process, start: '1' },
        { pid: 2 ** 22 + 1, start: '1' },
      ],
      'SIGKILL',
    )
    expect(await reaper.waitForExit([process], performance.now())).toBe(false)
    reaper.signal([process], 'SIGKILL')
    expect(await reaper.waitForExit([process], performance.now() + 10_000)).toBe(true)
    reaper.signal([process], 'SIGKILL')
  })

  test('is waited for until the deadline and no longer', async ({ instance }) => {
    instance.run('exec sleep 1000')
    const [pid] = await untilThereAre(instance, 1)
    const begun = performance.now()
    expect(await reaperOf(1).waitForExit([readProcess(pid!)!], begun + 100)).toBe(false)
    expect(performance.now() - begun).toBeGreaterThanOrEqual(100)
    expect(await reaperOf(1).waitForExit([], begun)).toBe(true)
  })
})

/** Whether all have come to ignore SIGTERM (bit 14 of the kernel's mask). */
function ignoresTerm(pids: readonly number[]): boolean {
  return (
    pids.length > 0 &&
    pids.every((pid) => {
      const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
      return (BigInt(`0x${mask}`) >> 14n) & 1n
    })
  )
}
