// Between the command line and the prompt: which conversation, and the dialogs of a first start.
import { resolve } from 'node:path'
import type { Focus } from '../terminal/focus.ts'
import { loginDialog } from '../terminal/dialogs.ts'
import { mcpDialog, resumePicker, themeDialog, trustDialog, untrustedExitMessage } from './first-dialogs.ts' // prettier-ignore
import { answerServers, editJson, isFile, isTrusted, readJson, trust, unansweredServers, type Home } from '../files/home.ts' // prettier-ignore
import { isUuid, type Options } from './options.ts'
import { findTranscript, forkTranscript, transcriptFile } from '../files/transcript.ts'

export interface Conversation {
  readonly id: string
  readonly file: string
}

export type ConversationResult =
  | { readonly ok: true; readonly conversation: Conversation }
  | { readonly ok: false; readonly error: string }
  | { readonly ok: 'pick'; readonly search: string }

/** Finds the conversation that the options name, or makes one. `newId` is its id when they name none. */
export function chooseConversation(
  options: Options,
  home: Home,
  cwd: string,
  newId: string,
): ConversationResult {
  const settings = options.settings
  // A value that begins with a brace holds the settings; any other value is a path.
  if (settings !== null && !settings.startsWith('{') && !isFile(resolve(cwd, settings)))
    return { ok: false, error: `Error: Settings file not found: ${resolve(cwd, settings)}` }
  const id = options.sessionId ?? newId
  const file = transcriptFile(home.projects, cwd, id)
  if (options.sessionId !== null && isFile(file))
    return { ok: false, error: `Error: Session ID ${id} is already in use.` }
  const { resume } = options
  if (resume === null) return { ok: true, conversation: { id, file } }
  if (!isUuid(resume)) return { ok: 'pick', search: resume }
  const found = findTranscript(home.projects, resume)
  if (found === null)
    return { ok: false, error: `No conversation found with session ID: ${resume}` }
  if (!options.fork) return { ok: true, conversation: { id: resume, file: found } }
  forkTranscript(found, file)
  return { ok: true, conversation: { id, file } }
}

export interface FirstDialogs {
  readonly focus: Focus
  readonly home: Home
  readonly cwd: string
  readonly version: string
  isLoggedIn(): boolean
}

/**
 * Opens the dialogs of a first start: theme and login of a new home, trust in the folder, its MCP servers.
 * Resolves to null, or to the exit message when the user refuses.
 */
export async function askFirst(deps: FirstDialogs): Promise<readonly string[] | null> {
  const { focus, home, cwd } = deps
  if (readJson(home.claudeJson)['hasCompletedOnboarding'] !== true) {
    await focus.ask(themeDialog(deps.version))
    if (!deps.isLoggedIn() && (await focus.ask(loginDialog(null))) === null) return []
    editJson(home.claudeJson, (value) => {
      value['hasCompletedOnboarding'] = true
    })
  }
  if (!isTrusted(home, cwd)) {
    if ((await focus.ask(trustDialog(cwd))) !== 1) return untrustedExitMessage
    trust(home, cwd)
  }
  const servers = unansweredServers(cwd)
  if (servers.length > 0) {
    const choice = await focus.ask(mcpDialog(servers))
    answerServers(cwd, servers, choice !== null && (servers.length > 1 || choice < 2))
  }
  return null
}

/** Opens the resume picker, which has no conversation to choose. Resolves at Escape. */
export async function pickConversation(focus: Focus, search: string): Promise<void> {
  await focus.ask(resumePicker(search))
}
