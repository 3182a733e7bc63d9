// Many instances at once, and a lab that is killed again and again: lab loses, doubles and leaves nothing.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Instance } from '../../src/core/instance.ts'
import { test, type TestLab } from '../fixtures/lab.ts'
import { isAlive, looked, sessions } from '../fixtures/life.ts'
import { until } from '../fixtures/until.ts'

/** An agent that costs next to nothing and has a child in a session of its own; it stays `starting`. */
function cheapAgent(lab: TestLab): string {
  const claude = join(lab.dir, 'cheap')
  const program = `#!/bin/sh
case $1 in
auth) echo '{"loggedIn":true}'; exit ;;
--version) echo 2.1.329; exit ;;
esac
echo hello
setsid sleep 5000 &
exec sleep 5000
`
  writeFileSync(claude, program, { mode: 0o755 })
  return `--claude=${claude}`
}

async function known(lab: TestLab): Promise<readonly Instance[]> {
  return (await lab.call('GET', '/api/v1/instances?ended=1')).body.instances
}

const isLive = ({ state }: Instance): boolean => state !== 'stopped' && state !== 'error'

/** The instances whose LAB_INSTANCE running processes carry. */
function instancesOf(lab: TestLab): ReadonlySet<string> {
  const found = new Set<string>()
  for (const pid of lab.processesOf()) {
    try {
      const environ = readFileSync(`/proc/${pid}/environ`, 'latin1')
      found.add(/(?:^|\0)LAB_INSTANCE=([^\0]+)/.exec(environ)![1]!)
    } catch {
      // It ended while we looked.
    }
  }
  return found
}

test('forty instances stop on one request and leave nothing behind', async ({ lab }) => {
  await lab.boot(cheapAgent(lab), '--max-instances=40')
  const ids: string[] = []
  // A project keeps twenty that ended; ten at a time, for this is about the stop.
  for (let i = 0; i < 4; i++) {
    const project = i % 2 ? 'foo' : 'bar'
    const ten = await Promise.all(Array.from({ length: 10 }, () => lab.start(project)))
    ids.push(...ten.map(({ id }) => id))
  }
  await until(() => instancesOf(lab).size === 40, { what: 'forty agents' })
  const { body } = await lab.call('DELETE', '/api/v1/instances')
  expect(body.results).toHaveLength(40)
  await until(async () => !(await known(lab)).some(isLive), {
    timeoutMs: 30_000,
    what: 'all of them ended',
  })
  const ends = (await known(lab)).map(({ id, evidence }) => [id, evidence?.reason, evidence?.by])
  expect(ends.toSorted()).toEqual(ids.map((id) => [id, 'stopped', 'api']).toSorted())
  expect(lab.processesOf()).toEqual([])
  await until(async () => (await sessions(lab)).length === 0, { what: 'no session' })
})

test('a lab that is killed between any two steps loses, doubles and leaves behind nothing', async ({
  lab,
}) => {
  const flags = [cheapAgent(lab), '--max-instances=50']
  await lab.boot(...flags)
  const witness = await lab.start('bar')
  const { pid } = await until(
    async () => {
      const instance = await lab.get(witness.id)
      return instance.pid ? instance : null
    },
    { what: 'the witness’s agent' },
  )
  // Numbers that look random and are the same in every run.
  let seed = 7
  const random = (): number => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648
  for (let round = 0; round < 8; round++) {
    const under: Promise<unknown>[] = []
    const ask = (method: string, path: string): void =>
      void under.push(lab.call(method, `/api/v1${path}`).catch(() => undefined))
    for (const instance of await known(lab)) {
      if (instance.id === witness.id || random() > 0.6) continue
      if (isLive(instance)) ask('DELETE', `/instances/${instance.id}`)
      else ask('POST', `/instances/${instance.id}/resume`)
    }
    for (let i = 0; i < 2; i++) ask('POST', '/projects/foo/instances')
    // This test varies the moment of the kill, so the kill waits for a time and not for an event.
    await new Promise((resolve) => setTimeout(resolve, random() * 120))
    await lab.end('SIGKILL')
    await Promise.all(under)
    await lab.boot(...flags)
  }
  const settled = async (): Promise<boolean> => {
    const live = (await known(lab)).filter(isLive).map(({ id }) => id)
    const panes = await lab.tmux('list-panes', '-a', '-F', '#{@lab_id} #{pane_dead}')
    const carried = panes.split('\n').filter((line) => line.includes('-'))
    const alive = carried.map((line) => line.split(' ')[0]!)
    return (
      live.toSorted().join() === alive.toSorted().join() &&
      live.toSorted().join() === [...instancesOf(lab)].toSorted().join() &&
      carried.every((line) => line.endsWith(' 0'))
    )
  }
  await until(settled, { timeoutMs: 30_000, what: 'one session and one agent for each live one' })
  await looked(lab)
  expect(await settled()).toBe(true)
  expect(isAlive(pid)).toBe(true)
  expect((await lab.get(witness.id)).pid).toBe(pid)
}, 120_000)
