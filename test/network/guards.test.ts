// A whole lab with guards on a real network: another address, another machine (a network namespace), and
// the commands on both machines.
import { execFileSync, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { execa } from 'execa'
import { createTestLab, labPath } from '../fixtures/lab.ts'
import { until } from '../fixtures/until.ts'

const password = 'correct horse battery staple'
const token = 'token-of-the-laptop-0123456789'

type Lab = Awaited<ReturnType<typeof createTestLab>>

function secret(lab: Lab, name: string, text: string): string {
  const path = join(lab.dir, name)
  writeFileSync(path, text, { mode: 0o600 })
  return path
}

describe('lab serve on an open address', () => {
  test.each(['0.0.0.0', '::', '192.0.2.1', 'box.example.net'])(
    'exits 2 on %s without a guard, and names the flags to add',
    async (host) => {
      const lab = await createTestLab()
      const { exitCode, stdout, stderr } = await lab.run(
        'serve',
        `--projects-root=${lab.root}`,
        `--state-dir=${lab.stateDir}`,
        '--port=0',
        `--host=${host}`,
      )
      await lab.dispose()
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
      expect(stderr.split('\n')).toHaveLength(1)
      for (const flag of ['--password-file', '--token-file', '--trusted-proxy'])
        expect(stderr).toContain(flag)
    },
  )

  test.each([
    ['a token file that others can read', '--token-file', 'x: y', 0o644, 'chmod 600'],
    ['a token file without a token', '--token-file', '\n', 0o600, 'holds no token'],
    ['a password file without a password', '--password-file', '\n', 0o600, 'holds no password'],
    ['a password file that does not exist', '--password-file', null, 0o600, 'does not exist'],
  ] as const)('exits 2 with %s, and names the remedy', async (_, flag, text, mode, remedy) => {
    const lab = await createTestLab()
    const path = join(lab.dir, 'secret')
    if (text !== null) {
      writeFileSync(path, text)
      chmodSync(path, mode)
    }
    const { exitCode, stderr } = await lab.run(
      'serve',
      `--projects-root=${lab.root}`,
      `--state-dir=${lab.stateDir}`,
      '--port=0',
      '--host=0.0.0.0',
      `${flag}=${path}`,
    )
    await lab.dispose()
    expect(exitCode).toBe(2)
    expect(stderr).toMatch(new RegExp(`^lab: ${flag} ${path} .*${remedy}.*$`))
  })
})

describe('lab with all guards', () => {
  let lab: Lab
  let tokens: string
  beforeAll(async () => {
    lab = await createTestLab()
    tokens = secret(lab, 'tokens', `laptop: ${token}\n`)
    await lab.boot(
      '--host=0.0.0.0',
      `--password-file=${secret(lab, 'password', password)}`,
      `--token-file=${tokens}`,
      '--trusted-proxy=192.0.2.1',
    )
  })
  afterAll(() => lab.dispose())

  /** Runs a command without a state directory, as on another machine. */
  const elsewhere = (argv: readonly string[], env: Record<string, string>) =>
    execa(process.execPath, [labPath, ...argv], {
      env: { ...lab.env, HOME: '/nonexistent', ...env },
      extendEnv: false,
      cwd: '/',
      reject: false,
      stdin: 'ignore',
      timeout: 45_000,
    })

  test('lets the commands on the same machine in without a flag', async () => {
    const started = await lab.run('new', 'foo', '--label', 'local')
    expect(started).toMatchObject({ exitCode: 0, stderr: '' })
    const listed = await lab.run('ls', '--json')
    expect(listed.stdout).toContain('foo~2~local')
    expect(await lab.run('stop', 'foo~2~local')).toMatchObject({ exitCode: 0, stderr: '' })
    const journal = () => readFileSync(join(lab.stateDir, 'journal.jsonl'), 'utf8')
    await until(() => journal().includes('"by":"cli"'), { what: 'the journal' })
  })

  test('lets the commands from another machine in with a token, and asks for one without', async () => {
    const url = lab.url().replace('0.0.0.0', '127.0.0.1')
    for (const argv of [['ls'], ['new', 'foo'], ['stop', '--all']]) {
      const { exitCode, stdout, stderr } = await elsewhere(argv, { LAB_URL: url })
      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
      expect(stderr).toContain('--token-file')
    }
    const remote = { LAB_URL: url, LAB_TOKEN_FILE: tokens }
    const started = await elsewhere(['new', 'bar', '--label', 'remote'], remote)
    expect(started).toMatchObject({ exitCode: 0, stderr: '' })
    expect((await elsewhere(['ls'], remote)).stdout).toContain('bar~2~remote')
    expect(await elsewhere(['stop', 'bar~2~remote'], remote)).toMatchObject({ exitCode: 0 })
    const journal = () => readFileSync(join(lab.stateDir, 'journal.jsonl'), 'utf8')
    await until(() => journal().includes('"by":"token:laptop"'), { what: 'the journal' })
  })

  test('lists its guards and its refusals at GET /api/v1/server', async () => {
    const { stdout } = await lab.run('ls', '--json')
    expect(stdout).toContain('foo')
    expect((await lab.call('GET', '/api/v1/server')).status).toBe(401)
    const { body } = await lab.call('GET', '/api/v1/server', undefined, {
      authorization: `Bearer ${token}`,
    })
    expect(body.guard).toBe('password, token, proxy')
    expect(body.refused.unauthorized).toBeGreaterThan(0)
  })

  test('keeps a sign-in over a restart, and logs no secret', async () => {
    const signIn = await fetch(`${lab.url()}/login`, {
      method: 'POST',
      redirect: 'manual',
      headers: { origin: lab.url(), 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ password }),
    })
    expect(signIn.status).toBe(303)
    const cookie = signIn.headers.get('set-cookie')!.split(';', 1)[0]!
    await lab.end()
    await lab.boot('--log-level=debug', `--password-file=${join(lab.dir, 'password')}`)
    const { status } = await lab.call('GET', '/api/v1/projects', undefined, { cookie })
    expect(status).toBe(200)
    for (const word of [password, token, cookie.split('.')[2]!])
      expect(lab.stderr()).not.toContain(word)
  })
})

const ip = (line: string) =>
  execFileSync('ip', line.split(' '), { stdio: ['ignore', 'pipe', 'ignore'] })

const isRoot = process.getuid?.() === 0
const hasNamespaces = isRoot && spawnSync('ip', ['netns', 'list'], { stdio: 'ignore' }).status === 0
const why = isRoot ? 'no ip netns' : 'not root'
if (!hasNamespaces) console.warn(`SKIPPED: the second machine, because there is ${why}`)

describe.skipIf(!hasNamespaces)(
  hasNamespaces ? 'a second machine' : `a second machine (SKIPPED: ${why})`,
  () => {
    // Both machines are namespaces, lab's as well. When an interface of this machine comes or goes, the
    // requests of a browser in another test fail (ERR_NETWORK_CHANGED), and its address may be in use.
    const run = randomBytes(4).toString('hex')
    const [here, there] = [`lab-${run}-here`, `lab-${run}-there`]
    const address = '10.231.0.1'
    let lab: Lab
    let isMade = true

    beforeAll(async () => {
      ip(`netns add ${here}`)
      ip(`netns add ${there}`)
      try {
        ip(`-n ${here} link add here0 type veth peer name there0 netns ${there}`)
        ip(`-n ${here} addr add ${address}/24 dev here0`)
        ip(`-n ${there} addr add 10.231.0.2/24 dev there0`)
        for (const link of ['lo', 'here0']) ip(`-n ${here} link set ${link} up`)
        for (const link of ['lo', 'there0']) ip(`-n ${there} link set ${link} up`)
      } catch {
        isMade = false
        return
      }
      lab = await createTestLab({ launcher: ['ip', 'netns', 'exec', here] })
      await lab.boot('--host=0.0.0.0', `--password-file=${secret(lab, 'password', password)}`)
    })
    afterAll(async () => {
      for (const name of [here, there]) spawnSync('ip', ['netns', 'del', name])
      await lab?.dispose()
    })

    /** Runs a program on one of the machines and parses its JSON; the program gets lab's address only. */
    async function on(machine: string, program: string): Promise<unknown> {
      const url = lab.url().replace('0.0.0.0', address)
      const argv = ['netns', 'exec', machine, process.execPath, '--input-type=module', '-e']
      const { stdout } = await execa('ip', [...argv, preamble + program], {
        env: { LAB: url, PASSWORD: password },
        timeout: 45_000,
      })
      return JSON.parse(stdout) as unknown
    }

    const preamble = `
      const url = process.env.LAB
      const post = (path, fields, headers = {}) => fetch(url + path, {
        method: 'POST', redirect: 'manual', body: new URLSearchParams(fields),
        headers: { origin: url, ...headers },
      })
      const say = (value) => console.log(JSON.stringify(value))
    `

    test('gets the page and starts an instance with the password', async ({ skip }) => {
      skip(!isMade, 'this machine has no veth pairs')
      const seen = await on(
        there,
        `
        const first = await fetch(url + '/', { redirect: 'manual' })
        const signIn = await post('/login', { password: process.env.PASSWORD })
        const [cookie] = signIn.headers.get('set-cookie').split(';')
        const page = await fetch(url + '/', { headers: { cookie } })
        const start = await post('/projects/foo/instances', { label: 'far' }, { cookie })
        say({
          first: [first.status, first.headers.get('location')],
          signIn: signIn.status,
          page: [page.status, (await page.text()).includes('data-project="foo"')],
          start: start.status,
          health: await (await fetch(url + '/healthz')).text(),
        })`,
      )
      expect(seen).toEqual({
        first: [303, '/login?next=%2F'],
        signIn: 303,
        page: [200, true],
        start: 303,
        health: 'ok\n',
      })
    })

    test('gets nothing without the password: lab refuses a sixth guess, and takes the right password then', async ({
      skip,
    }) => {
      skip(!isMade, 'this machine has no veth pairs')
      const seen = await on(
        there,
        `
        const guesses = []
        for (let i = 0; i < 6; i++) guesses.push((await post('/login', { password: 'no' + i })).status)
        const right = await post('/login', { password: process.env.PASSWORD })
        say({
          guesses,
          right: right.status,
          api: (await fetch(url + '/api/v1/projects')).status,
          forged: (await fetch(url + '/api/v1/projects', { headers: { 'remote-user': 'root' } })).status,
          proxied: (await fetch(url + '/api/v1/projects', { headers: { 'x-forwarded-for': '127.0.0.1' } })).status,
        })`,
      )
      expect(seen).toEqual({
        guesses: [401, 401, 401, 401, 401, 429],
        right: 303,
        api: 401,
        forged: 401,
        proxied: 403,
      })
      const own = await on(
        here,
        `say((await post('/login', { password: process.env.PASSWORD })).status)`,
      )
      expect(own).toBe(303)
    })
  },
)
