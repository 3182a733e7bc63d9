// The logins without tmux and claude: a login shows its link at once, and `right#code` is the right code.
import { isRunning, whyNoCode, type LoginFlow } from '../../src/core/input/login.ts'
import { InvalidRequest } from '../../src/errors.ts'
import { LoginNotAsking } from '../../src/errors/login.ts'
import type { Logins } from '../../src/instances/login/logins.ts'

export const fakeLink = 'https://claude.ai/oauth/authorize?z-link'

/** Makes the logins of the one account. `asked` gets a line for each request. */
export function createFakeLogins(asked: string[]): Logins {
  const nothing = {
    account: 'default',
    state: 'idle',
    url: null,
    message: null,
    since: null,
  } as const
  const since = '2026-01-01T00:00:00.000Z'
  let flow: LoginFlow = nothing
  const known = (account = 'default'): void => {
    if (account !== 'default') throw new InvalidRequest(`lab has no account "${account}".`)
  }
  return {
    async state(account) {
      known(account)
      return flow
    },
    async start(account, by) {
      known(account)
      asked.push(`log in by ${by}`)
      if (!isRunning(flow)) flow = { ...nothing, state: 'code', url: fakeLink, since }
      return flow
    },
    async giveCode(account, code, by) {
      known(account)
      asked.push(`code ${code} by ${by}`)
      const why = whyNoCode(code.trim())
      if (why !== null) throw new InvalidRequest(why)
      if (flow.state !== 'code') throw new LoginNotAsking()
      flow =
        code === 'right#code'
          ? { ...nothing, state: 'done', since }
          : { ...flow, message: 'That <b>does not</b> look like the full code.' }
      return flow
    },
    async cancel(account, by) {
      known(account)
      asked.push(`cancel the login by ${by}`)
      return (flow = nothing)
    },
  }
}
