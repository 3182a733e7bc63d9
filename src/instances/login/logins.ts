// Logs Claude in: one `claude auth login` per account, in a session that no instance has.
import { setTimeout as sleep } from 'node:timers/promises'
import { homeOf } from '../../claude/home.ts'
import type { Actor } from '../../core/actor.ts'
import { isRunning, whyNoCode, type LoginFlow, type LoginState } from '../../core/input/login.ts'
import { defaultAccount } from '../../core/instance.ts'
import { ClaudeMissing, InvalidRequest } from '../../errors.ts'
import { LoginNotAsking } from '../../errors/login.ts'
import type { ListedSession } from '../../tmux/tmux.ts'
import { answerMs, createLooks, idle, isExpired, type LoginOptions } from './look.ts'
import { accountIn, findLogin, makeLogin } from './session.ts'

export interface Logins {
  /** The login of an account. @throws InvalidRequest for an account that lab does not know, and what tmux throws */
  state(account?: string): Promise<LoginFlow>
  /**
   * Starts a login and waits up to 3 s for its link. One that runs already is the answer, too.
   * @throws ClaudeMissing, and what `state` throws
   */
  start(account: string | undefined, by: Actor): Promise<LoginFlow>
  /**
   * Types the code and waits up to 20 s for Claude's answer. @throws InvalidRequest for a code that would
   * press keys, LoginNotAsking while no prompt waits for one, and what `state` throws
   */
  giveCode(account: string | undefined, code: string, by: Actor): Promise<LoginFlow>
  /** Ends a login, and forgets how the latest one ended. @throws what `state` throws */
  cancel(account: string | undefined, by: Actor): Promise<LoginFlow>
}

export interface LoginRoom extends Logins {
  /** Reads the logins of a listing that have ended or that wait for too long, and ends their sessions. */
  follow(sessions: readonly ListedSession[]): void
}

// Claude shows the link within a second; on a busy machine later.
const linkMs = 3000
const pollMs = 200

export function createLogins(options: LoginOptions): LoginRoom {
  const { deps, ledger } = options
  const { tmux, homes, log } = deps
  const looks = createLooks(options)
  const settled = (account: string, timeoutMs: number, passing: LoginState): Promise<LoginFlow> =>
    waitWhile(passing, timeoutMs, async () => (await looks.now(account)).flow)

  async function begin(account: string, by: Actor): Promise<void> {
    if (isRunning((await looks.look(account)).flow)) return
    const claude = homeOf(homes, account).program.locate()
    if (claude === null) throw new ClaudeMissing(deps.launch.command)
    const id = await makeLogin(account, claude, deps)
    Object.assign(looks.keptOf(account), { outcome: null, given: null })
    looks.record(account, id, 'login_started', by)
  }

  async function type(account: string, code: string, by: Actor): Promise<void> {
    const { flow, session, screen } = await looks.look(account)
    if (flow.state !== 'code' || !session || !screen) throw new LoginNotAsking()
    const { paneId } = session.pane
    if (screen.draft !== '') await tmux.pressKeys(paneId, ['C-u'])
    await tmux.typeText(paneId, code)
    if ((await looks.read(paneId)).draft === null) throw new LoginNotAsking()
    await tmux.pressKeys(paneId, ['Enter'])
    looks.keptOf(account).given = { asked: screen.asked, at: performance.now() }
    looks.record(account, session.lab.id, 'login_code', by)
  }

  async function end(account: string, by: Actor): Promise<LoginFlow> {
    const session = await findLogin(account, options)
    looks.keptOf(account).outcome = null
    if (session) {
      await tmux.killPane({ paneId: session.pane.paneId, id: session.lab.id })
      looks.record(account, session.lab.id, 'login_canceled', by)
    }
    return idle(account)
  }

  function followOne(session: ListedSession): void {
    const account = accountIn(session, ledger)
    const isOver = session.pane?.dead || isExpired(session, deps.now())
    if (account === null || !isOver || !homes.has(account)) return
    if (looks.keptOf(account).queue.size() > 0) return
    looks.now(account).catch((error: unknown) => {
      log.warn({ err: error, account }, 'lab could not read how a login ended')
    })
  }

  return {
    state: async (account = defaultAccount) => (await looks.now(account)).flow,
    async start(account = defaultAccount, by) {
      await looks.queued(account, () => begin(account, by))
      return settled(account, linkMs, 'starting')
    },
    giveCode: async (account = defaultAccount, code, by) => {
      const typed = code.trim()
      const why = whyNoCode(typed)
      if (why !== null) throw new InvalidRequest(why)
      await looks.queued(account, () => type(account, typed, by))
      return settled(account, answerMs, 'checking')
    },
    cancel: async (account = defaultAccount, by) => looks.queued(account, () => end(account, by)),
    follow: (sessions) => sessions.forEach(followOne),
  }
}

/** Looks until the login is in another state, or the time is over. */
async function waitWhile(
  passing: LoginState,
  timeoutMs: number,
  look: () => Promise<LoginFlow>,
): Promise<LoginFlow> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const flow = await look()
    if (flow.state !== passing || performance.now() > deadline) return flow
    await sleep(pollMs)
  }
}
