import { describe, expect, test } from 'vitest'
import { parseHookEvent, type HookEvent } from '../../../src/claude/hooks/events.ts'
import { decide, questionOf } from '../../../src/claude/hooks/questions.ts'
import type { Answer, Question } from '../../../src/core/question.ts'

const cwd = '/home/ann/projects/foo'

function request(tool: string, input: object): HookEvent {
  const payload = { session_id: crypto.randomUUID(), cwd, tool_name: tool, tool_input: input }
  return parseHookEvent('PermissionRequest', 1_700_000_000_000, JSON.stringify(payload))
}

const asked = (tool: string, input: object): Question => questionOf('q1', request(tool, input))!

function deep(levels: number): unknown {
  let value: unknown = 1
  for (let i = 0; i < levels; i++) value = [value]
  return value
}

describe('a permission', () => {
  test.for([
    ['Bash', { command: 'terraform apply' }, 'wants to run', 'terraform apply'],
    ['Read', { file_path: `${cwd}/src/a.ts` }, 'wants to read', 'src/a.ts'],
    ['Read', { file_path: '/etc/hosts' }, 'wants to read', '/etc/hosts'],
    ['WebFetch', { url: 'https://example.org/' }, 'wants to fetch', 'https://example.org/'],
    [
      'mcp__db__query',
      { sql: 'select 1' },
      'wants to use query of db',
      '{\n  "sql": "select 1"\n}',
    ],
    ['Later', {}, 'wants to use Later', ''],
  ] as const)('for %s says %j as "%s" and %j', ([tool, input, title, detail]) => {
    expect(asked(tool, input)).toMatchObject({ kind: 'permission', tool, title, detail })
  })

  test('always has the choices deny and allow, and its time', () => {
    const { choices, answerable, since } = asked('Bash', { command: 'ls' })
    expect(choices.map(({ id }) => id)).toEqual(['deny', 'allow'])
    expect([answerable, since]).toEqual([true, '2023-11-14T22:13:20.000Z'])
  })

  test('shows the change that an edit or a new file makes', () => {
    const edit = { file_path: `${cwd}/a`, old_string: 'one', new_string: 'two' }
    expect(asked('Edit', edit).change).toEqual({ path: 'a', before: 'one', after: 'two' })
    const write = { file_path: `${cwd}/b`, content: 'all\nof it' }
    expect(asked('Write', write).change).toEqual({ path: 'b', before: null, after: 'all\nof it' })
  })

  test('shows hidden characters, and keeps lines', () => {
    expect(asked('Bash', { command: 'echo \u202Eabc\n\u001b[2Jls' }).detail).toBe(
      'echo \\u202eabc\n\\u001b[2Jls',
    )
  })

  test('is cut after 20,000 characters', () => {
    expect(asked('Bash', { command: 'x'.repeat(50_000) }).detail).toHaveLength(20_000)
  })

  test('of an input that is nested too deeply says that lab cannot show it', () => {
    const event = { ...request('mcp__a__b', {}), input: { a: deep(100_000) } }
    expect(questionOf('q1', event)?.detail).toContain('lab cannot show')
  })

  test('asks for a tool by no name when the hook’s text was cut off', () => {
    const event = parseHookEvent('PermissionRequest', 0, '{"tool_name":"Write","tool_inp')
    expect(questionOf('q1', event)).toMatchObject({ title: 'wants to use a tool', detail: '' })
  })
})

test('a plan has no question by its hook, because Claude keeps its dialog open', () => {
  expect(questionOf('q1', request('ExitPlanMode', {}))).toBeNull()
})

const colour = { question: 'Which colour?', header: 'Colour', options: [{ label: 'Red', description: 'warm' }, { label: 'Blue' }], multiSelect: false } // prettier-ignore
const sizes = { question: 'Which sizes?', options: [{ label: 'S' }, { label: 'M\u200E' }, { label: 'L' }], multiSelect: true } // prettier-ignore

describe('AskUserQuestion', () => {
  test('with one question has its options as choices, in Claude’s words', () => {
    const question = asked('AskUserQuestion', { questions: [colour] })
    expect(question).toMatchObject({ kind: 'question', title: 'asks', detail: 'Which colour?' })
    expect(question.choices).toEqual([
      { id: 'option-1', label: 'Red' },
      { id: 'option-2', label: 'Blue' },
    ])
  })

  test('with several questions, or with several options, has no single choices', () => {
    expect(asked('AskUserQuestion', { questions: [colour, sizes] }).choices).toEqual([])
    expect(asked('AskUserQuestion', { questions: [sizes] }).choices).toEqual([])
  })

  test('of another shape is a permission to use the tool', () => {
    expect(asked('AskUserQuestion', { questions: 7 })).toMatchObject({ kind: 'permission' })
  })
})

describe('decide', () => {
  function decided(tool: string, input: object, answer: Omit<Answer, 'question'>): unknown {
    const event = request(tool, input)
    const given = decide(questionOf('q1', event)!, event, { question: 'q1', ...answer })
    if ('refused' in given) return given.refused
    const { hookSpecificOutput } = JSON.parse(given.json)
    expect(hookSpecificOutput.hookEventName).toBe('PermissionRequest')
    return hookSpecificOutput.decision
  }

  test('allows and denies, with the operator’s reason', () => {
    expect(decided('Bash', { command: 'ls' }, { choice: 'allow' })).toEqual({ behavior: 'allow' })
    expect(decided('Bash', { command: 'ls' }, { choice: 'deny', text: ' use make ' })).toEqual({
      behavior: 'deny',
      message: 'use make',
    })
  })

  test('refuses anything but a choice of the question', () => {
    const hint = 'Answer with "allow" or "deny".'
    expect(decided('Bash', { command: 'ls' }, { choice: 'option-1' })).toBe(hint)
    expect(decided('Bash', { command: 'ls' }, { text: 'yes' })).toBe(hint)
  })

  test('answers a question by the id or the words of an option, or by a free text', () => {
    const answers = (answer: Omit<Answer, 'question'>): unknown =>
      decided('AskUserQuestion', { questions: [colour] }, answer)
    const wanted = (text: string) => ({
      behavior: 'allow',
      updatedInput: { questions: [colour], answers: { 'Which colour?': text } },
    })
    expect(answers({ choice: 'option-2' })).toEqual(wanted('Blue'))
    expect(answers({ choice: 'Red' })).toEqual(wanted('Red'))
    expect(answers({ text: 'green' })).toEqual(wanted('green'))
    expect(answers({ answers: { 'Which colour?': 'Blue' } })).toEqual(wanted('Blue'))
    expect(answers({ choice: 'option-9' })).toBe('The question "Which colour?" has no answer.')
    expect(answers({ answers: { 'Which colour?': ['Red', 'Blue'] } })).toBe(
      'The question "Which colour?" takes one option.',
    )
  })

  test('answers several questions with Claude’s own labels, and refuses when one lacks its answer', () => {
    const input = { questions: [colour, sizes] }
    const all = { 'Which colour?': 'Red', 'Which sizes?': ['S', 'M\\u200e'] }
    expect(decided('AskUserQuestion', input, { answers: all })).toMatchObject({
      updatedInput: { answers: { 'Which colour?': 'Red', 'Which sizes?': 'S, M\u200E' } },
    })
    expect(decided('AskUserQuestion', input, { answers: { 'Which colour?': 'Red' } })).toBe(
      'The question "Which sizes?" has no answer.',
    )
  })
})
