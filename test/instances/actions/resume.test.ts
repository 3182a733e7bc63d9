// Resuming conversations: one after a stop, or several after a stop-all, a lost tmux server or a reboot.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import type { Instance } from '../../../src/core/instance.ts'
import { test, type TestLab } from '../../fixtures/lab.ts'
import { isAlive, serverPid } from '../../fixtures/life.ts'
import { until } from '../../fixtures/until.ts'

async function say(lab: TestLab, { id, name }: Instance, words: string): Promise<void> {
  await lab.reaches(id, 'ready')
  await lab.tmux('send-keys', '-t', `=${name}:`, '-l', `SAY ${words}`)
  await lab.tmux('send-keys', '-t', `=${name}:`, 'Enter')
  await until(
    async () => (await lab.tmux('capture-pane', '-p', '-t', `=${name}:`)).split(words).length > 2,
    {
      what: `the answer ${words}`,
    },
  )
  await lab.reaches(id, 'ready')
}

async function stop(lab: TestLab, id: string): Promise<Instance> {
  await lab.call('DELETE', `/api/v1/instances/${id}`)
  return lab.reaches(id, 'stopped')
}

describe('resuming', () => {
  test('brings the conversation back under the same id, label and slot', async ({ lab }) => {
    await lab.boot()
    const first = await lab.start('foo', 'fix it')
    await say(lab, first, 'remember-the-milk')
    const { conversation } = await stop(lab, first.id)
    const { status, body } = await lab.call('POST', `/api/v1/instances/${first.id}/resume`)
    expect(status).toBe(201)
    expect(body).toMatchObject({
      id: first.id,
      name: 'foo~2~fix-it',
      slot: 2,
      label: 'fix it',
      conversation,
      state: 'starting',
      endedAt: null,
      evidence: null,
    })
    await lab.reaches(first.id, 'ready')
    await until(
      async () =>
        (await lab.tmux('capture-pane', '-p', '-t', '=foo~2~fix-it:')).includes(
          'remember-the-milk',
        ),
      {
        what: 'the words from before',
      },
    )
    expect((await lab.get(first.id)).conversation).toBe(conversation)
  })

  test('takes another slot when another instance has its own', async ({ lab }) => {
    await lab.boot()
    const first = await lab.start('foo')
    await lab.reaches(first.id, 'ready')
    await stop(lab, first.id)
    expect((await lab.start('foo')).name).toBe('foo')
    const { body } = await lab.call('POST', `/api/v1/instances/${first.id}/resume`)
    expect([body.name, body.id]).toEqual(['foo~2', first.id])
    await lab.reaches(first.id, 'ready')
  })

  test('follows the conversation that /clear began', async ({ lab }) => {
    await lab.boot()
    const first = await lab.start('foo')
    await say(lab, first, 'before-it')
    await lab.tmux('send-keys', '-t', '=foo:', '-l', '/clear')
    await lab.tmux('send-keys', '-t', '=foo:', 'Enter')
    const cleared = await until(
      async () => {
        const { conversation } = await lab.get(first.id)
        return conversation === first.conversation ? null : conversation
      },
      { what: 'another conversation' },
    )
    await say(lab, first, 'after-it')
    await stop(lab, first.id)
    const { body } = await lab.call('POST', `/api/v1/instances/${first.id}/resume`)
    expect(body.conversation).toBe(cleared)
    await lab.reaches(first.id, 'ready')
    expect((await lab.get(first.id)).conversation).toBe(cleared)
  })

  test('works for an instance without a message', async ({ lab }) => {
    await lab.boot()
    const { id } = await lab.start('foo')
    await lab.reaches(id, 'ready')
    await stop(lab, id)
    expect((await lab.call('POST', `/api/v1/instances/${id}/resume`)).status).toBe(201)
    await lab.reaches(id, 'ready')
  })

  test('is refused while the instance runs, and ten taps at once resume it once', async ({
    lab,
  }) => {
    await lab.boot()
    const { id } = await lab.start('foo')
    await lab.reaches(id, 'ready')
    const running = await lab.call('POST', `/api/v1/instances/${id}/resume`)
    expect([running.status, running.body.error.code]).toEqual([409, 'already_running'])
    await stop(lab, id)
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => lab.call('POST', `/api/v1/instances/${id}/resume`)),
    )
    expect(answers.map(({ status }) => status).toSorted()).toEqual([
      201,
      ...Array.from({ length: 9 }, () => 409),
    ])
    await lab.reaches(id, 'ready')
    expect(await lab.tmux('list-sessions', '-F', '#{session_name}')).toBe('_lab\nfoo')
  })

  test('is refused at the cap, and leaves the instance as it was', async ({ lab }) => {
    await lab.boot('--max-instances=1')
    const { id } = await lab.start('foo')
    await lab.reaches(id, 'ready')
    const before = await stop(lab, id)
    await lab.start('bar')
    const { status, body } = await lab.call('POST', `/api/v1/instances/${id}/resume`)
    expect([status, body.error.code]).toEqual([409, 'at_capacity'])
    expect(await lab.get(id)).toEqual(before)
  })

  test('of an unknown id is 404', async ({ lab }) => {
    await lab.boot()
    expect((await lab.call('POST', '/api/v1/instances/nope/resume')).status).toBe(404)
  })
})

describe('resuming several', () => {
  async function three(lab: TestLab): Promise<Instance[]> {
    const all = [await lab.start('foo'), await lab.start('foo', 'b'), await lab.start('bar', 'c')]
    for (const instance of all) await say(lab, instance, `words-of-${instance.slot}`)
    return all
  }

  test('resumes all after a reboot, a second apart, with labels and conversations', async ({
    lab,
  }) => {
    await lab.boot()
    const all = await three(lab)
    // A reboot ends tmux, agents and lab at once, and gives the machine another boot id.
    await lab.end('SIGKILL')
    const server = await serverPid(lab)
    for (const pid of lab.processesOf()) process.kill(pid, 'SIGKILL')
    process.kill(server, 'SIGKILL')
    const path = join(lab.stateDir, 'state.json')
    const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll(bootId, 'another-boot'))
    await lab.boot()
    for (const { id } of all) {
      const { evidence } = await lab.reaches(id, 'error')
      expect(evidence!.reason).toBe('rebooted')
    }
    expect(lab.processesOf()).toEqual([])
    const from = performance.now()
    const { status, body } = await lab.call('POST', '/api/v1/resume', {
      ids: all.map(({ id }) => id),
    })
    expect(status).toBe(200)
    expect(body.results.map(({ outcome }: { outcome: string }) => outcome)).toEqual([
      'starting',
      'starting',
      'starting',
    ])
    for (const before of all) {
      const after = await lab.reaches(before.id, 'ready')
      expect([after.name, after.label, after.conversation]).toEqual([
        before.name,
        before.label,
        before.conversation,
      ])
    }
    // Three agents that refresh one login at the same moment can log each other out.
    expect(performance.now() - from).toBeGreaterThan(2000)
  })

  test('resumes the others when one of them fails', async ({ lab }) => {
    await lab.boot('--max-instances=3')
    const all = await three(lab)
    await lab.call('DELETE', '/api/v1/instances')
    for (const { id } of all) await lab.reaches(id, 'stopped')
    await lab.start('foobar')
    const { body } = await lab.call('POST', '/api/v1/resume', { ids: all.map(({ id }) => id) })
    expect(body.results.map(({ outcome }: { outcome: string }) => outcome)).toEqual([
      'starting',
      'starting',
      'failed',
    ])
    expect(body.results[2].error.code).toBe('at_capacity')
    await lab.reaches(all[1]!.id, 'ready')
  })

  test('launches an instance once that is stopped and resumed again before its turn', async ({
    lab,
  }) => {
    await lab.boot('--max-instances=3')
    const all = await three(lab)
    await lab.call('DELETE', '/api/v1/instances')
    for (const { id } of all) await lab.reaches(id, 'stopped')
    await lab.call('POST', '/api/v1/resume', { ids: all.map(({ id }) => id) })
    // The launch would have its turn after two seconds.
    const { id } = all[2]!
    await lab.call('DELETE', `/api/v1/instances/${id}`)
    await lab.reaches(id, 'stopped')
    expect((await lab.call('POST', `/api/v1/instances/${id}/resume`)).status).toBe(201)
    await lab.reaches(id, 'ready')
    await lab.reaches(all[1]!.id, 'ready')
    // The turn of its first launch has passed.
    const from = performance.now()
    await until(() => performance.now() - from > 2000, { what: 'two seconds more' })
    const carried = (await lab.tmux('list-sessions', '-F', '#{@lab_id}'))
      .split('\n')
      .filter(Boolean)
    expect(carried.toSorted()).toEqual(all.map((one) => one.id).toSorted())
  })

  test('offers only the instances of the latest of two tmux losses', async ({ lab }) => {
    await lab.boot()
    const server = async (): Promise<number> => await serverPid(lab)
    const first = await lab.start('foo', 'first')
    await lab.reaches(first.id, 'ready')
    process.kill(await server(), 'SIGKILL')
    await lab.reaches(first.id, 'error')
    const second = await lab.start('foo', 'second')
    await lab.reaches(second.id, 'ready')
    process.kill(await server(), 'SIGKILL')
    await lab.reaches(second.id, 'error')
    const page = (await lab.call('GET', '/')).body as string
    const offer = /<form[^>]*action="\/resume"[^>]*>.*?<\/form>/s.exec(page)?.[0] ?? ''
    expect(offer).toContain(second.id)
    expect(offer).not.toContain(first.id)
  })

  test('refuses an agent that outlived its tmux server', async ({ lab }) => {
    lab.behave({ ignore: ['SIGHUP'] })
    await lab.boot()
    const instance = await lab.start('foo')
    await say(lab, instance, 'still-here')
    const { pid } = await lab.get(instance.id)
    process.kill(await serverPid(lab), 'SIGKILL')
    expect((await lab.reaches(instance.id, 'error')).evidence!.reason).toBe('tmux_gone')
    expect(() => process.kill(pid!, 0)).not.toThrow()
    const { status, body } = await lab.call('POST', `/api/v1/instances/${instance.id}/resume`)
    expect([status, body.error.code]).toEqual([409, 'already_running'])
    expect(body.error.message).toContain(String(pid))
    process.kill(pid!, 'SIGKILL')
    // A process that frees its memory no longer shows its LAB_INSTANCE, and still runs.
    await until(() => !isAlive(pid) && lab.processesOf(instance.id).length === 0, {
      what: 'nothing of it left',
    })
    expect((await lab.call('POST', `/api/v1/instances/${instance.id}/resume`)).status).toBe(201)
    await lab.reaches(instance.id, 'ready')
  })
})
