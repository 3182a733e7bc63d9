// lab gives up a start because tmux does not answer in time, and tmux makes the session later.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { test, type TestLab } from '../../fixtures/lab.ts'
import { leaveTool, looked, serverPid, sessions, stop } from '../../fixtures/life.ts'
import { until } from '../../fixtures/until.ts'

interface Launch {
  readonly id: string
  readonly note: string
}

/** Makes a start or a resume fail because tmux does not answer; returns what lab had written of it. */
async function giveUp(lab: TestLab, path: string): Promise<Launch> {
  const stored = (): readonly (Launch & { readonly ended: unknown })[] =>
    JSON.parse(readFileSync(join(lab.stateDir, 'state.json'), 'utf8')).instances
  await until(() => stored().every(({ ended }) => ended !== null), { what: 'a store that is up to date' }) // prettier-ignore
  const server = await serverPid(lab)
  process.kill(server, 'SIGSTOP')
  try {
    const answer = lab.call('POST', path)
    const launch = await until(() => stored().find(({ ended }) => ended === null), {
      what: 'the record of the launch',
    })
    const { status, body } = await answer
    expect([status, body.error.code]).toEqual([504, 'tmux_timeout'])
    return launch
  } finally {
    process.kill(server, 'SIGCONT')
  }
}

/** Makes the session as tmux would have made it: a keeper of that launch with all metadata of lab. */
async function comeLate(lab: TestLab, { id, note }: Launch): Promise<void> {
  const project = join(lab.root, 'foo')
  const metadata = { id, project, note, slot: '1', conversation: id, keys: 'id,project,note,slot,conversation' } // prettier-ignore
  const environment = [`LAB_INSTANCE=${id}`, `LAB_STATE_DIR=${lab.stateDir}`]
  await lab.tmux(
    'new-session', '-d', '-s', 'late', ...environment.flatMap((word) => ['-e', word]),
    'sh', '-c', 'sleep 600; :', 'lab-keeper', '0', join(lab.stateDir, 'notes', note),
    ';', 'set-option', '-p', '-t', '=late:', 'remain-on-exit', 'on',
    ';', 'set-option', '-p', '-t', '=late:', '@lab_agent', id,
    ...Object.entries(metadata).flatMap(([key, value]) => [';', 'set-option', '-t', '=late:', `@lab_${key}`, value]),
  ) // prettier-ignore
}

const gone = (lab: TestLab): Promise<unknown> =>
  until(async () => lab.processesOf().length === 0 && (await sessions(lab)).length === 0, {
    what: 'neither process nor session of it',
  })

describe.each([
  ['', false],
  [', though lab was killed in between', true],
] as const)('of what comes late%s,', (_, isKilled) => {
  test('removes a start, and publishes no instance', async ({ lab }) => {
    await lab.boot()
    const launch = await giveUp(lab, '/api/v1/projects/foo/instances')
    if (isKilled) await lab.end('SIGKILL')
    await comeLate(lab, launch)
    if (isKilled) await lab.boot()
    const stream = await lab.events()
    await gone(lab)
    await looked(lab)
    const { body } = await lab.call('GET', '/api/v1/instances?ended=1')
    expect(body.instances).toEqual([])
    expect(stream.events.filter(({ type }) => type === 'instance')).toEqual([])
    stream.close()
  })

  test('removes a resume, and the instance is ended as before', async ({ lab }) => {
    await lab.boot()
    const { id } = await lab.start('foo')
    await lab.reaches(id, 'ready')
    const before = await stop(lab, id)
    const launch = await giveUp(lab, `/api/v1/instances/${id}/resume`)
    if (isKilled) await lab.end('SIGKILL')
    await comeLate(lab, launch)
    if (isKilled) await lab.boot()
    await gone(lab)
    await looked(lab)
    // lab does not keep the branch of an ended instance, nor the registry entry of an earlier lab.
    const forgotten = isKilled ? { lastActivityAt: null } : {}
    const after = { ...before, workspace: expect.anything(), ...forgotten }
    expect(await lab.get(id)).toEqual(after)
  })
})

test('the removal of an abandoned resume leaves the processes of an earlier launch running', async ({
  lab,
}) => {
  const { id, left } = await leaveTool(lab)
  await comeLate(lab, await giveUp(lab, `/api/v1/instances/${id}/resume`))
  await until(async () => (await sessions(lab)).length === 0, { what: 'no session of it' })
  await looked(lab)
  expect(lab.processesOf(id)).toEqual(left.map((one) => one.pid))
  expect((await lab.get(id)).left).toEqual(left)
})
