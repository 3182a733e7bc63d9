// `lab completion`: which words it offers, and that real shells complete them.
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import {
  instanceOf,
  runWith,
  serve,
  test as base,
  type FakeLab,
} from '../../fixtures/api-server.ts'
import { labPath } from '../../fixtures/lab.ts'
import { createTmuxSandbox, type TmuxSandbox } from '../../fixtures/tmux.ts'
import { until } from '../../fixtures/until.ts'

const test = base.extend<{ sandbox: TmuxSandbox }>({
  // eslint-disable-next-line no-empty-pattern
  sandbox: async ({}, use) => {
    const sandbox = await createTmuxSandbox()
    await use(sandbox)
    await sandbox.dispose()
  },
})

function serveSome(fakeLab: FakeLab): void {
  serve(fakeLab, [
    instanceOf({ id: '00000001-a', name: 'apples', project: 'apples' }),
    instanceOf({
      id: '00000002-a',
      name: 'bananas~2~fix-the-login',
      project: 'bananas',
      label: 'fix the login',
      state: 'busy',
      doing: 'Edit src/a.ts',
    }),
    instanceOf({ id: '00000003-a', name: 'cherries', project: 'apples', state: 'stopped' }),
  ])
}

async function words(fakeLab: FakeLab, ...typed: string[]): Promise<string[]> {
  const { exitCode, out, err } = await fakeLab.run(['completion', 'words', '--', ...typed])
  expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' })
  return out
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split('\t')[0] ?? '')
}

describe('lab completion words', () => {
  test('offers commands, with their summaries', async ({ fakeLab }) => {
    expect(await words(fakeLab, 'st')).toEqual(['stop', 'status'])
    const { out } = await fakeLab.run(['completion', 'words', '--', 'stop'])
    expect(out).toBe('stop\tend instances; the id of an ended instance dismisses it\n')
    expect(await words(fakeLab, 'help', 'at')).toEqual(['attach'])
  })

  test('offers live names, and labels where no name begins so', async ({ fakeLab }) => {
    serveSome(fakeLab)
    expect(await words(fakeLab, 'stop', '')).toEqual(['apples', 'bananas~2~fix-the-login'])
    expect(await words(fakeLab, 'stop', 'apples', 'b')).toEqual(['bananas~2~fix-the-login'])
    expect(await words(fakeLab, 'attach', 'fix')).toEqual(['fix the login'])
    const { out } = await fakeLab.run(['completion', 'words', '--', 'attach', 'b'])
    expect(out).toBe('bananas~2~fix-the-login\tbusy Edit src/a.ts\n')
  })

  test('offers projects, ids of ended instances, flags and their values', async ({ fakeLab }) => {
    serveSome(fakeLab)
    expect(await words(fakeLab, 'new', 'b')).toEqual(['bananas'])
    expect(await words(fakeLab, 'stop', '--project', '')).toEqual(['apples', 'bananas'])
    expect(await words(fakeLab, 'resume', '')).toEqual(['00000003'])
    expect(await words(fakeLab, 'ls', '--l')).toEqual(['--links'])
    expect(await words(fakeLab, 'wait', 'apples', '--for', 'w')).toEqual(['waiting'])
    expect(await words(fakeLab, 'status', '--format', '')).toEqual(['json', 'tmux', 'short'])
    expect(await words(fakeLab, 'completion', '')).toEqual(['bash', 'zsh', 'fish'])
  })

  test('asks the lab that the unfinished line names', async ({ fakeLab }) => {
    serveSome(fakeLab)
    const argv = ['completion', 'words', '--', 'stop', '--state-dir', fakeLab.stateDir, 'a']
    expect((await runWith(argv)).out).toContain('apples')
  })

  test('offers no names while lab is down, and says nothing', async () => {
    expect(await runWith(['completion', 'words', '--', 'stop', ''])).toEqual({
      exitCode: 0,
      out: '',
      err: '',
    })
  })

  test('lets no name end its line or control the terminal', async ({ fakeLab }) => {
    serve(fakeLab, [instanceOf({ name: 'x\n\t\u001b[2J', doing: 'a\nb\tc' })])
    const { out } = await fakeLab.run(['completion', 'words', '--', 'stop', ''])
    expect(out.split('\n')).toHaveLength(2)
    expect(out.split('\t')).toHaveLength(2)
    expect(out).not.toContain('\u001b')
  })
})

test('lab completion refuses an unknown shell', async () => {
  expect(await runWith(['completion', 'tcsh'])).toEqual({
    exitCode: 2,
    out: '',
    err: 'lab: lab completion takes one of bash, zsh, fish.\n',
  })
})

function has(shell: string): boolean {
  try {
    execFileSync(shell, ['-c', 'exit 0'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const shells = {
  bash: { argv: ['bash', '--norc', '--noprofile', '-i'], load: 'eval "$(lab completion bash)"' },
  zsh: {
    argv: ['zsh', '-f', '-i'],
    load: 'autoload -U compinit; compinit -u; eval "$(lab completion zsh)"',
  },
  fish: { argv: ['fish', '--no-config', '-i'], load: 'lab completion fish | source' },
} as const

for (const [shell, { argv, load }] of Object.entries(shells))
  describe.skipIf(!has(shell))(`${shell} with its script`, () => {
    test('completes commands, live names and labels', async ({ fakeLab, folder, sandbox }) => {
      serveSome(fakeLab)
      const bin = join(folder, 'bin')
      mkdirSync(bin)
      const program = join(bin, 'lab')
      writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${labPath}' "$@"\n`)
      chmodSync(program, 0o755)
      // tmux replaces the PATH of `-e` by its client's.
      const env = ['env', `PATH=${bin}:${sandbox.env['PATH']}`, `LAB_STATE_DIR=${fakeLab.stateDir}`]
      await sandbox.tmux('new-session', '-d', '-s', 's', '-x', '160', '-y', '40', ...env, ...argv)
      const screen = (): Promise<string> => sandbox.tmux('capture-pane', '-p', '-t', '=s:')
      const type = (...keys: string[]): Promise<string> =>
        sandbox.tmux('send-keys', '-t', '=s:', ...keys)
      await until(async () => (await screen()).trim() !== '', { what: `${shell} has a prompt` })
      await type('-l', `${load}; echo 'is' 'loaded'`)
      await type('Enter')
      await until(async () => (await screen()).includes('\nis loaded'), { what: 'the script' })
      for (const [typed, completed] of [
        ['lab atta', 'lab attach'],
        // zsh gives ~ a meaning within a word, under some options.
        [
          'lab stop bana',
          `lab stop ${shell === 'zsh' ? 'bananas\\~2\\~' : 'bananas~2~'}fix-the-login`,
        ],
        ['lab open fix', 'lab open fix\\ the\\ login'],
        ['lab wait apples --for wait', 'lab wait apples --for waiting'],
      ] as const) {
        await type('-l', typed)
        await type('Tab')
        await until(async () => (await screen()).includes(completed), {
          what: `${typed} becomes ${completed}`,
        })
        await type('C-c')
      }
    })
  })
