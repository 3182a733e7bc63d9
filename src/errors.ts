// The failures that lab knows by name, each with the sentence for its reader. Imports disk-errors only
// and knows nothing of HTTP: src/web maps a code to a status, src/cli to an exit code.

import { writeRemedy } from './disk-errors.ts'

export type ErrorCode =
  | 'usage'
  | 'invalid_request'
  | 'invalid_label'
  | 'not_found'
  | 'project_not_found'
  | 'project_gone'
  | 'instance_not_found'
  | 'at_capacity'
  | 'already_running'
  | 'conversation_parked'
  | 'conversation_gone'
  | 'question_gone'
  | 'not_running'
  | 'dialog_open'
  | 'not_sent'
  | 'unknown'
  | 'wrong_state'
  | 'claude_config_invalid'
  | 'claude_missing'
  | 'not_logged_in'
  | 'tmux_unavailable'
  | 'tmux_failed'
  | 'tmux_timeout'
  | 'store_unwritable'
  | 'unauthorized'
  | 'too_many_tries'
  | 'cross_site'
  | 'unguarded_proxy'
  | 'unknown_host'
  | 'url_too_long'
  | 'body_too_large'
  | 'too_many_streams'

/** A failure that its reader can act on: `message` says what failed, on what, and what to do. */
export class LabError extends Error {
  readonly code: ErrorCode
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.name = new.target.name
  }
}

/** A wrong flag or environment: lab prints the line and exits 2. */
export class UsageError extends LabError {
  constructor(message: string, options?: ErrorOptions) {
    super('usage', message, options)
  }
}

export class InvalidRequest extends LabError {
  constructor(message: string) {
    super('invalid_request', message)
  }
}

/** No guard authenticates the request. */
export class Unauthorized extends LabError {
  constructor(message: string) {
    super('unauthorized', message)
  }
}

/** Too many wrong passwords or tokens from one address. */
export class TooManyTries extends LabError {
  readonly retryAfterSeconds: number
  constructor(retryAfterSeconds: number) {
    super(
      'too_many_tries',
      `Too many wrong tries came from your address. Wait ${retryAfterSeconds} s and try again.`,
    )
    this.retryAfterSeconds = retryAfterSeconds
  }
}

export class InvalidLabel extends LabError {
  constructor(reason: string) {
    super('invalid_label', reason)
  }
}

export class ProjectNotFound extends LabError {
  constructor(key: string) {
    super(
      'project_not_found',
      `lab does not know the project "${key}". \`lab ls\` shows the projects.`,
    )
  }
}

export class ProjectGone extends LabError {
  /** `isSilent`: its disk does not answer, so lab cannot tell whether the folder exists. */
  constructor(path: string, { isSilent = false } = {}) {
    super(
      'project_gone',
      isSilent
        ? `The disk of this project does not answer: ${path}. Look at its mount, then try again.`
        : `The folder of this project is gone: ${path}. Put it back, or reload.`,
    )
  }
}

export class InstanceNotFound extends LabError {
  constructor(ref: string) {
    super(
      'instance_not_found',
      `lab does not know the instance "${ref}". \`lab ls\` shows the live instances, \`lab ls --ended\` the ended ones.`,
    )
  }
}

export class QuestionGone extends LabError {
  constructor() {
    super(
      'question_gone',
      'The agent does not ask this any more: it was answered elsewhere, or asks something else now. lab sent nothing.',
    )
  }
}

export class AtCapacity extends LabError {
  constructor(max: number) {
    super(
      'at_capacity',
      `All ${max} of ${max} instances are in use. Stop one, or restart lab with a higher --max-instances. A restart of lab ends no agent.`,
    )
  }
}

/** Two processes on one conversation would lose a part of it. */
export class AlreadyRunning extends LabError {
  constructor(name: string, pids: readonly number[]) {
    super(
      'already_running',
      pids.length === 0
        ? `${name} already runs.`
        : `${name} left a process that still runs (${pids.join(', ')}) and may be its agent. End it first (lab stop --left, or kill ${pids.join(' ')}), then resume.`,
    )
  }
}

/** The latest messages are in another conversation, which a resume would not continue. */
export class ConversationParked extends LabError {
  constructor(name: string, jobId: string) {
    super(
      'conversation_parked',
      `Claude moved ${name} to its background, and a resume would not have the messages there. Run \`claude attach ${jobId}\` in the folder of ${name} to open that session, or resume the instance anyway.`,
    )
  }
}

/** Claude would begin a blank conversation, or lab does not know whether it would. */
export class ConversationGone extends LabError {
  constructor(
    name: string,
    { conversation, unreadable }: { conversation: string; unreadable: string | null },
  ) {
    const cause =
      unreadable === null
        ? `Claude has no transcript of ${name}'s conversation ${conversation}. It removes transcripts after 30 days.`
        : `lab cannot read ${unreadable}, so it does not know whether Claude still has ${name}'s conversation.`
    const remedy = unreadable === null ? 'Dismiss' : 'Make that folder readable, or dismiss'
    super(
      'conversation_gone',
      `${cause} ${remedy} the instance, or resume it with a blank conversation (\`lab resume --blank\`).`,
    )
  }
}

export class ClaudeMissing extends LabError {
  constructor(command: string) {
    super(
      'claude_missing',
      `"${command}" is not a program that lab can run. Install Claude Code, or name it with --claude PATH.`,
    )
  }
}

export class NotLoggedIn extends LabError {
  /** `command` logs Claude in where lab looks. */
  constructor(command = 'claude auth login') {
    super(
      'not_logged_in',
      `Claude Code is not logged in, so claude.ai could not open the instance. Run \`${command}\`, or start the instance anyway.`,
    )
  }
}

export class ClaudeConfigInvalid extends LabError {
  constructor(path: string, options?: ErrorOptions) {
    super(
      'claude_config_invalid',
      `lab cannot read ${path} as JSON, so it left the file unchanged and started nothing. Repair the file or move it away.`,
      options,
    )
  }
}

export class ClaudeConfigUnwritable extends LabError {
  constructor(path: string, options?: ErrorOptions) {
    super(
      'claude_config_invalid',
      `lab cannot write ${path} to mark the folder as trusted, so it started nothing. ${writeRemedy(options?.cause)}`,
      options,
    )
  }
}

export class StoreUnwritable extends LabError {
  constructor(path: string, options?: ErrorOptions) {
    super(
      'store_unwritable',
      `lab cannot write ${path}, so it started nothing. ${writeRemedy(options?.cause)}`,
      options,
    )
  }
}

/** lab cannot read the tmux server. It knows nothing then, so it must not start or end anything. */
export class TmuxUnavailable extends LabError {
  constructor(reason: string, options?: ErrorOptions) {
    super(
      'tmux_unavailable',
      `lab cannot read tmux, so it changed nothing: ${reason}. Try again, or run \`lab tmux ls\` to see what tmux reports.`,
      options,
    )
  }
}

/** tmux refused a command: `stderr` is tmux's own line. */
export class TmuxFailed extends LabError {
  readonly stderr: string
  constructor(subcommand: string, stderr: string, options?: ErrorOptions) {
    super('tmux_failed', `tmux ${subcommand} failed: ${stderr || 'no reason given'}`, options)
    this.stderr = stderr
  }
}

/** tmux did not answer in time. lab does not know whether tmux ran the command. */
export class TmuxTimeout extends LabError {
  constructor(subcommand: string, timeoutMs: number) {
    super('tmux_timeout', `tmux ${subcommand} did not answer within ${timeoutMs} ms.`)
  }
}
