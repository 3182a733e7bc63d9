// Runs real commands. As in Claude Code each command has its own process session and group, so tests
// meet real leftovers.
import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'

export interface Outcome {
  readonly code: number | null
  /** The end of stdout and stderr, at most 4000 characters. */
  readonly output: string
}

export interface BackgroundTask {
  readonly command: string
  readonly description: string
}

export interface Tools {
  /** Runs a command to its end. An abort of `signal` ends the command. */
  run(command: string, signal: AbortSignal): Promise<Outcome>
  /** Starts a command and calls `ended` at its end. */
  background(task: BackgroundTask, ended: (outcome: Outcome) => void): void
  /** The commands that run in the background. */
  backgroundTasks(): readonly (BackgroundTask & { readonly id: string })[]
  /** Starts processes that outlive the stand-in, one per kind. Resolves to their pids. */
  leave(kinds: readonly string[]): Promise<readonly number[]>
  /** Ends every running command with its descendants. Takes 0 ms without a command, else at most 1.4 s. */
  stop(): Promise<void>
}

const outputCharsMax = 4000
// `stop` sends SIGTERM, and SIGKILL to the processes that run after this time.
const graceMs = 1300
export const childKinds = ['setsid', 'nohup', 'subshell'] as const

const leftovers: Record<string, string> = {
  setsid: 'setsid sleep 600 </dev/null >/dev/null 2>&1 & echo $!',
  nohup: 'nohup sleep 600 </dev/null >/dev/null 2>&1 & echo $!',
  subshell: '( sleep 600 </dev/null >/dev/null 2>&1 & echo $! )',
  stubborn: `( trap '' TERM HUP INT; sleep 600 </dev/null >/dev/null 2>&1 & echo $! )`,
}

/** Runs commands with the shell that `env` names, in `cwd`. */
export function createTools(cwd: string, env: NodeJS.ProcessEnv): Tools {
  const running = new Set<ChildProcess>()
  const inBackground = new Set<BackgroundTask & { readonly id: string }>()

  function start(command: string): { child: ChildProcess; outcome: Promise<Outcome> } {
    const child = spawn(env['SHELL'] || '/bin/sh', ['-c', command], {
      cwd,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    running.add(child)
    let output = ''
    const take = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-outputCharsMax)
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    const outcome = new Promise<Outcome>((resolve) => {
      const done = (code: number | null) => {
        running.delete(child)
        resolve({ code, output: output.trimEnd() })
      }
      // `exit`, not `close`: a leftover of the command may hold its pipes for hours.
      child.on('exit', done)
      child.on('error', () => done(127))
    })
    return { child, outcome }
  }

  return {
    async run(command, signal) {
      const { child, outcome } = start(command)
      const onAbort = () => killTree(child, 'SIGTERM')
      signal.addEventListener('abort', onAbort, { once: true })
      const result = await outcome
      signal.removeEventListener('abort', onAbort)
      return result
    },
    background(task, ended) {
      const started = { ...task, id: `b${randomBytes(4).toString('hex')}` }
      inBackground.add(started)
      void start(task.command).outcome.then((outcome) => {
        inBackground.delete(started)
        ended(outcome)
      })
    },
    backgroundTasks: () => [...inBackground],
    async leave(kinds) {
      const wanted = kinds.length > 0 ? kinds : childKinds
      const pids: number[] = []
      for (const kind of wanted)
        pids.push(Number((await start(leftovers[kind] ?? 'false').outcome).output))
      return pids
    },
    async stop() {
      const children = [...running]
      if (children.length === 0) return
      const over = Promise.all(
        children.map((child) => new Promise((done) => child.on('exit', done))),
      )
      for (const child of children) killTree(child, 'SIGTERM')
      let timer: NodeJS.Timeout | undefined
      await Promise.race([over, new Promise((done) => (timer = setTimeout(done, graceMs)))])
      clearTimeout(timer)
      for (const child of children) killTree(child, 'SIGKILL')
    },
  }
}

function killTree(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  for (const pid of [...descendants(child.pid), child.pid]) {
    try {
      process.kill(pid, signal)
    } catch {
      // The process has ended.
    }
  }
}

/** The descendants of `root`, by parent. A process whose parent ended is not found. */
function descendants(root: number): number[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))
    } catch {
      // The process ended during the search.
    }
  }
  const found = [root]
  for (const pid of found)
    for (const [child, parent] of parents) if (parent === pid) found.push(child)
  return found.slice(1)
}

// As in Claude Code these commands need no permission, because they change nothing.
const harmless =
  /^(?:sleep|echo|ls|pwd|cat|head|tail|wc|true|false|date|whoami|git (?:status|log|diff))\b/

/** Whether a command opens the permission dialog in manual mode. */
export function needsPermission(command: string): boolean {
  if (/[<>&`$(]/.test(command)) return true
  return !command.split(/;|\|/).every((part) => harmless.test(part.trim()))
}

/** Whether auto mode leaves this command to a check on Claude's server, which does not answer here. */
export function isUnchecked(command: string): boolean {
  return /\brm -rf? \//.test(command)
}
