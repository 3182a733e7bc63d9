// `claude auth …`: shows the login, logs in with a code, and logs out.
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { createInterface } from 'node:readline'
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

const promptText = 'Paste code here if prompted > '

async function login(home: Home): Promise<number> {
  console.log('Opening browser to sign in…')
  console.log("If the browser didn't open, visit:")
  console.log(`https://claude.ai/oauth/authorize?z-${randomBytes(32).toString('base64url')}`)
  const lines = createInterface({ input: process.stdin, output: process.stdout })
  lines.setPrompt(promptText)
  lines.prompt()
  for await (const line of lines) {
    const code = line.trim()
    const problem = problemOf(code)
    if (problem !== null) {
      console.error(problem)
      lines.prompt()
      continue
    }
    lines.close()
    console.log('Signing in…')
    // claude.ai knows which codes are right. To the stand-in, a right code does not begin with `wrong`.
    if (code.startsWith('wrong')) {
      console.error("Couldn't log in: Request failed with status code 400")
      return 1
    }
    editJson(home.credentials, (value) => {
      value['claudeAiOauth'] = standInLogin
    })
    console.log('Login successful.')
    return 0
  }
  console.error("Couldn't log in: Input ended before a code was pasted. Sign in again and paste the code shown.") // prettier-ignore
  return 130
}

/** Why Claude Code takes a line for something else than CODE#STATE, and asks again. */
function problemOf(line: string): string | null {
  if (/https?:\/\//.test(line))
    return "That's a web address, not the code. If it's a sign-in link, open it in your browser. If the last page shows a code, paste it here."
  if (/^[\d\s-]{4,12}$/.test(line))
    return 'That looks like a verification code. Enter it in your browser, on the page that asks for it. If a page then shows a longer code, paste it here.'
  const [code, state] = line.split('#')
  if (code && state) return null
  return "That doesn't look like the full code. Copy all of it, including the # in the middle."
}

/** The login in the credentials file of the stand-in. */
export const standInLogin = { accessToken: 'stand-in', refreshToken: 'stand-in', subscriptionType: 'max' } // prettier-ignore
