import { describe, expect } from 'vitest'
import { test } from '../fixtures/api-server.ts'

const call = 'POST /api/v1/instances/11111111/input'
const foo = { body: { id: '11111111', name: 'foo', state: 'ready' } }
const stdin = (...chunks: readonly Uint8Array[]) => ({
  async *[Symbol.asyncIterator]() {
    yield* chunks
  },
})

describe('lab send', () => {
  test('sends the words as one text and prints the receipt', async ({ fakeLab: server }) => {
    server.answers['GET /api/v1/instances/foo'] = foo
    server.answers[call] = { body: { receipt: 'submitted' } }
    const { exitCode, out, err } = await server.run(['send', 'foo', 'fix', 'the login'])
    expect([exitCode, out, err]).toEqual([0, 'submitted\n', ''])
    expect(server.asked.at(-1)?.body).toEqual({ text: 'fix the login', submit: true, literally: false }) // prettier-ignore
  })

  test('reads standard input for -, and for a pipe without a text', async ({ fakeLab: server }) => {
    server.answers['GET /api/v1/instances/foo'] = foo
    server.answers[call] = { body: { receipt: 'queued' } }
    const bytes = new TextEncoder().encode('größer\nals €')
    for (const words of [['-'], []]) {
      // A character may lie in two chunks.
      const piped = stdin(bytes.subarray(0, 3), bytes.subarray(3))
      const { exitCode, out } = await server.run(['send', 'foo', ...words], { stdin: piped })
      expect([exitCode, out]).toEqual([0, 'queued\n'])
      expect(server.asked.at(-1)?.body).toMatchObject({ text: 'größer\nals €' })
    }
  })

  test('passes on that the text stays a draft, or is meant literally', async ({
    fakeLab: server,
  }) => {
    server.answers['GET /api/v1/instances/foo'] = foo
    server.answers[call] = { body: { receipt: 'typed' } }
    const draft = await server.run(['send', 'foo', '--draft', '--literally', '/clear'])
    expect([draft.exitCode, draft.out]).toEqual([0, 'typed\n'])
    expect(server.asked.at(-1)?.body).toEqual({ text: '/clear', submit: false, literally: true })
  })

  test('exits 1 with the reason when the agent did not get the text', async ({
    fakeLab: server,
  }) => {
    server.answers['GET /api/v1/instances/foo'] = foo
    server.answers[call] = { body: { receipt: 'refused', reason: 'The prompt holds "x".' } }
    const refused = await server.run(['send', 'foo', 'hello'])
    expect([refused.exitCode, refused.out]).toEqual([1, ''])
    expect(refused.err).toBe('lab: refused: The prompt holds "x".\n')
    server.answers['GET /api/v1/instances/foo'] = foo
    server.answers[call] = {
      status: 409,
      body: { error: { code: 'dialog_open', message: 'foo waits for you.' } },
    }
    const open = await server.run(['send', 'foo', 'hello'])
    expect([open.exitCode, open.err]).toEqual([1, 'lab: foo waits for you.\n'])
  })

  test('exits 2 without a text, and 1 for bytes that are no text', async ({ fakeLab: server }) => {
    expect((await server.run(['send'])).exitCode).toBe(2)
    expect((await server.run(['send', 'foo'])).exitCode).toBe(2)
    const terminal = Object.assign(stdin(), { isTTY: true })
    expect((await server.run(['send', 'foo'], { stdin: terminal })).exitCode).toBe(2)
    const broken = await server.run(['send', 'foo', '-'], { stdin: stdin(Uint8Array.of(255, 254)) })
    expect([broken.exitCode, broken.err]).toEqual([1, 'lab: Standard input is not UTF-8 text, so lab sent nothing.\n']) // prettier-ignore
    expect(server.asked).toEqual([])
  })
})
