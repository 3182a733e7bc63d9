// Which instance a REF names, and what a refusal suggests.
import { describe, expect } from 'vitest'
import { pickEnded, pickInstance } from '../../src/cli/ref.ts'
import type { Instance } from '../../src/core/instance.ts'
import { instanceOf, serve, test } from '../fixtures/api-server.ts'

const now = Date.parse('2026-01-01T00:00:00.000Z')
let count = 0

function live(name: string, label: string | null = null): Instance {
  const id = `${String(++count).padStart(8, '0')}-6f0f-4a3c-9d2e-000000000001`
  return instanceOf({ id, name, label, project: name.split('~')[0] ?? name })
}

function ended(name: string, label: string | null = null): Instance {
  const endedAt = new Date(now - 125_000).toISOString()
  const evidence = { message: 'It was stopped by cli.' } as never
  return { ...live(name, label), state: 'stopped', endedAt, evidence }
}

function pick(ref: string, all: readonly Instance[], keys: readonly string[] = []): string {
  try {
    return pickInstance(ref, all, { keys, now }).name
  } catch (error) {
    return (error as Error).message
  }
}

describe('pickInstance', () => {
  const foo = live('foo')
  const fix = live('foo~2~fix-it', 'fix it')
  const bar = live('foobar~2~docs', 'docs')

  test('takes an exact name before a label, and both before a beginning', () => {
    const all = [live('a~2~b', 'foo'), foo, fix, live('b~2~x', 'fix'), bar]
    expect(pick('foo', all)).toBe('foo')
    expect(pick('fix', all)).toBe('b~2~x')
    expect(pick('fix it', all)).toBe('foo~2~fix-it')
  })

  test('takes the beginning of one name or label', () => {
    expect(pick('foo~', [foo, fix, bar])).toBe('foo~2~fix-it')
    expect(pick('foob', [foo, fix, bar])).toBe('foobar~2~docs')
    expect(pick('do', [foo, fix, bar])).toBe('foobar~2~docs')
  })

  test('takes an id, or the part of it that lists show, also of an ended one', () => {
    const gone = ended('foo')
    expect(pick(fix.id, [fix, gone])).toBe('foo~2~fix-it')
    expect(pick(gone.id.slice(0, 8), [fix, gone])).toBe('foo')
    expect(pick(gone.id.slice(0, 7), [fix, gone])).toContain('No instance is called')
  })

  test('never takes a project key for the beginning of another project', () => {
    expect(pick('foo', [bar], ['foo', 'foobar'])).toContain('No instance is called "foo"')
    expect(pick('foo', [fix, bar], ['foo', 'foobar'])).toBe('foo~2~fix-it')
  })

  test('refuses what means several, and names them', () => {
    expect(pick('fo', [foo, fix, bar])).toBe(
      '"fo" means several instances: foo, foo~2~fix-it, foobar~2~docs. Name one.',
    )
  })

  test('says of an ended one when and why it ended, and never takes another for it', () => {
    const gone = ended('foo')
    expect(pick('foo', [gone])).toBe(
      `foo has ended 2 min ago: It was stopped by cli. \`lab resume ${gone.id.slice(0, 8)}\` continues it.`,
    )
    expect(pick('foo', [fix, gone])).toMatch(/^foo has ended .* Did you mean foo~2~fix-it\?$/)
    expect(pick('fo', [gone])).toMatch(/^foo has ended 2 min ago/)
  })

  test('suggests what is near', () => {
    expect(pick('fooo', [foo, bar])).toBe('No instance is called "fooo"; did you mean foo?')
    expect(pick('doca', [foo, bar])).toBe('No instance is called "doca"; did you mean docs?')
    expect(pick('zzzzzz', [foo])).toBe('No instance is called "zzzzzz"; `lab ls` shows them.')
  })
})

describe('pickEnded', () => {
  test('takes an ended instance before a live one of the same name', () => {
    const [gone, other] = [ended('foo'), live('foo')]
    expect(pickEnded('foo', [other, gone])).toBe(gone)
    expect(pickEnded('foo', [other])).toBe(other)
    expect(() => pickEnded('fo', [other])).toThrow('No ended instance is called "fo"')
  })

  test('asks for the id where several had the name', () => {
    const both = [ended('foo'), ended('foo')]
    expect(() => pickEnded('foo', both)).toThrow(
      `"foo" means several instances: foo (${both[0]?.id}), foo (${both[1]?.id}). Name one by its id.`,
    )
  })
})

test('lab stop by a label stops the instance by its id', async ({ fakeLab }) => {
  const fix = live('foo~2~fix', 'fix the login')
  serve(fakeLab, [live('bar'), fix])
  fakeLab.answers[`DELETE /api/v1/instances/${fix.id}`] = {
    status: 202,
    body: { ...fix, state: 'stopping' },
  }
  expect(await fakeLab.run(['stop', 'fix the'])).toEqual({
    exitCode: 0,
    out: 'foo~2~fix: stopping\n',
    err: '',
  })
})
