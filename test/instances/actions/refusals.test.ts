// Bad input, end to end: each request gets a clear answer and changes nothing.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { test, type TestLab } from '../../fixtures/lab.ts'
import { until } from '../../fixtures/until.ts'

const program = (lab: TestLab, name: string, text: string): string => {
  const dir = join(lab.dir, 'programs')
  mkdirSync(dir, { recursive: true })
  writeFileSync(join(dir, name), text)
  chmodSync(join(dir, name), 0o755)
  return dir
}

describe('a request that cannot be met changes nothing', () => {
  const refusals = [
    [
      'an unknown project',
      'POST',
      '/api/v1/projects/nope/instances',
      undefined,
      404,
      'project_not_found',
    ],
    ['an unknown instance', 'GET', '/api/v1/instances/nope', undefined, 404, 'instance_not_found'],
    [
      'stopping an unknown instance',
      'DELETE',
      '/api/v1/instances/foo~2',
      undefined,
      404,
      'instance_not_found',
    ],
    [
      'stopping an unknown project',
      'DELETE',
      '/api/v1/projects/nope/instances',
      undefined,
      404,
      'project_not_found',
    ],
    [
      'a label of 10,000 characters',
      'POST',
      '/api/v1/projects/foo/instances',
      { label: 'x'.repeat(10_000) },
      422,
      'invalid_label',
    ],
    [
      'a label with control characters',
      'POST',
      '/api/v1/projects/foo/instances',
      { label: 'a\u001b[2Jb' },
      422,
      'invalid_label',
    ],
    [
      'a label with a line break',
      'POST',
      '/api/v1/projects/foo/instances',
      { label: 'a\nb' },
      422,
      'invalid_label',
    ],
    [
      'an unknown key',
      'POST',
      '/api/v1/projects/foo/instances',
      { lable: 'x' },
      400,
      'invalid_request',
    ],
    [
      'a label that is no text',
      'POST',
      '/api/v1/projects/foo/instances',
      { label: 1 },
      400,
      'invalid_request',
    ],
    [
      'a model that is a flag',
      'POST',
      '/api/v1/projects/foo/instances',
      { model: '--resume' },
      400,
      'invalid_request',
    ],
    [
      'a body that is no JSON',
      'POST',
      '/api/v1/projects/foo/instances',
      '{',
      400,
      'invalid_request',
    ],
    [
      'a path that climbs out',
      'POST',
      '/api/v1/projects/..%2f..%2fetc/instances',
      undefined,
      404,
      'project_not_found',
    ],
    [
      'a reference that climbs out',
      'GET',
      '/api/v1/instances/..%2f..%2fetc%2fpasswd',
      undefined,
      404,
      'instance_not_found',
    ],
  ] as const

  test.for(refusals)('%s', async ([, method, path, body, status, code], { lab }) => {
    await lab.boot()
    const state = join(lab.stateDir, 'state.json')
    const before = await until(() => readFileSync(state, 'utf8'), { what: 'the first state' })
    const answer = await lab.call(method, path, body)
    expect([answer.status, answer.body.error?.code]).toEqual([status, code])
    expect(answer.body.error.message.length).toBeGreaterThan(10)
    expect(await lab.tmux('list-sessions', '-F', '#{session_name}')).toBe('_lab')
    expect(readFileSync(state, 'utf8')).toBe(before)
  })
})

describe('a start in a broken world is refused by name', () => {
  test('when the folder of the project is gone', async ({ lab }) => {
    await lab.boot()
    rmSync(join(lab.root, 'foo'), { recursive: true })
    const { status, body } = await lab.call('POST', '/api/v1/projects/foo/instances')
    expect([status, body.error.code]).toEqual([410, 'project_gone'])
  })

  test('when claude is missing, and the page warns of that as well', async ({ lab }) => {
    await lab.boot('--claude=/nowhere/claude')
    const { status, body } = await lab.call('POST', '/api/v1/projects/foo/instances')
    expect([status, body.error.code]).toEqual([503, 'claude_missing'])
    expect((await lab.call('GET', '/')).body).toContain('/nowhere/claude')
  })

  test('when .claude.json is malformed, and leaves the file as it is', async ({ lab }) => {
    await lab.boot()
    const path = join(lab.home, '.claude.json')
    writeFileSync(path, '{"projects": ')
    const { status, body } = await lab.call('POST', '/api/v1/projects/foo/instances')
    expect([status, body.error.code]).toEqual([409, 'claude_config_invalid'])
    expect(body.error.message).toContain(path)
    expect(readFileSync(path, 'utf8')).toBe('{"projects": ')
    expect((await lab.call('GET', '/api/v1/instances')).body.instances).toEqual([])
    expect((await lab.call('GET', '/api/v1/server')).body.cap.used).toBe(0)
  })

  test('when Claude is not logged in, unless it is forced', async ({ lab }) => {
    lab.behave({ loggedIn: false })
    await lab.boot()
    await until(
      async () => (await lab.call('GET', '/api/v1/server')).body.claude.login === 'logged_out',
      { what: 'the login known' },
    )
    const { status, body } = await lab.call('POST', '/api/v1/projects/foo/instances')
    expect([status, body.error.code]).toEqual([503, 'not_logged_in'])
    const forced = await lab.call('POST', '/api/v1/projects/foo/instances', { force: true })
    expect(forced.status).toBe(201)
  })

  test('stops after a login, also on a page without a tap', async ({ lab }) => {
    lab.behave({ loggedIn: false })
    await lab.boot()
    const abort = new AbortController()
    const { body } = await fetch(`${lab.url()}/events`, { signal: abort.signal })
    const notices: boolean[] = []
    void (async () => {
      let text = ''
      for await (const chunk of body!.pipeThrough(new TextDecoderStream())) {
        text += chunk
        const messages = text.split('\n\n')
        text = messages.pop()!
        for (const message of messages)
          if (message.includes('id="notices"')) notices.push(message.includes('"not_logged_in"'))
      }
    })().catch(() => undefined)
    await until(() => notices.at(-1), { what: 'the notice' })
    const said = notices.length
    lab.behave({ loggedIn: true })
    // lab calls claude again after fifteen seconds at the earliest.
    await until(() => notices.length > said, { timeoutMs: 40_000, what: 'another word' })
    expect(notices.slice(said)).toEqual([false])
    expect((await lab.call('GET', '/api/v1/server')).body.claude.login).toBe('logged_in')
    abort.abort()
  }, 60_000)

  test('when the store cannot be written', async ({ lab }) => {
    await lab.boot()
    // A directory in its place is the only obstacle that stops root, too.
    const path = join(lab.stateDir, 'state.json')
    await until(() => existsSync(path), { what: 'the first state, after which nothing is written' })
    rmSync(path, { force: true })
    mkdirSync(join(path, 'x'), { recursive: true })
    const { status, body } = await lab.call('POST', '/api/v1/projects/foo/instances')
    expect([status, body.error.code]).toEqual([503, 'store_unwritable'])
    expect(await lab.tmux('list-sessions', '-F', '#{session_name}')).toBe('_lab')
    rmSync(path, { recursive: true })
    expect((await lab.call('POST', '/api/v1/projects/foo/instances')).status).toBe(201)
  })
})

describe('lab does not start', () => {
  const serve = (lab: TestLab, ...flags: string[]): ReturnType<TestLab['run']> =>
    lab.run(
      'serve',
      `--projects-root=${lab.root}`,
      `--state-dir=${lab.stateDir}`,
      '--port=0',
      ...flags,
    )

  async function refused(answer: ReturnType<TestLab['run']>, ...words: string[]): Promise<void> {
    const { exitCode, stdout, stderr } = await answer
    expect([exitCode, stdout]).toEqual([2, ''])
    expect(stderr.split('\n')).toHaveLength(1)
    for (const word of words) expect(stderr).toContain(word)
  }

  test('with an unknown flag', ({ lab }) => refused(serve(lab, '--prot=1'), '--prot', '--port'))
  test('on an address that is not loopback', ({ lab }) =>
    refused(serve(lab, '--host=0.0.0.0'), '--host', 'guard'))
  test('without its root', ({ lab }) =>
    refused(serve(lab, '--projects-root=/nowhere'), '/nowhere', 'mkdir'))
  test('with a state directory that is a file', async ({ lab }) => {
    writeFileSync(join(lab.dir, 'file'), '')
    await refused(serve(lab, `--state-dir=${lab.dir}/file`), `${lab.dir}/file`)
  })
  test('without tmux', async ({ lab }) => {
    const dir = program(lab, 'nothing', '')
    lab.env['PATH'] = dir
    await refused(serve(lab), 'tmux')
  })
  test('with a tmux that is too old', async ({ lab }) => {
    const dir = program(lab, 'tmux', '#!/bin/sh\necho tmux 3.0a\n')
    lab.env['PATH'] = `${dir}:${lab.env['PATH']}`
    await refused(serve(lab), '3.0a', '3.2')
  })
  test('on a port in use', async ({ lab }) => {
    const holder = createServer()
    await new Promise<void>((done) => holder.listen(0, '127.0.0.1', done))
    const { port } = holder.address() as AddressInfo
    await refused(serve(lab, `--port=${port}`), String(port), '--port')
    holder.close()
    // The attempt leaves nothing that would keep the next lab from starting.
    await lab.boot()
  })
})

test('a root without repositories gives an empty page with the next command', async ({ lab }) => {
  for (const name of readdirSync(lab.root)) rmSync(join(lab.root, name), { recursive: true })
  await lab.boot()
  const { status, body } = await lab.call('GET', '/')
  expect(status).toBe(200)
  expect(body).toContain('git clone')
  expect(body).toContain(lab.root)
})

test('a root that is itself a repository gives a notice with the right root', async ({ lab }) => {
  for (const name of readdirSync(lab.root)) rmSync(join(lab.root, name), { recursive: true })
  mkdirSync(join(lab.root, '.git'))
  await lab.boot()
  expect((await lab.call('GET', '/')).body).toContain(`--projects-root ${lab.dir}`)
})
