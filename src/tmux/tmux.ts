// The adapter's promise: what the rest of lab may ask of tmux. Knows nothing of Claude.
//
// Nothing here ever names a target by a bare name: ids (`$1`, `%2`) that tmux gave, or `=name:`.
// Failures: TmuxFailed (tmux refused, its own line in `stderr`), TmuxTimeout (no answer in time, the
// effect unknown), TmuxUnavailable (the server exists and cannot be read, or may not be started).
// "No server" is no failure: a listing is then empty and its `server` null.

import type { Screen } from '../core/input/message.ts'

/** A tmux server process; pid and start time together never come twice in one boot. */
export interface ServerIdentity {
  readonly pid: number
  /** Seconds since the epoch, as tmux says. */
  readonly startedAt: number
  /** Of the running server, which may be older than the client after an upgrade. */
  readonly version: string
}

/** One session of the server, whoever made it. */
export interface ListedSession {
  /** tmux's id, `$N`: valid as long as the server lives. */
  readonly sessionId: string
  readonly name: string
  /** Terminals on the session in which the pane lies. */
  readonly attached: number
  /** Seconds since the epoch. */
  readonly createdAt: number
  /** The pane that lab made, `%N`, wherever it was moved since; null in a foreign session, and when it was closed or given another program. */
  readonly pane: {
    readonly paneId: string
    /** It lies in another session than the one that lab made for it. */
    readonly isMoved: boolean
    readonly pid: number
    readonly dead: boolean
    /** tmux's own record of how the dead pane ended, where it has one. */
    readonly deadStatus: number | null
    readonly deadSignal: number | null
    /** The title that the agent set. */
    readonly title: string
  } | null
  /** The agent's pane was moved into this session, which is another's; `lab` then knows the id alone. */
  readonly isForeignHost: boolean
  /** lab's metadata, decoded; null for a session without `@lab_id`. */
  readonly lab: SessionMetadata | null
}

/** What lab writes onto a session so that a restarted lab knows it again: `@lab_id`, `@lab_project`, … */
export type SessionMetadata = { readonly id: string } & Readonly<Record<string, string>>

export interface Listing {
  readonly server: ServerIdentity | null
  /** Without lab's own session `_lab`. */
  readonly sessions: readonly ListedSession[]
}

export interface NewSession {
  readonly name: string
  readonly cwd: string
  /** The whole environment that the pane's process gets on top of the server's, one `-e` each. */
  readonly env: Readonly<Record<string, string>>
  /** Variables that must not reach the process, whatever the server was started with. */
  readonly unset: readonly string[]
  /** What to run, byte for byte, without a shell of its own. */
  readonly argv: readonly string[]
  /** Stored as `@lab_KEY`, percent-encoded. */
  readonly metadata: SessionMetadata
  /** Lines of history kept for this pane. */
  readonly historyLimit: number
}

export interface CreatedSession {
  readonly sessionId: string
  readonly paneId: string
  readonly pid: number
}

/** A holder of the server: the lab process written on `_lab` as `@lab_owner`. */
export interface Owner {
  readonly pid: number
  /** Field 22 of /proc/PID/stat. */
  readonly procStart: string
}

/** A running server and the tmux on lab's PATH that do not understand each other, as it is after an upgrade across 3.6. */
export interface Misfit {
  /** The server's version; null when it cannot be told. */
  readonly server: string | null
  /** lab reaches the server by that one's own program; without it no terminal can be attached, nor maybe anything read. */
  readonly isBridged: boolean
}

export interface Tmux {
  /** The command that reaches this server from a shell, such as `tmux -L lab`, as an argument vector; now, for a server may be replaced. */
  readonly argv: readonly string[]
  /** Such as `3.3a`; of the tmux on lab's PATH, which may be newer than a running server. */
  readonly version: string
  /** Null while the server and that tmux understand each other. */
  misfit(): Misfit | null
  /**
   * The argument vector that attaches a terminal to a session by name, or to whichever has that pane,
   * showing it. By the pane, too, where the name could not be told from the rest of a target.
   */
  attachArgv(
    to:
      | { readonly name: string; readonly paneId?: string | undefined }
      | { readonly name?: never; readonly paneId: string },
  ): readonly string[]
  /** Every session of the server in one call. */
  list(): Promise<Listing>
  /**
   * Starts a detached session (200×50) whose pane runs `argv`, keeps its screen after death, and
   * carries the metadata from its first moment. The process may still exit at once.
   * @throws TmuxFailed with "duplicate session" in `stderr` when the name is taken
   */
  newSession(session: NewSession): Promise<CreatedSession>
  /**
   * Ends the pane if it still is the agent's of that id; one that is gone already is no failure. Its
   * session ends with its last pane; whatever else somebody has in it stays. Ids of tmux come again
   * with the next server, and what has another mark is never touched, nor what somebody has started
   * in the pane since (`respawn-pane`).
   */
  killPane(target: { readonly paneId: string; readonly id: string }): Promise<void>
  /**
   * The last `lines` lines of a pane's screen and history, wrapped lines joined, trailing blanks and
   * blank lines dropped; of a dead pane without the line that tmux adds to it.
   * @throws TmuxFailed when the pane is gone
   */
  capture(paneId: string, lines: number): Promise<readonly string[]>
  /**
   * What a pane shows now: each row as it stands, its styles as SGR sequences. Of a dead pane without the
   * line that tmux adds to it. @throws TmuxFailed when the pane is gone
   */
  screen(paneId: string): Promise<Screen>
  /**
   * Pastes text of any length into exactly this pane, byte for byte, without pressing Enter, and
   * bracketed when the program in it asked for that. Leaves copy mode first; calls for one pane
   * follow each other. What control characters do there is the caller's to judge.
   * @throws TmuxFailed when the pane is dead or gone; InvalidRequest for a NUL
   */
  typeText(paneId: string, text: string): Promise<void>
  /** Presses keys by name (`Enter`, `Escape`, `C-c`, `Up`, …). @throws InvalidRequest for a name outside the list */
  pressKeys(paneId: string, keys: readonly string[]): Promise<void>
  /**
   * Gives a session of lab's its colour (of a terminal's 256) and lab's status line. Does nothing on the
   * operator's own server, nor for a session that is gone.
   */
  dress(sessionId: string, colour: number): Promise<void>
  /** Sets the text at the right end of the status line of every dressed session; not on the operator's own server. */
  setStatus(text: string): Promise<void>
  /** The lab that says it holds this server, or null. */
  owner(): Promise<Owner | null>
  /**
   * Writes the holder onto `_lab` in the place of `instead` (or of nobody), starting the server if lab may.
   * @throws TmuxUnavailable when it may not, or when another was quicker
   */
  setOwner(owner: Owner, instead?: Owner | null): Promise<void>
  /** Calls `wake` whenever tmux says that sessions changed, and whenever the connection to it came or went; never with the spawned client. */
  onWake(wake: () => void): void
  /** Ends lab's own clients; sessions and server stay. */
  close(): Promise<void>
}
