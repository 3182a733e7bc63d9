// Ends `npm run demo` at many moments by a signal to its whole process group, as a terminal does.
import { spawn } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync } from 'node:fs' // prettier-ignore
import { basename, join, resolve } from 'node:path'
import { describe, expect } from 'vitest'
import { put, test } from '../fixtures/folder.ts'
import { until } from '../fixtures/until.ts'

const root = resolve(import.meta.dirname, '../..')

interface Run {
  /** The text of stdout and stderr. */
  output(): string
  /** Whether a file below the run's TMPDIR has this path, in which `*` ends a name. */
  has(pattern: string): boolean
  /** Whether a program of `blocks` has begun to wait. */
  isBlocked(): boolean
  signal(name: NodeJS.Signals): void
  url(): string | null
}

/** Makes a second checkout, so that the run changes neither the build nor the packages of this one. */
function checkout(folder: string): string {
  const dir = join(folder, 'checkout')
  for (const name of ['test', 'node_modules/.bin']) mkdirSync(join(dir, name), { recursive: true })
  for (const name of ['src', 'public', 'package.json', 'package-lock.json', 'tsconfig.json'])
    symlinkSync(join(root, name), join(dir, name))
  symlinkSync(join(root, 'test/setup.sh'), join(dir, 'test/setup.sh'))
  for (const name of readdirSync(join(root, 'node_modules')))
    if (!name.startsWith('.'))
      symlinkSync(join(root, 'node_modules', name), join(dir, 'node_modules', name))
  symlinkSync(join(root, 'node_modules/.bin/esbuild'), join(dir, 'node_modules/.bin/esbuild'))
  const lock = join(dir, 'node_modules/.package-lock.json')
  copyFileSync(join(root, 'node_modules/.package-lock.json'), lock)
  const later = new Date(Date.now() + 60_000)
  utimesSync(lock, later, later)
  return dir
}

/** Makes a program that runs the one on the PATH. For the arguments `when` it waits for its end instead. */
function blocks(path: string, folder: string, when: string): void {
  const real = (process.env['PATH'] ?? '').split(':').map((dir) => join(dir, basename(path))).find((file) => existsSync(file)) // prettier-ignore
  const blocked = `: >'${folder}/blocked'; exec sleep 600`
  put(path, `#!/bin/sh\ncase "$*" in ${when}) ${blocked} ;; esac\nexec '${real}' "$@"\n`, 0o755)
}

function demo(folder: string, dir: string): { run: Run; ended: Promise<void> } {
  const tmp = join(folder, 'tmp')
  mkdirSync(tmp)
  mkdirSync(join(folder, 'bin'), { recursive: true })
  const env = {
    PATH: `${join(folder, 'bin')}:${process.env['PATH']}`,
    HOME: folder,
    TMPDIR: tmp,
    TMUX_TMPDIR: tmp,
    npm_config_update_notifier: 'false',
  }
  // A new process session with one group, as a shell in a terminal makes for a command.
  const child = spawn('npm', ['run', 'demo', '--', '--port=0'], { cwd: dir, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] }) // prettier-ignore
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  // `close`: no process that could write to the terminal is left.
  const ended = new Promise<void>((done) => child.once('close', () => done()))
  const found = (at: string, [name = '', ...rest]: readonly string[]): boolean => {
    if (name === '') return existsSync(at)
    if (!name.includes('*')) return found(join(at, name), rest)
    const prefix = name.slice(0, -1)
    const names = existsSync(at) ? readdirSync(at) : []
    return names.some((entry) => entry.startsWith(prefix) && found(join(at, entry), rest))
  }
  const run: Run = {
    output: () => output,
    has: (pattern) => found(tmp, pattern.split('/')),
    isBlocked: () => existsSync(join(folder, 'blocked')),
    signal: (name) => process.kill(-child.pid!, name),
    url: () => /^lab listening on (\S+)$/m.exec(output)?.[1] ?? null,
  }
  return { run, ended }
}

/** The command lines of the processes whose environment names the run's folder. */
function left(folder: string): string[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return []
    try {
      const ours = readFileSync(`/proc/${pid}/environ`, 'latin1').includes(folder)
      return ours ? [readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ')] : []
    } catch {
      return []
    }
  })
}

const start = async (run: Run) => {
  const answer = await fetch(`${run.url()}/api/v1/projects/api/instances`, { method: 'POST' })
  return ((await answer.json()) as { id: string }).id
}
const state = async (run: Run, id: string) => {
  const answer = await fetch(`${run.url()}/api/v1/instances/${id}`)
  return ((await answer.json()) as { state: string }).state
}

interface Interruption {
  readonly when: string
  readonly signals: readonly NodeJS.Signals[]
  readonly prepare?: (folder: string, dir: string) => void
  readonly reached: (run: Run) => boolean | Promise<boolean>
}

const interruptions: readonly Interruption[] = [
  {
    when: 'packages are installed',
    signals: ['SIGINT'],
    prepare: (folder, dir) => {
      utimesSync(join(dir, 'node_modules/.package-lock.json'), 0, 0)
      blocks(join(folder, 'bin/npm'), folder, "'ci '*")
    },
    reached: (run) => run.isBlocked() && run.output().includes('Installing packages, about a minute…'), // prettier-ignore
  },
  {
    when: 'lab is built',
    signals: ['SIGINT'],
    prepare: (folder, dir) => {
      const esbuild = join(dir, 'node_modules/.bin/esbuild')
      rmSync(esbuild)
      blocks(esbuild, folder, '*')
    },
    reached: (run) => run.isBlocked(),
  },
  { when: 'the folder is made', signals: ['SIGINT'], reached: (run) => run.has('lab-demo-*') },
  {
    when: 'git makes a repository',
    signals: ['SIGINT'],
    prepare: (folder) => blocks(join(folder, 'bin/git'), folder, "'init '*"),
    reached: (run) => run.isBlocked(),
  },
  {
    when: 'git commits',
    signals: ['SIGHUP'],
    prepare: (folder) => blocks(join(folder, 'bin/git'), folder, "*' commit '*"),
    reached: (run) => run.isBlocked(),
  },
  {
    when: 'the first project has its commit',
    signals: ['SIGTERM'],
    reached: (run) => run.has('lab-demo-*/projects/*/.git/refs/heads/main'),
  },
  {
    when: 'lab asks tmux for its version',
    signals: ['SIGINT'],
    prepare: (folder) => blocks(join(folder, 'bin/tmux'), folder, "*'-V'*"),
    reached: (run) => run.isBlocked(),
  },
  {
    when: 'lab opens its state directory',
    signals: ['SIGINT'],
    reached: (run) => run.has('lab-demo-*/state'),
  },
  {
    when: 'tmux has its socket',
    signals: ['SIGINT'],
    reached: (run) => run.has('tmux-*/lab-demo-*'),
  },
  { when: 'lab listens', signals: ['SIGHUP'], reached: (run) => run.url() !== null },
  {
    when: 'an agent starts',
    signals: ['SIGTERM'],
    reached: async (run) => run.url() !== null && (await start(run)) !== '',
  },
  {
    when: 'an agent is ready',
    signals: ['SIGINT', 'SIGINT'],
    reached: async (run) => {
      if (run.url() === null) return false
      const id = await start(run)
      return until(async () => (await state(run, id)) === 'ready', { what: 'an agent is ready' })
    },
  },
]

describe('npm run demo', () => {
  for (const { when, signals, prepare, reached } of interruptions)
    test(
      `leaves nothing behind when ${signals.join(' and ')} comes while ${when}`,
      { timeout: 120_000 },
      async ({ folder }) => {
        const dir = checkout(folder)
        prepare?.(folder, dir)
        const { run, ended } = demo(folder, dir)
        let isOver = false
        void ended.then(() => (isOver = true))
        try {
          await until(() => reached(run), {
            what: when,
            timeoutMs: 60_000,
            unless: () => (isOver ? `it ended. ${run.output()}` : null),
          })
          for (const name of signals) run.signal(name)
          await until(() => isOver, { what: 'the end', timeoutMs: 30_000 })
          const still = (): string | null => left(folder).join('; ') || null
          await until(() => still() === null, { what: 'the end of all processes' }).catch(
            (error: unknown) => {
              throw new Error(`still there: ${still()}`, { cause: error })
            },
          )
        } finally {
          if (!isOver) run.signal('SIGKILL')
        }
        expect(run.has('lab-demo-*')).toBe(false)
        expect(run.has('tmux-*/lab-demo-*')).toBe(false)
        expect(run.output()).not.toMatch(/\n\s+at |\\n\s+at |Error/)
      },
    )
})
