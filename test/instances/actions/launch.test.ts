// The launch file in lab's folder and the metadata on the session, for the agent and for a later lab.
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect } from 'vitest'
import { argvOf } from '../../../src/processes/proc.ts'
import { test } from '../../fixtures/lab.ts'
import { fooAndBar, stop } from '../../fixtures/life.ts'

/** The launch file of a running agent. */
function launchFileOf({ pid }: { readonly pid: number | null }): string {
  const argv = argvOf(pid!)
  return argv[argv.indexOf('--settings') + 1]!
}

describe('a launch file', () => {
  test('holds the settings of one launch alone, and only for its user', async ({ lab }) => {
    const files = (await fooAndBar(lab)).map(launchFileOf)
    expect(new Set(files).size).toBe(2)
    for (const file of files) {
      expect(dirname(file)).toBe(join(lab.stateDir, 'notes'))
      expect(statSync(file).mode & 0o777).toBe(0o600)
      expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ disableAgentView: true })
    }
  })

  test('stays for a person who runs the agent again in its pane, until a resume or a dismissal', async ({
    lab,
  }) => {
    const [foo, bar] = await fooAndBar(lab)
    const files = [foo, bar].map(launchFileOf)
    await stop(lab, foo.id)
    expect(files.map((file) => existsSync(file))).toEqual([true, true])
    expect((await lab.call('POST', `/api/v1/instances/${foo.id}/resume`)).status).toBe(201)
    const resumed = launchFileOf(await lab.reaches(foo.id, 'ready'))
    expect(files).not.toContain(resumed)
    expect([files[0]!, resumed].map((file) => existsSync(file))).toEqual([false, true])
    await stop(lab, foo.id)
    await lab.call('DELETE', `/api/v1/instances/${foo.id}`)
    expect([resumed, files[1]!].map((file) => existsSync(file))).toEqual([false, true])
  })

  test('stays while lab is away, for an agent that outlives lab', async ({ lab }) => {
    const [foo] = await fooAndBar(lab)
    await lab.end('SIGKILL')
    expect(existsSync(launchFileOf(foo))).toBe(true)
    await lab.boot()
    await lab.reaches(foo.id, 'ready')
    expect(existsSync(launchFileOf(foo))).toBe(true)
  })
})
