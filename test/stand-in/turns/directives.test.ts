import { describe, expect, test } from 'vitest'
import { parsePrompt } from '../../../src/stand-in/turns/directives.ts'

const done = { kind: 'say', text: 'done' }

describe('parsePrompt', () => {
  for (const [typed, steps] of [
    ['hello there', [{ kind: 'say', text: 'ok: hello there' }]],
    ['please SAY hi', [{ kind: 'say', text: 'hi' }]],
    ['SAY one\nSAY two', [{ kind: 'say', text: 'two' }]],
    ['SLOW 5', [{ kind: 'slow', seconds: 5, text: 'mock answer' }]],
    ['THINK 0.5 so', [{ kind: 'think', seconds: 0.5, text: 'so' }]],
    ['HANG', [{ kind: 'hang' }]],
    ['ERR 429 60', [{ kind: 'error', status: 429, seconds: 60 }]],
    ['ERR 429 60 seven_day', [{ kind: 'error', status: 429, seconds: 60, limit: 'seven_day' }]],
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
    test(`finds the steps of ${JSON.stringify(typed)}`, () => {
      expect(parsePrompt(typed)).toEqual(steps)
    })
})
