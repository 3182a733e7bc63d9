// A stop that an earlier lab began, with processes of the test's own in the place of tmux's.
import { spawn } from 'node:child_process'
import { expect, test } from 'vitest'
import { createAgents } from '../../src/instances/agents.ts'
import type { Entry } from '../../src/instances/entry.ts'
import { createSightings } from '../../src/instances/sightings.ts'
import { createStop } from '../../src/instances/stop.ts'
import { createSweeper } from '../../src/instances/sweeper.ts'
import { createLog } from '../../src/log.ts'
import type { ListedSession } from '../../src/tmux/tmux.ts'
import { id, reserve } from '../fixtures/entry.ts'
import { isAlive } from '../fixtures/life.ts'
import { until } from '../fixtures/until.ts'

/** A shell with a child, as a keeper has its agent; `mark` is what lab sets for its own. */
async function startTree(mark: string | null): Promise<readonly [shell: number, child: number]> {
  const shell = spawn('sh', ['-c', 'sleep 600 & echo $!; wait'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', ...(mark && { LAB_INSTANCE: mark }) },
  })
  const child = await new Promise<number>((resolve) =>
    shell.stdout.once('data', (line: Buffer) => resolve(Number(line))),
  )
  return [shell.pid!, child]
}

/** Takes a listing over as the service does, for one instance, with nothing of the disk or of tmux. */
function serviceOf(entry: Entry): {
  see: (session: ListedSession) => void
  ends: readonly string[]
} {
  const ends: string[] = []
  const graceMs = 1000
  const log = createLog('error')
  const nothing = (): undefined => undefined
  const facts = { server: null, instances: [] }
  const store = { facts, update: () => Promise.resolve() }
  const ledger = {
    find: () => entry,
    live: () => [entry],
    move: (moved: { state: string }, to: string) => void (moved.state = to),
    save: () => Promise.resolve(true),
    publish: nothing,
    publishAll: nothing,
    setForeign: nothing,
    setServerVersion: nothing,
    setReadable: nothing,
  }
  const notes = { read: () => null, names: () => new Set(), endAskedBy: () => null }
  type Parts = Parameters<typeof createStop>[0] & Parameters<typeof createSightings>[0]
  const parts = { deps: { graceMs, log, store, now: Date.now }, ledger, notes } as unknown as Parts
  const stop = createStop({
    ...parts,
    sweeper: createSweeper({ graceMs, log, spare: () => [] }),
    ending: { begin: nothing, conclude: async (ended) => void ends.push(ended.id) },
  })
  const apply = createSightings({
    ...parts,
    agents: createAgents({ entries: () => [] } as unknown as Parameters<typeof createAgents>[0]),
    adopt: ({ sessions }) => new Map(sessions.map((session) => [session.lab!.id, session])),
    end: nothing,
    goOnStopping: (stopping) => stop.goOn(stopping),
  })
  const server = { pid: process.pid, startedAt: 1, version: '3.4' }
  return { see: (session) => apply({ server, sessions: [session] }, 1), ends }
}

test.for([
  ['a stop ends what runs below the keeper', { mark: id, dead: false, isSpared: false }],
  [
    'a stop spares what runs below a dead pane’s pid, which may be another’s by now',
    { mark: null, dead: true, isSpared: true },
  ],
] as const)('%s', async ([, { mark, dead, isSpared }]) => {
  const entry = Object.assign(reserve(), { stopAskedBy: 'api', state: 'stopping' } as const)
  const [shell, child] = await startTree(mark)
  try {
    const { see, ends } = serviceOf(entry)
    see({
      sessionId: '$1',
      name: entry.name,
      attached: 0,
      createdAt: 1,
      isGuest: false,
      pane: {
        paneId: '%1',
        pid: shell,
        dead,
        deadStatus: null,
        deadSignal: null,
        title: '',
      },
      lab: { id },
    })
    await until(() => ends.length === 1, { what: 'the end of the stop' })
    expect(isAlive(child)).toBe(isSpared)
  } finally {
    for (const pid of [child, shell]) if (isAlive(pid)) process.kill(pid, 'SIGKILL')
  }
})
