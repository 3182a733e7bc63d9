// Finding the server: flag, environment, note; and never believing a note that outlived its lab.
import { mkdirSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { runWith, test } from '../fixtures/api-server.ts'
import { steadyPort } from '../fixtures/port.ts'

const nothing = { body: { projects: [], foreign: [], cap: { max: 6, used: 0 } } }

test('the note of a running lab is followed, with its token', async ({ fakeLab }) => {
  fakeLab.answers['GET /api/v1/projects'] = nothing
  expect((await fakeLab.run(['ls'])).exitCode).toBe(0)
  expect(fakeLab.asked[0]?.headers.authorization).toBe('Bearer boot-token')
})

test('a person asks as cli, an agent inside an instance as agent', async ({ fakeLab }) => {
  fakeLab.answers['GET /api/v1/projects'] = nothing
  await fakeLab.run(['ls'])
  await fakeLab.run(['ls'], { env: { LAB_INSTANCE: 'an-id' } })
  expect(fakeLab.asked.map(({ headers }) => headers['lab-actor'])).toEqual(['cli', 'agent'])
})

test('a flag outranks the environment, and a URL in the environment a state directory there', async ({
  fakeLab,
}) => {
  fakeLab.answers['GET /api/v1/projects'] = nothing
  const elsewhere = '/nonexistent'
  const ways: [string[], Record<string, string>][] = [
    [
      ['--state-dir', fakeLab.stateDir],
      { LAB_STATE_DIR: elsewhere, LAB_URL: 'http://127.0.0.1:1' },
    ],
    [['-url', fakeLab.url], { LAB_STATE_DIR: elsewhere, LAB_URL: 'http://127.0.0.1:1' }],
    [[], { LAB_URL: fakeLab.url, LAB_STATE_DIR: elsewhere }],
  ]
  for (const [flags, env] of ways)
    expect(await runWith(['ls', ...flags], { env })).toMatchObject({ exitCode: 0 })
  expect(fakeLab.asked).toHaveLength(ways.length)
})

test("without a word the user's own state directories are tried, then the machine's", async ({
  fakeLab,
  folder,
}) => {
  fakeLab.answers['GET /api/v1/projects'] = nothing
  const places: [string, Record<string, string>][] = [
    [join(folder, 'xdg', 'lab'), { XDG_STATE_HOME: join(folder, 'xdg') }],
    [join(folder, 'home', '.local', 'state', 'lab'), { XDG_STATE_HOME: join(folder, 'empty') }],
    [join(folder, 'system'), {}],
  ]
  for (const [place, env] of places) {
    mkdirSync(join(place, '..'), { recursive: true })
    const world = { env, homedir: join(folder, 'home'), systemStateDir: join(folder, 'system') }
    symlinkSync(fakeLab.stateDir, place)
    expect(await runWith(['ls'], world)).toMatchObject({ exitCode: 0, err: '' })
    unlinkSync(place)
  }
})

test('with nothing to be found the answer says where it looked and what to type', async () => {
  expect(await runWith(['ls'])).toEqual({
    exitCode: 1,
    out: '',
    err: 'lab: lab is not running (no server.json in /nonexistent/home/.local/state/lab, /nonexistent/system); start it with `lab serve`.\n',
  })
})

test("a note whose process is gone, or whose pid is another's by now, is not followed", async ({
  fakeLab,
}) => {
  for (const change of [{ pid: 2 ** 22 + 1 }, { procStart: '1' }]) {
    fakeLab.writeNote(change)
    const { exitCode, err } = await fakeLab.run(['ls'])
    expect(exitCode).toBe(1)
    expect(err).toMatch(
      /^lab: lab is not running \(process \d+ of .* is gone\); start it with `lab serve`\.\n$/,
    )
  }
  expect(fakeLab.asked).toEqual([])
})

test.for([
  'not json',
  '{}',
  'null',
  '[]',
  '{"url":"http://127.0.0.1:1","pid":"1","procStart":"1","token":"t","tmux":["tmux"]}',
  '{"url":"http://127.0.0.1:1","pid":1,"procStart":"1","token":"t","tmux":"tmux"}',
])('a note that holds %s is named and not followed', async (text, { fakeLab }) => {
  writeFileSync(join(fakeLab.stateDir, 'server.json'), text)
  expect(await fakeLab.run(['ls'])).toEqual({
    exitCode: 1,
    out: '',
    err: `lab: ${fakeLab.stateDir}/server.json was not written by lab; restart lab to have it written anew.\n`,
  })
})

test.for([
  [['--url', 'lab:8080'], '--url "lab:8080" is not an address; write http://HOST:PORT.'],
  [['--url', 'ftp://lab'], '--url "ftp://lab" is not an address; write http://HOST:PORT.'],
  [
    ['--url', 'http://me:pw@lab'],
    '--url "http://me:pw@lab" is not an address; write http://HOST:PORT.',
  ],
  [['--url='], '--url is empty; give the address that lab printed.'],
  [['--state-dir='], '--state-dir is empty; give it a value or leave it out.'],
  [
    ['--url', 'http://a', '--state-dir', 'b'],
    '--url and --state-dir each name a lab; give one of them.',
  ],
] as [string[], string][])('%j is not understood: %s', async ([flags, line]) => {
  expect(await runWith(['ls', ...flags])).toEqual({ exitCode: 2, out: '', err: `lab: ${line}\n` })
})

test.for(['secret\n', '\nphone: secret\nother: no\n'])(
  'the token of a named lab is the first one in %j',
  async (text, { fakeLab, folder }) => {
    fakeLab.answers['GET /api/v1/projects'] = nothing
    writeFileSync(join(folder, 'token'), text)
    await runWith(['ls'], { env: { LAB_URL: fakeLab.url, LAB_TOKEN_FILE: join(folder, 'token') } })
    expect(fakeLab.asked[0]?.headers.authorization).toBe('Bearer secret')
  },
)

test('a token that no header can carry is refused without being shown', async ({
  fakeLab,
  folder,
}) => {
  writeFileSync(join(folder, 'token'), 'sec\u0007ret')
  const env = { LAB_URL: fakeLab.url, LAB_TOKEN_FILE: join(folder, 'token') }
  const { exitCode, err } = await runWith(['ls'], { env })
  expect(exitCode).toBe(1)
  expect(err).toContain('does not hold a token')
  expect(err).not.toContain('ret')
})

test('a lab that refuses the connection is named', async () => {
  const port = await steadyPort()
  expect(await runWith(['ls', `--url=http://127.0.0.1:${port}`])).toEqual({
    exitCode: 1,
    out: '',
    err: `lab: lab at http://127.0.0.1:${port} does not answer: the connection was refused.\n`,
  })
})

test.for([
  { status: 200, raw: '<html>' },
  { status: 200, raw: '' },
  { status: 200, body: {} },
  { status: 302, raw: '', location: '/login' },
  { status: 500, raw: 'oops' },
])("an answer such as %j is not taken for lab's", async (answer, { fakeLab }) => {
  fakeLab.answers['GET /api/v1/projects'] = answer
  const { exitCode, out, err } = await fakeLab.run(['ls'])
  expect({ exitCode, out }).toEqual({ exitCode: 1, out: '' })
  expect(err).toBe(
    `lab: ${fakeLab.url} answered ${answer.status}, but not as lab does; is --url or LAB_URL right?\n`,
  )
})

test('a path before the API is kept, as behind a proxy', async ({ fakeLab }) => {
  fakeLab.answers['GET /lab/api/v1/projects'] = nothing
  expect((await runWith(['ls', '--url', `${fakeLab.url}/lab`])).exitCode).toBe(0)
})
