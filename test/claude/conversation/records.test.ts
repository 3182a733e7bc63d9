// The end of a transcript, from its newest records.
import { describe, expect, test } from 'vitest'
import { createEndReader, type TranscriptEnd } from '../../../src/claude/conversation/records.ts'
import { lastSentence, oneLine, toolLine } from '../../../src/claude/conversation/lines.ts'
import { agentRecord, limitRecord, resultRecord, said, use, userRecord } from '../../fixtures/transcript.ts' // prettier-ignore

/** The end of a transcript with these lines, the oldest first. */
function endOf(...lines: readonly string[]): TranscriptEnd {
  const reader = createEndReader()
  lines.toReversed().some((line) => reader.take(line))
  return reader.end()
}

const edit = use('t1', 'Edit', { file_path: '/p/shop/src/cart/total.ts', old_string: 'a' })
const noise = [
  '{"type":"last-prompt","lastPrompt":"x","sessionId":"s"}',
  '{"parentUuid":"u","isSidechain":false,"attachment":{"type":"user"},"type":"attachment"}',
  '{"type":"api-request-blob","message":{"role":"user","content":[{"type":"text","text":"no"}]}}',
  '{"parentUuid":"u","isSidechain":false,"type":"system","subtype":"turn_duration"}',
  '{"parentUuid":"u","isSidechain":false,"type":"assistant","mess',
  '',
]

describe('what an agent does', () => {
  test('is the tool that has no result yet', () => {
    const end = endOf(userRecord('fix it'), agentRecord([said('I look.')]), agentRecord([edit]))
    expect(end).toMatchObject({ tool: 'Edit src/cart/total.ts', said: 'I look.' })
    expect(endOf(userRecord('fix it'), agentRecord([edit]), ...noise).tool).toBe(
      'Edit src/cart/total.ts',
    )
  })

  test('is no tool once its result is there, or the user interrupted it', () => {
    const begun = [userRecord('fix it'), agentRecord([edit])]
    expect(endOf(...begun, resultRecord('t1'))).toMatchObject({ tool: null, said: 'fix it' })
    const interrupt = userRecord([said('[Request interrupted by user for tool use]')])
    expect(endOf(...begun, interrupt)).toMatchObject({ tool: null, said: 'fix it' })
    expect(endOf(...begun, userRecord('go on'))).toMatchObject({ tool: null, said: 'go on' })
  })

  test('is the oldest of several tools that run at once', () => {
    const bash = use('t2', 'Bash', { command: 'npm test', description: 'Run the tests' })
    const read = use('t3', 'Read', { file_path: '/etc/hosts' })
    const uses = [userRecord('go'), agentRecord([edit]), agentRecord([bash]), agentRecord([read])]
    expect(endOf(...uses).tool).toBe('Edit src/cart/total.ts')
    expect(endOf(...uses, resultRecord('t1')).tool).toBe('Bash npm test')
    expect(endOf(...uses, resultRecord('t1'), resultRecord('t2')).tool).toBe('Read /etc/hosts')
  })
})

describe('what an agent said', () => {
  test('is the last sentence of its last text', () => {
    const text = agentRecord([said('All done. The 12 tests in src/a.test.ts pass.')])
    expect(endOf(userRecord('go'), text, ...noise).said).toBe('The 12 tests in src/a.test.ts pass.')
  })

  test('is the prompt until the agent has said something about it', () => {
    const before = [userRecord('one'), agentRecord([said('Done.')])]
    expect(endOf(...before, userRecord('then two'), ...noise).said).toBe('then two')
    const pasted = '\n\n<pasted_content id="cb84">\nlong\ntext\n</pasted_content id="cb84">\n'
    expect(endOf(...before, userRecord(pasted)).said).toBe('long text')
  })

  test('leaves out other conversations and what Claude writes in the user’s name', () => {
    const before = [userRecord('one'), agentRecord([said('Done.')])]
    const others = [
      agentRecord([said('A subagent.')], { isSidechain: true }),
      userRecord('meta', { isMeta: true }),
      userRecord('summary', { isCompactSummary: true }),
      userRecord('<local-command-stdout>x</local-command-stdout>'),
      userRecord('<task-notification>ended</task-notification>'),
      agentRecord([{ type: 'thinking', thinking: 'hm' }]),
    ]
    expect(endOf(...before, ...others).said).toBe('Done.')
  })

  test('is null without a record of the conversation', () => {
    expect(endOf(...noise)).toEqual({ tool: null, said: null, limit: null })
  })
})

describe('a limit', () => {
  const at = Date.parse('2026-02-03T04:05:06.000Z')
  test('is the one in the newest record, with its type and its end', () => {
    expect(
      endOf(userRecord('go'), limitRecord('five_hour', 1_795_861_000), ...noise).limit,
    ).toEqual({ type: 'five_hour', resetsAt: 1_795_861_000_000, at })
  })

  test.for([
    ['a newer prompt', [limitRecord('five_hour', 1), userRecord('go on')]],
    ['a newer answer', [limitRecord('five_hour', 1), agentRecord([said('Done.')])]],
    ['a transient 429', [limitRecord('five_hour', 1, { apiError: undefined })]],
    ['a record without the limits', [limitRecord('five_hour', 1, { quotaLimits: null })]],
    ['the agent’s words alone', [agentRecord([said("You've hit your 5-hour limit · resets 3am")])]],
    ['a subagent’s record', [agentRecord([said('x')]), limitRecord('five_hour', 1, { isSidechain: true })]],
  ] as const)('is null with %s', ([, lines]) => {
    expect(endOf(...lines).limit).toBeNull()
  }) // prettier-ignore

  test('has no end where the record has none that a date can hold', () => {
    expect(endOf(limitRecord('seven_day', 1e300)).limit).toMatchObject({ resetsAt: null })
    expect(endOf(limitRecord('seven_day', 0)).limit).toMatchObject({ resetsAt: null })
  })
})

describe('a line', () => {
  test('has one line of at most 200 characters, with hidden characters made visible', () => {
    expect(oneLine(' a\n\tb\u001b[2J\u202e ')).toBe('a b\\u001b[2J\\u202e')
    expect(oneLine('🙂'.repeat(300))).toBe(`${'🙂'.repeat(99)}…`)
    expect(oneLine('\u0000'.repeat(5000))).toHaveLength(200)
    expect(oneLine('x'.repeat(200))).toBe('x'.repeat(200))
  })

  test.for([
    ['One. Two three.', 'Two three.'],
    ['See src/a.ts. Then go to v1.2.3', 'Then go to v1.2.3'],
    ['Done:\n\n- one\n- **two** is there', '**two** is there'],
    ['Run this:\n\n```\nnpm test\n```\n', 'npm test'],
    ['完了しました。テストは通ります。', 'テストは通ります。'],
    ['   \n ', null],
  ] as const)('%j ends with the sentence %j', ([text, last]) => {
    expect(lastSentence(text)).toBe(last)
  })

  test.for([
    ['Bash', { command: 'npm test\n# now', description: 'x' }, 'Bash npm test # now'],
    ['Grep', { pattern: 'total', path: '/p' }, 'Grep total'],
    ['Agent', { description: 'Look around', prompt: 'long' }, 'Agent Look around'],
    ['Edit', { file_path: '/p/other/a.ts' }, 'Edit /p/other/a.ts'],
    ['Read', { file_path: 7 }, 'Read'],
    ['AskUserQuestion', { questions: [] }, 'AskUserQuestion'],
    ['mcp__linear__list_issues', { query: 'bug' }, 'linear list_issues bug'],
  ] as const)('names the use of %s with %j', ([name, input, line]) => {
    expect(toolLine(name, input, '/p/shop')).toBe(line)
  })
})
