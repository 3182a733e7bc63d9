import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { prepareDemo } from '../../src/demo/demo.ts'
import { until } from '../fixtures/until.ts'
import { isAlive } from '../stand-in/stage.ts'

const labPath = resolve(import.meta.dirname, '../../dist/lab.js')

describe('lab demo', () => {
  test('makes repositories and a claude with a login, and leaves nothing behind', async () => {
    const demo = await prepareDemo({ node: process.execPath, labPath })
    try {
      const { projectsRoot, claude, claudeConfigDir, stateDir, tmuxSocket } = demo
      for (const project of ['api', 'web-shop', 'infra', 'notes', 'clients/acme/web'])
        expect(git(join(projectsRoot, project), 'status', '--porcelain', '--branch')).toBe(
          '## main\n',
        )
      const env = {
        PATH: process.env['PATH']!,
        HOME: '/nonexistent',
        CLAUDE_CONFIG_DIR: claudeConfigDir,
        LAB_STATE_DIR: stateDir,
        LAB_INSTANCE: 'one',
      }
      const status = execFileSync(claude, ['auth', 'status', '--json'], { env, encoding: 'utf8' })
      expect(JSON.parse(status)).toMatchObject({ loggedIn: true, configDirectory: claudeConfigDir })
      expect(statSync(join(claudeConfigDir, '.credentials.json')).mode & 0o777).toBe(0o600)
      // An agent's child may outlive its session, as this one does.
      const argv = ['-L', tmuxSocket, '-f', '/dev/null', 'new-session', '-d', 'setsid sleep 600 & echo $! >pid; sleep 600'] // prettier-ignore
      execFileSync('tmux', argv, { env, cwd: dirname(projectsRoot) })
      const ask = ['-L', tmuxSocket, 'display-message', '-p', '#{socket_path}']
      const socket = execFileSync('tmux', ask, { encoding: 'utf8' }).trim()
      expect(existsSync(socket)).toBe(true)
      const pidFile = join(dirname(projectsRoot), 'pid')
      const pid = await until(() => Number(readFileSync(pidFile, 'utf8')) || null, {
        what: 'a child',
      })
      await demo.cleanup()
      expect(existsSync(dirname(projectsRoot))).toBe(false)
      expect(existsSync(socket)).toBe(false)
      await until(() => !isAlive(pid), { what: 'the end of the child' })
      expect(() => execFileSync('tmux', ['-L', tmuxSocket, 'ls'], { stdio: 'pipe' })).toThrow(/no server|No such file/) // prettier-ignore
    } finally {
      await demo.cleanup()
    }
  })

  test('names the failure in one line and leaves nothing behind when there is no git', () => {
    const dir = mkdtempSync(join(tmpdir(), 'ld-'))
    try {
      const env = { PATH: '/nonexistent', HOME: dir, TMPDIR: dir, TMUX_TMPDIR: dir }
      const { status, stderr } = spawnSync(process.execPath, [labPath, 'demo'], { env, encoding: 'utf8' }) // prettier-ignore
      expect(stderr).toMatch(/^Preparing .*\nlab: lab could not prepare the demo.*git.*\n$/)
      expect(status).toBe(2)
      expect(readdirSync(dir)).toEqual([])
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
  })
})

interface Shown {
  readonly id: string
  readonly state: string
}

describe('a demonstration', () => {
  test('opens with five agents in five states, starts over, and leaves nothing behind', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'ld-'))
    const env = { PATH: process.env['PATH']!, HOME: dir, TMPDIR: dir, TMUX_TMPDIR: dir }
    const child = spawn(process.execPath, [labPath, 'demo', '--port=0'], { env, stdio: ['ignore', 'pipe', 'pipe'] }) // prettier-ignore
    const ended = once(child, 'close')
    try {
      let said = ''
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
      const url = await until(() => /listening on (\S+)/.exec(said)?.[1], { what: 'lab listens' })
      expect(said).toMatch(/^Preparing six repositories/)
      const shown = async (): Promise<Shown[]> => {
        const response = await fetch(`${url}/api/v1/instances`)
        return ((await response.json()) as { instances: Shown[] }).instances
      }
      const areAll = async (): Promise<boolean> => {
        const states = (await shown()).map(({ state }) => state).toSorted()
        return states.join() === ['busy', 'error', 'ready', 'starting', 'waiting'].join()
      }
      await until(areAll, { what: 'five agents in five states', timeoutMs: 30_000 })
      const page = await (await fetch(url)).text()
      expect(page).toContain('Demonstration: the agents are stand-ins.')
      expect(page).toMatch(/class="button open" href="\/instances\/[^"/]+\/stand-in"/)
      const before = new Set((await shown()).map(({ id }) => id))
      const headers = { origin: url, 'content-type': 'application/x-www-form-urlencoded' }
      const answer = await fetch(`${url}/demo/start-over`, { method: 'POST', headers, redirect: 'manual' }) // prettier-ignore
      expect(answer.status).toBe(303)
      await until(areAll, { what: 'the same again', timeoutMs: 30_000 })
      expect((await shown()).filter(({ id }) => before.has(id))).toEqual([])
    } finally {
      child.kill('SIGINT')
      await ended
      const left = readdirSync(dir).filter((name) => name.startsWith('lab-demo-'))
      rmSync(dir, { recursive: true, force: true })
      expect(left).toEqual([])
    }
  }, 90_000)
})

function git(cwd: string, ...args: readonly string[]): string {
  return execFileSync('git', args, { cwd, encoding: 'utf8' })
}
