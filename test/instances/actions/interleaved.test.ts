// Requests that come while another one about the same instance is under way.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import type { Instance } from '../../../src/core/instance.ts'
import { test, type TestLab } from '../../fixtures/lab.ts'
import { isAlive, looked, serverPid, stop } from '../../fixtures/life.ts'
import { until } from '../../fixtures/until.ts'

const form = {
  'content-type': 'application/x-www-form-urlencoded',
  'hx-request': 'true',
  'sec-fetch-site': 'same-origin',
}

interface Record {
  readonly id: string
  readonly name: string
  readonly ended: unknown
  readonly together: string | null
}

function records(lab: TestLab): readonly Record[] {
  return JSON.parse(readFileSync(join(lab.stateDir, 'state.json'), 'utf8')).instances
}

const endOf = ({ state, endedAt, evidence }: Instance): unknown => ({ state, endedAt, evidence })

/** Runs `work` while tmux's server does not answer. */
async function whileTmuxHangs<T>(server: number, work: () => Promise<T>): Promise<T> {
  process.kill(server, 'SIGSTOP')
  try {
    return await work()
  } finally {
    process.kill(server, 'SIGCONT')
  }
}

describe('a stop', () => {
  test('of an instance that waits for its turn in a resume of several outlives a restart', async ({
    lab,
  }) => {
    await lab.boot()
    const ids = [(await lab.start('foo')).id, (await lab.start('bar')).id]
    for (const id of ids) await lab.reaches(id, 'ready')
    process.kill(await serverPid(lab), 'SIGKILL')
    for (const id of ids) await lab.reaches(id, 'error')
    await looked(lab)
    const [, waits] = ids
    await lab.call('POST', '/api/v1/resume', { ids })
    const stopped = await stop(lab, waits!)
    expect(stopped.evidence).toMatchObject({ reason: 'stopped', by: 'api' })
    await lab.end('SIGTERM')
    await lab.boot()
    expect(endOf(await lab.get(waits!))).toEqual(endOf(stopped))
  })

  test('during a resume that fails leaves the earlier end as it was', async ({ lab }) => {
    await lab.boot()
    const { id } = await lab.start('foo')
    const { pid } = await lab.reaches(id, 'ready')
    const server = await serverPid(lab)
    process.kill(pid!, 'SIGKILL')
    const before = endOf(await lab.reaches(id, 'error'))
    await looked(lab)
    await whileTmuxHangs(server, async () => {
      const resume = lab.call('POST', `/api/v1/instances/${id}/resume`)
      const isLaunching = () => records(lab).some((record) => record.id === id && !record.ended)
      await until(isLaunching, { what: 'the launch' })
      expect((await lab.call('DELETE', `/api/v1/instances/${id}`)).status).toBe(202)
      expect((await resume).status).toBe(504)
    })
    await until(async () => (await lab.call('GET', '/readyz')).status === 200, { what: 'tmux' })
    await looked(lab)
    expect(endOf(await lab.reaches(id, 'error'))).toEqual(before)
  })

  test('during a start that fails is the last that clients hear of that instance', async ({
    lab,
  }) => {
    await lab.boot()
    await lab.reaches((await lab.start('bar')).id, 'ready')
    const server = await serverPid(lab)
    const stream = await lab.events()
    const start = await whileTmuxHangs(server, async () => {
      const starting = lab.call('POST', '/api/v1/projects/foo/instances')
      const launching = await until(() => records(lab).find(({ name }) => name === 'foo'), {
        what: 'the launch',
      })
      await lab.call('DELETE', `/api/v1/instances/${launching.id}`)
      return starting
    })
    expect(start.status).toBe(504)
    const gone = () => stream.events.findIndex(({ type }) => type === 'removed')
    await until(() => gone() >= 0, { what: 'the removal' })
    await until(async () => (await lab.call('GET', '/readyz')).status === 200, { what: 'tmux' })
    await looked(lab)
    expect(stream.events.slice(gone() + 1).map(({ type }) => type)).not.toContain('moved')
    stream.close()
  })

  test('of all includes an instance whose own stop is under way in the offer', async ({ lab }) => {
    await lab.boot()
    const ids = [(await lab.start('foo')).id, (await lab.start('bar')).id]
    for (const id of ids) await lab.reaches(id, 'ready')
    await lab.call('DELETE', `/api/v1/instances/${ids[0]}`)
    await lab.call('DELETE', '/api/v1/instances')
    for (const id of ids) await lab.reaches(id, 'stopped')
    const groups = records(lab).map(({ together }) => together)
    expect(new Set(groups).size).toBe(1)
    expect(groups[0]).not.toBeNull()
  })
})

describe('a declined offer', () => {
  test('keeps the processes that the instance left', async ({ lab }) => {
    lab.behave({ prompt: 'CHILDREN setsid nohup subshell' })
    await lab.boot()
    const { id } = await lab.start('foo')
    await lab.reaches(id, 'ready')
    const children = await until(
      () => (lab.processesOf(id).length >= 5 ? lab.processesOf(id) : null),
      {
        what: 'its children',
      },
    )
    process.kill(await serverPid(lab), 'SIGKILL')
    await lab.reaches(id, 'error')
    await lab.call('POST', '/dismiss', `ids=${id}`, form)
    const { left, dismissed } = await until(
      async () => {
        const instance = await lab.get(id)
        return instance.left.length > 0 ? instance : null
      },
      { what: 'the processes that it left' },
    )
    expect(dismissed).toBe(true)
    expect(left.map(({ pid }) => pid).toSorted()).toEqual(children.filter(isAlive).toSorted())
    lab.behave({})
    expect((await lab.call('POST', `/api/v1/instances/${id}/resume`)).status).toBe(201)
  })
})
