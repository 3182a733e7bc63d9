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

/** Runs it without a terminal, as lab asks who is logged in. */
function run(stage: Stage, ...args: readonly string[]): Promise<Ran> {
  const env = { PATH: process.env['PATH'], HOME: stage.home }
  return new Promise((resolve) => {
    const child = execFile(stage.claude, args, { env }, (error, stdout, stderr) => {
      resolve({ status: error ? Number(error.code) : 0, stdout, stderr })
    })
    child.stdin?.end()
  })
}

describe('auth', () => {
  test('status answers JSON on stdout, and exits 1 when nobody is logged in', async ({ stage }) => {
    const loggedIn = await run(stage, 'auth', 'status', '--json')
    expect(loggedIn.status).toBe(0)
    expect(JSON.parse(loggedIn.stdout)).toMatchObject({ loggedIn: true, authMethod: 'claude.ai' })
    rmSync(join(stage.configDir, '.credentials.json'))
    const loggedOut = await run(stage, 'auth', 'status', '--json')
    expect(loggedOut.status).toBe(1)
    // Word for word what the real one says.
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

  test('login shows a link and takes a code; a wrong one changes nothing', async ({ stage }) => {
    const credentials = join(stage.configDir, '.credentials.json')
    rmSync(credentials)
    const wrong = await stage.start(['auth', 'login'])
    await wrong.shows(
      /^If the browser didn't open, visit: https:\/\/claude\.com\/cai\/oauth\/authorize\?/,
    )
    await wrong.say('nonsense')
    expect(await wrong.ended()).toBe(1)
    expect(existsSync(credentials)).toBe(false)
    const right = await stage.start(['auth', 'login'])
    await right.shows(/^Paste code here if prompted >/)
    await right.say('abcd1234#efgh5678')
    expect(await right.ended()).toBe(0)
    expect((await run(stage, 'auth', 'status')).status).toBe(0)
  })
})

test('the version is that of the real one, and no terminal is a reason to refuse', async ({
  stage,
}) => {
  expect((await run(stage, '--version')).stdout).toBe('2.1.329 (Claude Code)\n')
  const refused = await run(stage)
  expect(refused.status).toBe(1)
  expect(refused.stderr).toMatch(/^Error: Input must be provided/)
})

test('a behaviour that does not exist is named', async ({ stage }) => {
  stage.behave({ misspelt: 1 })
  expect((await run(stage)).stderr).toContain('stand-in: there is no behaviour "misspelt"')
})
