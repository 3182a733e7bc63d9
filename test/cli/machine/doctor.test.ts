// `lab doctor`: what it asks and what it prints.
import { expect } from 'vitest'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { instanceOf, runWith, serve, test } from '../../fixtures/api-server.ts'

const info = {
  version: '1.2.3',
  pid: 4711,
  guard: 'loopback',
  projectsRoot: '/home/ann/projects',
  stateDir: '/home/ann/state',
  cap: { max: 6, used: 2 },
  tmux: { argv: ['tmux', '-L', 'lab'], version: '3.3a' },
  claude: { path: null, version: null, login: 'unknown', dir: '/home/ann/.claude', dirFrom: null },
  variables: { passed: ['GH_TOKEN'], withheld: ['DOCKER_HOST', 'KUBECONFIG'], missing: ['TYPO'] },
  notices: [{ code: 'claude_missing', message: 'No claude\u001b[2J.' }],
}

test('prints a line a subject and the notices, made harmless', async ({ fakeLab }) => {
  fakeLab.answers['GET /api/v1/server'] = { body: info }
  const env = { LAB_URL: fakeLab.url }
  const { exitCode, out, err } = await runWith(['doctor'], { homedir: '/home/ann', env })
  expect({ exitCode, err }).toEqual({ exitCode: 1, err: '' })
  expect(out.split('\n')).toEqual([
    `✓ lab        1.2.3, process 4711, ${fakeLab.url}, guard: loopback`,
    '✓ projects   /home/ann/projects',
    '✓ state      /home/ann/state',
    '✓ instances  2 of 6',
    '✓ tmux       3.3a, tmux -L lab',
    '✗ claude     not found: install Claude Code, or name it with --claude PATH',
    '! login      not known yet, in /home/ann/.claude',
    '✓ passed on  GH_TOKEN',
    '! not set    TYPO, named by --pass-env',
    '✓ withheld   DOCKER_HOST, KUBECONFIG (--pass-env NAME passes one on to agents)',
    '',
    '- No claude\\u001b[2J.',
    '',
  ])
})

test('says where claude looks in this shell, if it is elsewhere', async ({ fakeLab }) => {
  fakeLab.answers['GET /api/v1/server'] = { body: info }
  const env = { CLAUDE_CONFIG_DIR: '/work' }
  const { out } = await fakeLab.run(['doctor'], { homedir: '/home/ann', env })
  expect(out).toContain('! shell      claude uses /work in this shell, lab does not\n')
})

test('a lab of another version is said to be one', async ({ fakeLab }) => {
  fakeLab.answers['GET /api/v1/server'] = { body: { version: '0.0.1' } }
  const { exitCode, err } = await fakeLab.run(['doctor'])
  expect(exitCode).toBe(1)
  expect(err).toContain('another version')
})

test('exits 0 when nothing is wrong', async ({ fakeLab, folder }) => {
  chmodSync(folder, 0o700)
  const claude = { ...info.claude, path: '/bin/claude', version: '2.1.330', login: 'logged_in' }
  fakeLab.answers['GET /api/v1/server'] = { body: { ...info, stateDir: folder, claude } }
  const { exitCode, out } = await fakeLab.run(['doctor'])
  expect(out).toContain(`✓ state      ${folder}\n`)
  expect(exitCode).toBe(0)
})

test('says of a state directory that others can read, or that is gone', async ({
  fakeLab,
  folder,
}) => {
  fakeLab.answers['GET /api/v1/server'] = { body: { ...info, stateDir: folder } }
  chmodSync(folder, 0o755)
  const open = await fakeLab.run(['doctor'])
  expect(open.out).toContain(`✗ state      ${folder} is open to every user of this machine`)
  fakeLab.answers['GET /api/v1/server'] = { body: { ...info, stateDir: join(folder, 'gone') } }
  const gone = await fakeLab.run(['doctor'])
  expect(gone.out).toContain('cannot be written: ENOENT')
})

test('without a running lab it looks at the programs and the login itself', async ({ folder }) => {
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  writeFileSync(join(bin, 'tmux'), '#!/bin/sh\necho tmux 3.3a\n', { mode: 0o755 })
  const missing = await runWith(['doctor'], { env: { PATH: bin } })
  expect(missing.exitCode).toBe(1)
  expect(missing.out).toContain('✗ lab     lab is not running')
  expect(missing.out).toContain('✓ tmux    tmux 3.3a\n')
  expect(missing.out).toContain('✗ claude  claude is not installed')
  const script = `#!/bin/sh
case "$*" in --version) echo '2.1.330 (Claude Code)';; *) echo '{ "loggedIn": true }';; esac
`
  writeFileSync(join(bin, 'claude'), script, { mode: 0o755 })
  expect(missing.out).not.toContain('lab.service')
  writeFileSync(join(bin, 'systemctl'), '#!/bin/sh\necho failed\n', { mode: 0o755 })
  const { out } = await runWith(['doctor'], { env: { PATH: bin } })
  expect(out).toContain('✗ unit    lab.service has failed; `journalctl --user -u lab -e`')
  expect(out).toContain('✓ claude  2.1.330 (Claude Code)\n')
  expect(out).toContain('✓ login   logged in\n')
})

test('of one instance it shows what went wrong without ending it', async ({ fakeLab }) => {
  serve(fakeLab, [instanceOf({ linkState: 'connecting', deepLink: null })])
  const problems = [{ at: new Date(Date.now() - 5000).toISOString(), message: 'no colour\u001b' }]
  const path = `GET /api/v1/instances/${instanceOf().id}/problems`
  fakeLab.answers[path] = { body: { problems } }
  const { exitCode, out, err } = await fakeLab.run(['doctor', 'foo'])
  expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' })
  expect(out).toContain('✓ instance  foo, ready\n')
  expect(out).toContain('! link      not there yet\n')
  expect(out).toContain('! problem   no colour\\u001b (5 s ago)\n')
  fakeLab.answers[path] = { body: { problems: [] } }
  expect((await fakeLab.run(['doctor', 'foo'])).out).toContain('✓ start     nothing went wrong')
})
