// Claude Code's contribution to a launch: the agent's arguments, environment and settings. Pure.
import type { Contribution } from '../core/plan.ts'
import type { Choices, Mode } from '../core/settings.ts'
import { passedOn, switchesRemoteControlOff } from './variables.ts'

export interface AgentOptions extends Choices {
  readonly claude: string
  /** The session's name, which claude.ai shows. */
  readonly name: string
  /** The session id to begin, or with `resume` to continue. */
  readonly conversation: string
  readonly resume: boolean
  /** Where lab writes the settings of the launch. Claude merges them into the operator's own. */
  readonly settingsFile: string
  /** The first prompt of a new conversation. */
  readonly prompt?: string | undefined
}

// Every version takes `default`, and 2.1.329 and later call that mode manual.
const permissionModes: Readonly<Record<Mode, string>> = {
  auto: 'auto',
  review: 'default',
  plan: 'plan',
}

// One press of Left at an empty prompt moves a session into Claude's own daemon, where it has another
// conversation and lab does not see it. The variable and the setting each switch that off; an agent that
// starts Claude again with another environment still reads the setting.
const noAgentView = { CLAUDE_CODE_DISABLE_AGENT_VIEW: '1' }

/** The arguments and settings of every agent. `--remote-control` takes an optional value, so lab always gives one. */
export function launchArguments(options: AgentOptions): Contribution {
  const { claude, name, conversation, resume, settingsFile, model, effort, mode, prompt } = options
  const argv = [claude, '--remote-control', name, '--name', name]
  argv.push(resume ? '--resume' : '--session-id', conversation)
  // A resume gets the mode again: Claude does not restore it.
  argv.push('--permission-mode', permissionModes[mode], '--settings', settingsFile)
  if (model) argv.push('--model', model)
  if (effort) argv.push('--effort', effort)
  // Behind `--` a prompt that begins with a dash is not an option. As an argument, a prompt that begins
  // with `!` or ends with a backslash is text, unlike the same text when it is typed.
  if (prompt) argv.push('--', prompt)
  return { argv, settings: { disableAgentView: true } }
}

export type Environment = Readonly<Record<string, string | undefined>>

// Variables of an enclosing Claude (they make the agent believe that it is nested; one is a token), and
// variables that switch Remote Control off.
const leaking = /^(CLAUDECODE|CLAUDE_\w+|AI_AGENT|ANTHROPIC_\w+|LAB_\w+)$/
const alwaysUnset: readonly string[] = [
  'CLAUDECODE',
  'CLAUDE_CODE_ENTRYPOINT',
  'CLAUDE_CODE_SSE_PORT',
  'CLAUDE_CODE_OAUTH_TOKEN',
  'CLAUDE_PID',
  'CLAUDE_EFFORT',
  'CLAUDE_CONFIG_DIR',
  'AI_AGENT',
  'ANTHROPIC_API_KEY',
  'ANTHROPIC_AUTH_TOKEN',
  'ANTHROPIC_BASE_URL',
  // These lead to lab's own tmux server: `tmux kill-server` in one agent's shell would end every agent.
  'TMUX',
  'TMUX_PANE',
  // The tmux server's values would outrank the LANG that lab sets below.
  'LC_ALL',
  'LC_CTYPE',
]

/** The variables that no claude process may get from lab or from the tmux server. */
export function leaksOf(lab: Environment, inherited: readonly string[]): readonly string[] {
  const leaks = [...inherited, ...Object.keys(lab)].filter((name) => leaking.test(name))
  return [...alwaysUnset, ...leaks]
}

/** The allowed part of lab's own environment, for every claude process that lab starts. */
export function programEnvironment(
  lab: Environment,
  passEnv: readonly string[],
): Record<string, string> {
  const set = passedOn(lab, passEnv)
  // Without a UTF-8 locale, box drawing and the prompt's glyph arrive as underscores.
  if (!/utf-?8/i.test(set['LC_ALL'] || set['LC_CTYPE'] || set['LANG'] || '')) {
    delete set['LC_ALL']
    delete set['LC_CTYPE']
    set['LANG'] = 'C.UTF-8'
  }
  // Without TMUX in its environment Claude may draw on the alternate screen. That screen keeps no history
  // and is empty after the end, so lab would have no last lines to show.
  set['CLAUDE_CODE_DISABLE_ALTERNATE_SCREEN'] ??= '1'
  // Ten agents would otherwise start ten global installs of a new version.
  set['DISABLE_AUTOUPDATER'] = '1'
  return set
}

/**
 * The agent's environment: the allowed part of lab's own, and lab's own variables. `inherited` names the
 * variables of the tmux server, so that the launch can unset those that an agent must not get.
 */
export function launchEnvironment(options: {
  readonly lab: Environment
  readonly inherited: readonly string[]
  /** Further variables, by the operator's choice. */
  readonly passEnv: readonly string[]
  readonly stateDir: string
  readonly id: string
}): Contribution {
  const { lab, inherited, passEnv, stateDir, id } = options
  const own = { LAB_STATE_DIR: stateDir, LAB_INSTANCE: id }
  const set = programEnvironment(lab, passEnv)
  // A program of the operator's with the same name wins.
  if (set['PATH']) set['PATH'] += `:${stateDir}/bin`
  return {
    env: { ...set, ...noAgentView, ...own },
    unset: leaksOf(lab, inherited),
  }
}

/** The variables of lab's own environment that would switch Remote Control off; agents do not get them. */
export function remoteControlBlockers(lab: Environment): readonly string[] {
  return Object.keys(lab)
    .filter((name) => lab[name] && switchesRemoteControlOff(name))
    .sort()
}
