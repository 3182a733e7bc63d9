// Several instances of one project, end to end: the built lab, real tmux, the stand-in for claude.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { test } from '../../fixtures/lab.ts'
import { launchFiles, notesLeft } from '../../fixtures/life.ts'
import { until } from '../../fixtures/until.ts'

describe('starting', () => {
  test('runs three instances of one project in its folder, each with its own link', async ({
    lab,
  }) => {
    await lab.boot()
    const started = [
      await lab.start('foo'),
      await lab.start('foo', 'fix'),
      await lab.start('foo', 'Überprüfung der Tests'),
    ]
    expect(started.map(({ name, slot, label, state }) => [name, slot, label, state])).toEqual([
      ['foo', 1, null, 'starting'],
      ['foo~2~fix', 2, 'fix', 'starting'],
      ['foo~3~Uberprufung-der-Tests', 3, 'Überprüfung der Tests', 'starting'],
    ])
    for (const { id } of started) await lab.reaches(id, 'ready')
    const linked = await until(
      async () => {
        const { body } = await lab.call('GET', '/api/v1/instances')
        const links = body.instances.map((one: { deepLink: string | null }) => one.deepLink)
        return links.every(Boolean) ? (links as string[]) : null
      },
      { what: 'three links' },
    )
    expect(new Set(linked).size).toBe(3)
    for (const link of linked) expect(link).toMatch(/^https:\/\/claude\.ai\/code\/session_\w+$/)
    const panes = await lab.tmux('list-panes', '-a', '-F', '#{session_name} #{pane_current_path}')
    const folder = join(lab.root, 'foo')
    expect(
      panes
        .split('\n')
        .filter((line) => !line.startsWith('_lab'))
        .toSorted(),
    ).toEqual(started.map(({ name }) => `${name} ${folder}`).toSorted())
  })

  test('gives a labelled start slot 2 even when slot 1 is free, and an unlabelled start the gap', async ({
    lab,
  }) => {
    await lab.boot()
    expect((await lab.start('foo', 'first')).name).toBe('foo~2~first')
    expect((await lab.start('foo')).name).toBe('foo')
    expect((await lab.start('foo')).name).toBe('foo~3')
  })

  test('shows a label without a letter as typed, and leaves it out of the name', async ({
    lab,
  }) => {
    await lab.boot()
    const instance = await lab.start('foo', '  🚀  ')
    expect([instance.name, instance.label]).toEqual(['foo~2', '🚀'])
  })

  test('gives six instances and forty-four refusals for fifty starts at once under a cap of six', async ({
    lab,
  }) => {
    await lab.boot('-max-instances', '6')
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        lab.call('POST', `/api/v1/projects/${i % 2 ? 'foo' : 'bar'}/instances`, {
          label: i % 3 ? `n${i}` : '',
        }),
      ),
    )
    const started = answers.filter(({ status }) => status === 201)
    const refused = answers.filter(({ status }) => status === 409)
    expect([started.length, refused.length]).toEqual([6, 44])
    for (const { body } of refused) {
      expect(body.error.code).toBe('at_capacity')
      expect(body.error.message).toContain('--max-instances')
    }
    const places = started.map(({ body }) => `${body.project}/${body.slot}`)
    expect(new Set(places).size).toBe(6)
    const sessions = (await lab.tmux('list-sessions', '-F', '#{session_name}')).split('\n')
    expect(sessions.filter((name) => name !== '_lab')).toHaveLength(6)
    const { body } = await lab.call('GET', '/api/v1/server')
    expect(body.cap).toEqual({ max: 6, used: 6 })
  })

  test('shows a person’s session apart, keeps its name and never stops it', async ({ lab }) => {
    await lab.boot()
    await lab.tmux('new-session', '-d', '-s', 'foo', 'sleep 600')
    await lab.tmux('new-session', '-d', '-s', 'foo~2~mine', 'sleep 600')
    const first = await until(
      async () => {
        const { body } = await lab.call('GET', '/api/v1/projects')
        return body.foreign.length === 2 ? body.foreign : null
      },
      { what: 'two foreign sessions' },
    )
    expect(first.map(({ name }: { name: string }) => name).toSorted()).toEqual([
      'foo',
      'foo~2~mine',
    ])
    expect((await lab.start('foo')).name).toBe('foo~3')
    await lab.call('DELETE', '/api/v1/instances')
    await until(
      async () => (await lab.call('GET', '/api/v1/instances')).body.instances.length === 0,
      { what: 'all stopped' },
    )
    expect(
      (await lab.tmux('list-sessions', '-F', '#{session_name}')).split('\n').toSorted(),
    ).toEqual(['_lab', 'foo', 'foo~2~mine'])
  })

  test('takes the next slot when another session has the name', async ({ lab }) => {
    await lab.boot()
    await lab.start('bar')
    // lab does not list tmux between the two, so it cannot know yet.
    await lab.tmux('new-session', '-d', '-s', 'foo', 'sleep 600')
    expect((await lab.start('foo')).name).toBe('foo~2')
  })
})

describe('stopping', () => {
  test('leaves the others of the project running, and frees the name and the slot', async ({
    lab,
  }) => {
    await lab.boot()
    const one = await lab.start('foo')
    const two = await lab.start('foo')
    await lab.reaches(two.id, 'ready')
    await lab.reaches(one.id, 'ready')
    const answer = await lab.call('DELETE', '/api/v1/instances/foo')
    expect([answer.status, answer.body.id, answer.body.state]).toEqual([202, one.id, 'stopping'])
    const again = await lab.call('DELETE', `/api/v1/instances/${one.id}`)
    expect(again.status).toBe(202)
    const stopped = await lab.reaches(one.id, 'stopped')
    expect(stopped.evidence).toMatchObject({ reason: 'stopped', by: 'api', signal: 'SIGTERM' })
    expect((await lab.get(two.id)).state).toBe('ready')
    expect((await lab.call('GET', '/api/v1/instances/foo')).status).toBe(404)
    expect((await lab.start('foo')).name).toBe('foo')
  })

  test('stops all of foo and not foobar, with an outcome for each', async ({ lab }) => {
    await lab.boot()
    const foos = [await lab.start('foo'), await lab.start('foo', 'x')]
    const foobar = await lab.start('foobar')
    const { status, body } = await lab.call('DELETE', '/api/v1/projects/foo/instances')
    expect(status).toBe(200)
    expect(body.results).toEqual(foos.map(({ id, name }) => ({ id, name, outcome: 'stopping' })))
    for (const { id } of foos) await lab.reaches(id, 'stopped')
    await lab.reaches(foobar.id, 'ready')
  })

  test('dismisses an ended instance by its id, which is then 404', async ({ lab }) => {
    await lab.boot()
    const { id } = await lab.start('foo')
    await lab.call('DELETE', `/api/v1/instances/${id}`)
    await lab.reaches(id, 'stopped')
    expect((await lab.call('DELETE', `/api/v1/instances/${id}`)).status).toBe(204)
    expect((await lab.call('GET', `/api/v1/instances/${id}`)).status).toBe(404)
    expect((await lab.call('DELETE', `/api/v1/instances/${id}`)).status).toBe(404)
  })

  test('ends what a start made that is still under way', async ({ lab }) => {
    await lab.boot()
    const events = await lab.events()
    const starting = lab.call('POST', '/api/v1/projects/foo/instances')
    const id = await until(
      () =>
        events.events.flatMap((event) => (event.type === 'instance' ? [event.instance.id] : []))[0],
      { what: 'the first word of it' },
    )
    await lab.call('DELETE', `/api/v1/instances/${id}`)
    await starting
    await lab.reaches(id, 'stopped')
    expect(lab.processesOf(id)).toEqual([])
    expect(await lab.tmux('list-sessions', '-F', '#{session_name}')).toBe('_lab')
    events.close()
  })

  test('ends within one grace the processes that ignore SIGTERM and SIGHUP or left their terminal', async ({
    lab,
  }) => {
    lab.behave({
      ignore: ['SIGTERM', 'SIGHUP', 'SIGINT'],
      prompt: 'CHILDREN setsid nohup subshell stubborn',
    })
    await lab.boot()
    const { id } = await lab.start('foo')
    await until(() => lab.processesOf(id).length >= 6, { what: 'an agent with its children' })
    const from = performance.now()
    await lab.call('DELETE', `/api/v1/instances/${id}`)
    await lab.reaches(id, 'stopped')
    // A second grace would end after eight seconds; a test of the stop shows that there is none.
    expect(performance.now() - from).toBeLessThan(8000)
    expect(lab.processesOf()).toEqual([])
  })
})

test('a hundred starts and stops leave no process, session, note, buffer or file descriptor behind', async ({
  lab,
}) => {
  // A third of each dozen does not go when asked, or leaves children in sessions of their own.
  lab.behave({
    byName: {
      foo: { ignore: ['SIGTERM', 'SIGHUP', 'SIGINT'] },
      'foo~2': { ignore: ['SIGHUP'], prompt: 'CHILDREN setsid nohup' },
      'foo~3': { prompt: 'CHILDREN setsid subshell stubborn' },
      'foo~4': { ignore: ['SIGHUP'] },
    },
  })
  await lab.boot('--max-instances=12')
  const dozen = async (): Promise<void> => {
    const all = await Promise.all(Array.from({ length: 12 }, () => lab.start('foo')))
    for (const { id } of all) await lab.reaches(id, 'ready', 20_000)
    await lab.call('DELETE', '/api/v1/instances')
    for (const { id } of all) await lab.reaches(id, 'stopped')
  }
  await dozen()
  const fds = (): number => readdirSync(`/proc/${lab.pid()}/fd`).length
  const before = fds()
  for (let i = 0; i < 8; i++) await dozen()
  await until(() => fds() <= before, { what: 'as many descriptors as before' })
  expect(lab.processesOf()).toEqual([])
  expect(await lab.tmux('list-sessions', '-F', '#{session_name}')).toBe('_lab')
  await until(() => notesLeft(lab).length === 0, { what: 'no notes' })
  // The last launch of an instance leaves one launch file until the operator or lab dismisses it.
  const { instances } = JSON.parse(readFileSync(join(lab.stateDir, 'state.json'), 'utf8'))
  const kept = instances.map(({ id }: { id: string }) => id)
  expect(kept).toHaveLength(20)
  expect(launchFiles(lab).map((name) => name.split('.')[0])).toEqual(kept.toSorted())
  expect(readdirSync(join(lab.stateDir, 'buffers'))).toEqual([])
  expect(await lab.tmux('list-buffers')).toBe('')
  expect(readdirSync(join(lab.stateDir, 'spool'))).toEqual([])
  expect(readdirSync(lab.stateDir).toSorted()).toEqual([
    'bin',
    'buffers',
    'journal.jsonl',
    'lock',
    'notes',
    'push.json',
    'server.json',
    'spool',
    'state.json',
    'tmux-clients.json',
  ])
  expect(existsSync(join(lab.home, '.claude.json.lock'))).toBe(false)
}, 180_000)
