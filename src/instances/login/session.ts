// The tmux session in which Claude logs in, known by its metadata.
import { randomUUID } from 'node:crypto'
import { homeOf } from '../../claude/home.ts'
import { loginLaunch } from '../../claude/login/launch.ts'
import { loginSessionName } from '../../core/names.ts'
import { planLaunch } from '../../core/plan.ts'
import { environmentNames } from '../../processes/proc.ts'
import type { ListedSession } from '../../tmux/tmux.ts'
import type { InstancesDeps } from '../state/deps.ts'
import type { Ledger } from '../state/ledger.ts'

export interface LoginSession extends ListedSession {
  readonly lab: NonNullable<ListedSession['lab']>
  readonly pane: NonNullable<ListedSession['pane']>
}

/** The account that a session logs in; null for any other session. An instance's metadata can be forged. */
export function accountIn(
  { lab, pane }: ListedSession,
  ledger: Pick<Ledger, 'find'>,
): string | null {
  return lab && pane && !ledger.find(lab.id) ? (lab['login'] ?? null) : null
}

/** Looks for the account's session now. @throws what tmux throws */
export async function findLogin(
  account: string,
  { deps, ledger }: { readonly deps: Pick<InstancesDeps, 'tmux'>; readonly ledger: Ledger },
): Promise<LoginSession | null> {
  const { sessions } = await deps.tmux.list()
  const found = sessions.find((session) => accountIn(session, ledger) === account)
  return (found as LoginSession | undefined) ?? null
}

/** Makes the session and returns its id. @throws what tmux throws, also when the name is taken */
export async function makeLogin(
  account: string,
  claude: string,
  { tmux, homes, store, launch }: InstancesDeps,
): Promise<string> {
  const { environment: lab, passEnv, historyLimit } = launch
  const { server } = store.facts
  const inherited = server ? environmentNames(server.pid) : []
  const id = randomUUID()
  const plan = planLaunch(
    { name: loginSessionName(account), cwd: '/', metadata: { id, login: account } },
    [loginLaunch({ claude, lab, inherited, passEnv }), { env: homeOf(homes, account).environment }],
  )
  await tmux.newSession({ ...plan, historyLimit })
  return id
}
