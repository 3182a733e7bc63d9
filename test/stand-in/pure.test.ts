import { describe, expect, test } from 'vitest'
import { readKeys } from '../../src/stand-in/terminal/keys.ts'
import { parseOptions } from '../../src/stand-in/startup/options.ts'
import { wrap } from '../../src/stand-in/terminal/screen.ts'
import { parsePrompt } from '../../src/stand-in/turns/directives.ts'
import { needsPermission } from '../../src/stand-in/turns/tools.ts'
import { mungeCwd } from '../../src/stand-in/files/transcript.ts'

describe('a prompt', () => {
  const done = { kind: 'say', text: 'done' }
  for (const [typed, steps] of [
    ['hello there', [{ kind: 'say', text: 'ok: hello there' }]],
    ['please SAY hi', [{ kind: 'say', text: 'hi' }]],
    ['SAY one\nSAY two', [{ kind: 'say', text: 'two' }]],
    ['SLOW 5', [{ kind: 'slow', seconds: 5, text: 'mock answer' }]],
    ['THINK 0.5 so', [{ kind: 'think', seconds: 0.5, text: 'so' }]],
    ['HANG', [{ kind: 'hang' }]],
    ['ERR 429 60', [{ kind: 'error', status: 429, seconds: 60 }]],
    ['TOOL bash ls -l', [{ kind: 'tool', tool: 'bash', argument: 'ls -l' }, done]],
    [
      'TOOL ask ;; SAY so ;; SAY never',
      [
        { kind: 'tool', tool: 'ask', argument: '' },
        { kind: 'say', text: 'so' },
      ],
    ],
    ['DIE SIGSEGV', [{ kind: 'die', how: 'SIGSEGV' }]],
    ['CHILDREN setsid nohup', [{ kind: 'children', kinds: ['setsid', 'nohup'] }, done]],
  ] as const)
    // prettier-ignore
    test(`${JSON.stringify(typed)} is read as a script`, () => {
      expect(parsePrompt(typed)).toEqual(steps)
    })
})

describe('keys', () => {
  test('are told apart: text, Enter, a paste with its newlines, arrows, Escape', () => {
    expect(readKeys('a ü\r\x1b[200~x\ry\x1b[201~\x1b[A\x1bq')).toEqual({
      keys: [
        { type: 'text', text: 'a ü' },
        { type: 'enter' },
        { type: 'paste', text: 'x\ny' },
        { type: 'up' },
        { type: 'escape' },
        { type: 'text', text: 'q' },
      ],
      rest: '',
    })
  })
  for (const start of ['\x1b', '\x1b[', '\x1b[20', '\x1b[200~half', '\x1b[200~half\x1b[201'])
    test(`that are not whole yet wait: ${JSON.stringify(start)}`, () => {
      expect(readKeys(`a${start}`)).toEqual({ keys: [{ type: 'text', text: 'a' }], rest: start })
    })
})

describe('options', () => {
  test('take a value after a space or an equals sign, and remote control needs none', () => {
    const parsed = parseOptions(['--name=foo', '--remote-control', '--model', 'opus', 'SAY hi'])
    expect(parsed).toMatchObject({
      ok: true,
      options: { name: 'foo', remoteControl: '', model: 'opus', prompt: 'SAY hi' },
    })
  })
})

test('a line is wrapped between words, counts wide characters twice, and keeps its indent', () => {
  expect(wrap(' one two three', 10)).toEqual([' one two ', ' three'])
  expect(wrap('漢字漢字', 5)).toEqual(['漢字', '漢字'])
  expect(wrap('', 5)).toEqual([''])
})

test('a folder is named by its path with every other character a dash', () => {
  expect(mungeCwd('/tmp/cmp_x/proj.y')).toBe('-tmp-cmp-x-proj-y')
})

test('only a command that changes nothing needs no permission', () => {
  for (const command of ['sleep 3; echo done', 'ls -l | wc', 'git status'])
    expect(needsPermission(command), command).toBe(false)
  for (const command of ['touch x', 'echo hi > x', 'sleep 1 & rm x', 'echo $(rm x)', 'ls; rm x'])
    expect(needsPermission(command), command).toBe(true)
})
