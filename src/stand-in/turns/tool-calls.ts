// The tools that a prompt can name: their input, the permission that they need, and what they do.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Json } from '../files/home.ts'
import type { Line } from '../terminal/screen.ts'
import { autoCheckDialog, bashDialog, fileDialog, mcpToolDialog, planDialog, uncheckedDialog } from '../terminal/tool-dialogs.ts' // prettier-ignore
import { ask, colourQuestion } from './ask-call.ts'
import type { Permission } from './permission.ts'
import { isUnchecked, needsPermission } from './tools.ts'
import type { TurnDeps } from './turn.ts'

/** One use of a tool, before its permission. */
export interface ToolCall {
  /** Claude Code's name of the tool, such as `Bash`. */
  readonly name: string
  readonly input: Json
  /** A dialog without a hook that comes before the permission; Escape ends the turn. */
  readonly notice?: Permission['dialog']
  /** Null: the tool runs without a question. */
  readonly permission: Permission | null
  /** Fields of every hook of this tool. */
  readonly fields?: Json
  /** The lines of a refused tool. */
  readonly refused: readonly Line[]
  /** Does the work with the input that the user or a hook allowed. */
  run(input: Json, signal: AbortSignal): Promise<ToolResult>
}

export interface ToolResult {
  readonly lines: readonly Line[]
  /** `tool_response` of PostToolUse; with `error` the tool failed. */
  readonly response: unknown
  readonly error?: string
  /** The result as the model reads it. */
  readonly text: string
}

/** The use of a tool that a directive names; null when there is no such tool. */
export function toolCall(tool: string, argument: string, deps: TurnDeps): ToolCall | null {
  switch (tool) {
    case 'bash':
    case 'bg':
      return bash(argument, tool === 'bg', deps)
    case 'edit':
    case 'write':
      return changeFile(argument, tool, deps)
    case 'read':
      return read(argument, deps)
    case 'ask':
      return ask([colourQuestion(1, false)])
    case 'multiask':
      return ask([colourQuestion(1, false), colourQuestion(2, true)])
    case 'enterplan':
      return enterPlan(deps)
    case 'plan':
      return exitPlan(deps)
    case 'raw':
      return raw(argument, deps)
    default:
      return null
  }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

const done = (text: string, ...lines: Line[]): ToolResult => ({ lines, response: text, text })

function bash(command: string, inBackground: boolean, deps: TurnDeps): ToolCall {
  const { tools } = deps
  const description = inBackground ? 'mock background' : 'mock command'
  const input = { command, description, ...(inBackground && { run_in_background: true }) }
  return {
    name: 'Bash',
    input,
    ...bashPermission(command, description, deps),
    refused: [`  ⎿  $ ${command}`],
    async run(allowed, signal) {
      const wanted = textOf(allowed['command'])
      if (inBackground) {
        tools.background({ command: wanted, description }, ({ code }) => deps.backgroundEnded(code))
        return done('Command running in background', '  Ran 1 shell command')
      }
      const { code, output } = await tools.run(wanted, signal)
      const response = { stdout: output, stderr: '', interrupted: signal.aborted, isImage: false }
      const error = code === 0 ? {} : { error: `Exit code ${code}\n${output}` }
      const line = `  Ran 1 shell command${code === 0 ? '' : ' · 1 failed'}`
      return { lines: [line], response, text: output, ...error }
    },
  }
}

function bashPermission(
  command: string,
  description: string,
  deps: TurnDeps,
): Pick<ToolCall, 'notice' | 'permission'> {
  const { cwd } = deps
  const input = { command, description }
  if (deps.permissions === 'auto') {
    if (!isUnchecked(command)) return { permission: null }
    const dialog = uncheckedDialog(command, description)
    const decide = (choice: number) => (choice === 1 ? input : null)
    return { notice: autoCheckDialog(), permission: { dialog, decide, hook: 'none' } }
  }
  if (!needsPermission(command)) return { permission: null }
  const directory = { type: 'addDirectories', directories: [cwd], destination: 'session' }
  return {
    permission: {
      dialog: bashDialog(command, description, cwd),
      decide(choice) {
        if (choice === 2) deps.permissions = 'auto'
        return choice === 3 ? null : input
      },
      hook: 'decides',
      fields: { permission_suggestions: [directory, acceptEdits] },
    },
  }
}

const acceptEdits = { type: 'setMode', mode: 'acceptEdits', destination: 'session' }

function changeFile(name: string, tool: 'edit' | 'write', deps: TurnDeps): ToolCall {
  const file = resolve(deps.cwd, name)
  const text = existsSync(file) ? readFileSync(file, 'utf8') : null
  const before = text?.split('\n')[0] ?? null
  const after = `${tool === 'edit' ? 'edited' : 'written'} ${Date.now()}`
  const change =
    tool === 'edit'
      ? { old_string: before ?? '', new_string: after, replace_all: false }
      : { content: `${after}\n` }
  const input: Json = { file_path: file, ...change }
  return {
    name: tool === 'edit' ? 'Edit' : 'Write',
    input,
    permission:
      deps.permissions === 'auto'
        ? null
        : {
            dialog: fileDialog(file, before, after),
            decide(choice) {
              if (choice === 1) deps.permissions = 'auto'
              return choice === 2 ? null : input
            },
            hook: 'decides',
            fields: { permission_suggestions: [acceptEdits] },
          },
    refused: [`● Update(${name})`, `  ⎿  Rejected update to ${name}`],
    async run(allowed) {
      const next = textOf(allowed['new_string'] ?? allowed['content'])
      const old = textOf(allowed['old_string'])
      writeFileSync(file, tool === 'edit' ? (text ?? '').replace(old, () => next) : next)
      return done(`Updated ${file}`, `● Update(${name})`, '  ⎿  Updated')
    },
  }
}

function read(name: string, { cwd }: TurnDeps): ToolCall {
  const file = resolve(cwd, name)
  const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
  return {
    name: 'Read',
    input: { file_path: file },
    permission: null,
    refused: [],
    run: async () => done(text, '  Read 1 file'),
  }
}

function enterPlan(deps: TurnDeps): ToolCall {
  return {
    name: 'EnterPlanMode',
    input: {},
    permission: null,
    refused: [],
    async run() {
      if (deps.permissions !== 'plan') deps.afterPlan = deps.permissions
      deps.permissions = 'plan'
      return done('Entered plan mode', '● Entered plan mode', '  Claude is exploring and planning an approach.') // prettier-ignore
    },
  }
}

/** ExitPlanMode, whose hooks get no input: the plan is a file of Claude Code's. */
function exitPlan(deps: TurnDeps): ToolCall {
  const text =
    'You are not in plan mode. To enter plan mode, call the EnterPlanMode tool first. If your plan was already approved, continue with implementation.'
  const isPlanning = deps.permissions === 'plan'
  return {
    name: 'ExitPlanMode',
    input: {},
    permission: isPlanning
      ? {
          dialog: planDialog(deps.afterPlan),
          decide: (choice) => (choice === 0 ? {} : null),
          hook: 'with input',
        }
      : null,
    refused: ['● Stayed in plan mode'],
    async run() {
      if (!isPlanning) return { lines: [`  ⎿  Error: ${text}`], response: null, error: text, text }
      deps.permissions = deps.afterPlan
      return done('User has approved exiting plan mode. You can now proceed.', '● Exited plan mode')
    },
  } // prettier-ignore
}

/** Any other tool by its name and its input as JSON; one of an MCP server asks first. */
function raw(argument: string, deps: TurnDeps): ToolCall {
  const [, name = '', json = ''] = /^(\S+)\s*(.*)$/s.exec(argument) ?? []
  const input = JSON.parse(json || '{}') as Json
  const server = /^mcp__([^_].*?)__/.exec(name)?.[1]
  const rule = { type: 'addRules', rules: [{ toolName: name }], behavior: 'allow', destination: 'localSettings' } // prettier-ignore
  return {
    name,
    input,
    permission:
      server === undefined || deps.permissions === 'auto'
        ? null
        : {
            dialog: mcpToolDialog(name, input, deps.cwd),
            decide: (choice) => (choice === 2 ? null : input),
            hook: 'decides',
            fields: { permission_suggestions: [rule] },
          },
    ...(server !== undefined && { fields: { mcp_server: { name: server, source: 'dynamic' } } }),
    refused: [`  Did not call ${server ?? name}`],
    run: async () => done('called', `  Called ${server ?? name}`),
  }
}
