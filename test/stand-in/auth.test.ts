import { execFile } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { test, type Stage } from './stage.ts'

interface Ran {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs the stand-in without a terminal, as lab does to read the login. */
function run(stage: Stage, ...args: readonly string[]): Promise<Ran> {
  const env = { PATH: process.env['PATH'], HOME: stage.home }
  return new Promise((resolve) => {
    const child = execFile(stage.claude, args, { env }, (error, stdout, stderr) => {
      resolve({ status: error ? Number(error.code) : 0, stdout, stderr })
    })
    child.stdin?.end()
  })
}

describe('claude auth', () => {
  test('prints the status as JSON, and exits 1 without a login', async ({ stage }) => {
    const loggedIn = await run(stage, 'auth', 'status', '--json')
    expect(loggedIn.status).toBe(0)
    expect(JSON.parse(loggedIn.stdout)).toMatchObject({ loggedIn: true, authMethod: 'claude.ai' })
    rmSync(join(stage.configDir, '.credentials.json'))
    const loggedOut = await run(stage, 'auth', 'status', '--json')
    expect(loggedOut.status).toBe(1)
    // Claude Code prints exactly this.
    expect(JSON.parse(loggedOut.stdout)).toEqual({
      loggedIn: false,
      authMethod: 'none',
      apiProvider: 'firstParty',
      analyticsDisabled: false,
      projectsDirectory: join(stage.configDir, 'projects'),
      configDirectory: stage.configDir,
      loginExpiresAt: null,
      consoleProfileSignInOffered: true,
    })
  })

  test('shows a login link, asks again for half a code, and refuses a wrong code without a change', async ({
    stage,
  }) => {
    const credentials = join(stage.configDir, '.credentials.json')
    rmSync(credentials)
    const wrong = await stage.start(['auth', 'login'])
    await wrong.shows("If the browser didn't open, visit:")
    await wrong.shows(/^https:\/\/claude\.ai\/oauth\/authorize\?z-[\w-]{43}$/)
    await wrong.say('nonsense')
    await wrong.shows(/^That doesn't look like the full code\./)
    await wrong.say('wrong#code')
    await wrong.shows(/^Couldn't log in: /)
    expect(await wrong.ended()).toBe(1)
    expect(existsSync(credentials)).toBe(false)
    const right = await stage.start(['auth', 'login'])
    await right.shows(/^Paste code here if prompted >/)
    await right.say('abcd1234#efgh5678')
    expect(await right.ended()).toBe(0)
    expect((await run(stage, 'auth', 'status')).status).toBe(0)
  })
})

describe('claude', () => {
  test('prints its version, and refuses a start without a terminal', async ({ stage }) => {
    expect((await run(stage, '--version')).stdout).toBe('2.1.329 (Claude Code)\n')
    const refused = await run(stage)
    expect(refused.status).toBe(1)
    expect(refused.stderr).toMatch(/^Error: Input must be provided/)
  })

  test('names an unknown behaviour when it refuses one', async ({ stage }) => {
    stage.behave({ misspelt: 1 })
    expect((await run(stage)).stderr).toContain('stand-in: there is no behaviour "misspelt"')
  })
})
