// Looks at the login of an account, and ends its session when it is over. tmux holds the state of a login,
// so a restarted lab reads it again.
import { homeOf } from '../../claude/home.ts'
import { readLoginScreen, type LoginScreen } from '../../claude/login/screen.ts'
import type { Actor } from '../../core/actor.ts'
import type { LoginFlow } from '../../core/input/login.ts'
import { loginSessionName } from '../../core/names.ts'
import { InvalidRequest } from '../../errors.ts'
import { createQueue, type Queue } from '../../queue.ts'
import type { ListedSession } from '../../tmux/tmux.ts'
import type { InstancesDeps } from '../state/deps.ts'
import type { Ledger } from '../state/ledger.ts'
import { findLogin, type LoginSession } from './session.ts'

export interface LoginOptions {
  readonly deps: InstancesDeps
  readonly ledger: Ledger
}

/** What lab keeps of one account's login. */
export interface Kept {
  /** Looks and requests, one after the other. */
  readonly queue: Queue
  /** How the latest login ended; null while one runs, and before the first. */
  outcome: LoginFlow | null
  /** The latest code: how often Claude had asked before, and when (`performance.now()`). Null in a new login. */
  given: { readonly asked: number; readonly at: number } | null
}

/** A login as it is now. `session` and `screen` are null when no program runs. */
export interface Looked {
  readonly flow: LoginFlow
  readonly session: LoginSession | null
  readonly screen: LoginScreen | null
}

export interface Looks {
  /** @throws InvalidRequest for an account that lab does not know */
  keptOf(account: string): Kept
  /** Runs a task after the looks and requests before it. */
  queued<T>(account: string, task: () => Promise<T>): Promise<T>
  /** Looks in the account's queue. @throws what tmux throws */
  now(account: string): Promise<Looked>
  /** Looks; the caller is in the account's queue. @throws what tmux throws */
  look(account: string): Promise<Looked>
  /** Reads the screen of a login's pane. @throws what tmux throws */
  read(paneId: string): Promise<LoginScreen>
  /** Writes a line to the log and the journal. */
  record(account: string, id: string, what: string, by: Actor): void
}

// claude.ai answers a code within some seconds.
export const answerMs = 20_000
const linkLateMs = 20_000
// Enough for a link or a code of 4096 characters, and many tries.
const screenLines = 200
// A program that nobody needs would otherwise wait for its code for days.
const waitMs = 30 * 60_000

const lateCode = {
  state: 'failed',
  message: `No code came within ${waitMs / 60_000} minutes, so lab ended the login.`,
} as const

/** Whether a login has waited for its code for too long. */
export function isExpired({ createdAt }: ListedSession, now: number): boolean {
  return createdAt * 1000 + waitMs < now
}

export function createLooks(options: LoginOptions): Looks {
  const { deps } = options
  const { tmux, homes, log, now } = deps
  const kept = new Map<string, Kept>()

  function keptOf(account: string): Kept {
    if (!homes.has(account)) throw new InvalidRequest(`lab has no account "${account}".`)
    const one = kept.get(account) ?? { queue: createQueue(), outcome: null, given: null }
    kept.set(account, one)
    return one
  }

  function record(account: string, id: string, what: string, by: Actor): void {
    const at = new Date(now()).toISOString()
    log.info({ account, by }, what)
    deps.journal.append({ at, id, name: loginSessionName(account), what, by })
  }

  const read = async (paneId: string): Promise<LoginScreen> =>
    readLoginScreen(await tmux.capture(paneId, screenLines))

  /** Ends a session and keeps how its login ended. */
  async function conclude(
    account: string,
    { lab, pane }: LoginSession,
    { state, message }: Pick<LoginFlow, 'state' | 'message'>,
  ): Promise<LoginFlow> {
    await tmux.killPane({ paneId: pane.paneId, id: lab.id })
    record(account, lab.id, state === 'done' ? 'logged_in' : 'login_failed', 'nobody')
    const flow = { account, state, url: null, message, since: new Date(now()).toISOString() }
    keptOf(account).outcome = flow
    return flow
  }

  async function look(account: string): Promise<Looked> {
    const { outcome, given } = keptOf(account)
    const session = await findLogin(account, options)
    if (!session) return { flow: outcome ?? idle(account), session, screen: null }
    const screen = await read(session.pane.paneId)
    const ended = session.pane.dead
      ? await outcomeOf(account, { session, screen, deps })
      : isExpired(session, now())
        ? lateCode
        : null
    // Until Claude has read the line, the prompt looks as if it still waits.
    const isGiven = given?.asked === screen.asked && performance.now() - given.at < answerMs
    if (!ended)
      return { flow: flowOf(account, session, screen, { isGiven, now: now() }), session, screen }
    return { flow: await conclude(account, session, ended), session: null, screen: null }
  }

  const queued = <T>(account: string, task: () => Promise<T>): Promise<T> =>
    keptOf(account).queue.run(task)
  return {
    keptOf,
    queued,
    now: (account) => queued(account, () => look(account)),
    look,
    read,
    record,
  }
}

/** How a login ended whose program has ended. Claude's own status decides over its words. */
async function outcomeOf(
  account: string,
  of: {
    readonly session: LoginSession
    readonly screen: LoginScreen
    readonly deps: Pick<InstancesDeps, 'homes'>
  },
): Promise<Pick<LoginFlow, 'state' | 'message'>> {
  const { program } = homeOf(of.deps.homes, account)
  await program.recheck()
  const { deadStatus, deadSignal } = of.session.pane
  // tmux does not know the exit status of every pane that died. Claude's words decide then.
  const isWell =
    deadStatus === null && deadSignal === null ? of.screen.hasSucceeded : deadStatus === 0
  if (!isWell)
    return { state: 'failed', message: of.screen.said ?? 'Claude ended without a reason.' }
  if (program.lastLogin() !== 'logged_out') return { state: 'done', message: null }
  return { state: 'failed', message: 'Claude ended the login and still reports none.' }
}

/** The account has no login that runs. */
export function idle(account: string): LoginFlow {
  return { account, state: 'idle', url: null, message: null, since: null }
}

/** The login of a program that runs. */
function flowOf(
  account: string,
  { name, createdAt }: LoginSession,
  { url, draft, asked, said }: LoginScreen,
  { isGiven, now }: { readonly isGiven: boolean; readonly now: number },
): LoginFlow {
  const since = new Date(createdAt * 1000).toISOString()
  const running = { account, url: null, message: null, since }
  if (url !== null && draft !== null && !isGiven)
    return { ...running, state: 'code', url, message: asked > 1 ? said : null }
  if (url !== null && asked > 0) return { ...running, state: 'checking' }
  const isLate = createdAt * 1000 + linkLateMs < now
  const message = `Claude shows no link yet. \`lab tmux attach -t =${name}\` shows what it does.`
  return { ...running, state: 'starting', message: isLate ? message : null }
}
