// `lab doctor`: what it asks and what it prints.
import { expect } from 'vitest'
import { runWith, test } from '../fixtures/api-server.ts'

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
  const { exitCode, out, err } = await fakeLab.run(['doctor'], { homedir: '/home/ann' })
  expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' })
  expect(out.split('\n')).toEqual([
    `lab        1.2.3, process 4711, ${fakeLab.url}, guard: loopback`,
    'projects   /home/ann/projects',
    'state      /home/ann/state',
    'instances  2 of 6',
    'tmux       3.3a, tmux -L lab',
    'claude     not found',
    'login      not known yet, in /home/ann/.claude',
    'passed on  GH_TOKEN',
    'not set    TYPO, named by --pass-env',
    'withheld   DOCKER_HOST, KUBECONFIG (--pass-env NAME passes one on to agents)',
    '',
    '- No claude\\u001b[2J.',
    '',
  ])
})

test('says where claude looks in this shell, if it is elsewhere', async ({ fakeLab }) => {
  fakeLab.answers['GET /api/v1/server'] = { body: info }
  const env = { CLAUDE_CONFIG_DIR: '/work' }
  const { out } = await fakeLab.run(['doctor'], { homedir: '/home/ann', env })
  expect(out).toContain('shell      claude uses /work in this shell, lab does not\n')
})

test('a lab of another version is said to be one', async ({ fakeLab }) => {
  fakeLab.answers['GET /api/v1/server'] = { body: { version: '0.0.1' } }
  const { exitCode, err } = await fakeLab.run(['doctor'])
  expect(exitCode).toBe(1)
  expect(err).toContain('another version')
})

test('without a running lab it says so', async () => {
  const { exitCode, err } = await runWith(['doctor'])
  expect(exitCode).toBe(1)
  expect(err).toContain('lab is not running')
})
