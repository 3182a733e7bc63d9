// A stop that an earlier lab began, with the test's own processes in place of tmux's.
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, vi } from 'vitest'
import { createAgents } from '../../../src/instances/observe/agents.ts'
import type { Conclusion } from '../../../src/instances/actions/finish.ts'
import type { Entry } from '../../../src/instances/state/entry.ts'
import { createReconcile } from '../../../src/instances/observe/reconcile.ts'
import { createStop } from '../../../src/instances/actions/stop.ts'
import { createReaper, type Reaper } from '../../../src/processes/reaper.ts'
import { createLog } from '../../../src/log.ts'
import {
  createProcessTableReader,
  isRunning,
  readProcess,
  type ProcessId,
} from '../../../src/processes/proc.ts'
import { reserve } from '../../fixtures/entry.ts'
import { keep } from '../../fixtures/ledger.ts'
import { createAdvance } from '../../../src/instances/observe/advance.ts'
import { test } from '../../fixtures/folder.ts'
import { isAlive } from '../../fixtures/life.ts'
import { until } from '../../fixtures/until.ts'

// A LAB_INSTANCE of this run alone: a sweep ends every process that carries it, on the whole machine.
const id = randomUUID()

// Ends by pid and start time, because the kernel reuses pids.
const started: ProcessId[] = []

afterEach(async () => {
  vi.useRealTimers()
  const carriers = [...(await createProcessTableReader()()).values()]
  for (const leftover of [
    ...started.splice(0),
    ...carriers.filter(({ instance }) => instance === id),
  ])
    if (isRunning(leftover)) process.kill(leftover.pid, 'SIGKILL')
})

/**
 * Starts a shell with its children, as a keeper has its agent, and returns their pids, which the shell
 * prints first. `instance` is their LAB_INSTANCE.
 */
async function startTree(
  instance: string | null,
  script: string,
  count: number,
  after = 'exit',
): Promise<number[]> {
  const shell = spawn('sh', ['-c', `${script}\nwait\n${after}`], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: {
      PATH: process.env['PATH'] ?? '/usr/bin:/bin',
      ...(instance && { LAB_INSTANCE: instance }),
    },
  })
  let said = ''
  shell.stdout.on('data', (text: Buffer) => (said += text.toString()))
  const lines = await until(() => said.split('\n').length > count && said.trim().split('\n'), {
    what: `${count} pids`,
  })
  const pids = [shell.pid!, ...lines.map(Number)]
  started.push(...pids.map((pid) => readProcess(pid)!))
  return pids
}

const oneChild = 'sleep 600 & echo $!'
// Both pids are said when neither is ended by SIGTERM any more.
const stubborn = `(trap '' TERM HUP; setsid sleep 600 & echo $!; exec sh -c 'echo $$; exec sleep 600') &`

const graceMs = 1000
const log = createLog('error')
const realSweeper = (): Reaper =>
  createReaper({
    graceMs,
    log,
    excludedPids: () => [],
    isReaper: (pid) => pid <= 1 || pid === process.pid,
  })

/** Takes a listing over as the service does, for one instance, with nothing of the disk or of tmux. */
function serviceOf(entry: Entry, reaper = realSweeper()) {
  const ends: Conclusion[] = []
  const nothing = (): undefined => undefined
  const { ledger, facts } = keep([entry])
  const store = { facts, update: () => Promise.resolve() }
  const notes = { read: () => null, names: () => new Set(), endAskedBy: () => null }
  type Parts = Parameters<typeof createStop>[0] & Parameters<typeof createAdvance>[0]
  const deps = { graceMs, log, store, now: Date.now }
  const parts = { deps, ledger, notes } as unknown as Parts
  const stop = createStop({
    ...parts,
    reaper,
    finish: { begin: nothing, conclude: async (_entry, end) => void ends.push(end) },
  })
  const advance = createAdvance({
    ...parts,
    end: nothing,
    continueStop: (stopping) => stop.continueStop(stopping),
    lookSoon: nothing,
  })
  const apply = createReconcile({
    ...parts,
    overview: { setForeign: nothing, setServerVersion: nothing, setReadable: nothing },
    agents: createAgents(new Map(), ledger),
    adopt: ({ sessions }) => new Map(sessions.map((session) => [session.lab!.id, session])),
    hooks: { follow: nothing },
    questions: { follow: nothing },
    transcripts: { follow: nothing },
    logins: { follow: nothing },
    advance,
  })
  const server = { pid: process.pid, startedAt: 1, version: '3.4' }
  /** Lists the instance's session, whose pane is that process. */
  function see(pid: number, dead = false): void {
    const death = { dead, deadStatus: null, deadSignal: null }
    const pane = { paneId: '%1', isMoved: false, pid, title: '', ...death }
    const session = { sessionId: '$1', name: entry.launch.name, attached: 0, createdAt: 1 }
    apply({ server, sessions: [{ ...session, isForeignHost: false, pane, lab: { id } }] }, 1)
  }
  return { see, ends }
}

const stopping = (): Entry =>
  reserve({
    spec: { id },
    launch: { stopAskedBy: 'api' },
    seen: { knownSince: 0 },
    state: 'stopping',
  })

test.for([
  ['a stop ends the processes below the keeper', { instance: id, dead: false, isSpared: false }],
  [
    'a stop spares the processes below a dead pane’s pid, which the kernel may have given to another process',
    { instance: null, dead: true, isSpared: true },
  ],
] as const)('%s', async ([, { instance, dead, isSpared }]) => {
  const [shell, child] = (await startTree(instance, oneChild, 1)) as [number, number]
  const { see, ends } = serviceOf(stopping())
  see(shell, dead)
  await until(() => ends.length === 1, { what: 'the end of the stop' })
  expect(isAlive(child)).toBe(isSpared)
})

test('a stop waits for a process that is about to become the keeper', async ({ folder }) => {
  const go = join(folder, 'go')
  const becomes = `exec env LAB_INSTANCE=${id} sh -c 'sleep 600 & echo $!; wait'`
  const script = `echo $$; while [ ! -e ${go} ]; do sleep 0.01; done; ${becomes}`
  const [keeper, itself] = (await startTree(null, script, 1)) as [number, number]
  expect(itself).toBe(keeper)
  // While the clock does not move, the stop waits for the keeper.
  vi.useFakeTimers({ toFake: ['performance'] })
  const { see, ends } = serviceOf(stopping())
  see(keeper)
  // A stop that does not wait would have looked twice by now, and found nothing.
  for (let looks = 0; looks < 5; looks++) await realSweeper().processesOf(id, null)
  expect(ends).toEqual([])
  writeFileSync(go, '')
  await until(() => ends.length === 1, { what: 'the end of the stop' })
  expect(isAlive(keeper)).toBe(false)
})

test('a stop kills processes that ignore SIGTERM after one grace for all of them', async () => {
  const pids = await startTree(id, stubborn, 2)
  vi.useFakeTimers({ toFake: ['performance'] })
  const { see, ends } = serviceOf(stopping())
  see(pids[0]!)
  // The stop has begun, and from now on the clock does not move: another grace would never end.
  await new Promise(setImmediate)
  vi.advanceTimersByTime(graceMs)
  await until(() => ends.length === 1, { what: 'the end of the stop' })
  expect(pids.map(isAlive)).toEqual([false, false, false])
  expect(ends[0]).not.toHaveProperty('failed')
})

test('a stop waits for a killed process to go, and for its keeper to write its note', async () => {
  const pids = await startTree(id, stubborn, 2, 'exec sleep 600')
  vi.useFakeTimers({ toFake: ['performance'] })
  const reaper = realSweeper()
  const waits: [pids: readonly number[], ms: number][] = []
  const killed: ProcessId[] = []
  const slow: Reaper = {
    ...reaper,
    // The kernel takes its time: a killed process runs until lab waits for it, and so does the keeper.
    signal: (processes, name) =>
      name === 'SIGKILL' ? void killed.push(...processes) : reaper.signal(processes, name),
    waitForExit(processes, deadline) {
      waits.push([processes.map(({ pid }) => pid), deadline - performance.now()])
      if (killed.length > 0) reaper.signal(processes, 'SIGKILL')
      return reaper.waitForExit(processes, deadline)
    },
    sweep: () => Promise.resolve([]),
  }
  const { see, ends } = serviceOf(stopping(), slow)
  see(pids[0]!)
  await new Promise(setImmediate)
  vi.advanceTimersByTime(graceMs)
  await until(() => ends.length === 1, { what: 'the end of the stop' })
  expect(ends[0]).not.toHaveProperty('failed')
  expect(waits.at(-1)).toEqual([[pids[0]], 2000])
})
