// The entry of the stand-in for claude, which copies Claude Code's registry, title, prompts and endings.
// `behaviour.ts` lists its settings, `turns/directives.ts` the prompts that it understands. It is a
// separate program, so it reads `process`.
import { randomUUID } from 'node:crypto'
import { homedir } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { runAuth } from './startup/auth.ts'
import { hasAgentView, park, runBackgroundSession, runDaemon } from './background.ts'
import { readBehaviour, untilThere, type Behaviour } from './behaviour.ts'
import { createFocus, type Focus } from './terminal/focus.ts'
import { createEnding, planCrash, type Ending } from './ending.ts'
import { hasCredentials, homeOf, type Home } from './files/home.ts'
import { createHooks, type Hooks } from './turns/hooks.ts'
import { createLink } from './files/link.ts'
import { parseOptions, type Options } from './startup/options.ts'
import { greeting, submitted } from './terminal/prompt.ts'
import { createRegistry, type Registry } from './files/registry.ts'
import { createScreen } from './terminal/screen.ts'
import { createSession } from './session/session.ts'
import {
  askFirst,
  chooseConversation,
  pickConversation,
  type Conversation,
} from './startup/startup.ts'
import { createStatus } from './session/status.ts'
import { createTools, type Tools } from './turns/tools.ts'
import { createTranscript, readTurns, transcriptFile } from './files/transcript.ts'

/** The version of Claude Code that the stand-in copies. */
export const version = '2.1.329'

/** Runs as `claude ARGV…`, in this process, and ends the process. */
export async function runStandIn(
  argv: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  const home = homeOf(env)
  const cwd = process.cwd()
  if (argv[0] === '--version' || argv[0] === '-v') return quit(0, `${version} (Claude Code)`)
  if (argv[0] === 'auth') {
    const behaviour = readBehaviour(home.configDir, env, { cwd, name: null })
    process.exit(await runAuth(argv.slice(1), home, behaviour))
  }
  if (argv[0] === 'daemon' && argv[1] === 'run') return runDaemon(home, env)
  if (argv[0] === 'bg-session') return runBackgroundSession(argv[1] ?? '', { home, version, env })
  const parsed = parseOptions(argv)
  if (!parsed.ok) return quit(1, parsed.error)
  const { options } = parsed
  const behaviour = readBehaviour(home.configDir, env, { cwd, name: options.name })
  const ending = createEnding(behaviour)
  if (behaviour.startOnce !== null) await untilThere(behaviour.startOnce)
  await planCrash(behaviour, ending)
  const chosen = chooseConversation(options, home, cwd, options.sessionId ?? randomUUID())
  if (chosen.ok === false) return quit(1, chosen.error)
  if (!process.stdin.isTTY)
    return quit(1, 'Error: Input must be provided either through stdin or as a prompt argument when using --print') // prettier-ignore
  const conversation = chosen.ok === 'pick' ? null : chosen.conversation
  const search = chosen.ok === 'pick' ? chosen.search : ''
  await interact({ options, behaviour, ending, home, cwd, env, conversation, search })
}

function quit(code: number, line: string): void {
  if (code === 0) console.log(line)
  else console.error(line)
  process.exit(code)
}

interface Setting {
  readonly options: Options
  readonly behaviour: Behaviour
  readonly ending: Ending
  readonly home: Home
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  readonly conversation: Conversation | null
  readonly search: string
}

async function interact(setting: Setting): Promise<void> {
  const { options, behaviour, ending, home, cwd, env } = setting
  const { name } = options
  const isLoggedIn = () => behaviour.loggedIn ?? hasCredentials(home)
  let current = setting.conversation ?? { id: randomUUID(), file: '' }
  const open = ({ id, file }: Conversation) =>
    createTranscript(file, { sessionId: id, cwd, version })
  let transcript = open(current)
  const screen = createScreen(process.stdout, {
    alternate: !env['TMUX'] && !env['CLAUDE_CODE_DISABLE_ALTERNATE_SCREEN'],
  })
  const focus = createFocus(process.stdin, screen, behaviour)
  const tools = createTools(cwd, env)
  const hooks = createHooks(options.settings, () => ({ session_id: current.id, transcript_path: current.file, cwd }), env) // prettier-ignore
  const registry = createRegistry({ dir: home.sessions, sessionId: current.id, cwd, version, gapMs: behaviour.writeGapMs, env }) // prettier-ignore
  const link = createLink(registry, behaviour, () => focus.refresh())
  const goodbye = cleanUpBefore(ending, { hooks, tools, registry })
  ending.onExitMessage((exitMessage) =>
    screen.leave(exitMessage ?? resumeHint(options, transcript.exists(), current.id)),
  )
  const status = createStatus({ registry, screen, behaviour, name, animatesTitle: !env['TMUX'] })
  const session = createSession({
    focus,
    status,
    registry,
    tools,
    hooks,
    link,
    behaviour,
    cwd,
    name,
    isLoggedIn,
    permissions: behaviour.permissions ?? permissionsOf(options),
    transcript: () => transcript,
    renew(id) {
      current = { id, file: transcriptFile(home.projects, cwd, id) }
      transcript = open(current)
    },
    hasAgentView: hasAgentView(options.settings, env),
    park() {
      const job = park({ file: current.file, cwd, name }, home, env)
      // From here on the messages belong to the background. The registry keeps the earlier conversation's id.
      current = { id: job.sessionId, file: transcriptFile(home.projects, cwd, job.sessionId) }
      transcript = open(current)
      status.freeze({ parkedJobId: job.jobId })
    },
    die: (how) => ending.die(how),
    end(code) {
      goodbye.reason = 'prompt_input_exit'
      ending.end(code)
    },
  })

  const refused = await askFirst({ focus, home, cwd, version, isLoggedIn })
  if (refused !== null) return ending.end(1, refused)
  if (behaviour.registry !== 'none') registry.open(name)
  if (setting.conversation === null) {
    screen.title('claude · resume')
    await pickConversation(focus, setting.search)
    return ending.end(0)
  }
  void hooks.run('SessionStart', startFields(options))
  const plan = isLoggedIn() ? 'Claude Max' : 'API Usage Billing'
  focus.print(...greeting(version, plan, cwd.replace(env['HOME'] || homedir(), '~')))
  if (options.resume !== null) printConversation(focus, current.file)
  if (behaviour.promptOnce !== null) await untilThere(behaviour.promptOnce)
  await sleep(behaviour.startMs)
  session.begin(behaviour.prompt ?? options.prompt)
  if (options.remoteControl !== null && isLoggedIn()) link.connect()
}

/** Plans what happens at the end. Returns the fields of SessionEnd, whose reason the caller may change. */
function cleanUpBefore(
  ending: Ending,
  { hooks, tools, registry }: { hooks: Hooks; tools: Tools; registry: Registry },
): { reason: string } {
  const goodbye = { reason: 'other' }
  ending.before(() => hooks.stop())
  ending.before(() => tools.stop())
  ending.before(() => hooks.run('SessionEnd', goodbye))
  ending.before(() => registry.remove())
  return goodbye
}

/** The fields of SessionStart. */
function startFields({ resume, fork, model, name }: Options): Record<string, string> {
  return {
    source: resume === null ? 'startup' : fork ? 'fork' : 'resume',
    model: model ?? 'claude-sonnet-5-5',
    ...(name !== null && { session_title: name }),
  }
}

function permissionsOf({ permissionMode }: Options): 'manual' | 'auto' | 'plan' {
  if (permissionMode === 'plan') return 'plan'
  return permissionMode === 'default' || permissionMode === 'manual' ? 'manual' : 'auto'
}

function printConversation(focus: Focus, file: string): void {
  for (const { role, text } of readTurns(file))
    focus.print('', role === 'user' ? submitted(text) : `● ${text}`)
}

/** The exit message of Claude Code; empty when there is no conversation to resume. */
function resumeHint(options: Options, exists: boolean, id: string): readonly string[] {
  if (!exists) return []
  const mode = options.permissionMode === null ? '' : ` --permission-mode ${options.permissionMode}`
  const remote = options.remoteControl ? ` --remote-control ${options.remoteControl}` : ''
  return ['', 'Resume this session with:', `claude${mode}${remote} --resume ${id}`]
}
