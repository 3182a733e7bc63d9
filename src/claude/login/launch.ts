// Claude Code's contribution to the session that logs it in. Pure.
import type { Contribution } from '../../core/plan.ts'
import { leaksOf, programEnvironment, type Environment } from '../launch.ts'

/** The program and its environment. It is no agent, so it gets none of lab's own variables. */
export function loginLaunch(options: {
  readonly claude: string
  readonly lab: Environment
  /** The names of the tmux server's variables. */
  readonly inherited: readonly string[]
  readonly passEnv: readonly string[]
}): Contribution {
  const { claude, lab, inherited, passEnv } = options
  return {
    argv: [claude, 'auth', 'login'],
    // The operator opens the link on any device. A browser on lab's machine may have no one in front of it.
    env: { ...programEnvironment(lab, passEnv), BROWSER: 'true' },
    unset: leaksOf(lab, inherited),
  }
}
