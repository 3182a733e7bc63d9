// The stand-in's command line. It refuses what Claude Code refuses, in the same words. Pure.

export interface Options {
  readonly name: string | null
  readonly sessionId: string | null
  /** The conversation to resume; empty opens the picker. */
  readonly resume: string | null
  readonly fork: boolean
  readonly remoteControl: string | null
  readonly permissionMode: string | null
  readonly settings: string | null
  readonly model: string | null
  readonly prompt: string | null
}

export type OptionsResult =
  { readonly ok: true; readonly options: Options } | { readonly ok: false; readonly error: string }

const withValue = new Set([
  '--name', '--session-id', '--permission-mode', '--settings', '--model', '--effort', '--add-dir',
  '--append-system-prompt', '--system-prompt', '--mcp-config', '--allowedTools', '--agent',
  '--disallowedTools', '--setting-sources', '--plugin-dir', '--fallback-model', '--debug-file',
]) // prettier-ignore
const withOptionalValue = new Set(['--resume', '--remote-control', '--debug'])
const withoutValue = new Set([
  '--fork-session', '--continue', '--verbose', '--ide', '--strict-mcp-config',
  '--dangerously-skip-permissions', '--allow-dangerously-skip-permissions',
]) // prettier-ignore
const short: Record<string, string> = { '-n': '--name', '-r': '--resume', '-c': '--continue' }

const permissionModes = ['acceptEdits', 'auto', 'bypassPermissions', 'manual', 'dontAsk', 'plan']
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Whether the text is a session id. `--resume` takes any other text as a search. */
export function isUuid(text: string): boolean {
  return uuid.test(text)
}

/** Reads the arguments of an interactive start. `error` is Claude Code's line for stderr, with exit code 1. */
export function parseOptions(argv: readonly string[]): OptionsResult {
  const values = new Map<string, string>()
  const words: string[] = []
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i] ?? ''
    if (arg === '--') {
      words.push(...argv.slice(i + 1))
      break
    }
    if (!arg.startsWith('-') || arg === '-') {
      words.push(arg)
      continue
    }
    const [typed, inline] = splitFlag(arg)
    const flag = short[typed] ?? typed
    const next = argv[i + 1]
    if (withoutValue.has(flag)) values.set(flag, '')
    else if (withValue.has(flag)) {
      const value = inline ?? next
      if (value === undefined) return refuse(`error: option '${flag} <value>' argument missing`)
      values.set(flag, value)
      if (inline === null) i++
    } else if (withOptionalValue.has(flag)) {
      const takes = inline === null && next !== undefined && !next.startsWith('-')
      values.set(flag, inline ?? (takes ? next : ''))
      if (takes) i++
    } else return refuse(`error: unknown option '${typed}'`)
  }
  return check(values, words)
}

function splitFlag(arg: string): [string, string | null] {
  const at = arg.startsWith('--') ? arg.indexOf('=') : -1
  return at < 0 ? [arg, null] : [arg.slice(0, at), arg.slice(at + 1)]
}

function refuse(error: string): OptionsResult {
  return { ok: false, error }
}

function check(values: ReadonlyMap<string, string>, words: readonly string[]): OptionsResult {
  const get = (flag: string): string | null => values.get(flag) ?? null
  const sessionId = get('--session-id')
  const resume = get('--resume')
  const mode = get('--permission-mode')
  if (mode !== null && mode !== 'default' && !permissionModes.includes(mode))
    return refuse(
      `error: option '--permission-mode <mode>' argument '${mode}' is invalid. Allowed choices are ${permissionModes.join(', ')}.`,
    )
  if (sessionId !== null && resume !== null && !values.has('--fork-session'))
    return refuse('Error: --session-id with --continue or --resume also needs --fork-session.')
  if (sessionId !== null && !isUuid(sessionId))
    return refuse('Error: Invalid session ID. Must be a valid UUID.')
  return {
    ok: true,
    options: {
      name: get('--name'),
      sessionId,
      resume,
      fork: values.has('--fork-session'),
      remoteControl: get('--remote-control'),
      permissionMode: values.has('--dangerously-skip-permissions') ? 'bypassPermissions' : mode,
      settings: get('--settings'),
      model: get('--model'),
      prompt: words.length > 0 ? words.join(' ') : null,
    },
  }
}
