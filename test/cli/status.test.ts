// `lab status` and `lab open`: one line for a prompt, and the link with its code.
import { describe, expect } from 'vitest'
import { formatStatus } from '../../src/cli/commands/status.ts'
import { instanceOf, projectOf, runWith, serve, test } from '../fixtures/api-server.ts'

const now = Date.parse('2026-01-01T00:03:00.000Z')
const waiting = instanceOf({ id: 'w', name: 'a#(id)', state: 'waiting', waitingFor: 'trust' })
const died = instanceOf({ id: 'd', state: 'error' })
const answer = {
  projects: [projectOf('foo', '/p/foo', [waiting, died, instanceOf({ id: 'r' })])],
  foreign: [],
  cap: { max: 6, used: 2 },
}

describe('formatStatus', () => {
  test('says how many run, need the operator and died', () => {
    expect(formatStatus(answer, { active: null, format: null, now })).toBe(
      '2 of 6 running · 1 needs you · 1 died',
    )
    expect(formatStatus(answer, { active: waiting, format: null, now })).toBe(
      '2 of 6 running · 1 needs you · 1 died\nThis terminal: a#(id) waiting for 3m: trust',
    )
  })

  test('gives tmux no format that it would run', () => {
    expect(formatStatus(answer, { active: waiting, format: 'tmux', now })).toBe(
      'a##(id) waiting · #[fg=yellow,bold]2 of 6 running · 1 needs you · 1 died#[default]',
    )
  })

  test('gives programs the same as JSON', () => {
    const text = formatStatus(answer, { active: waiting, format: 'json', now })
    expect(JSON.parse(text)).toEqual({
      isUp: true,
      max: 6,
      used: 2,
      waiting: 1,
      died: 1,
      active: { id: 'w', name: 'a#(id)', state: 'waiting', since: waiting.since, doing: 'trust' },
    })
  })
})

test.for([
  ['short', 'lab is down\n'],
  ['tmux', 'lab is down\n'],
] as const)(
  'lab status --format %s says that lab is down, and is no failure',
  async ([format, out]) => {
    expect(await runWith(['status', '--format', format])).toEqual({ exitCode: 0, out, err: '' })
  },
)

test('lab status --format json tells a program why lab is down', async () => {
  const { exitCode, out } = await runWith(['status', '--format=json'])
  expect(exitCode).toBe(0)
  expect(JSON.parse(out)).toEqual({
    isUp: false,
    reason: expect.stringContaining('lab is not running') as string,
  })
})

test('lab status without a format fails while lab is down', async () => {
  expect(await runWith(['status'])).toMatchObject({ exitCode: 1, out: '' })
})

test('lab status refuses another format, and names the known ones', async () => {
  expect(await runWith(['status', '--format', 'xml'])).toEqual({
    exitCode: 2,
    out: '',
    err: 'lab: --format "xml" is not a format: use one of json, tmux, short.\n',
  })
})

describe('lab open', () => {
  test('prints the link alone in a pipe, and its code below it on a terminal', async ({
    fakeLab,
  }) => {
    serve(fakeLab, [instanceOf()])
    const link = 'https://claude.ai/code/session_1\n'
    expect(await fakeLab.run(['open', 'foo'])).toEqual({ exitCode: 0, out: link, err: '' })
    const { out } = await fakeLab.run(['open', 'foo'], { isTTY: true })
    const [first, ...code] = out.trimEnd().split('\n')
    expect(`${first}\n`).toBe(link)
    expect(code.length).toBeGreaterThan(10)
    // oxlint-disable-next-line no-control-regex -- these colours make the code readable on any terminal
    for (const line of code) expect(line).toMatch(/^\u001b\[97;40m[ █▀▄]+\u001b\[0m$/)
  })

  test.for([
    [{ deepLink: null, linkState: 'connecting' }, 'is not there yet'],
    [{ deepLink: null, linkState: 'unavailable' }, 'has no link'],
    [{ linkState: 'lost' }, '`lab resume foo` restarts it for a new link'],
  ] as const)(
    'says what is with a link that is not there: %j',
    async ([change, text], { fakeLab }) => {
      serve(fakeLab, [instanceOf(change)])
      const { exitCode, out, err } = await fakeLab.run(['open', 'foo'])
      expect({ exitCode, out }).toEqual({ exitCode: 1, out: '' })
      expect(err).toContain(text)
    },
  )
})
