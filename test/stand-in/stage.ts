// Runs stand-ins in panes of a private tmux, and reads screen, title, registry and exit status.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test as base } from 'vitest'
import { prepareStandIn, type StandIn } from '../fixtures/stand-in.ts'
import { createTmuxSandbox, type TmuxSandbox } from '../fixtures/tmux.ts'
import { until } from '../fixtures/until.ts'

export interface Actor {
  /** The pid of the stand-in, not of the shell around it. */
  readonly pid: number
  /** The lines of the pane that are not blank. */
  screen(): Promise<readonly string[]>
  title(): Promise<string>
  /** Types a line and submits it. */
  say(text: string): Promise<void>
  keys(...names: readonly string[]): Promise<void>
  /** Expands a tmux format for the pane. */
  pane(format: string): Promise<string>
  /** The registry file; null when it is missing or incomplete. */
  registry(): Registry | null
  /** Waits until the screen shows a line that matches, or that equals the string. */
  shows(line: RegExp | string): Promise<string>
  /** Waits until the pane has this title. */
  titled(title: string): Promise<void>
  /** Waits until the registry has this status. */
  is(status: string): Promise<Registry>
  /** Waits for the end. Resolves to the exit status, as the shell around the stand-in reads it. */
  ended(): Promise<number>
  signal(name: NodeJS.Signals): void
}

export type Registry = Readonly<Record<string, unknown>> & { readonly status?: string }

export interface Stage extends StandIn {
  readonly dir: string
  /** A folder that Claude Code trusts. */
  readonly project: string
  readonly sandbox: TmuxSandbox
  /** The folder of the registry files. */
  readonly sessions: string
  /** `letGo` makes the file; `command` runs until the file exists. */
  readonly gate: { readonly file: string; readonly command: string; letGo(): void }
  start(args: readonly string[], options?: StartOptions): Promise<Actor>
  /** Starts a stand-in and waits for its prompt. */
  ready(...args: readonly string[]): Promise<Actor>
}

export interface StartOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Whether the stand-in gets TMUX and TMUX_PANE, which lab removes. */
  readonly seesTmux?: boolean
}

/** Reads a registry file; null when it is missing or incomplete. */
export function readRegistry(sessions: string, pid: number): Registry | null {
  try {
    return JSON.parse(readFileSync(join(sessions, `${pid}.json`), 'utf8')) as Registry
  } catch {
    return null
  }
}

export function isAlive(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')
  } catch {
    return false
  }
}

export const keeper = 'out=$1; shift; trap : INT QUIT HUP; "$@"; echo $? >"$out"'

const newSession = 'new-session -d -x 200 -y 50 -P -F'.split(' ').concat('#{pane_id} #{pane_pid}')

async function createStage(sandbox: TmuxSandbox): Promise<Stage> {
  const standIn = await prepareStandIn(sandbox.dir)
  const project = join(sandbox.dir, 'proj')
  const sessions = join(standIn.configDir, 'sessions')
  const gate = join(sandbox.dir, 'gate')
  mkdirSync(project)
  standIn.seed({ trusted: [project] })
  let started = 0

  async function start(
    args: readonly string[],
    { cwd = project, env = {}, seesTmux = false }: StartOptions = {},
  ): Promise<Actor> {
    const name = `s${++started}`
    const out = join(sandbox.dir, `${name}.status`)
    const variables = { HOME: standIn.home, SHELL: '/bin/sh', ...env }
    const [pane, panePid] = (
      await sandbox.tmux(
        ...newSession,
        '-s',
        name,
        '-c',
        cwd,
        ...Object.entries(variables).flatMap(([key, value]) => ['-e', `${key}=${value}`]),
        ...(seesTmux ? ['env'] : ['env', '-u', 'TMUX', '-u', 'TMUX_PANE']),
        'sh',
        '-c',
        keeper,
        'keeper',
        out,
        standIn.claude,
        ...args,
        ';',
        'set-option',
        '-w',
        'remain-on-exit',
        'on',
        ';',
        // Without this a server that ends with its last session may end the next client too.
        'set-option',
        '-s',
        'exit-empty',
        'off',
      )
    ).split(' ') as [string, string]
    const pid = await until(() => childOf(Number(panePid)) ?? (existsSync(out) ? -1 : null), {
      what: 'a running program',
    })
    const ask = async (format: string) => sandbox.tmux('display-message', '-p', '-t', pane, format)
    const actor: Actor = {
      pid,
      pane: ask,
      title: () => ask('#{pane_title}'),
      async screen() {
        const text = await sandbox.tmux('capture-pane', '-p', '-J', '-S', '-', '-t', pane)
        return text.split('\n').filter((line) => line.trim() !== '')
      },
      async keys(...names) {
        await sandbox.tmux('send-keys', '-t', pane, ...names)
      },
      async say(text) {
        await sandbox.tmux('send-keys', '-t', pane, '-l', text)
        await actor.keys('Enter')
      },
      registry: () => readRegistry(sessions, pid),
      // tmux may draw a line later than the registry shows its cause.
      shows: (line) =>
        until(
          async () =>
            (await actor.screen()).find((shown) =>
              typeof line === 'string' ? shown === line : line.test(shown),
            ),
          { what: `the screen shows ${line}` },
        ),
      async titled(title) {
        await until(async () => (await actor.title()) === title, { what: `the title ${title}` })
      },
      is: (status) =>
        until(
          () => {
            const registry = actor.registry()
            return registry?.status === status ? registry : null
          },
          { what: `the registry says ${status}` },
        ),
      ended: async () =>
        Number(
          await until(() => readFileSync(out, 'utf8').trim() || null, {
            what: 'the end of the program',
          }),
        ),
      signal: (signal) => void process.kill(pid, signal),
    }
    return actor
  }

  return {
    ...standIn,
    dir: sandbox.dir,
    project,
    sandbox,
    sessions,
    gate: {
      file: gate,
      command: `until [ -e ${gate} ]; do sleep 0.05; done`,
      letGo: () => writeFileSync(gate, ''),
    },
    start,
    async ready(...args) {
      const actor = await start(args)
      await actor.is('idle')
      return actor
    },
  }
}

function childOf(pid: number): number | null {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
    return children === '' ? null : Number(children.split(' ')[0])
  } catch {
    return null
  }
}

/** Kills the children that outlived their stand-in, found by the test's HOME. */
function sweep(home: string): void {
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const environ = readFileSync(`/proc/${name}/environ`, 'latin1').split('\0')
      if (environ.includes(`HOME=${home}`)) process.kill(Number(name), 'SIGKILL')
    } catch {
      // The process has ended.
    }
  }
}

export const test = base.extend<{ stage: Stage }>({
  // Vitest reads the fixture's needs from this pattern and refuses a plain parameter.
  // eslint-disable-next-line no-empty-pattern
  stage: async ({}, use) => {
    const sandbox = await createTmuxSandbox()
    const stage = await createStage(sandbox)
    await use(stage)
    sweep(stage.home)
    await sandbox.dispose()
  },
})
