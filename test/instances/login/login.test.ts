// The login of Claude with a real lab: the stand-in's `claude auth login` in a real tmux.
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import type { LoginFlow } from '../../../src/core/input/login.ts'
import { test, type TestLab } from '../../fixtures/lab.ts'
import { fooAndBar, isAlive, looked, sessions } from '../../fixtures/life.ts'
import { until } from '../../fixtures/until.ts'

const link = /^https:\/\/claude\.ai\/oauth\/authorize\?z-[\w-]{43}$/
const right = 'abcd1234#efgh5678'

function logOut(lab: TestLab): void {
  rmSync(join(lab.home, '.claude', '.credentials.json'))
}

async function login(lab: TestLab): Promise<LoginFlow> {
  return (await lab.call('GET', '/api/v1/login')).body as LoginFlow
}

/** Starts a login and returns it once it waits for the code. */
async function begin(lab: TestLab): Promise<LoginFlow> {
  expect((await lab.call('POST', '/api/v1/login')).status).toBe(200)
  return until(
    async () => {
      const flow = await login(lab)
      return flow.state === 'code' ? flow : null
    },
    { what: 'a link' },
  )
}

const give = (lab: TestLab, code: unknown) => lab.call('POST', '/api/v1/login/code', { code })

async function page(lab: TestLab): Promise<string> {
  return String((await lab.call('GET', '/claude-login')).body)
}

const submit = (lab: TestLab, path: string, fields: Record<string, string> = {}) =>
  fetch(lab.url() + path, {
    method: 'POST',
    body: new URLSearchParams(fields),
    headers: { origin: lab.url(), 'sec-fetch-site': 'same-origin' },
    redirect: 'manual',
  })

const hasBanner = async (lab: TestLab): Promise<boolean> =>
  String((await lab.call('GET', '/')).body).includes('data-notice="not_logged_in"')

/** The pid of the program that logs in. */
async function pid(lab: TestLab): Promise<number> {
  return Number(await lab.tmux('display-message', '-p', '-t', '=_lab-login:', '#{pane_pid}'))
}

function journal(lab: TestLab): { what: string; by: string; name: string }[] {
  const lines = readFileSync(join(lab.stateDir, 'journal.jsonl'), 'utf8').split('\n')
  return lines.filter(Boolean).map((line) => JSON.parse(line))
}

/** Puts a shell script in the place of claude, which prints these lines and then waits. */
function replaceLogin(lab: TestLab, printed: readonly string[], rest = 'sleep 600'): string {
  const path = join(lab.dir, 'other-claude')
  const file = join(lab.dir, 'printed')
  writeFileSync(file, printed.join('\n'))
  const status = `*status*) echo '{"loggedIn":false}'; exit 1 ;;`
  const script = `case "$*" in --version) echo 2.1.329 ;; ${status} *) cat '${file}'; ${rest} ;; esac`
  writeFileSync(path, `#!/bin/sh\n${script}\n`)
  chmodSync(path, 0o755)
  return `--claude=${path}`
}

describe('a login', () => {
  test('shows its link, takes the right code, and ends the banner', async ({ lab }) => {
    logOut(lab)
    await lab.boot()
    await until(() => hasBanner(lab), { what: 'the banner' })
    expect(await login(lab)).toEqual({
      account: 'default',
      state: 'idle',
      url: null,
      message: null,
      since: null,
    })
    const { url, since } = await begin(lab)
    expect(url).toMatch(link)
    expect(Date.parse(since!)).toBeGreaterThan(Date.now() - 60_000)
    const { status, body } = await give(lab, ` ${right}\n`)
    expect([status, body]).toEqual([200, expect.objectContaining({ state: 'done', url: null })])
    expect(await hasBanner(lab)).toBe(false)
    expect((await lab.call('GET', '/api/v1/server')).body.claude.login).toBe('logged_in')
    expect(await sessions(lab)).toEqual([])
    expect((await login(lab)).state).toBe('done')
    const said = journal(lab).map(({ what, by, name }) => [what, by, name])
    expect(said).toEqual([
      ['login_started', 'api', '_lab-login'],
      ['login_code', 'api', '_lab-login'],
      ['logged_in', 'nobody', '_lab-login'],
    ])
  })

  test('asks again for half a code, and fails with a wrong one', async ({ lab }) => {
    logOut(lab)
    await lab.boot()
    const { url } = await begin(lab)
    for (const half of ['half', 'https://claude.ai/oauth', '123456']) {
      const { body } = await give(lab, half)
      expect(body).toMatchObject({ state: 'code', url, message: expect.stringMatching(/^That/) })
    }
    const failed = (await give(lab, 'wrong#code')).body
    const message = "Couldn't log in: Request failed with status code 400"
    expect(failed).toMatchObject({ state: 'failed', url: null, message })
    expect(await sessions(lab)).toEqual([])
    expect(await page(lab)).toContain('Couldn&#39;t log in: Request failed')
    expect(await hasBanner(lab)).toBe(true)
    // The next one has another link.
    expect((await begin(lab)).url).not.toBe(url)
    expect((await give(lab, right)).body.state).toBe('done')
  })

  test('types no code that would press a key, that is too long, or that has no prompt', async ({
    lab,
  }) => {
    await lab.boot()
    expect((await give(lab, right)).body.error.code).toBe('wrong_state')
    await begin(lab)
    for (const code of ['', '  ', 'a#b\u001b[201~c', 'a#b\rc#d', 'x'.repeat(4097), 7]) {
      const { status, body } = await give(lab, code)
      expect([code, status, body.error.code]).toEqual([code, 400, 'invalid_request'])
    }
    const { body } = await lab.call('GET', '/api/v1/login?account=other')
    expect(body.error).toMatchObject({ code: 'invalid_request' })
    expect((await login(lab)).message).toBeNull()
    const long = `${'x'.repeat(2000)}#${'y'.repeat(2095)}`
    expect((await give(lab, long)).body.state).toBe('done')
  })

  test('replaces what a person typed at its prompt', async ({ lab }) => {
    await lab.boot()
    await begin(lab)
    await lab.tmux('send-keys', '-t', '=_lab-login:', '-l', 'wrong#draft')
    const shown = () => lab.tmux('capture-pane', '-p', '-t', '=_lab-login:')
    await until(async () => (await shown()).includes('wrong#draft'), { what: 'the draft' })
    expect((await give(lab, right)).body.state).toBe('done')
  })

  test('keeps the code out of the log, the journal and the arguments of programs', async ({
    lab,
  }) => {
    await lab.boot('--log-level=debug')
    await begin(lab)
    const seen: string[] = []
    const given = give(lab, right)
    let isOver = false
    void given.finally(() => (isOver = true))
    while (!isOver) {
      for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
        try {
          seen.push(readFileSync(`/proc/${name}/cmdline`, 'utf8'))
        } catch {
          // It ended.
        }
      }
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect((await given).body.state).toBe('done')
    const [code] = right.split('#')
    const stored = readdirSync(lab.stateDir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8'))
    for (const text of [...seen, ...stored, lab.stderr(), JSON.stringify(await login(lab))])
      expect(text).not.toContain(code)
  })

  test('ends with its program when it is canceled', async ({ lab }) => {
    await lab.boot()
    expect((await lab.call('DELETE', '/api/v1/login')).body.state).toBe('idle')
    await begin(lab)
    const program = await pid(lab)
    expect((await lab.call('DELETE', '/api/v1/login')).body.state).toBe('idle')
    expect(await sessions(lab)).toEqual([])
    await until(() => !isAlive(program), { what: 'the end of the program' })
    expect(journal(lab).at(-1)).toMatchObject({ what: 'login_canceled', by: 'api' })
  })

  test('is one for two phones that start it at once', async ({ lab }) => {
    await lab.boot()
    const answers = await Promise.all([1, 2, 3].map(() => lab.call('POST', '/api/v1/login')))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    const { url } = await begin(lab)
    // An answer that came before Claude showed the link has none.
    expect(new Set(answers.map(({ body }) => body.url ?? url))).toEqual(new Set([url]))
    expect(await sessions(lab)).toEqual(['_lab-login'])
    const given = await Promise.all([give(lab, right), give(lab, right)])
    expect(given.map(({ status }) => status).toSorted()).toEqual([200, 409])
  })

  test('survives lab, before the code and after it', async ({ lab }) => {
    logOut(lab)
    await lab.boot()
    const { url } = await begin(lab)
    await lab.end('SIGKILL')
    await lab.boot()
    expect(await login(lab)).toMatchObject({ state: 'code', url })
    await lab.end('SIGKILL')
    await lab.tmux('send-keys', '-t', '=_lab-login:', right, 'Enter')
    await until(async () => (await lab.tmux('list-panes', '-a', '-F', '#{pane_dead}')).includes('1'), { what: 'the end' }) // prettier-ignore
    await lab.boot()
    // lab looks by itself: no caller asks.
    await until(async () => (await sessions(lab)).length === 0, { what: 'the end of the session' })
    expect((await login(lab)).state).toBe('done')
    expect(await hasBanner(lab)).toBe(false)
  })

  test('that a person ends in the terminal ends the banner', async ({ lab }) => {
    logOut(lab)
    await lab.boot()
    await until(() => hasBanner(lab), { what: 'the banner' })
    await begin(lab)
    await lab.tmux('send-keys', '-t', '=_lab-login:', right, 'Enter')
    await until(async () => !(await hasBanner(lab)), { what: 'a page without the banner' })
    expect((await login(lab)).state).toBe('done')
  })

  test('is no instance and no foreign session, has no place under the cap, and outlives a stop of all', async ({
    lab,
  }) => {
    const [foo] = await fooAndBar(lab, '--max-instances=3')
    const { url } = await begin(lab)
    await looked(lab)
    const { foreign, cap, projects } = (await lab.call('GET', '/api/v1/projects')).body
    expect(foreign.map(({ name }: { name: string }) => name)).not.toContain('_lab-login')
    expect(cap).toEqual({ max: 3, used: 2 })
    expect(projects.flatMap((one: { instances: unknown[] }) => one.instances)).toHaveLength(2)
    expect((await lab.call('GET', '/api/v1/instances?ended=1')).body.instances).toHaveLength(2)
    expect((await lab.call('GET', '/api/v1/instances/_lab-login')).status).toBe(404)
    expect((await lab.call('DELETE', '/api/v1/instances/_lab-login')).status).toBe(404)
    const { results } = (await lab.call('DELETE', '/api/v1/instances')).body
    expect(results).toHaveLength(2)
    await lab.reaches(foo.id, 'stopped')
    expect(await sessions(lab)).toContain('_lab-login')
    expect(await login(lab)).toMatchObject({ state: 'code', url })
    expect(lab.stderr()).not.toContain('without the rest of the metadata')
  })

  test('does not take an instance for itself whose metadata is forged', async ({ lab }) => {
    const [foo] = await fooAndBar(lab)
    await lab.tmux('set-option', '-t', '=foo:', '@lab_login', 'default')
    await lab.tmux('set-option', '-t', '=foo:', '-F', '@lab_keys', '#{@lab_keys},login')
    await looked(lab)
    expect((await login(lab)).state).toBe('idle')
    expect((await lab.call('DELETE', '/api/v1/login')).body.state).toBe('idle')
    expect((await lab.get(foo.id)).state).toBe('ready')
  })

  test('runs without the variables of agents and of an enclosing Claude', async ({ lab }) => {
    lab.env['CLAUDECODE'] = '1'
    lab.env['ANTHROPIC_API_KEY'] = 'secret'
    await lab.boot()
    await begin(lab)
    const environ = readFileSync(`/proc/${await pid(lab)}/environ`, 'utf8').split('\0')
    const names = environ.map((entry) => entry.split('=', 1)[0])
    for (const name of ['CLAUDECODE', 'ANTHROPIC_API_KEY', 'LAB_INSTANCE', 'TMUX'])
      expect(names).not.toContain(name)
    expect(environ).toContain('BROWSER=true')
  })

  test('leaves the folder named like its session a project', async ({ lab }) => {
    lab.repository('_lab-login')
    await lab.boot()
    const { projects } = (await lab.call('GET', '/api/v1/projects')).body
    const keys = projects.map(({ key }: { key: string }) => key)
    expect(keys).not.toContain('_lab-login')
    expect(keys).toContainEqual(expect.stringMatching(/^_lab-login-[0-9a-f]{4}$/))
  })
})

describe('a login whose program is hostile', () => {
  test('has no link to another host, and gets no code', async ({ lab }) => {
    const flag = replaceLogin(lab, [
      'https://claude.ai.evil.example/oauth/authorize?x',
      'https://claude.ai@evil.example/oauth/authorize?x',
      'javascript:alert(1)//https:claude.ai/oauth/',
      '<script>alert(1)</script> </main>',
      'Paste code here if prompted > ',
    ])
    await lab.boot(flag)
    expect((await lab.call('POST', '/api/v1/login')).body).toMatchObject({ url: null })
    expect((await give(lab, right)).body.error.code).toBe('wrong_state')
    const html = await page(lab)
    for (const text of ['evil', 'javascript', '<script']) expect(html).not.toContain(text)
    expect(await lab.tmux('capture-pane', '-p', '-t', '=_lab-login:')).not.toContain('abcd')
  })

  test('shows what it printed last as text alone', async ({ lab }) => {
    const printed = [`Couldn't log in: </p><script>alert(1)</script> \u202e https`, '']
    await lab.boot(replaceLogin(lab, printed, 'exit 3'))
    await lab.call('POST', '/api/v1/login')
    await until(async () => (await login(lab)).state === 'failed', { what: 'the failure' })
    expect((await login(lab)).message).toContain('\\u202e')
    expect(await page(lab)).toContain('&lt;/p&gt;&lt;script&gt;')
  })

  test('has failed when it ends well and Claude still reports no login', async ({ lab }) => {
    await lab.boot(replaceLogin(lab, ['Login successful.', ''], 'exit 0'))
    await lab.call('POST', '/api/v1/login')
    await until(async () => (await login(lab)).state === 'failed', { what: 'the failure' })
    expect((await login(lab)).message).toContain('still reports none')
  })

  test('shows a long link whole that the terminal has wrapped', async ({ lab }) => {
    const long = `https://claude.com/cai/oauth/authorize?code=true&scope=${'x'.repeat(700)}&state=a_b`
    await lab.boot(replaceLogin(lab, [`visit: ${long}`, 'Paste code here if prompted > ']))
    expect((await begin(lab)).url).toBe(long)
  })
})

describe('the page of the login', () => {
  test('starts it, shows the link, takes the code, and says how it went', async ({ lab }) => {
    logOut(lab)
    await lab.boot()
    await until(() => hasBanner(lab), { what: 'the banner' })
    expect(await page(lab)).toContain('Claude is not logged in.')
    const started = await submit(lab, '/claude-login')
    expect([started.status, started.headers.get('location')]).toEqual([303, '/claude-login'])
    const { url } = await begin(lab)
    expect(await page(lab)).toContain(`href="${url}"`)
    const half = await submit(lab, '/claude-login/code', { code: 'half' })
    expect(half.status).toBe(303)
    expect(await page(lab)).toContain('That doesn&#39;t look like the full code.')
    const bad = await submit(lab, '/claude-login/code', { code: ' ' })
    expect([bad.status, (await bad.text()).includes('The code is empty.')]).toEqual([400, true])
    expect((await submit(lab, '/claude-login/code', { code: right })).status).toBe(303)
    expect(await page(lab)).toContain('Claude is logged in.')
    expect(journal(lab).map(({ by }) => by)).toEqual(['page', 'page', 'page', 'nobody'])
  })

  test('cancels it', async ({ lab }) => {
    await lab.boot()
    await submit(lab, '/claude-login')
    expect((await submit(lab, '/claude-login/cancel')).status).toBe(303)
    expect(await sessions(lab)).toEqual([])
    expect(existsSync(join(lab.home, '.claude', '.credentials.json'))).toBe(true)
  })

  test('refuses a form of another site', async ({ lab }) => {
    await lab.boot()
    const { status } = await fetch(`${lab.url()}/claude-login`, {
      method: 'POST',
      headers: { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
    })
    expect(status).toBe(403)
    expect(await sessions(lab)).toEqual([])
  })
})
