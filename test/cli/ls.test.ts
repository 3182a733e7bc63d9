// What `lab ls` shows.
import { expect } from 'vitest'
import { formatProjects } from '../../src/cli/commands/ls.ts'
import type { Projects } from '../../src/cli/api.ts'
import { instanceOf, projectOf, test } from '../fixtures/api-server.ts'

const now = Date.parse('2026-01-01T03:00:00.000Z')
const ago = (seconds: number): string => new Date(now - seconds * 1000).toISOString()

// oxlint-disable-next-line no-control-regex -- this is what a colour looks like
const colours = /\u001b\[\d+m/g

const picture: Projects = {
  cap: { max: 6, used: 4 },
  projects: [
    projectOf('foo', '/p/foo', [
      instanceOf({ since: ago(7200) }),
      instanceOf({
        name: 'foo~2~fix',
        state: 'waiting',
        waitingFor: 'permission prompt',
        question: {
          id: 'q',
          kind: 'permission',
          tool: 'Bash',
          title: 'wants to run',
          detail: 'terraform apply -auto-approve\n# more',
          change: null,
          choices: [],
          asks: [],
          answerable: true,
          since: ago(59),
        },
        label: 'fix 漢字 it',
        since: ago(59),
        deepLink: null,
        linkState: 'connecting',
      }),
      instanceOf({
        id: 'busy-id',
        name: 'foo~3',
        state: 'busy',
        doing: 'Edit src/漢字漢字漢字漢字漢字漢字.ts',
        since: ago(200_000),
        linkState: 'lost',
      }),
    ]),
    projectOf('idle', '/p/idle'),
    projectOf('bar', '/p/bar', [
      instanceOf({
        id: 'the-id',
        name: 'bar',
        state: 'error',
        since: ago(600),
        evidence: {
          reason: 'signal',
          message: 'SIGKILL ended it.',
          exitCode: null,
          signal: 'SIGKILL',
          lastLines: [],
          by: 'nobody',
          at: ago(1),
        },
      }),
      instanceOf({
        name: 'bar~2',
        state: 'starting',
        since: ago(0),
        label: 'a label',
        deepLink: null,
        linkState: 'unavailable',
      }),
    ]),
    projectOf('rest', '/p/rest'),
  ],
  foreign: [{ name: 'mine', attached: 1, createdAt: ago(90) }],
}

test('formatProjects gives every instance a row that fits the terminal, with what it does', () => {
  expect(formatProjects(picture, { now, colour: false, columns: 60 }))
    .toBe(`4 of 6 running · 1 needs you · 1 died

  STATE     FOR  NAME       DOING
  ready     2h   foo        -
  waiting   59s  foo~2~fix  wants to run terraform apply -a…
  busy      2d   foo~3      Edit src/漢字漢字漢字漢字漢字漢…
  died      10m  bar        SIGKILL ended it.
    lab resume the-id continues it, lab stop the-id dismisses it
  starting  0s   bar~2      a label

Without instances: idle, rest

Not made by lab, and left alone:
  mine  attached  1m
`)
})

test('formatProjects shows whole links in place of what the agents do', () => {
  const out = formatProjects(picture, { now, colour: false, columns: 30, links: true })
  expect(out).toContain('  ready     2h   foo        https://claude.ai/code/session_1\n')
  expect(out).toContain('foo~2~fix  link not there yet\n')
  expect(out).toContain('foo~3      link lost\n')
  expect(out).toContain('bar~2      no link: find it in https://claude.ai/code\n')
})

test('formatProjects marks the active instance of the terminal', () => {
  const options = { now, colour: false, columns: 60, active: 'busy-id' }
  expect(formatProjects(picture, options)).toContain('\n* busy      2d   foo~3')
})

test('in a pipe, formatProjects gives one uncut row an instance and nothing else', () => {
  expect(formatProjects(picture, { now, colour: false, columns: null })).toBe(
    `ready     2h   foo        -
waiting   59s  foo~2~fix  wants to run terraform apply -auto-approve
busy      2d   foo~3      Edit src/漢字漢字漢字漢字漢字漢字.ts
died      10m  bar        SIGKILL ended it.
starting  0s   bar~2      a label
`,
  )
  const empty = { projects: [], foreign: [], cap: { max: 6, used: 0 } }
  expect(formatProjects(empty, { now, colour: false, columns: null })).toBe('')
})

test('lab ls PROJECT lists one project, by key or path, and refuses an unknown one', async ({
  fakeLab,
  folder,
}) => {
  const projects = [
    projectOf('foo', folder, [instanceOf()]),
    projectOf('bar', '/p/bar', [instanceOf({ name: 'bar' })]),
  ]
  fakeLab.answers['GET /api/v1/projects'] = { body: { ...picture, projects } }
  for (const [argv, cwd] of [
    [['ls', 'foo'], '/'],
    [['ls', '.'], folder],
  ] as const) {
    const { out } = await fakeLab.run([...argv], { cwd })
    expect(out.split('\n').filter(Boolean)).toHaveLength(1)
    expect(out).toContain('foo')
  }
  expect(await fakeLab.run(['ls', 'fooo'])).toEqual({
    exitCode: 1,
    out: '',
    err: 'lab: No project is called "fooo"; did you mean foo?\n',
  })
  expect((await fakeLab.run(['ls', 'elsewhere'])).err).toBe(
    'lab: No project is called "elsewhere"; `lab ls` shows them.\n',
  )
})

test('lab ls --ended shows short ids on a terminal and whole ones in a pipe', async ({
  fakeLab,
}) => {
  const ended = instanceOf({ state: 'stopped', endedAt: ago(0), label: 'x' })
  fakeLab.answers['GET /api/v1/projects'] = { body: picture }
  fakeLab.answers['GET /api/v1/instances?ended=1'] = { body: { instances: [instanceOf(), ended] } }
  const shown = (await fakeLab.run(['ls', '--ended'], { isTTY: true })).out
  expect(shown.split('\n')[0]).toMatch(/^NAME +ENDED +LABEL +ID +WHY$/)
  expect(shown).toContain(` ${ended.id.slice(0, 8)} `)
  expect(shown).not.toContain(ended.id)
  const piped = (await fakeLab.run(['ls', '--ended'])).out
  expect(piped).toContain(ended.id)
  expect(piped.split('\n')).toHaveLength(2)
})

test('an empty root is said, not shown as nothing', () => {
  const empty = { projects: [], foreign: [], cap: { max: 6, used: 0 } }
  expect(formatProjects(empty, { now, colour: false, columns: 80 })).toBe(
    '0 of 6 running\n\nNo projects: lab found no git repository under its --projects-root.\n',
  )
})

test('text from outside cannot steer the terminal', () => {
  const evil = '\u001b]0;x\u0007\r\n\u009b2J\u202e'
  const hostile: Projects = {
    cap: { max: 6, used: 1 },
    projects: [
      projectOf(evil, evil, [
        instanceOf({
          name: evil,
          label: evil,
          waitingFor: evil,
          deepLink: evil,
          state: evil as 'ready',
        }),
        instanceOf({
          state: 'error',
          id: evil,
          evidence: {
            reason: 'exited',
            message: evil,
            exitCode: 1,
            signal: null,
            lastLines: [evil],
            by: 'nobody',
            at: evil,
          },
          since: evil,
        }),
      ]),
      projectOf(evil, evil),
    ],
    foreign: [{ name: evil, attached: 0, createdAt: evil }],
  }
  const shown = formatProjects(hostile, { now, colour: true, columns: 60 })
  // Only line ends and the colours of lab's own may remain.
  const rest = shown.replace(colours, '').replaceAll('\n', '')
  expect(rest).not.toMatch(/[\p{Cc}\u202e]/u)
  expect(shown.split('\n')).toHaveLength(12)
})

test("--json gives the API's answer, readable and without a raw control character", async ({
  fakeLab,
}) => {
  const body = { ...picture, projects: [projectOf('foo', '/p/\u009b2J', [instanceOf()])] }
  fakeLab.answers['GET /api/v1/projects'] = { body }
  const { exitCode, out } = await fakeLab.run(['ls', '--json'])
  expect(exitCode).toBe(0)
  expect(JSON.parse(out)).toEqual(body)
  expect(out).not.toContain('\u009b')
})

test('colours are for terminals that want them', async ({ fakeLab }) => {
  fakeLab.answers['GET /api/v1/projects'] = { body: picture }
  const shown = async (isTTY: boolean, env: Record<string, string> = {}) =>
    (await fakeLab.run(['ls'], { isTTY, env })).out
  expect(await shown(true)).toContain('\u001b[33mwaiting\u001b[0m')
  const plain = await shown(false)
  expect(plain).not.toContain('\u001b')
  for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }])
    expect(await shown(true, env)).toBe((await shown(true)).replace(colours, ''))
})
