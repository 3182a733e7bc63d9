import { appendFileSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { readSaid } from '../../src/claude/said.ts'
import { test } from '../fixtures/folder.ts'

const id = '11111111-1111-4111-8111-111111111111'

function transcript(folder: string): { root: string; file: string } {
  const root = mkdtempSync(join(folder, 'projects-'))
  mkdirSync(join(root, '-foo'))
  const file = join(root, '-foo', `${id}.jsonl`)
  writeFileSync(file, '')
  return { root, file }
}

const line = (record: object) => `${JSON.stringify(record)}\n`
const user = (content: unknown) =>
  line({ type: 'user', message: { role: 'user', content }, timestamp: '2026-11-28T10:00:00.000Z' })
const agent = (content: readonly object[]) =>
  line({ type: 'assistant', message: { role: 'assistant', content } })

describe('readSaid', () => {
  test('reads texts and tools, and leaves the rest out', async ({ folder }) => {
    const { root, file } = transcript(folder)
    appendFileSync(
      file,
      line({ type: 'custom-title', customTitle: 'foo' }) +
        user('fix the login') +
        line({ type: 'attachment', attachment: { text: '"role":"user"' } }) +
        agent([{ type: 'tool_use', name: 'Bash', input: { command: 'npm test' } }]) +
        user([{ type: 'tool_result', content: 'ok' }]) +
        line({ ...(JSON.parse(user('inside')) as object), isSidechain: true }) +
        'not JSON "role":"user"\n' +
        agent([{ type: 'text', text: 'done' }]),
    )
    expect(await readSaid(root, id, null)).toEqual({
      messages: [
        { at: '2026-11-28T10:00:00.000Z', who: 'user', text: 'fix the login' },
        { at: null, who: 'agent', text: '[Bash] npm test' },
        { at: null, who: 'agent', text: 'done' },
      ],
      before: null,
    })
  })

  test('goes back page by page over blocks and long lines, and loses nothing', async ({
    folder,
  }) => {
    const { root, file } = transcript(folder)
    const texts = Array.from({ length: 50 }, (_, i) => `${i}${'ä'.repeat((i * 997) % 5000)}`)
    for (const text of texts)
      appendFileSync(file, user(text) + line({ type: 'api-request', blob: 'x'.repeat(30_000) }))
    const seen: string[] = []
    let before: number | null = null
    do {
      const page = await readSaid(root, id, before)
      seen.unshift(...page.messages.map(({ text }) => text))
      before = page.before
    } while (before !== null)
    expect(seen).toEqual(texts)
  })

  test('is empty without a transcript, and for a folder in its place', async ({ folder }) => {
    const { root } = transcript(folder)
    const other = '22222222-2222-4222-8222-222222222222'
    expect(await readSaid(root, other, null)).toEqual({ messages: [], before: null })
    mkdirSync(join(root, '-foo', `${other}.jsonl`))
    expect(await readSaid(root, other, null)).toEqual({ messages: [], before: null })
    expect(await readSaid(join(root, 'gone'), id, null)).toEqual({ messages: [], before: null })
  })
})
