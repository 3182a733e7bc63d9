// Uses one tool: its hooks, its permission, its records in the transcript and its lines on the screen.
import { randomBytes } from 'node:crypto'
import type { Json } from '../files/home.ts'
import { assistantMessage } from '../files/transcript.ts'
import { askPermission, type Verdict } from './permission.ts'
import type { ToolCall } from './tool-calls.ts'
import type { TurnDeps } from './turn.ts'

/** How the use of a tool ended: the turn goes on, the user refused, or a hook interrupted. */
export type ToolEnd = 'done' | 'denied' | 'interrupted'

const rejected =
  "The user doesn't want to proceed with this tool use. The tool use was rejected (eg. if it was a file edit, the new_string was NOT written to the file). STOP what you are doing and wait for the user to tell you how to proceed."

/** Uses a tool. `context` has the fields that every hook of the turn gets. */
export async function useTool(
  call: ToolCall,
  deps: TurnDeps,
  { context, signal }: { readonly context: Json; readonly signal: AbortSignal },
): Promise<ToolEnd> {
  const { focus, hooks } = deps
  const id = `toolu_${randomBytes(12).toString('hex')}`
  const { name, input } = call
  deps
    .transcript()
    .add('assistant', assistantMessage([{ type: 'tool_use', id, name, input }], 'tool_use'))
  const asked = { ...context, tool_name: name, tool_input: input, ...call.fields }
  // Claude Code checks the input before the hooks: ExitPlanMode outside plan mode has none.
  const isRefused = name === 'ExitPlanMode' && call.permission === null
  if (!isRefused) await hooks.run('PreToolUse', { ...asked, tool_use_id: id })
  const verdict = await permit(call, asked, deps, signal)
  if (verdict.kind === 'allow') {
    const startedAt = Date.now()
    const result = await call.run(verdict.input, signal)
    signal.throwIfAborted()
    const note = verdict.by === 'hook' ? ['  ⎿  Allowed by PermissionRequest hook'] : []
    focus.print('', ...result.lines, ...note)
    record(deps, id, result.error ?? result.text, result.error !== undefined)
    const ran = { ...asked, tool_input: verdict.input, tool_use_id: id, duration_ms: Date.now() - startedAt } // prettier-ignore
    if (isRefused) return 'done'
    if (result.error === undefined)
      await hooks.run('PostToolUse', { ...ran, tool_response: result.response })
    else await hooks.run('PostToolUseFailure', { ...ran, error: result.error, is_interrupt: false })
    return 'done'
  }
  if (verdict.kind === 'deny') {
    focus.print('', ...call.refused, `  ⎿  Not run · permission denied`, `     │ Reason: ${verdict.message}`, '  ⎿  Denied by PermissionRequest hook') // prettier-ignore
    record(deps, id, verdict.message, true)
    return 'done'
  }
  focus.print('', ...call.refused)
  record(deps, id, rejected, true)
  const text = '[Request interrupted by user for tool use]'
  deps.transcript().add('user', { message: { role: 'user', content: [{ type: 'text', text }] } })
  return verdict.by === 'hook' ? 'interrupted' : 'denied'
}

async function permit(
  { notice, permission, input }: ToolCall,
  asked: Json & { readonly tool_input: Json },
  deps: TurnDeps,
  signal: AbortSignal,
): Promise<Verdict> {
  if (notice && (await deps.focus.ask(notice, signal)) === null)
    return { kind: 'interrupt', by: 'user' }
  if (permission === null) return { kind: 'allow', input, by: 'user' }
  return askPermission(permission, asked, { ...deps, signal })
}

function record(deps: TurnDeps, id: string, content: string, isError: boolean): void {
  const result = { type: 'tool_result', content, ...(isError && { is_error: true }), tool_use_id: id } // prettier-ignore
  deps.transcript().add('user', { message: { role: 'user', content: [result] } })
}
