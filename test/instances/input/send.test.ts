import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import type { Instance } from '../../../src/core/instance.ts'
import { test, type TestLab } from '../../fixtures/lab.ts'
import { fooAndBar, readyFoo, stop, type } from '../../fixtures/life.ts'
import { until } from '../../fixtures/until.ts'

const send = (lab: TestLab, { id }: Instance, text: string, fields: object = {}) =>
  lab.call('POST', `/api/v1/instances/${id}/input`, { text, ...fields })

const press = (lab: TestLab, { id }: Instance, ...keys: readonly string[]) =>
  lab.call('POST', `/api/v1/instances/${id}/keys`, { keys })

/** The prompts that an agent took, from its transcript. */
function prompts(lab: TestLab, { conversation }: Instance): readonly string[] {
  const root = join(lab.home, '.claude', 'projects')
  const file = readdirSync(root)
    .map((folder) => join(root, folder, `${conversation}.jsonl`))
    .find((path) => existsSync(path))
  if (file === undefined) return []
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { type: string; message?: { content: unknown } })
    .flatMap(({ type: kind, message }) =>
      kind === 'user' && typeof message?.content === 'string' ? [message.content] : [],
    )
}

async function screen(lab: TestLab, { name }: Instance): Promise<string> {
  return lab.tmux('capture-pane', '-p', '-J', '-t', `=${name}:`)
}

describe('a text for an instance', () => {
  test('arrives byte for byte, a megabyte long, while its sibling gets another', async ({
    lab,
  }) => {
    const [foo, bar] = await fooAndBar(lab)
    const line = `"quotes' \`$HOME\` $(id); #{pane_id} %end 1 2 1 \\n é 日本 👩‍💻 ~!@^&*|<>`
    const long = Array.from({ length: 12_000 }, (_, i) => `${i} ${line}`).join('\n')
    expect(Buffer.byteLength(long)).toBeGreaterThan(1_000_000)
    const answers = await Promise.all([send(lab, foo, long), send(lab, bar, 'SAY hello bar')])
    expect(answers.map(({ status, body }) => [status, body.receipt])).toEqual([
      [200, 'submitted'],
      [200, 'submitted'],
    ])
    const [taken] = await until(() => nonEmpty(prompts(lab, foo)), { what: 'the prompt of foo' })
    expect(taken?.includes(long)).toBe(true)
    expect(await until(() => nonEmpty(prompts(lab, bar)), { what: 'the prompt of bar' })).toEqual([
      'SAY hello bar',
    ])
  })

  test('is submitted once, a hundred times of a hundred', async ({ lab }) => {
    const foo = await readyFoo(lab)
    const texts = Array.from({ length: 100 }, (_, i) => `SAY number ${i}`)
    for (const text of texts) {
      const { status, body } = await send(lab, foo, text)
      expect([text, status, body]).toEqual([
        text,
        200,
        { receipt: expect.stringMatching(/^(?:submitted|queued)$/) },
      ])
    }
    await until(() => prompts(lab, foo).length >= texts.length, { what: 'all prompts' })
    expect(prompts(lab, foo)).toEqual(texts)
  })

  test('waits its turn while the agent is busy, after those before it', async ({ lab }) => {
    const foo = await readyFoo(lab)
    const gate = join(lab.dir, 'gate')
    const first = `TOOL bash until [ -e ${gate} ]; do sleep 0.05; done`
    expect((await send(lab, foo, first)).body).toEqual({ receipt: 'submitted' })
    await lab.reaches(foo.id, 'busy')
    const texts = Array.from({ length: 20 }, (_, i) => `SAY number ${i}`)
    const answers = await Promise.all(texts.map((text) => send(lab, foo, text)))
    expect(answers.map(({ body }) => body)).toEqual(texts.map(() => ({ receipt: 'queued' })))
    writeFileSync(gate, '')
    await until(() => prompts(lab, foo).length > texts.length, { what: 'all prompts' })
    expect(prompts(lab, foo)).toEqual([first, ...texts])
  })

  test('stays in the prompt without submit, and lab adds nothing to it', async ({ lab }) => {
    const foo = await readyFoo(lab)
    const draft = await send(lab, foo, 'SAY not yet', { submit: false })
    expect(draft.body).toEqual({ receipt: 'typed' })
    const { status, body } = await send(lab, foo, 'SAY hello')
    expect([status, body.receipt]).toEqual([200, 'refused'])
    expect(body.reason).toContain('"SAY not yet"')
    expect(await screen(lab, foo)).toMatch(/❯\u00a0SAY not yet *$/m)
    await press(lab, foo, 'C-u')
    await until(async () => (await send(lab, foo, 'SAY hello')).body.receipt === 'submitted', {
      what: 'a prompt without a draft',
    })
    await until(() => prompts(lab, foo).length > 0, { what: 'the prompt' })
    expect(prompts(lab, foo)).toEqual(['SAY hello'])
  })

  test.for([
    ['!touch made', /shell command/],
    ['/exit', /command of its own/],
    ['fix it\\', /backslash/],
    ['  ', /empty/],
  ] as const)('is refused when it is %j', async ([text, reason], { lab }) => {
    const foo = await readyFoo(lab)
    const { status, body } = await send(lab, foo, text)
    expect([status, body.receipt]).toEqual([200, 'refused'])
    expect(body.reason).toMatch(reason)
    expect(await screen(lab, foo)).toMatch(/^❯\u00a0 *$/m)
  })

  test('may be a command of Claude only literally', async ({ lab }) => {
    const foo = await readyFoo(lab)
    expect((await send(lab, foo, '/clear', { literally: true })).body.receipt).toBe('submitted')
    await until(async () => (await lab.get(foo.id)).conversation !== foo.conversation, {
      what: 'another conversation',
    })
  })

  test('is refused with a control character, and when it is not a text', async ({ lab }) => {
    const foo = await readyFoo(lab)
    expect((await send(lab, foo, 'a\u001b[201~\rb')).body.error).toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining('U+001B'),
    })
    const { status } = await lab.call('POST', `/api/v1/instances/${foo.id}/input`, { text: 7 })
    expect(status).toBe(400)
  })

  test('is refused while a question is open, which Enter would answer', async ({ lab }) => {
    lab.behave({ permissions: 'manual', deafMs: 0 })
    const foo = await readyFoo(lab)
    await send(lab, foo, 'TOOL bash touch made')
    await lab.reaches(foo.id, 'waiting')
    const { status, body } = await send(lab, foo, 'SAY hello')
    expect([status, body.error.code]).toEqual([409, 'dialog_open'])
    expect((await press(lab, foo, 'Escape')).body).toEqual({ receipt: 'typed' })
    await lab.reaches(foo.id, 'ready')
    expect(existsSync(join(lab.root, 'foo', 'made'))).toBe(false)
    expect((await send(lab, foo, 'SAY hello')).body.receipt).toBe('submitted')
  })

  test('is refused before the agent has reported, and after its end', async ({ lab }) => {
    const gate = join(lab.dir, 'gate')
    lab.behave({ promptOnce: gate })
    await lab.boot()
    const foo = await lab.start('foo')
    const early = await send(lab, foo, 'SAY hello')
    expect([early.status, early.body.error.code]).toEqual([409, 'unknown'])
    writeFileSync(gate, '')
    await lab.reaches(foo.id, 'ready')
    await stop(lab, foo.id)
    const late = await send(lab, foo, 'SAY hello')
    expect([late.status, late.body.error.code]).toEqual([409, 'not_running'])
    expect((await press(lab, foo, 'Enter')).body.error.code).toBe('not_running')
  })

  test('does not hold up a stop', async ({ lab }) => {
    const foo = await readyFoo(lab)
    const gate = join(lab.dir, 'gate')
    await send(lab, foo, `TOOL bash until [ -e ${gate} ]; do sleep 0.05; done`)
    await lab.reaches(foo.id, 'busy')
    const sent = Promise.all(['a', 'b', 'c'].map((text) => send(lab, foo, `SAY ${text}`)))
    await stop(lab, foo.id)
    for (const { status } of await sent) expect([200, 409]).toContain(status)
  })
})

describe('keys for an instance', () => {
  test('reach its terminal in their order', async ({ lab }) => {
    const foo = await readyFoo(lab)
    expect((await press(lab, foo, 'h', 'i', 'BSpace', 'a')).body).toEqual({ receipt: 'typed' })
    await until(async () => /❯\u00a0ha *$/m.test(await screen(lab, foo)), { what: 'the draft' })
  })

  test('are refused when tmux would type their names', async ({ lab }) => {
    const foo = await readyFoo(lab)
    for (const keys of [['Enter', 'hello'], [], ['M-x']]) {
      const { status, body } = await press(lab, foo, ...keys)
      expect([keys, status, body.error.code]).toEqual([keys, 400, 'invalid_request'])
    }
    await type(lab, foo.name, 'SAY untouched')
    await until(() => prompts(lab, foo).length > 0, { what: 'the prompt' })
    expect(prompts(lab, foo)).toEqual(['SAY untouched'])
  })
})

function nonEmpty<T>(list: readonly T[]): readonly T[] | null {
  return list.length > 0 ? list : null
}
