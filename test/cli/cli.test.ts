// The front door of the commands: which word does what, help, version, and refusals.
import { describe, expect } from 'vitest'
import { isCommand } from '../../src/cli/cli.ts'
import { commands } from '../../src/cli/commands.ts'
import { runWith, test } from '../fixtures/api-server.ts'

test.for(['--version', '-version', '-V', '-v', 'version'])(
  '%s prints the version alone',
  async (word) => {
    expect(await runWith([word])).toEqual({ exitCode: 0, out: 'lab 1.2.3\n', err: '' })
  },
)

test.for(['--help', '-help', '-h', 'help'])('%s lists every command', async (word) => {
  const { exitCode, out, err } = await runWith([word])
  expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' })
  for (const [name, { summary }] of Object.entries(commands)) {
    const line = out.split('\n').find((shown) => shown.startsWith(`  lab ${name} `))
    expect(line?.endsWith(summary)).toBe(true)
  }
})

test.for(['ls', 'new', 'stop', 'attach', 'tmux', 'doctor'])(
  'lab %s --help says how it is called, and asks no server',
  async (name) => {
    for (const argv of [
      [name, '--help'],
      [name, '-h'],
      ['help', name],
    ]) {
      const { exitCode, out, err } = await runWith(argv)
      expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' })
      expect(out.startsWith(`lab ${name}`)).toBe(true)
      expect(out).toContain('--state-dir')
    }
  },
)

test.for(Object.entries(commands))(
  'lab %s --help shows its arguments and three examples',
  async ([name, { takes = [], examples }]) => {
    const { out } = await runWith([name, '--help'])
    for (const [typed, meaning] of takes) {
      expect(out).toContain(`  ${typed} `)
      expect(out).toContain(meaning)
    }
    expect(out).toContain(`\nExamples:\n${examples.map((line) => `  ${line}\n`).join('')}`)
    for (const line of examples)
      expect(line).toContain(/serve|version/.test(name) ? 'lab' : `lab ${name}`)
  },
)

test.for(
  Object.entries(commands).flatMap(([name, { takes = [] }]) =>
    takes.flatMap(([typed]) => (typed.startsWith('--') ? [[name, typed] as [string, string]] : [])),
  ),
)('lab %s knows its flag %s', async ([name, typed]) => {
  const [flag = '', value] = typed.split(' ')
  const { err } = await runWith([name, value === undefined ? flag : `${flag}=1`])
  expect(err).not.toContain('is not a flag')
})

test.for([
  ['start', 'new'],
  ['kill', 'stop'],
  ['rm', 'stop'],
  ['list', 'ls'],
  ['stpo', 'stop'],
  ['kil', 'stop'],
] as const)('lab %s is refused with the command that was meant', async ([word, meant]) => {
  const { exitCode, err } = await runWith([word])
  expect(exitCode).toBe(2)
  expect(err).toBe(`lab: "${word}" is not a command of lab; did you mean \`lab ${meant}\`?\n`)
})

test('lab demo --help says what it shows', async () => {
  expect(await runWith(['demo', '--help'])).toMatchObject({ exitCode: 0, err: '' })
})

test('help after a bare -- is a word, not a call for help', async () => {
  expect((await runWith(['new', '--', '--help'])).exitCode).toBe(1)
})

const attachUsage =
  'lab: lab attach takes one REF: a session name, a label or an id from `lab ls`. `lab switch REF` makes it the default of this terminal.\n'

test.for([
  [['lss'], 'lab: "lss" is not a command of lab; did you mean `lab ls`?\n'],
  [['frobnicate'], 'lab: "frobnicate" is not a command of lab; `lab --help` lists them.\n'],
  [['constructor'], 'lab: "constructor" is not a command of lab; `lab --help` lists them.\n'],
  [['help', 'me'], 'lab: "me" is not a command of lab; `lab --help` lists them.\n'],
  [['ls', '--jsno'], 'lab: --jsno is not a flag of lab; did you mean --json?\n'],
  [['ls', '--json=yes'], 'lab: --json takes no value; write --json alone.\n'],
  [['ls', 'foo', 'bar'], 'lab: lab ls takes one PROJECT, or none to list everything.\n'],
  [['new'], 'lab: lab new takes one PROJECT: a key from `lab ls`, or a path such as `.`.\n'],
  [
    ['new', 'foo', 'bar'],
    'lab: lab new takes one PROJECT: a key from `lab ls`, or a path such as `.`.\n',
  ],
  [['new', 'foo', '--label'], 'lab: --label is given without a value; write --label=VALUE.\n'],
  [['stop'], 'lab: lab stop takes names or ids, or --project PROJECT, or --all, or --left ID….\n'],
  [
    ['stop', 'foo', '--all'],
    'lab: lab stop takes names or ids, or --project PROJECT, or --all, or --left ID….\n',
  ],
  [
    ['stop', '--project', 'foo', '--all'],
    'lab: lab stop takes names or ids, or --project PROJECT, or --all, or --left ID….\n',
  ],
  [['attach'], attachUsage],
  [['attach', 'a', 'b'], attachUsage],
  [['tmux'], 'lab: lab tmux needs to know what tmux should do, such as `lab tmux ls`.\n'],
  [
    ['tmux', '--url', 'http://x', 'ls'],
    'lab: lab tmux runs tmux on this machine, so it takes no --url.\n',
  ],
] as [string[], string][])('%j is not understood, in one line: %s', async ([argv, line]) => {
  expect(await runWith(argv)).toEqual({ exitCode: 2, out: '', err: line })
})

describe('what belongs to the commands', () => {
  test.for(['ls', 'new', 'stop', 'attach', 'tmux', 'doctor', '--help', '-h', '--version'])(
    '%s does',
    (word) => {
      expect(isCommand(word)).toBe(true)
    },
  )
  test.for(['serve', 'demo', '--port', '-max-instances', 'toString', ''])('%s does not', (word) => {
    expect(isCommand(word)).toBe(false)
  })
})
