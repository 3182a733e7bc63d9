// Decides which variables of lab's own environment reach agents: those that shell tools need, and those
// that the operator names. The others may hold secrets of the service.
import { UsageError } from '../errors.ts'

type Environment = Readonly<Record<string, string | undefined>>

const passed =
  /^(PATH|HOME|SHELL|USER|LOGNAME|LANG|LANGUAGE|LC_\w+|TZ|TZDIR|TMPDIR|COLORTERM|EDITOR|VISUAL|PAGER|SSH_AUTH_SOCK|GIT_SSH|GIT_SSH_COMMAND|XDG_\w+|NIX_\w+|LOCALE_ARCHIVE|TERMINFO_DIRS|SSL_CERT_(FILE|DIR)|NODE_EXTRA_CA_CERTS|(https?|no|all)_proxy|(HTTPS?|NO|ALL)_PROXY)$/

/** The part of lab's environment that agents get. */
export function passedOn(lab: Environment, named: readonly string[]): Record<string, string> {
  const names = new Set(named)
  const set: Record<string, string> = {}
  for (const [name, value] of Object.entries(lab))
    if (value !== undefined && (passed.test(name) || names.has(name))) set[name] = value
  return set
}

// DISABLE_TELEMETRY switches Remote Control off with any value that is not empty: github.com/anthropics/claude-code/issues/29580
const blocking =
  /^(ANTHROPIC_(API_KEY|AUTH_TOKEN|BASE_URL)|CLAUDE_CODE_OAUTH_\w+|CLAUDE_CODE_USE_\w+|DISABLE_TELEMETRY|CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC)$/

/** Whether Claude Code has no Remote Control with this variable, at any value. */
export function switchesRemoteControlOff(name: string): boolean {
  return blocking.test(name)
}

// No agent gets these, even when --pass-env names them.
const refused: readonly (readonly [RegExp, string])[] = [
  [blocking, 'it switches Remote Control off, and no agent would have a link'],
  [
    /^CLAUDE_CONFIG_DIR$/,
    'agents get the directory of --claude-config-dir, which is the flag to set',
  ],
  [
    /^(CLAUDECODE|CLAUDE_PID|CLAUDE_EFFORT|CLAUDE_PROJECT_DIR|AI_AGENT|CLAUDE_CODE_(ENTRYPOINT|EXECPATH|SSE_PORT|SESSION_\w+|CHILD_\w+|MESSAGING_\w+|DISABLE_AGENT_VIEW))$/,
    'Claude Code sets it for the programs that it runs',
  ],
  [/^LAB_\w*$/, 'lab sets it for every agent'],
  [
    /^(TMUX|TMUX_PANE|TERM|PWD|OLDPWD|SHLVL|_)$/,
    'it belongs to one terminal, and every agent has its own',
  ],
  [
    /^GIT_(DIR|WORK_TREE|INDEX_FILE|COMMON_DIR|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|NAMESPACE|PREFIX|EXEC_PATH)$/,
    'it names one repository, and agents work in many',
  ],
]

/** Why lab refuses to pass a variable on; null when lab may pass it on. */
export function reasonToRefuse(name: string): string | null {
  return refused.find(([pattern]) => pattern.test(name))?.[1] ?? null
}

/** Accepts names that lab may pass on. @throws UsageError naming the reason of a refusal */
export function checkNamed(names: readonly string[]): void {
  for (const name of names) {
    const reason = reasonToRefuse(name)
    if (reason !== null)
      throw new UsageError(`--pass-env ${name} is refused: ${reason}. Leave it out.`)
  }
}

// Every shell and every service has these, and an agent does not need them.
const ordinary =
  /^(PROMPT_COMMAND|PS[1-4]|HIST\w+|HOSTNAME|HOSTTYPE|MACHTYPE|OSTYPE|MAIL|LS_COLORS|LESS\w*|COLUMNS|LINES|TERM_\w+|WINDOWID|STY|SSH_(CLIENT|CONNECTION|TTY)|SUDO_\w+|npm_\w+|NODE|INIT_CWD|INVOCATION_ID|JOURNAL_STREAM|SYSTEMD_\w+|MANAGERPID|NOTIFY_SOCKET|LISTEN_\w+|CREDENTIALS_DIRECTORY|MEMORY_PRESSURE_\w+|WATCHDOG_\w+|MAINPID|DISABLE_AUTOUPDATER)$/

export interface VariableNames {
  /** Variables of lab's environment that agents do not get and that --pass-env could name. */
  readonly withheld: readonly string[]
  /** Variables that --pass-env names and lab's environment lacks. */
  readonly missing: readonly string[]
}

/** The names, never the values, that help a person to find a missing variable. */
export function variableNames(lab: Environment, named: readonly string[]): VariableNames {
  const agents = passedOn(lab, named)
  const withheld = Object.keys(lab)
    .filter((name) => lab[name] !== undefined && !(name in agents))
    .filter((name) => !ordinary.test(name) && reasonToRefuse(name) === null)
  return {
    withheld: withheld.sort(),
    missing: named.filter((name) => lab[name] === undefined),
  }
}
