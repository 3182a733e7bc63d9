import { execFileSync, spawnSync } from 'node:child_process'
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
      expect(stderr).toMatch(/^lab: lab could not prepare the demo.*git.*\n$/)
      expect(status).toBe(2)
      expect(readdirSync(dir)).toEqual([])
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
  })
})

function git(cwd: string, ...args: readonly string[]): string {
  return execFileSync('git', args, { cwd, encoding: 'utf8' })
}
