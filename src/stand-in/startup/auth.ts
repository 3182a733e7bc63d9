// `claude auth …`: shows the login, logs in with a code, and logs out.
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Behaviour } from '../behaviour.ts'
import { editJson, hasCredentials, type Home } from '../files/home.ts'

/** Runs `auth status|login|logout` and resolves to the exit code. */
export async function runAuth(
  argv: readonly string[],
  home: Home,
  behaviour: Behaviour,
): Promise<number> {
  switch (argv[0]) {
    case 'status':
      return status(home, behaviour)
    case 'login':
      return login(home)
    case 'logout':
      rmSync(home.credentials, { force: true })
      console.log('Successfully logged out from your Anthropic account.')
      return 0
    default:
      console.error(`error: unknown command '${argv[0] ?? ''}'`)
      return 1
  }
}

async function status(home: Home, behaviour: Behaviour): Promise<number> {
  await sleep(behaviour.authMs)
  const loggedIn = behaviour.loggedIn ?? hasCredentials(home)
  const answer = {
    loggedIn,
    authMethod: loggedIn ? 'claude.ai' : 'none',
    apiProvider: 'firstParty',
    analyticsDisabled: false,
    projectsDirectory: home.projects,
    configDirectory: home.configDir,
    loginExpiresAt: null,
    consoleProfileSignInOffered: true,
    ...(loggedIn && { email: 'demo@example.com', orgName: 'Demo', subscriptionType: 'max' }),
  }
  console.log(JSON.stringify(answer, null, 2))
  return loggedIn ? 0 : 1
}

async function login(home: Home): Promise<number> {
  const url = new URL('https://claude.com/cai/oauth/authorize')
  url.search = new URLSearchParams({
    code: 'true',
    client_id: '9d1c250a-e61b-44d9-88ed-5944d1962f5e',
    response_type: 'code',
    redirect_uri: 'https://platform.claude.com/oauth/code/callback',
    scope: 'org:create_api_key user:profile user:inference user:sessions:claude_code',
    code_challenge: randomBytes(32).toString('base64url'),
    code_challenge_method: 'S256',
    state: randomBytes(32).toString('base64url'),
  }).toString()
  console.log('Opening browser to sign in…')
  console.log(`If the browser didn't open, visit: ${url.href}`)
  const lines = createInterface({ input: process.stdin, output: process.stdout })
  const code = (await lines.question('Paste code here if prompted > ')).trim()
  lines.close()
  // A code is CODE#STATE. Claude Code refuses any other text.
  if (!/^[\w-]{4,}#[\w-]+$/.test(code)) {
    console.error('Login failed: Invalid code. Please make sure the full code was copied.')
    return 1
  }
  editJson(home.credentials, (value) => {
    value['claudeAiOauth'] = standInLogin
  })
  console.log('Login successful.')
  return 0
}

/** The login in the credentials file of the stand-in. */
export const standInLogin = { accessToken: 'stand-in', refreshToken: 'stand-in', subscriptionType: 'max' } // prettier-ignore
