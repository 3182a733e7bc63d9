// Claude's own background: one press of Left moves a session into a daemon that every session of the
// account shares. lab switches it off, and handles agents that have it.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import type { Instance } from '../../../src/core/instance.ts'
import { argvOf } from '../../../src/processes/proc.ts'
import { test, type TestLab } from '../../fixtures/lab.ts'
import { fooAndBar, isAlive, looked, stop, type } from '../../fixtures/life.ts'
import { until } from '../../fixtures/until.ts'

type File = Readonly<Record<string, unknown>> & {
  readonly pid: number
  readonly jobId?: string
  readonly parkedJobId?: string
}

/** The entries of Claude's registry, without a file that Claude is just writing. */
function files(lab: TestLab): readonly File[] {
  const dir = join(lab.home, '.claude/sessions')
  const names = readdirSync(dir).filter((name) => /^\d+\.json$/.test(name))
  return names.flatMap((name) => {
    try {
      return [JSON.parse(readFileSync(join(dir, name), 'utf8')) as File]
    } catch {
      return []
    }
  })
}

const nonEmpty = <T>(list: readonly T[]): readonly T[] | undefined =>
  list.length === 0 ? undefined : list

/** A claude without lab's switch, as an older lab started it. */
function withAgentView(lab: TestLab): string {
  const program = join(lab.dir, 'with-agent-view')
  const claude = join(lab.dir, 'bin/claude')
  const script = `#!/bin/sh\nunset CLAUDE_CODE_DISABLE_AGENT_VIEW\nexec ${claude} "$@" --settings '{}'\n`
  writeFileSync(program, script, { mode: 0o755 })
  return `--claude=${program}`
}

/** Presses Left in an instance's pane and returns the session that its daemon holds then. */
async function park(lab: TestLab, { name, pid }: Instance): Promise<File> {
  await lab.tmux('send-keys', '-t', `=${name}:`, 'Left')
  const job = await until(() => files(lab).find((file) => file.pid === pid)?.['parkedJobId'], {
    what: `${name} in the background`,
  })
  return until(() => files(lab).find(({ jobId }) => jobId === job), { what: 'its session there' })
}

const daemonOf = (lab: TestLab): number =>
  JSON.parse(readFileSync(join(lab.home, '.claude/daemon/roster.json'), 'utf8')).supervisorPid

test('one press of Left changes nothing in an agent that lab started', async ({ lab }) => {
  await lab.boot()
  const { id, name } = await lab.start('foo')
  const { pid } = await lab.reaches(id, 'ready')
  await lab.tmux('send-keys', '-t', `=${name}:`, 'Left')
  await type(lab, name, 'SAY after-left')
  await until(
    async () => (await lab.tmux('capture-pane', '-p', '-t', '=foo:')).includes('● after-left'),
    { what: 'the answer' },
  )
  expect(await lab.tmux('capture-pane', '-p', '-t', '=foo:')).not.toContain('for agents')
  // Claude empties its file before each write, so one reading may find nothing in it.
  const [file, ...others] = await until(() => nonEmpty(files(lab)), { what: 'its registry file' })
  expect(file).toMatchObject({ pid, sessionId: id })
  expect(file).not.toHaveProperty('parkedJobId')
  expect(others).toEqual([])
  const argv = argvOf(pid!)
  const settings = readFileSync(argv[argv.indexOf('--settings') + 1]!, 'utf8')
  expect(JSON.parse(settings)).toMatchObject({ disableAgentView: true })
})

describe('a session in the background', () => {
  test('waits for the operator and names the remedy, also after a restart of lab', async ({
    lab,
  }) => {
    await lab.boot(withAgentView(lab))
    const { id } = await lab.start('foo')
    const ready = await lab.reaches(id, 'ready')
    await park(lab, ready)
    const waiting = {
      waitingFor: 'moved to the background; press Esc in it',
      conversation: id,
      pid: ready.pid,
    }
    expect(await lab.reaches(id, 'waiting')).toMatchObject(waiting)
    await lab.end('SIGKILL')
    await lab.boot()
    expect(await lab.reaches(id, 'waiting')).toMatchObject(waiting)
  })

  test('keeps running with its daemon after a stop of the instance that started the daemon', async ({
    lab,
  }) => {
    const [foo, bar] = await fooAndBar(lab, withAgentView(lab))
    await park(lab, foo)
    const session = await park(lab, bar)
    const daemon = daemonOf(lab)
    expect(readFileSync(`/proc/${session.pid}/environ`, 'latin1')).toContain(foo.id)
    await stop(lab, foo.id)
    await looked(lab)
    expect([daemon, session.pid, bar.pid].map(isAlive)).toEqual([true, true, true])
    expect(await lab.get(bar.id)).toMatchObject({ state: 'waiting' })
    // The session that it left to the daemon does no harm.
    const answer = await lab.call('POST', `/api/v1/instances/${foo.id}/resume`, { force: true })
    expect(answer.status).toBe(201)
    await lab.reaches(foo.id, 'ready')
  })

  test('ends along with its instance when it is the only one', async ({ lab }) => {
    await lab.boot(withAgentView(lab))
    const { id } = await lab.start('foo')
    const session = await park(lab, await lab.reaches(id, 'ready'))
    const daemon = daemonOf(lab)
    await stop(lab, id)
    expect([daemon, session.pid].map(isAlive)).toEqual([false, false])
    expect(lab.processesOf(id)).toEqual([])
  })

  test('is not lost by a resume without --force', async ({ lab }) => {
    await lab.boot(withAgentView(lab))
    const { id } = await lab.start('foo')
    const { jobId } = await park(lab, await lab.reaches(id, 'ready'))
    await stop(lab, id)
    await lab.end('SIGKILL')
    await lab.boot()
    const { evidence } = await lab.reaches(id, 'stopped')
    expect(evidence?.message).toContain(`moved it to its background (${jobId})`)
    const refused = await lab.call('POST', `/api/v1/instances/${id}/resume`)
    expect([refused.status, refused.body.error.code]).toEqual([409, 'conversation_parked'])
    expect(refused.body.error.message).toContain(`claude attach ${jobId}`)
    const said = await lab.run('resume', id)
    expect([said.exitCode, said.stderr]).toEqual([1, expect.stringContaining('background')])
    expect((await lab.run('resume', id, '--force')).exitCode).toBe(0)
    expect(await lab.reaches(id, 'ready')).toMatchObject({ conversation: id, evidence: null })
  })
})
