import { describe, expect, test } from 'vitest'
import type { Instance } from '../../../src/core/instance.ts'
import {
  ClaudeConfigInvalid,
  ClaudeMissing,
  NotLoggedIn,
  ProjectGone,
  StoreUnwritable,
  TmuxFailed,
  TmuxTimeout,
  TmuxUnavailable,
} from '../../../src/errors.ts'
import { createLab, type Lab } from '../lab.ts'

const startFoo = '/api/v1/projects/foo/instances'

async function postJson(lab: Lab, path: string, body?: unknown): Promise<Response> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return lab.ask(path, {
    method: 'POST',
    ...(body === undefined ? {} : { body: text, headers: { 'content-type': 'application/json' } }),
  })
}

async function started(lab: Lab, label?: string): Promise<Instance> {
  return lab.service.start({ project: 'foo', ...(label ? { label } : {}) }, 'api')
}

async function errorOf(response: Response): Promise<{ code: string; message: string }> {
  return ((await response.json()) as { error: { code: string; message: string } }).error
}

async function remove(lab: Lab, path: string): Promise<Response> {
  return lab.ask(path, { method: 'DELETE' })
}

describe('reading', () => {
  test('the server tells what main knows of it', async () => {
    const { ask } = createLab()
    expect(await (await ask('/api/v1/server')).json()).toMatchObject({
      version: '0.1.0',
      tmux: { argv: ['tmux', '-L', 'lab'] },
      claude: { login: 'logged_in' },
      cap: { max: 6, used: 0 },
      guard: 'loopback',
    })
  })

  test('the problems of an instance come by its name or id, and of no other', async () => {
    const at = '2026-01-01T00:00:00.000Z'
    const problems = (id: string) => [{ at, message: `of ${id}` }]
    const lab = createLab({ problems })
    const { id, name } = await started(lab)
    for (const ref of [id, name])
      expect(await (await lab.ask(`/api/v1/instances/${ref}/problems`)).json()).toEqual({
        problems: [{ at, message: `of ${id}` }],
      })
    const missing = await lab.ask('/api/v1/instances/nope/problems')
    expect(missing.status).toBe(404)
  })

  test('projects come with their instances, foreign sessions and the cap', async () => {
    const lab = createLab()
    const instance = await started(lab)
    lab.service.setForeign([{ name: 'irssi', attached: 1, createdAt: '2026-01-01T00:00:00.000Z' }])
    expect(await (await lab.ask('/api/v1/projects')).json()).toEqual({
      projects: [
        { key: 'foo', path: '/srv/projects/foo', lastUsedAt: null, instances: [instance] },
        { key: 'bar', path: '/srv/projects/bar', lastUsedAt: null, instances: [] },
      ],
      foreign: [{ name: 'irssi', attached: 1, createdAt: '2026-01-01T00:00:00.000Z' }],
      cap: { max: 6, used: 1 },
    })
  })

  test('stopped instances are listed only when asked for', async () => {
    const lab = createLab()
    const { id } = await started(lab)
    lab.service.stop(id, 'api')
    lab.service.swept(id)
    const ids = async (query: string): Promise<string[]> => {
      const response = await lab.ask(`/api/v1/instances${query}`)
      return ((await response.json()) as { instances: Instance[] }).instances.map((one) => one.id)
    }
    expect(await ids('')).toEqual([])
    expect(await ids('?ended=0')).toEqual([])
    expect(await ids('?ended=1')).toEqual([id])
    expect((await lab.ask('/api/v1/instances?ended=yes')).status).toBe(400)
  })

  test('an instance is found by its name and by its id', async () => {
    const lab = createLab()
    const instance = await started(lab, 'fix it')
    expect(await (await lab.ask(`/api/v1/instances/${instance.id}`)).json()).toEqual(instance)
    expect(await (await lab.ask('/api/v1/instances/foo%7E2%7Efix-it')).json()).toEqual(instance)
  })

  test.each(['/api/v1/nothing', '/api/v1', '/api/v1/instances/foo/nothing'])(
    '%s is a 404 in JSON',
    async (path) => {
      const response = await createLab().ask(path)
      expect(response.status).toBe(404)
      expect((await errorOf(response)).code).toBe('not_found')
    },
  )

  test('an unknown instance is a 404', async () => {
    const response = await createLab().ask('/api/v1/instances/nobody')
    expect(response.status).toBe(404)
    expect((await errorOf(response)).code).toBe('instance_not_found')
  })
})

describe('resuming', () => {
  test('answers 201 with the instance in starting, under its id and label', async () => {
    const lab = createLab()
    const { id } = await started(lab, 'fix')
    lab.service.swept(id)
    const response = await postJson(lab, `/api/v1/instances/${id}/resume`)
    expect(response.status).toBe(201)
    expect(await response.json()).toMatchObject({ id, label: 'fix', state: 'starting' })
  })

  test('what runs already is a 409', async () => {
    const lab = createLab()
    const { id } = await started(lab)
    const response = await postJson(lab, `/api/v1/instances/${id}/resume`)
    expect(response.status).toBe(409)
    expect((await errorOf(response)).code).toBe('already_running')
  })

  test('several answers an outcome for each', async () => {
    const lab = createLab({ max: 1 })
    const ids = [(await started(lab)).id]
    lab.service.swept(ids[0]!)
    ids.push((await started(lab, 'x')).id)
    lab.service.swept(ids[1]!)
    const response = await postJson(lab, '/api/v1/resume', { ids })
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({
      results: [
        { id: ids[0], outcome: 'starting' },
        { id: ids[1], outcome: 'failed', error: { code: 'at_capacity' } },
      ],
    })
  })
})

describe('starting', () => {
  test('answers 201 with the instance in starting', async () => {
    const lab = createLab()
    const response = await postJson(lab, startFoo, { label: 'fix', model: 'opus[1m]', force: true })
    expect(response.status).toBe(201)
    expect(await response.json()).toMatchObject({
      name: 'foo~2~fix',
      state: 'starting',
      model: 'opus[1m]',
    })
    expect(lab.service.asked).toEqual(['start foo "fix" forced by api'])
  })

  test('needs no body at all', async () => {
    expect(await (await postJson(createLab(), startFoo)).json()).toMatchObject({ name: 'foo' })
  })

  test('reads null as none, as an Instance writes it', async () => {
    const lab = createLab()
    const body = { label: null, model: null, effort: null, force: null }
    const response = await postJson(lab, startFoo, body)
    expect(response.status).toBe(201)
    expect(await response.json()).toMatchObject({ name: 'foo', label: null, model: null })
    expect(lab.service.asked).toEqual(['start foo "" by api'])
  })

  test.each(['cli', 'agent'])('is written down as asked by %s when that says so', async (actor) => {
    const lab = createLab()
    await lab.ask(startFoo, { method: 'POST', headers: { 'lab-actor': actor } })
    expect(lab.service.asked).toEqual([`start foo "" by ${actor}`])
  })

  test.each([
    ['what is not JSON', '{'],
    ['nothing but white space', ' '],
    ['a list', []],
    ['null', null],
    ['a label that is no text', { label: 5 }],
    ['a force that is no yes or no', { force: 'yes' }],
    ['an unknown key', { label: 'x', lable: 'y' }],
    ['a model that could be read as a flag', { model: '--dangerously-skip-permissions' }],
    ['a model with a space', { model: 'a b' }],
    ['an effort without end', { effort: 'x'.repeat(201) }],
  ])('refuses %s', async (_, body) => {
    const lab = createLab()
    const response = await postJson(lab, startFoo, body)
    expect(response.status).toBe(400)
    expect((await errorOf(response)).code).toBe('invalid_request')
    expect(lab.service.asked).toEqual([])
  })

  test('names the key that is wrong', async () => {
    const { message } = await errorOf(await postJson(createLab(), startFoo, { lable: 'y' }))
    expect(message).toContain('lable')
  })

  test('refuses JSON that does not say so', async () => {
    const lab = createLab()
    const body = { method: 'POST', body: '{}' }
    const headers = { 'content-type': 'text/plain', 'sec-fetch-site': 'same-origin' }
    const response = await lab.ask(startFoo, { ...body, headers })
    expect(response.status).toBe(400)
    expect((await errorOf(response)).message).toContain('application/json')
    expect(lab.service.asked).toEqual([])
  })

  test.each([
    ['control characters', 'a\u0007b'],
    ['10,000 characters', 'x'.repeat(10_000)],
  ])('a label of %s is 422', async (_, label) => {
    const response = await postJson(createLab(), startFoo, { label })
    expect(response.status).toBe(422)
    expect((await errorOf(response)).code).toBe('invalid_label')
  })

  test('the seventh start is refused when six may run, and says how to make room', async () => {
    const lab = createLab()
    for (let i = 0; i < 6; i++) expect((await postJson(lab, startFoo)).status).toBe(201)
    const response = await postJson(lab, startFoo)
    expect(response.status).toBe(409)
    const { code, message } = await errorOf(response)
    expect(code).toBe('at_capacity')
    expect(message).toMatch(/6 of 6.*Stop one/)
  })

  test.each([
    [404, 'project_not_found', '/api/v1/projects/nope/instances', null],
    [409, 'claude_config_invalid', startFoo, new ClaudeConfigInvalid('/x/.claude.json')],
    [410, 'project_gone', startFoo, new ProjectGone('/srv/projects/foo')],
    [502, 'tmux_failed', startFoo, new TmuxFailed('new-session', 'no space')],
    [503, 'claude_missing', startFoo, new ClaudeMissing('claude')],
    [503, 'not_logged_in', startFoo, new NotLoggedIn()],
    [503, 'tmux_unavailable', startFoo, new TmuxUnavailable('refused')],
    [503, 'store_unwritable', startFoo, new StoreUnwritable('/x')],
    [504, 'tmux_timeout', startFoo, new TmuxTimeout('new-session', 10)],
  ])('%i %s', async (status, code, path, failure) => {
    const lab = createLab()
    if (failure) lab.service.failNext(failure)
    const response = await postJson(lab, path, {})
    expect(response.status).toBe(status)
    expect((await errorOf(response)).code).toBe(code)
    expect(lab.errors).toEqual([])
  })
})

describe('stopping', () => {
  test('answers 202 in stopping, also when repeated', async () => {
    const lab = createLab()
    await started(lab)
    for (let i = 0; i < 2; i++) {
      const response = await remove(lab, '/api/v1/instances/foo')
      expect(response.status).toBe(202)
      expect(await response.json()).toMatchObject({ name: 'foo', state: 'stopping' })
    }
  })

  test('an ended one is dismissed by its id, once', async () => {
    const lab = createLab()
    const { id } = await started(lab)
    lab.service.die(id)
    expect((await remove(lab, '/api/v1/instances/foo')).status).toBe(404)
    expect((await remove(lab, `/api/v1/instances/${id}`)).status).toBe(204)
    expect((await remove(lab, `/api/v1/instances/${id}`)).status).toBe(404)
  })

  test('with `foo` stopped and `foo~2~fix` alive, every verb on `foo` is a 404', async () => {
    const lab = createLab()
    const { id } = await started(lab, 'fix')
    for (const method of ['GET', 'DELETE'])
      expect((await lab.ask('/api/v1/instances/foo', { method })).status).toBe(404)
    expect(lab.service.get(id).state).toBe('starting')
  })

  test('all of a project leaves the others alone', async () => {
    const lab = createLab()
    const { id } = await started(lab)
    const other = await lab.service.start({ project: 'bar' }, 'api')
    const response = await remove(lab, '/api/v1/projects/foo/instances')
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ results: [{ id, name: 'foo', outcome: 'stopping' }] })
    expect(lab.service.get(other.id).state).toBe('starting')
    expect((await remove(lab, '/api/v1/projects/nope/instances')).status).toBe(404)
  })

  test('all of everything gives every instance its own outcome', async () => {
    const lab = createLab()
    await started(lab)
    await lab.service.start({ project: 'bar' }, 'api')
    const response = await remove(lab, '/api/v1/instances')
    const { results } = (await response.json()) as { results: object[] }
    expect(results).toMatchObject([
      { name: 'foo', outcome: 'stopping' },
      { name: 'bar', outcome: 'stopping' },
    ])
  })
})

describe('health', () => {
  test('is one word', async () => {
    const { ask } = createLab()
    expect(await (await ask('/healthz')).text()).toBe('ok\n')
    expect(await (await ask('/readyz')).text()).toBe('ok\n')
  })

  test.each(['starting', 'unwritable'] as const)(
    'says %s when lab cannot do its work',
    async (word) => {
      const { ask } = createLab({ readiness: () => word })
      expect((await ask('/healthz')).status).toBe(200)
      const response = await ask('/readyz')
      expect(response.status).toBe(503)
      expect(await response.text()).toBe(`${word}\n`)
    },
  )
})
