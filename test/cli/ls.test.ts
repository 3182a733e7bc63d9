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
      instanceOf({ createdAt: ago(7200) }),
      instanceOf({
        name: 'foo~2~fix',
        state: 'waiting',
        waitingFor: 'permission prompt',
        label: 'fix 漢字 it',
        createdAt: ago(59),
        deepLink: null,
        linkState: 'connecting',
      }),
      instanceOf({ name: 'foo~3', state: 'busy', createdAt: ago(200_000), linkState: 'lost' }),
    ]),
    projectOf('idle', '/p/idle'),
    projectOf('bar', '/p/bar', [
      instanceOf({
        id: 'the-id',
        name: 'bar',
        state: 'error',
        createdAt: ago(600),
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
        createdAt: ago(0),
        deepLink: null,
        linkState: 'unavailable',
      }),
    ]),
    projectOf('rest', '/p/rest'),
  ],
  foreign: [{ name: 'mine', attached: 1, createdAt: ago(90) }],
}

test('every instance stands under its project, in columns', () => {
  expect(formatProjects(picture, { now, colour: false })).toBe(`4 of 6 instances

  NAME       STATE     WAITING FOR        AGE  LABEL        LINK
foo  /p/foo
  foo        ready     -                  2h   -            https://claude.ai/code/session_1
  foo~2~fix  waiting   permission prompt  59s  fix 漢字 it  connecting
  foo~3      busy      -                  2d   -            link lost
bar  /p/bar
  bar        error     -                  10m  -            -
    SIGKILL ended it.  (lab stop the-id dismisses it)
  bar~2      starting  -                  0s   -            no link; look in https://claude.ai/code

Without instances: idle, rest

Not made by lab, and left alone:
  mine  attached  1m
`)
})

test('an empty root is said, not shown as nothing', () => {
  const empty = { projects: [], foreign: [], cap: { max: 6, used: 0 } }
  expect(formatProjects(empty, { now, colour: false })).toBe(
    '0 of 6 instances\n\nNo projects: lab found no git repository under its --projects-root.\n',
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
          createdAt: evil,
        }),
      ]),
      projectOf(evil, evil),
    ],
    foreign: [{ name: evil, attached: 0, createdAt: evil }],
  }
  const shown = formatProjects(hostile, { now, colour: true })
  // Only line ends and the colours of lab's own may remain.
  const rest = shown.replace(colours, '').replaceAll('\n', '')
  expect(rest).not.toMatch(/[\p{Cc}\u202e]/u)
  expect(shown.split('\n')).toHaveLength(13)
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
  expect(await shown(true, { NO_COLOR: '1' })).toBe(plain)
  expect(await shown(true, { TERM: 'dumb' })).toBe(plain)
  expect((await shown(true)).replace(colours, '')).toBe(plain)
})
