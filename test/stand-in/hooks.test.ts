// Measured with Claude Code 2.1.332 against a mock of the Messages API; these hold for the stand-in as well.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { until } from '../fixtures/until.ts'
import { isAlive, test, type Actor, type Stage } from './stage.ts'

type Fields = Readonly<Record<string, unknown>>

/** Hooks that write each event to a log. A PermissionRequest waits on a FIFO for its answer. */
interface Hooked {
  readonly settings: string
  /** The events so far, in the order in which their hooks wrote them. */
  events(): readonly Fields[]
  /** Waits for the event and returns the latest one of this name. */
  event(name: string): Promise<Fields>
  /** The FIFOs on which hooks wait. */
  waiting(): readonly string[]
  /** Waits for a hook that waits, and answers it. */
  answer(output: unknown): Promise<void>
}

const names = ['SessionStart', 'UserPromptSubmit', 'PreToolUse', 'PermissionRequest', 'PostToolUse', 'PostToolUseFailure', 'Stop', 'StopFailure', 'SessionEnd'] // prettier-ignore

function hooked(stage: Stage): Hooked {
  const log = join(stage.dir, 'events.log')
  const settings = join(stage.dir, 'settings.json')
  const script = join(stage.dir, 'hook.sh')
  writeFileSync(log, '')
  writeFileSync(
    script,
    `event=$(cat)
printf '%s\\n' "$event" >>'${log}'
[ "$1" = PermissionRequest ] || exit 0
mkfifo '${stage.dir}'/fifo.$$ && cat '${stage.dir}'/fifo.$$
`,
  )
  const hooks = Object.fromEntries(
    names.map((name) => [
      name,
      [{ hooks: [{ type: 'command', command: `sh '${script}' ${name}`, timeout: 86_400 }] }],
    ]),
  )
  writeFileSync(settings, JSON.stringify({ hooks }))
  const events = () =>
    readFileSync(log, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Fields)
  const waiting = () =>
    readdirSync(stage.dir)
      .filter((name) => name.startsWith('fifo.') && isAlive(Number(name.slice('fifo.'.length))))
      .map((name) => join(stage.dir, name))
  return {
    settings,
    events,
    event: (name) =>
      until(() => events().findLast((event) => event['hook_event_name'] === name), {
        what: `the event ${name}`,
      }),
    waiting,
    async answer(output) {
      const fifo = await until(() => waiting()[0], { what: 'a hook that waits' })
      writeFileSync(fifo, JSON.stringify(output))
    },
  }
}

const decided = (decision: object) => ({
  hookSpecificOutput: { hookEventName: 'PermissionRequest', decision },
})
const allow = decided({ behavior: 'allow' })

/** A stand-in with hooks that asks before it changes anything. */
async function manual(stage: Stage, behaviour: object = {}): Promise<[Actor, Hooked]> {
  stage.behave({ permissions: 'manual', deafMs: 0, ...behaviour })
  const hooks = hooked(stage)
  return [await stage.ready('--settings', hooks.settings), hooks]
}

const made = (stage: Stage) => existsSync(join(stage.project, 'made'))

describe('the hooks of a session', () => {
  test('get the fields of Claude Code, in its order', async ({ stage }) => {
    const [actor, hooks] = await manual(stage)
    await actor.say('TOOL bash touch made')
    await hooks.answer(allow)
    await hooks.event('Stop')
    await actor.say('/exit')
    await actor.ended()
    const events = hooks.events()
    expect(events.map((event) => event['hook_event_name'])).toEqual([
      'SessionStart',
      'UserPromptSubmit',
      'PreToolUse',
      'PermissionRequest',
      'PostToolUse',
      'Stop',
      'SessionEnd',
    ])
    const [start, prompt, before, request, after, stop, end] = events
    expect(new Set(events.map((event) => event['session_id'])).size).toBe(1)
    expect(new Set(events.map((event) => event['cwd']))).toEqual(new Set([stage.project]))
    expect(start).toMatchObject({ source: 'startup' })
    expect(prompt).toMatchObject({ prompt: 'TOOL bash touch made', permission_mode: 'default' })
    const tool = { tool_name: 'Bash', tool_input: { command: 'touch made', description: 'mock command' } } // prettier-ignore
    expect(before).toMatchObject({ ...tool, prompt_id: prompt?.['prompt_id'] })
    expect(request).toMatchObject({ ...tool, permission_suggestions: [{}, {}] })
    expect(request).not.toHaveProperty('tool_use_id')
    expect(after).toMatchObject({ ...tool, tool_use_id: before?.['tool_use_id'] })
    expect(stop).toMatchObject({ last_assistant_message: 'done', background_tasks: [] })
    expect(end).toMatchObject({ reason: 'prompt_input_exit' })
    expect(existsSync(String(start?.['transcript_path']))).toBe(true)
  })

  test('name a failure, and a background command that outlives the turn', async ({ stage }) => {
    const [actor, hooks] = await manual(stage)
    await actor.say('ERR 401')
    expect(await hooks.event('StopFailure')).toMatchObject({
      error: 'authentication_failed',
      last_assistant_message: 'API Error: 401 invalid x-api-key',
    })
    await actor.say('TOOL bg sleep 600')
    expect(await hooks.event('Stop')).toMatchObject({
      background_tasks: [{ type: 'shell', status: 'running', command: 'sleep 600' }],
    })
  })

  test('hear a long paste in a frame', async ({ stage }) => {
    const [actor, hooks] = await manual(stage)
    const text = Array.from({ length: 30 }, (_, i) => `line ${i}`).join('\n')
    await stage.sandbox.tmux('set-buffer', '-b', 'b', text)
    await stage.sandbox.tmux('paste-buffer', '-p', '-r', '-b', 'b', '-t', '=s1:')
    await actor.shows(/\[Pasted text #1 \+29 lines\]/)
    await actor.keys('Enter')
    const { prompt } = await hooks.event('UserPromptSubmit')
    expect(prompt).toMatch(/^\n\n<pasted_content id="\w+">\nline 0\n/)
    expect(prompt).toContain(text)
  })
})

describe('a hook that may decide', () => {
  test('waits with the dialog on the screen, before the registry says so', async ({ stage }) => {
    const [actor, hooks] = await manual(stage, { waitingMs: 600_000 })
    await actor.say('TOOL bash touch made')
    await hooks.event('PermissionRequest')
    await actor.shows(/^ ❯ 1\. Yes$/)
    expect(actor.registry()?.status).toBe('busy')
    await hooks.answer(allow)
    await actor.shows(/^ {2}⎿ {2}Allowed by PermissionRequest hook$/)
    expect(made(stage)).toBe(true)
    await actor.shows(/^● done$/)
    await actor.is('idle')
  })

  test('denies with a reason, and the turn goes on', async ({ stage }) => {
    const [actor, hooks] = await manual(stage)
    await actor.say('TOOL bash touch made')
    await actor.is('waiting')
    await hooks.answer(decided({ behavior: 'deny', message: 'not now' }))
    await actor.shows(/Reason: not now$/)
    await hooks.event('Stop')
    expect(made(stage)).toBe(false)
    expect(hooks.events().map((event) => event['hook_event_name'])).not.toContain('PostToolUse')
  })

  test('ends the turn without a further event when it interrupts', async ({ stage }) => {
    const [actor, hooks] = await manual(stage)
    await actor.say('TOOL bash touch made')
    await hooks.answer(decided({ behavior: 'deny', message: 'stop', interrupt: true }))
    await actor.shows(/Interrupted · What should Claude do instead\?$/)
    await actor.is('idle')
    expect(hooks.events().at(-1)).toMatchObject({ hook_event_name: 'PermissionRequest' })
  })

  test('leaves the dialog open with {}, and when it fails', async ({ stage }) => {
    const [actor, hooks] = await manual(stage)
    await actor.say('TOOL bash touch made')
    await hooks.answer({})
    await until(() => hooks.waiting().length === 0, { what: 'the end of the hook' })
    await actor.is('waiting')
    await actor.keys('1')
    await actor.is('idle')
    expect(made(stage)).toBe(true)
  })

  test('waits on after a key has chosen, until Claude ends', async ({ stage }) => {
    const [actor, hooks] = await manual(stage)
    await actor.say('TOOL bash touch made')
    await actor.is('waiting')
    await hooks.event('PermissionRequest')
    await actor.keys('1')
    await hooks.event('Stop')
    expect(hooks.waiting()).toHaveLength(1)
    actor.signal('SIGTERM')
    expect(await actor.ended()).toBe(143)
    expect(hooks.waiting()).toEqual([])
    expect(await hooks.event('SessionEnd')).toMatchObject({ reason: 'other' })
  })

  test('is ended by Escape in the terminal', async ({ stage }) => {
    const [actor, hooks] = await manual(stage)
    await actor.say('TOOL write made')
    await until(() => hooks.waiting().length === 1, { what: 'a hook that waits' })
    await actor.keys('Escape')
    await until(() => hooks.waiting().length === 0, { what: 'the end of the hook' })
    await actor.is('idle')
    expect(made(stage)).toBe(false)
  })

  test('gets the change to a file, and may replace the input', async ({ stage }) => {
    const [actor, hooks] = await manual(stage)
    const file = join(stage.project, 'a.txt')
    writeFileSync(file, 'hello\nworld\n')
    await actor.say('TOOL edit a.txt')
    const { tool_input: input } = await hooks.event('PermissionRequest')
    expect(input).toMatchObject({ file_path: file, old_string: 'hello', replace_all: false })
    const updatedInput = { ...(input as object), new_string: 'goodbye' }
    await hooks.answer(decided({ behavior: 'allow', updatedInput }))
    await hooks.event('Stop')
    expect(readFileSync(file, 'utf8')).toBe('goodbye\nworld\n')
  })

  test('hears of an MCP tool with its server', async ({ stage }) => {
    const [actor, hooks] = await manual(stage)
    await actor.say('TOOL raw mcp__foo__poke {"what":"the bear"}')
    expect(await hooks.event('PermissionRequest')).toMatchObject({
      tool_name: 'mcp__foo__poke',
      tool_input: { what: 'the bear' },
      mcp_server: { name: 'foo' },
    })
    await actor.shows(/^ what: "the bear"$/)
    await hooks.answer(allow)
    await actor.shows(/Called foo$/)
  })
})

describe('questions', () => {
  test('take answers by a hook, a list and free text too', async ({ stage }) => {
    const [actor, hooks] = await manual(stage)
    await actor.say('TOOL multiask')
    const { tool_input: input } = await hooks.event('PermissionRequest')
    const { questions } = input as { questions: readonly { question: string }[] }
    expect(questions).toHaveLength(2)
    await actor.is('waiting')
    expect(actor.registry()).toMatchObject({ waitingFor: 'input needed' })
    const answers = { 'Which colour 1?': 'green', 'Which colour 2?': ['Red', 'Blue'] }
    await hooks.answer(decided({ behavior: 'allow', updatedInput: { questions, answers } }))
    await actor.shows(/· Which colour 1\? → green$/)
    await actor.shows(/· Which colour 2\? → Red, Blue$/)
    expect(await hooks.event('PostToolUse')).toMatchObject({
      tool_response: { answers: { 'Which colour 2?': 'Red, Blue' } },
    })
  })

  test('stay open when a hook allows without answers', async ({ stage }) => {
    const [actor, hooks] = await manual(stage)
    await actor.say('TOOL ask')
    await hooks.answer(allow)
    await until(() => hooks.waiting().length === 0, { what: 'the end of the hook' })
    await actor.keys('2')
    await actor.shows(/· Which colour 1\? → Blue$/)
  })

  test('take several options by keys, and ask for a review', async ({ stage }) => {
    const actor = await stage.ready()
    await actor.say('TOOL multiask')
    await actor.shows(/^← {2}☐ Colour1 {2}☐ Colour2 {2}✔ Submit {2}→$/)
    await actor.keys('1')
    await actor.shows(/^❯ 1\. \[ \] Red$/)
    await actor.keys('1')
    await actor.shows(/^❯ 1\. \[✔\] Red$/)
    await actor.keys('2')
    await actor.shows(/\[✔\] Blue$/)
    await actor.keys('Tab')
    await actor.shows(/^ {3}→ Red, Blue$/)
    await actor.keys('1')
    await actor.shows(/· Which colour 2\? → Red, Blue$/)
  })
})

describe('a plan', () => {
  test('fails without a hook outside plan mode', async ({ stage }) => {
    const [actor, hooks] = await manual(stage)
    await actor.say('TOOL plan')
    await actor.shows(/Error: You are not in plan mode/)
    await hooks.event('Stop')
    expect(hooks.events().map((event) => event['hook_event_name'])).not.toContain('PreToolUse')
  })

  test('stays open after a bare allow, and takes an empty input or a key', async ({ stage }) => {
    const [actor, hooks] = await manual(stage, { permissions: 'plan' })
    await actor.say('TOOL plan')
    expect(await hooks.event('PermissionRequest')).toMatchObject({
      tool_name: 'ExitPlanMode',
      tool_input: {},
      permission_mode: 'plan',
    })
    await hooks.answer(allow)
    await until(() => hooks.waiting().length === 0, { what: 'the end of the hook' })
    await actor.shows(/❯ 1\. Yes, and switch to default \(ask each time\) for this session$/)
    await actor.keys('1')
    await actor.shows(/^● Exited plan mode$/)
    await actor.is('idle')
    await actor.say('TOOL enterplan ;; TOOL plan')
    await hooks.answer(decided({ behavior: 'allow', updatedInput: {} }))
    await until(
      async () =>
        (await actor.screen()).filter((line) => line === '● Exited plan mode').length === 2,
      { what: 'the end of the second plan' },
    )
  })
})

describe("auto mode's own check", () => {
  test('asks twice without a hook, and preselects No', async ({ stage }) => {
    stage.behave({ deafMs: 0 })
    const hooks = hooked(stage)
    const actor = await stage.ready('--settings', hooks.settings)
    await actor.say('TOOL bash rm -rf /nowhere')
    await actor.is('waiting')
    expect(actor.registry()).toMatchObject({ waitingFor: 'dialog open' })
    await actor.shows(/Auto mode can't check actions in this session$/)
    await actor.keys('Enter')
    await actor.shows(/^ ❯ No$/)
    await until(() => actor.registry()?.['waitingFor'] === 'permission prompt', {
      what: 'the permission dialog',
    })
    await actor.keys('Enter')
    await actor.is('idle')
    expect(hooks.events().map((event) => event['hook_event_name'])).not.toContain(
      'PermissionRequest',
    )
  })
})

describe('a half-typed prompt', () => {
  /** Asks for a permission while the prompt holds a draft. */
  async function interrupted(stage: Stage, typingMs: number): Promise<Actor> {
    const [actor] = await manual(stage, { typingMs })
    await actor.say(`TOOL bash ${stage.gate.command} ;; TOOL bash touch made`)
    await actor.is('waiting')
    await actor.keys('1')
    await actor.is('busy')
    await actor.keys('h', 'a', 'l', 'f')
    await actor.shows(/^❯\u00a0half *$/)
    stage.gate.letGo()
    await actor.is('waiting')
    return actor
  }

  test('hides a dialog, which ignores Enter until the prompt is empty', async ({ stage }) => {
    const actor = await interrupted(stage, 600_000)
    await actor.shows(/^Waiting for permission…$/)
    await actor.keys('Enter', 'f')
    await actor.shows(/^❯\u00a0halff *$/)
    await actor.keys('C-u')
    await actor.shows(/^ ❯ 1\. Yes$/)
    expect(made(stage)).toBe(false)
  })

  test('survives the dialog that opens when the typing has ended', async ({ stage }) => {
    const actor = await interrupted(stage, 1)
    await actor.shows(/^ ❯ 1\. Yes$/)
    await actor.keys('1')
    await actor.is('idle')
    await actor.shows(/^❯\u00a0half *$/)
    expect(made(stage)).toBe(true)
  })
})
