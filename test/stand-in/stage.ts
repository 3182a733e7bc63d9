// One stand-in in a pane of a private tmux, and what an outsider sees of it.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test as base } from 'vitest'
import { prepareStandIn, type StandIn } from '../fixtures/stand-in.ts'
import { createTmuxSandbox, type TmuxSandbox } from '../fixtures/tmux.ts'
import { until } from '../fixtures/until.ts'

export interface Actor {
  /** The stand-in itself, not the shell around it. */
  readonly pid: number
  /** The lines of the pane that are not blank. */
  screen(): Promise<readonly string[]>
  title(): Promise<string>
  /** Types a line and submits it. */
  say(text: string): Promise<void>
  keys(...names: readonly string[]): Promise<void>
  /** A tmux format of the pane. */
  pane(format: string): Promise<string>
  /** The registry file when it can be read whole, else null. */
  registry(): Registry | null
  /** Waits until the screen shows a line that matches, or that very line. */
  shows(line: RegExp | string): Promise<string>
  /** Waits until that is the title of the pane. */
  titled(title: string): Promise<void>
  /** Waits for a registry status. */
  is(status: string): Promise<Registry>
  /** Waits for the end and returns the exit status as a shell sees it. */
  ended(): Promise<number>
  signal(name: NodeJS.Signals): void
}

export type Registry = Readonly<Record<string, unknown>> & { readonly status?: string }

export interface Stage extends StandIn {
  readonly dir: string
  /** A trusted folder. */
  readonly project: string
  readonly sandbox: TmuxSandbox
  /** Where the registry files lie. */
  readonly sessions: string
  /** A file that is not there before `letGo`, and a command that runs until then. */
  readonly gate: { readonly file: string; readonly command: string; letGo(): void }
  start(args: readonly string[], options?: StartOptions): Promise<Actor>
  /** Starts it and waits for its prompt. */
  ready(...args: readonly string[]): Promise<Actor>
}

export interface StartOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Whether it can see that it is in tmux; lab hides it. */
  readonly seesTmux?: boolean
}

/** Reads a registry file as any reader must: what is not whole is no answer. */
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
        // A server that goes with its last session may take the next client along.
        'set-option',
        '-s',
        'exit-empty',
        'off',
      )
    ).split(' ') as [string, string]
    const pid = await until(() => childOf(Number(panePid)) ?? (existsSync(out) ? -1 : null), {
      what: 'the program runs',
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
      // What was written to a terminal comes to its screen later than it is told elsewhere.
      shows: (line) =>
        until(
          async () =>
            (await actor.screen()).find((one) =>
              typeof line === 'string' ? one === line : line.test(one),
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
            what: 'the program ends',
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

/** Ends what a test left behind: children that outlived their stand-in on purpose. */
function sweep(home: string): void {
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const environ = readFileSync(`/proc/${name}/environ`, 'latin1').split('\0')
      if (environ.includes(`HOME=${home}`)) process.kill(Number(name), 'SIGKILL')
    } catch {
      // Gone meanwhile.
    }
  }
}

export const test = base.extend<{ stage: Stage }>({
  // Vitest reads the fixture's needs from the pattern, so it must be one, if an empty one.
  // eslint-disable-next-line no-empty-pattern
  stage: async ({}, use) => {
    const sandbox = await createTmuxSandbox()
    const stage = await createStage(sandbox)
    await use(stage)
    sweep(stage.home)
    await sandbox.dispose()
  },
})
