// lab shows at once why an instance ended, with the status or signal and the last lines of its screen.
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect } from 'vitest'
import type { Instance } from '../../../src/core/instance.ts'
import { test, type TestLab } from '../../fixtures/lab.ts'
import { isAlive, leaveTool } from '../../fixtures/life.ts'
import { until } from '../../fixtures/until.ts'

const claudeOf = (lab: TestLab): string => join(lab.dir, 'bin', 'claude')

function replaceClaude(lab: TestLab, text: string): void {
  writeFileSync(claudeOf(lab), text)
  chmodSync(claudeOf(lab), 0o755)
}

async function ended(lab: TestLab, id: string): Promise<Instance> {
  return until(
    async () => {
      const instance = await lab.get(id)
      return instance.endedAt ? instance : null
    },
    { timeoutMs: 20_000, what: 'an end' },
  )
}

/** Starts a process with the instance's LAB_INSTANCE that ignores SIGTERM. */
async function leaveStubborn(lab: TestLab, id: string): Promise<void> {
  const before = lab.processesOf(id).length
  const env = { ...lab.env, LAB_INSTANCE: id, LAB_STATE_DIR: lab.stateDir }
  const script = `(setsid sh -c 'trap "" TERM HUP; exec sleep 1000' >&- 2>&- <&- &)`
  await execa('sh', ['-c', script], { env, extendEnv: false })
  await until(() => lab.processesOf(id).length === before + 1, { what: 'what it lets go of' })
}

const deaths = [
  {
    what: 'at once with exit status 3',
    isReady: false,
    die: { afterMs: 0, exit: 3, lines: ['cannot go on: A', 'cannot go on: B'] },
    expected: { reason: 'start_failed', exitCode: 3, signal: null },
    last: 'cannot go on: B',
  },
  {
    what: 'after 50 ms by SIGSEGV',
    isReady: false,
    die: { afterMs: 50, signal: 'SIGSEGV', lines: ['about to fall'] },
    expected: { reason: 'start_failed', exitCode: null, signal: 'SIGSEGV' },
    last: 'about to fall',
  },
  {
    what: 'long since ready, by SIGKILL',
    isReady: true,
    die: { afterMs: 0, signal: 'SIGKILL', lines: ['last words'] },
    expected: { reason: 'signal', exitCode: null, signal: 'SIGKILL' },
    last: 'last words',
  },
  {
    what: 'long since ready, with exit status 7',
    isReady: true,
    die: { afterMs: 0, exit: 7, lines: ['seven'] },
    expected: { reason: 'exited', exitCode: 7, signal: null },
    last: 'seven',
  },
] as const

describe('an agent that dies', () => {
  for (const { what, isReady, die, expected, last } of deaths) {
    test(`${what} leaves its cause and last lines, ten times of ten`, async ({ lab }) => {
      const now = join(lab.dir, 'now')
      lab.behave(isReady ? { die: { ...die, once: now } } : { die, startMs: 60_000 })
      await lab.boot('--max-instances=10')
      const started = await Promise.all(Array.from({ length: 10 }, () => lab.start('foo')))
      if (isReady) for (const { id } of started) await lab.reaches(id, 'ready')
      writeFileSync(now, '')
      for (const { id } of started) {
        const instance = await ended(lab, id)
        expect(instance.state).toBe('error')
        expect(instance.evidence).toMatchObject({ ...expected, by: 'nobody' })
        // Below a prompt, the words follow on what stood there.
        expect(instance.evidence!.lastLines.at(-1)).toMatch(new RegExp(`${last}$`))
      }
      expect(await lab.tmux('list-sessions', '-F', '#{session_name}')).toBe('_lab')
      expect((await lab.call('GET', '/api/v1/server')).body.cap.used).toBe(0)
    })
  }

  test('leaves the same while lab is down', async ({ lab }) => {
    const now = join(lab.dir, 'now')
    lab.behave({
      byName: Object.fromEntries(
        deaths.map(({ die }, i) => [
          i === 0 ? 'foo' : `foo~${i + 1}`,
          { die: { ...die, afterMs: 0, once: now } },
        ]),
      ),
    })
    await lab.boot()
    const started: Instance[] = []
    for (const _ of deaths) started.push(await lab.start('foo'))
    for (const { id } of started) await lab.reaches(id, 'ready')
    await lab.end('SIGKILL')
    writeFileSync(now, '')
    await until(() => lab.processesOf().length === 0, { what: 'all agents gone' })
    await lab.boot()
    for (const [i, { id }] of started.entries()) {
      const { evidence, state } = await ended(lab, id)
      const { expected, last } = deaths[i]!
      expect(state).toBe('error')
      expect(evidence).toMatchObject({ exitCode: expected.exitCode, signal: expected.signal })
      expect(evidence!.lastLines.at(-1)!.slice(-10)).toBe(last.slice(-10))
    }
  })

  test('by exit 0 without a stop is stopped, with the reason exited', async ({ lab }) => {
    const now = join(lab.dir, 'now')
    lab.behave({ die: { once: now, afterMs: 0, exit: 0 } })
    await lab.boot()
    const { id } = await lab.start('foo')
    await lab.reaches(id, 'ready')
    writeFileSync(now, '')
    const instance = await ended(lab, id)
    expect([instance.state, instance.evidence!.reason, instance.evidence!.exitCode]).toEqual([
      'stopped',
      'exited',
      0,
    ])
  })

  test('leaves its processes running, the row names them, and a tap ends them', async ({ lab }) => {
    lab.behave({ prompt: 'CHILDREN setsid nohup subshell' })
    await lab.boot()
    const { id } = await lab.start('foo')
    const { pid } = await lab.reaches(id, 'ready')
    await until(() => lab.processesOf(id).length >= 5, { what: 'its children' })
    process.kill(pid!, 'SIGKILL')
    const { left } = await until(
      async () => {
        const instance = await ended(lab, id)
        return instance.left.length > 0 ? instance : null
      },
      { what: 'what it left' },
    )
    expect(left.map((one) => one.pid).toSorted()).toEqual(lab.processesOf(id).toSorted())
    expect(left.every(({ servesOthers }) => !servesOthers)).toBe(true)
    const endLeft = `action="/instances/${id}/end-left?`
    const draws = async (): Promise<boolean> =>
      (await lab.call('GET', `/instances/${id}/details`)).body.includes(endLeft)
    await until(draws, { what: 'the button that ends it' })
    // The next lab knows them, too, once they are on disk.
    const file = join(lab.stateDir, 'state.json')
    await until(() => readFileSync(file, 'utf8').includes(`"pid": ${left[0]!.pid}`), {
      what: 'they are in the store',
    })
    await lab.end('SIGKILL')
    await lab.boot()
    expect((await lab.get(id)).left).toEqual(left)
    const { status, body } = await lab.call('POST', `/api/v1/instances/${id}/end-left`)
    expect([status, body.left]).toEqual([200, []])
    expect(lab.processesOf(id)).toEqual([])
  })

  test('is resumed and keeps running while a tap ends its left processes, which ignore signals', async ({
    lab,
  }) => {
    await lab.boot()
    const { id } = await lab.start('foo')
    const { pid } = await lab.reaches(id, 'ready')
    await leaveStubborn(lab, id)
    process.kill(pid!, 'SIGKILL')
    await until(async () => (await lab.get(id)).left.length > 0, { what: 'what it left' })
    const resumed = lab.call('POST', `/api/v1/instances/${id}/resume`)
    const told = lab.call('POST', `/api/v1/instances/${id}/end-left`)
    expect((await resumed).status).toBe(201)
    const { pid: agent } = await lab.reaches(id, 'ready')
    // A sweep kills only after the grace.
    expect((await told).status).toBe(200)
    expect(isAlive(agent)).toBe(true)
    expect(await lab.get(id)).toMatchObject({ state: 'ready', pid: agent })
  })

  test('is resumed although a tool of it still runs, and its next stop ends the tool', async ({
    lab,
  }) => {
    const {
      id,
      left: [tool],
    } = await leaveTool(lab)
    expect((await lab.call('POST', `/api/v1/instances/${id}/resume`)).status).toBe(201)
    await lab.reaches(id, 'ready')
    expect(lab.processesOf(id)).toContain(tool!.pid)
    await lab.call('DELETE', `/api/v1/instances/${id}`)
    await lab.reaches(id, 'stopped')
    expect(lab.processesOf(id)).toEqual([])
  })
})

describe('an agent that cannot start', () => {
  test('after 400 ms leaves a last line of 4 kB whole, ten times of ten', async ({ lab }) => {
    const line = `${'x'.repeat(4000)} the end of it`
    replaceClaude(lab, `#!/bin/sh\nsleep 0.4\necho '${line}'\nexit 1\n`)
    await lab.boot('--max-instances=10')
    const started = await Promise.all(Array.from({ length: 10 }, () => lab.start('foo')))
    for (const { id } of started) {
      const { evidence } = await ended(lab, id)
      expect(evidence).toMatchObject({ reason: 'start_failed', exitCode: 1 })
      expect(evidence!.lastLines).toEqual([line])
    }
  })

  test('because its program is gone has that reason in its last lines', async ({ lab }) => {
    replaceClaude(lab, '#!/bin/sh\nexec /nowhere/claude "$@"\n')
    await lab.boot()
    const { evidence } = await ended(lab, (await lab.start('foo')).id)
    expect(evidence).toMatchObject({ reason: 'start_failed', exitCode: 127 })
    expect(evidence!.lastLines.join(' ')).toContain('/nowhere/claude')
  })

  test('because its interpreter is missing has that reason in its last lines', async ({ lab }) => {
    replaceClaude(lab, '#!/nowhere/interpreter\n')
    await lab.boot()
    const { evidence } = await ended(lab, (await lab.start('foo')).id)
    expect(evidence!.reason).toBe('start_failed')
    expect(evidence!.lastLines.join(' ')).toMatch(/not found|No such file/)
  })
})

test('a session that a person closes ends its instance with that reason', async ({ lab }) => {
  await lab.boot()
  const { id } = await lab.start('foo')
  await lab.reaches(id, 'ready')
  await lab.tmux('kill-session', '-t', '=foo:')
  const { state, evidence } = await ended(lab, id)
  expect([state, evidence!.reason]).toEqual(['error', 'session_closed'])
  await until(() => lab.processesOf(id).length === 0, { what: 'nothing of it left' })
})

test('the journal has every move of an instance, with actor and reason', async ({ lab }) => {
  await lab.boot()
  const { id } = await lab.start('foo')
  const { pid } = await lab.reaches(id, 'ready')
  process.kill(pid!, 'SIGKILL')
  await ended(lab, id)
  await lab.call('DELETE', `/api/v1/instances/${id}`)
  await lab.end('SIGTERM')
  const lines = readFileSync(join(lab.stateDir, 'journal.jsonl'), 'utf8').trim().split('\n')
  const moves = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(moves.filter((move) => move['id'] === id).map(({ what, by }) => [what, by])).toEqual([
    ['started', 'api'],
    ['starting → ready', 'nobody'],
    ['ready → error', 'nobody'],
    ['dismissed', 'api'],
  ])
  expect(moves.find(({ what }) => what === 'ready → error')).toMatchObject({
    reason: 'signal',
    signal: 'SIGKILL',
  })
})

test('lab keeps twenty ended instances of each project and forgets the oldest first', async ({
  lab,
}) => {
  replaceClaude(lab, '#!/bin/sh\nexit 1\n')
  await lab.boot('--max-instances=30')
  const ids: string[] = []
  for (let i = 0; i < 23; i++) {
    const { id } = await lab.start('foo')
    await ended(lab, id)
    ids.push(id)
  }
  const { body } = await lab.call('GET', '/api/v1/instances?ended=1')
  const kept = body.instances.map(({ id }: { id: string }) => id) as string[]
  expect(kept.toSorted()).toEqual(ids.slice(3).toSorted())
  rmSync(join(lab.stateDir, 'lock'), { force: true })
})
