// Background sessions: Left at an empty prompt moves a session into the account's one daemon.
//
// The first session that needs the daemon starts `claude daemon run` as its child, in a new process
// session and with its own environment. The daemon has one child process per background session.
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs' // prettier-ignore
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readJson, type Home } from './files/home.ts'
import { createRegistry } from './files/registry.ts'
import { forkTranscript, transcriptFile } from './files/transcript.ts'

export interface Job {
  /** The first eight digits of the conversation's id. */
  readonly jobId: string
  readonly sessionId: string
  readonly cwd: string
  readonly name: string | null
}

const pollMs = 20

/** Whether Left moves a session there. An environment variable and a setting each disable it. */
export function hasAgentView(settings: string | null, env: NodeJS.ProcessEnv): boolean {
  if (env['CLAUDE_CODE_DISABLE_AGENT_VIEW'] === '1') return false
  return settings === null || readJson(settings)['disableAgentView'] !== true
}

/** Moves a conversation into the daemon, under a new id. Starts the daemon when none runs. */
export function park(
  from: { readonly file: string; readonly cwd: string; readonly name: string | null },
  home: Home,
  env: NodeJS.ProcessEnv,
): Job {
  const sessionId = randomUUID()
  const job = { jobId: sessionId.slice(0, 8), sessionId, cwd: from.cwd, name: from.name }
  if (existsSync(from.file))
    forkTranscript(from.file, transcriptFile(home.projects, from.cwd, sessionId))
  const dispatch = dispatchDir(home)
  mkdirSync(dispatch, { recursive: true, mode: 0o700 })
  const file = join(dispatch, job.jobId)
  writeFileSync(`${file}.part`, JSON.stringify(job))
  renameSync(`${file}.part`, `${file}.json`)
  const { supervisorPid } = readJson(rosterFile(home))
  if (typeof supervisorPid !== 'number' || !existsSync(`/proc/${supervisorPid}`))
    run(['daemon', 'run', '--origin', 'transient'], env, { detached: true })
  return job
}

/** Runs as the daemon until a signal ends it. */
export async function runDaemon(home: Home, env: NodeJS.ProcessEnv): Promise<never> {
  const dispatch = dispatchDir(home)
  writeFileSync(rosterFile(home), JSON.stringify({ proto: 1, supervisorPid: process.pid }))
  for (;;) {
    for (const name of readdirSync(dispatch).filter((file) => file.endsWith('.json'))) {
      run(['bg-session', readFileSync(join(dispatch, name), 'utf8')], env, { detached: true })
      rmSync(join(dispatch, name))
    }
    await sleep(pollMs)
  }
}

/** Runs as one background session, which does nothing but keep its registry file. */
export function runBackgroundSession(
  text: string,
  { home, version, env }: { home: Home; version: string; env: NodeJS.ProcessEnv },
): void {
  const { jobId, sessionId, cwd, name } = JSON.parse(text) as Job
  const registry = createRegistry({ dir: home.sessions, sessionId, cwd, version, gapMs: 0, env })
  registry.open(name)
  const now = Date.now()
  registry.set({ kind: 'bg', jobId, status: 'idle', updatedAt: now, statusUpdatedAt: now })
  process.on('SIGTERM', () => {
    registry.remove()
    process.exit(143)
  })
  setInterval(() => {}, 2 ** 30)
}

function dispatchDir(home: Home): string {
  return join(home.configDir, 'daemon', 'dispatch')
}

function rosterFile(home: Home): string {
  return join(home.configDir, 'daemon', 'roster.json')
}

/** Starts this program with other arguments. */
function run(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  options: { detached: boolean },
): void {
  const argv = [...process.execArgv, process.argv[1] ?? '', ...args]
  spawn(process.execPath, argv, { ...options, env, stdio: 'ignore' }).unref()
}
