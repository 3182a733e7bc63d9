// The choices of a start: they reach the agent, a resume keeps them, and so does a later lab.
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import type { Instance } from '../../../src/core/instance.ts'
import { test, type TestLab } from '../../fixtures/lab.ts'
import { stop } from '../../fixtures/life.ts'
import { until } from '../../fixtures/until.ts'

async function startWith(lab: TestLab, body: object, project = 'foo'): Promise<Instance> {
  const answer = await lab.call('POST', `/api/v1/projects/${project}/instances`, body)
  expect(answer).toMatchObject({ status: 201 })
  return lab.reaches(answer.body.id, 'ready')
}

/** The arguments of a process, as text. */
function argvOf(pid: number): readonly string[] {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1)
}

/** The value that the running agent got for an option; undefined without the option. */
function given({ pid }: Instance, option: string): string | undefined {
  const argv = argvOf(pid!)
  const at = argv.indexOf(option)
  return at < 0 ? undefined : argv[at + 1]
}

const choicesOf = (instance: Instance) =>
  ['--model', '--effort', '--permission-mode'].map((option) => given(instance, option))

async function shows(lab: TestLab, { name }: Instance, text: string | RegExp): Promise<void> {
  await until(
    async () => {
      const screen = await lab.tmux('capture-pane', '-p', '-J', '-t', `=${name}:`)
      return typeof text === 'string' ? screen.includes(text) : text.test(screen)
    },
    { what: `a screen with ${text}` },
  )
}

describe('the choices of a start', () => {
  test('reach the agent, which a resume starts with the same ones', async ({ lab }) => {
    await lab.boot()
    const choices = { model: 'opus', effort: 'high', mode: 'plan' }
    const started = await startWith(lab, { ...choices, prompt: 'SAY hello' })
    expect(started).toMatchObject(choices)
    expect(choicesOf(started)).toEqual(['opus', 'high', 'plan'])
    await shows(lab, started, '⏸ plan mode on')
    await stop(lab, started.id)
    expect((await lab.call('POST', `/api/v1/instances/${started.id}/resume`)).status).toBe(201)
    const resumed = await lab.reaches(started.id, 'ready')
    expect(resumed).toMatchObject(choices)
    expect(choicesOf(resumed)).toEqual(['opus', 'high', 'plan'])
    expect(argvOf(resumed.pid!)).not.toContain('SAY hello')
  })

  test.for([
    ['auto', 'auto', '⏵⏵ auto mode on'],
    ['review', 'default', '⏸ manual mode on'],
  ] as const)(
    'start in mode %s with --permission-mode %s',
    async ([mode, permission, footer], { lab }) => {
      await lab.boot()
      const started = await startWith(lab, { mode })
      expect(choicesOf(started)).toEqual([undefined, undefined, permission])
      await shows(lab, started, footer)
    },
  )

  test('are known to a lab that finds the agent in tmux and has no store', async ({ lab }) => {
    await lab.boot()
    const choices = { model: 'opus', effort: 'low', mode: 'review' }
    const { id } = await startWith(lab, choices)
    await lab.end('SIGKILL')
    rmSync(join(lab.stateDir, 'state.json'))
    await lab.boot()
    expect(await lab.reaches(id, 'ready')).toMatchObject(choices)
  })

  test('of the page are the ones of the next start, also after a restart of lab', async ({
    lab,
  }) => {
    await lab.boot()
    const form = 'label=&model=opus&effort=&mode=review'
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      origin: lab.url(),
      'sec-fetch-site': 'same-origin',
    }
    expect((await lab.call('POST', '/projects/foo/instances', form, headers)).status).toBe(303)
    const remembered = { model: 'opus', effort: null, mode: 'review' }
    expect((await lab.call('GET', '/api/v1/settings')).body).toMatchObject(remembered)
    // A choice of the API is for that start alone.
    await startWith(lab, { model: 'haiku', mode: 'auto' }, 'bar')
    await lab.end()
    await lab.boot()
    expect((await lab.call('GET', '/api/v1/settings')).body).toMatchObject(remembered)
    const next = await startWith(lab, {}, 'bar')
    expect(choicesOf(next)).toEqual(['opus', undefined, 'default'])
    expect(choicesOf(await startWith(lab, { model: null }, 'bar'))[0]).toBeUndefined()
  })

  test('name an account that lab has, and no other', async ({ lab }) => {
    await lab.boot()
    expect(await startWith(lab, { account: 'default' })).toMatchObject({ account: 'default' })
    const answer = await lab.call('POST', '/api/v1/projects/foo/instances', { account: 'max-2' })
    expect(answer).toMatchObject({ status: 400, body: { error: { code: 'invalid_request' } } })
    expect(answer.body.error.message).toBe('lab has no account "max-2". It has default.')
  })
})

describe('the first prompt', () => {
  test.for([
    ['with a dash', '--help -x'],
    ['with what shells and tmux read', `it's "$HOME" \`id\` #{pane_id} #(id) ; a;\nnext line;`],
    ['with a bang', '!touch bang'],
    ['with a backslash at its end', 'end\\'],
    ['in emoji', '🧑‍🚀 日本語 \u0301'],
  ] as const)('%s arrives byte for byte, once', async ([, prompt], { lab }) => {
    await lab.boot()
    const started = await startWith(lab, { prompt })
    expect(argvOf(started.pid!).slice(-2)).toEqual(['--', prompt])
    await shows(lab, started, `❯ ${prompt.split('\n')[0]}`)
  })

  test.for(['control', 'spawned'] as const)(
    'of the most bytes arrives in its own pane alone, also at a %s start of the tmux server',
    async (kind, { lab }) => {
      const prompt = `SAY ${'é'.repeat(7996)}`
      expect(Buffer.byteLength(prompt)).toBe(15_996)
      await lab.boot()
      // The server runs already at the second start, so that the control client makes the session.
      const other = kind === 'control' ? await startWith(lab, {}, 'bar') : null
      const started = await startWith(lab, { prompt })
      expect(argvOf(started.pid!).at(-1)).toBe(prompt)
      if (other) expect(argvOf((await lab.get(other.id)).pid!)).not.toContain('--')
    },
  )

  test('of a browser has the line breaks of the page', async ({ lab }) => {
    await lab.boot()
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      origin: lab.url(),
      'sec-fetch-site': 'same-origin',
    }
    const form = new URLSearchParams({ label: '', prompt: 'one\r\ntwo' }).toString()
    expect((await lab.call('POST', '/projects/foo/instances', form, headers)).status).toBe(303)
    const [{ id }] = (await lab.call('GET', '/api/v1/instances')).body.instances
    expect(argvOf((await lab.reaches(id, 'ready')).pid!).at(-1)).toBe('one\ntwo')
  })

  test('is refused where it would be a command or is too long, and nothing starts', async ({
    lab,
  }) => {
    await lab.boot()
    for (const prompt of ['/logout', 'x'.repeat(16_001)]) {
      const answer = await lab.call('POST', '/api/v1/projects/foo/instances', { prompt })
      expect(answer).toMatchObject({ status: 400, body: { error: { code: 'invalid_request' } } })
    }
    expect((await lab.call('GET', '/api/v1/instances?ended=1')).body.instances).toEqual([])
  })
})
