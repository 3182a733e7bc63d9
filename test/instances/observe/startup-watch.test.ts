// A verified start: an instance is ready only when its agent reports it. lab names a dialog and presses
// no key.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { InstancesDeps } from '../../../src/instances/state/deps.ts'
import { createStartupWatch } from '../../../src/instances/observe/startup-watch.ts'
import { reserve } from '../../fixtures/entry.ts'
import { test } from '../../fixtures/lab.ts'
import { keep } from '../../fixtures/ledger.ts'
import { until } from '../../fixtures/until.ts'

test('a start is starting until the agent reports', async ({ lab }) => {
  lab.behave({ startMs: 1500 })
  await lab.boot()
  const events = await lab.events()
  const { id } = await lab.start('foo')
  await lab.reaches(id, 'ready')
  const states = (): readonly string[] =>
    events.events.flatMap((event) =>
      event.type === 'instance' && event.instance.id === id ? [event.instance.state] : [],
    )
  // Events arrive by another connection than answers.
  await until(() => states().includes('ready'), { what: 'the word of it' })
  expect([...new Set(states())]).toEqual(['starting', 'ready'])
  events.close()
})

test('a start-up dialog is shown by name until a person answers it', async ({ lab }) => {
  await lab.boot()
  const { id } = await lab.start('foo')
  await lab.reaches(id, 'ready')
  await lab.call('DELETE', `/api/v1/instances/${id}`)
  await lab.reaches(id, 'stopped')
  // lab seeds trust at the start; the test removes it before the agent looks.
  const now = join(lab.dir, 'now')
  lab.behave({ startOnce: now })
  const second = await lab.start('bar')
  const config = join(lab.home, '.claude.json')
  writeFileSync(config, JSON.stringify({ hasCompletedOnboarding: true, theme: 'dark' }))
  writeFileSync(now, '')
  const waiting = await lab.reaches(second.id, 'waiting')
  expect(waiting.waitingFor).toBe('trust')
  await lab.tmux('send-keys', '-t', '=bar:', 'Down')
  await lab.tmux('send-keys', '-t', '=bar:', 'Enter')
  await lab.reaches(second.id, 'ready')
})

test('a dialog of a running agent is waiting with the agent’s own words, until a person answers it', async ({
  lab,
}) => {
  lab.behave({ permissions: 'manual', deafMs: 0 })
  await lab.boot()
  const { id } = await lab.start('foo')
  await lab.reaches(id, 'ready')
  const type = async (text: string): Promise<void> => {
    await lab.tmux('send-keys', '-t', '=foo:', '-l', text)
    await lab.tmux('send-keys', '-t', '=foo:', 'Enter')
  }
  await type('TOOL bash touch made')
  expect((await lab.reaches(id, 'waiting')).waitingFor).toBe('permission prompt')
  await lab.tmux('send-keys', '-t', '=foo:', 'Escape')
  await lab.reaches(id, 'ready')
  await type('TOOL ask')
  expect((await lab.reaches(id, 'waiting')).waitingFor).toBe('input needed')
  await lab.tmux('send-keys', '-t', '=foo:', 'Enter')
  await lab.reaches(id, 'ready')
  await type('TOOL bg sleep 4321')
  const { state } = await until(
    async () => {
      const instance = await lab.get(id)
      return instance.background ? instance : null
    },
    { what: 'a command in the background' },
  )
  expect(state).toBe('ready')
  const command = await until(
    () =>
      lab
        .processesOf(id)
        .find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'latin1') === 'sleep\u00004321\u0000'),
    { what: 'the command' },
  )
  process.kill(command, 'SIGTERM')
  await until(async () => !(await lab.get(id)).background, { what: 'no command any more' })
})

test('a title distinguishes busy from quiet where the registry has no status', async ({ lab }) => {
  lab.behave({ registry: 'no-status' })
  await lab.boot()
  const { id } = await lab.start('foo')
  await lab.reaches(id, 'ready')
  // As versions without a status animate it.
  await lab.tmux('select-pane', '-t', '=foo:', '-T', '◐ foo')
  await lab.reaches(id, 'busy')
  await lab.tmux('select-pane', '-t', '=foo:', '-T', '✳ foo')
  await lab.reaches(id, 'ready')
})

test('a start of more than a minute gives one warning with its screen, and keeps running', async () => {
  const session = { isMoved: false, paneId: '%1', panePid: 1 }
  const at = (seconds: number): number => performance.now() - seconds * 1000
  // The test sets the clock, which must not matter.
  const launch = { startedAt: '2036-01-01T00:00:00.000Z', startedMs: at(58) }
  const entry = reserve({ launch, seen: { session } })
  const { ledger, events } = keep([entry])
  const lines: unknown[] = []
  const look = createStartupWatch(
    {
      tmux: { capture: async () => ['loading the world', ''] },
      log: { warn: () => undefined, debug: () => undefined },
      journal: { append: (line: unknown) => lines.push(line) },
      now: Date.now,
    } as unknown as InstancesDeps,
    ledger,
    () => undefined,
  )
  await look()
  expect([entry.seen.startupWarning, events, lines]).toEqual([null, [], []])
  ledger.change(entry, { launch: { startedMs: at(61) } })
  await look()
  await look()
  expect(entry).toMatchObject({ state: 'starting', end: null })
  expect(entry.seen.startupWarning).toMatchObject({
    reason: 'start_failed',
    lastLines: ['loading the world'],
  })
  expect(events).toHaveLength(1)
  expect(lines).toEqual([expect.objectContaining({ what: 'startup warning' })])
})

test('a lost link is shown without an end of the agent, and a new link replaces it', async ({
  lab,
}) => {
  await lab.boot()
  const { id } = await lab.start('foo')
  const linked = await until(
    async () => {
      const instance = await lab.get(id)
      return instance.linkState === 'linked' ? instance : null
    },
    { what: 'its link' },
  )
  const type = async (text: string): Promise<void> => {
    await lab.tmux('send-keys', '-t', '=foo:', '-l', text)
    await lab.tmux('send-keys', '-t', '=foo:', 'Enter')
  }
  await type('LINK lose')
  await until(async () => (await lab.get(id)).linkState === 'lost', { what: 'the link lost' })
  expect(await lab.reaches(id, 'ready')).toMatchObject({ linkState: 'lost', deepLink: null })
  await type('LINK connect')
  await until(async () => (await lab.get(id)).linkState === 'linked', { what: 'linked again' })
  const before = (await lab.get(id)).deepLink
  await type('LINK rotate')
  await until(async () => (await lab.get(id)).deepLink !== before, { what: 'another link' })
  expect(linked.state).toBe('ready')
})

test('an instance whose link is lost gets a new one by a resume, in its conversation', async ({
  lab,
}) => {
  await lab.boot()
  const { id } = await lab.start('foo')
  await until(async () => (await lab.get(id)).linkState === 'linked', { what: 'its link' })
  const before = await lab.get(id)
  await lab.tmux('send-keys', '-t', '=foo:', '-l', 'SAY keep this')
  await lab.tmux('send-keys', '-t', '=foo:', 'Enter')
  await lab.tmux('send-keys', '-t', '=foo:', '-l', 'LINK lose')
  await lab.tmux('send-keys', '-t', '=foo:', 'Enter')
  await until(async () => (await lab.get(id)).linkState === 'lost', { what: 'the link lost' })
  const { status } = await lab.call('POST', `/api/v1/instances/${id}/resume`)
  expect(status).toBe(201)
  await until(async () => (await lab.get(id)).linkState === 'linked', { what: 'a new link' })
  const after = await lab.get(id)
  expect([after.name, after.conversation]).toEqual([before.name, before.conversation])
  expect(after.deepLink).not.toBe(before.deepLink)
  expect(after.pid).not.toBe(before.pid)
})
