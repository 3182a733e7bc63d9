// `lab demo`: a folder with real git repositories, a stand-in for claude with a login, and a private
// home, state directory and tmux server.
import { spawn } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { shellText } from '../core/text.ts'
import { standInLogin } from '../stand-in/startup/auth.ts'
import type { Behaviour } from '../stand-in/behaviour.ts'

export interface Demo {
  readonly projectsRoot: string
  /** The agents that play, each with the folder of its project: five, in five states. */
  readonly cast: readonly { readonly path: string; readonly label: string }[]
  /** An executable that runs the stand-in. */
  readonly claude: string
  readonly claudeConfigDir: string
  readonly stateDir: string
  readonly tmuxSocket: string
  /** Ends the demo's tmux server and every process of its instances, then removes the folder. Never rejects. */
  cleanup(): Promise<void>
}

/** The projects: the text of each README, and the behaviour of its instances. */
const projects: Record<string, { readonly about: string; readonly behaviour: Partial<Behaviour> }> = {
  api: { about: 'An HTTP service.', behaviour: {} },
  'web-shop': { about: 'A shop; agents here are busy for a while.', behaviour: { prompt: 'SLOW 900 the tests pass' } },
  infra: { about: 'Terraform; agents here ask before they act.', behaviour: { prompt: 'TOOL bash touch plan.txt' } },
  notes: { about: 'A flaky place: agents here die after a few seconds.', behaviour: { die: { afterMs: 3000, exit: 1, lines: ['Error: connect ECONNREFUSED 127.0.0.1:5432'] } } },
  'clients/acme/web': { about: "A client's page; agents here start slowly.", behaviour: { startMs: 120_000 } },
  'clients/acme/mobile': { about: "A client's app; agents here ask a question.", behaviour: { prompt: 'TOOL ask' } },
} // prettier-ignore

const cast: Record<string, string> = {
  api: 'fix the checkout total',
  'web-shop': 'run the tests',
  infra: 'plan the new VPC',
  notes: 'sort the inbox',
  'clients/acme/web': 'update the footer',
}

// Slow enough that a person can follow it, as with Claude Code.
const paced: Partial<Behaviour> = {
  startMs: 500,
  linkAfterMs: 1500,
  authMs: 300,
  permissions: 'manual',
}

/**
 * Makes everything that the demo needs; `cleanup` removes it. Rejects after a failure or an abort of
 * `signal`, and has then removed everything.
 */
export async function prepareDemo({
  node,
  labPath,
  signal,
}: {
  readonly node: string
  readonly labPath: string
  readonly signal?: AbortSignal
}): Promise<Demo> {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'lab-demo-')))
  const stateDir = join(dir, 'state')
  const tmuxSocket = `lab-demo-${process.pid}`
  const demo: Demo = {
    projectsRoot: join(dir, 'projects'),
    cast: Object.entries(cast).map(([path, label]) => ({
      path: join(dir, 'projects', path),
      label,
    })),
    claude: join(dir, 'bin', 'claude'),
    claudeConfigDir: join(dir, 'claude'),
    stateDir,
    tmuxSocket,
    async cleanup() {
      await run('tmux', ['-L', tmuxSocket, 'kill-server']).catch(() => undefined)
      await endInstances(stateDir)
      // A killed tmux server leaves its socket.
      await rm(socketPath(tmuxSocket), { force: true }).catch(() => undefined)
      await rm(dir, { recursive: true, force: true, maxRetries: 5 }).catch(() => undefined)
    },
  }
  try {
    await fill(demo, { program: shellText([node, resolve(labPath)]), signal })
  } catch (error) {
    await demo.cleanup()
    throw error
  }
  return demo
}

async function fill(
  { projectsRoot, claude, claudeConfigDir }: Demo,
  { program, signal }: { readonly program: string; readonly signal: AbortSignal | undefined },
): Promise<void> {
  await mkdir(dirname(claude))
  await writeFile(claude, `#!/bin/sh\nexec ${program} stand-in "$@"\n`)
  await chmod(claude, 0o755)
  // Every git has ended before a failure is thrown, so that the folder can be removed.
  const made = await Promise.allSettled(
    Object.entries(projects).map(([path, { about }]) =>
      makeRepository(join(projectsRoot, path), about, signal),
    ),
  )
  for (const result of made) if (result.status === 'rejected') throw result.reason
  await seedConfig(claudeConfigDir, projectsRoot)
  signal?.throwIfAborted()
}

interface RunOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  readonly signal?: AbortSignal
}

/**
 * Runs a program in a new process group. C-c in the terminal then reaches only lab, which cleans up in
 * order. Settles when the program has ended; rejects with the program's stderr.
 */
function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<void> {
  const { signal, ...spawnOptions } = options
  const child = spawn(program, args, { ...spawnOptions, detached: true, stdio: ['ignore', 'ignore', 'pipe'] }) // prettier-ignore
  const stop = () => child.kill()
  if (signal?.aborted) stop()
  signal?.addEventListener('abort', stop)
  return new Promise<void>((done, reject) => {
    let stderr = ''
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0) done()
      else reject(new Error(`${program} ${args.join(' ')} failed: ${stderr.trim() || `exit code ${code}`}`)) // prettier-ignore
    })
  }).finally(() => signal?.removeEventListener('abort', stop))
}

function socketPath(name: string): string {
  const tmp = process.env['TMUX_TMPDIR'] || '/tmp'
  return join(tmp, `tmux-${process.getuid?.() ?? 0}`, name)
}

async function makeRepository(
  path: string,
  about: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  await mkdir(path, { recursive: true })
  const title = path.split('/').pop() ?? ''
  const usage =
    'Type `SAY hello`, `SLOW 20`, `TOOL bash make`, `TOOL ask`, `ERR 429`, `DIE 3`, `LINK lose`.'
  await writeFile(join(path, 'README.md'), `# ${title}\n\n${about}\n\n${usage}\n`)
  const env = {
    PATH: process.env['PATH'],
    HOME: path,
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
  }
  const identity = ['-c', 'user.name=Demo', '-c', 'user.email=demo@example.com']
  const options = { cwd: path, env, ...(signal && { signal }) }
  await run('git', ['init', '-q', '-b', 'main'], options)
  await run('git', ['add', '.'], options)
  await run('git', [...identity, 'commit', '-q', '-m', 'Start'], options)
}

async function seedConfig(configDir: string, projectsRoot: string): Promise<void> {
  await mkdir(configDir)
  const write = (name: string, value: unknown) =>
    writeFile(join(configDir, name), JSON.stringify(value, null, 2), { mode: 0o600 })
  const byCwd = Object.fromEntries(
    Object.entries(projects).map(([path, { behaviour }]) => [join(projectsRoot, path), behaviour]),
  )
  await write('.claude.json', { hasCompletedOnboarding: true, theme: 'dark' })
  await write('.credentials.json', { claudeAiOauth: standInLogin })
  await write('stand-in.json', { default: paced, byCwd })
}

/** Waits a second for the end of the instances' processes, then kills the rest. */
async function endInstances(stateDir: string): Promise<void> {
  for (let round = 0; round < 20; round++) {
    if ((await processesOf(stateDir)).length === 0) return
    await sleep(50)
  }
  for (const pid of await processesOf(stateDir)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // The process has ended.
    }
  }
}

/** The pids of all instances of this state directory, found by their environment. */
async function processesOf(stateDir: string): Promise<number[]> {
  const found: number[] = []
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const environ = await readFile(`/proc/${name}/environ`, 'latin1').catch(() => '')
    const variables = environ.split('\0')
    const isOurs = variables.includes(`LAB_STATE_DIR=${stateDir}`)
    if (isOurs && variables.some((variable) => variable.startsWith('LAB_INSTANCE=')))
      found.push(Number(name))
  }
  return found
}
