// Questions and answers with a real lab, real tmux and the stand-in: through hooks, and by keys.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import type { Instance } from '../../../src/core/instance.ts'
import type { Question } from '../../../src/core/question.ts'
import { test, type TestLab } from '../../fixtures/lab.ts'
import { readyFoo, stop, type } from '../../fixtures/life.ts'
import { until } from '../../fixtures/until.ts'

/** Types a prompt into an instance's pane and returns the question that follows. */
/** Boots lab with one ready instance of foo that asks before a tool. */
async function askingFoo(lab: TestLab): Promise<Instance> {
  lab.behave({ permissions: 'manual' })
  return readyFoo(lab)
}

async function ask(lab: TestLab, { id, name }: Instance, prompt: string): Promise<Question> {
  await type(lab, name, prompt)
  return questionOf(lab, id)
}

function questionOf(lab: TestLab, id: string): Promise<Question> {
  return until(async () => (await lab.get(id)).question, { what: 'a question' })
}

async function isGone(lab: TestLab, id: string): Promise<void> {
  await until(async () => (await lab.get(id)).question === null, { what: 'no question' })
}

function answer(lab: TestLab, id: string, body: object) {
  return lab.call('POST', `/api/v1/instances/${id}/answer`, body)
}

const screen = (lab: TestLab, name: string): Promise<string> =>
  lab.tmux('capture-pane', '-p', '-t', `=${name}:`)

function shows(lab: TestLab, name: string, text: string): Promise<unknown> {
  return until(async () => (await screen(lab, name)).includes(text), { what: text })
}

describe('a permission', () => {
  test('shows the command, and runs it once it is allowed', async ({ lab }) => {
    const foo = await askingFoo(lab)
    const file = join(lab.dir, 'made')
    const question = await ask(lab, foo, `TOOL bash touch ${file}`)
    expect(question).toMatchObject({
      kind: 'permission',
      tool: 'Bash',
      title: 'wants to run',
      detail: `touch ${file}`,
      answerable: true,
    })
    expect(question.choices.map(({ id }) => id)).toEqual(['deny', 'allow'])
    await lab.reaches(foo.id, 'waiting')
    expect(existsSync(file)).toBe(false)
    const { status, body } = await answer(lab, foo.id, { question: question.id, choice: 'allow' })
    expect([status, body]).toEqual([200, { receipt: 'answered' }])
    expect((await lab.get(foo.id)).question).toBeNull()
    await until(() => existsSync(file), { what: 'the command ran' })
    await lab.reaches(foo.id, 'ready')
    const journal = readFileSync(join(lab.stateDir, 'journal.jsonl'), 'utf8')
    const lines = journal
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines.filter(({ what }) => what === 'answered')).toMatchObject([
      { id: foo.id, by: 'api', title: 'wants to run', said: 'allow' },
    ])
  })

  test('does not run the command once it is denied, and Claude reads the reason', async ({
    lab,
  }) => {
    const foo = await askingFoo(lab)
    const file = join(lab.dir, 'made')
    const { id } = await ask(lab, foo, `TOOL bash touch ${file}`)
    const denied = { question: id, choice: 'deny', text: 'use the other folder' }
    expect((await answer(lab, foo.id, denied)).status).toBe(200)
    await lab.reaches(foo.id, 'ready')
    expect(existsSync(file)).toBe(false)
    await shows(lab, foo.name, 'use the other folder')
  })

  test('goes when the terminal answers first, and lets the hook end', async ({ lab }) => {
    const foo = await askingFoo(lab)
    const file = join(lab.dir, 'made')
    const { id } = await ask(lab, foo, `TOOL bash touch ${file}`)
    await lab.reaches(foo.id, 'waiting')
    await until(
      async () => {
        await lab.tmux('send-keys', '-t', `=${foo.name}:`, '1')
        return existsSync(file)
      },
      { what: 'the key is taken' },
    )
    await isGone(lab, foo.id)
    expect(await answer(lab, foo.id, { question: id, choice: 'deny' })).toMatchObject({
      status: 409,
      body: { error: { code: 'question_gone' } },
    })
    const spool = join(lab.stateDir, 'spool', foo.id)
    await until(() => readdirSync(spool).length === 0, { what: 'the hook has ended' })
  })

  test('is answered once by many at once; all others are refused', async ({ lab }) => {
    const foo = await askingFoo(lab)
    const file = join(lab.dir, 'made')
    const { id } = await ask(lab, foo, `TOOL bash echo x >>${file}`)
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => answer(lab, foo.id, { question: id, choice: 'allow' })),
    )
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array(7).fill(409)])
    await lab.reaches(foo.id, 'ready')
    expect(readFileSync(file, 'utf8')).toBe('x\n')
  })

  test('can be answered after a restart of lab', async ({ lab }) => {
    const foo = await askingFoo(lab)
    const file = join(lab.dir, 'made')
    const { id } = await ask(lab, foo, `TOOL bash touch ${file}`)
    await lab.end('SIGKILL')
    await lab.boot()
    const again = await questionOf(lab, foo.id)
    expect(again.id).toBe(id)
    expect((await answer(lab, foo.id, { question: id, choice: 'allow' })).status).toBe(200)
    await until(() => existsSync(file), { what: 'the command ran' })
  })

  test('names its question: an answer to the one before changes nothing', async ({ lab }) => {
    const foo = await askingFoo(lab)
    const [first, second] = [join(lab.dir, 'first'), join(lab.dir, 'second')]
    const before = await ask(lab, foo, `TOOL bash touch ${first}`)
    await answer(lab, foo.id, { question: before.id, choice: 'deny' })
    await lab.reaches(foo.id, 'ready')
    const now = await ask(lab, foo, `TOOL bash touch ${second}`)
    expect(now.id).not.toBe(before.id)
    const late = await answer(lab, foo.id, { question: before.id, choice: 'allow' })
    expect(late.status).toBe(409)
    expect((await lab.get(foo.id)).question?.id).toBe(now.id)
    expect([existsSync(first), existsSync(second)]).toEqual([false, false])
  })

  test('is refused an answer that does not fit, and stays open', async ({ lab }) => {
    const foo = await askingFoo(lab)
    const { id } = await ask(lab, foo, 'TOOL bash touch /nowhere/x')
    expect((await answer(lab, foo.id, { question: id, choice: 'maybe' })).status).toBe(400)
    expect((await answer(lab, foo.id, { choice: 'allow' })).status).toBe(400)
    expect((await lab.get(foo.id)).question?.id).toBe(id)
  })

  test('leaves no waiting hook behind when the agent is stopped', async ({ lab }) => {
    const foo = await askingFoo(lab)
    await ask(lab, foo, 'TOOL bash touch /nowhere/x')
    const stopped = await stop(lab, foo.id)
    expect([stopped.question, stopped.left]).toEqual([null, []])
    await until(() => lab.processesOf().length === 0, { what: 'no process' })
    await until(() => !existsSync(join(lab.stateDir, 'spool', foo.id)), { what: 'no spool' })
  })
})

describe('a question', () => {
  test('shows its options in Claude’s words and takes one of them', async ({ lab }) => {
    const foo = await askingFoo(lab)
    const question = await ask(lab, foo, 'TOOL ask')
    expect(question).toMatchObject({ kind: 'question', title: 'asks' })
    const [, blue] = question.choices
    expect(blue?.label).toBe('Blue')
    expect((await answer(lab, foo.id, { question: question.id, choice: blue!.id })).status).toBe(
      200,
    )
    await shows(lab, foo.name, '→ Blue')
    await lab.reaches(foo.id, 'ready')
  })
})

describe('a dialog that no hook answers', () => {
  test('is answered by keys: the option with the words of the choice', async ({ lab }) => {
    const foo = await askingFoo(lab)
    const question = await ask(lab, foo, 'TOOL enterplan ;; TOOL plan')
    expect(question).toMatchObject({ kind: 'plan', tool: null, title: 'has a plan' })
    const no = question.choices.find(({ label }) => label.startsWith('No'))!
    expect((await answer(lab, foo.id, { question: question.id, choice: no.id })).status).toBe(200)
    await isGone(lab, foo.id)
    await until(async () => (await lab.get(foo.id)).state === 'ready', { what: 'ready' })
  })

  test('at the start of an agent is answered by keys', async ({ lab }) => {
    const foo = await askingFoo(lab)
    const question = await ask(lab, foo, '/model')
    expect(question).toMatchObject({ kind: 'dialog' })
    const sonnet = question.choices.find(({ label }) => label.startsWith('Opus'))!
    expect((await answer(lab, foo.id, { question: question.id, choice: sonnet.id })).status).toBe(
      200,
    )
    await lab.reaches(foo.id, 'ready')
  })

  test('of auto mode, which has keys instead of options, is answered by the key of the choice', async ({
    lab,
  }) => {
    const foo = await readyFoo(lab)
    const { id, choices, kind } = await ask(lab, foo, `TOOL bash rm -rf ${join(lab.dir, 'gone')}`)
    expect([kind, choices.map(({ label }) => label)]).toEqual([
      'dialog',
      ['stay in auto mode', 'leave for accept edits mode and stop', 'cancel'],
    ])
    expect((await answer(lab, foo.id, { question: id, choice: choices[0]!.id })).status).toBe(200)
    const next = await until(
      async () => {
        const { question } = await lab.get(foo.id)
        return question?.kind === 'permission' && question
      },
      { what: 'the permission that follows' },
    )
    expect(next).toMatchObject({ tool: null, choices: [{ id: 'deny' }, { id: 'allow' }] })
    expect((await answer(lab, foo.id, { question: next.id, choice: 'allow' })).status).toBe(200)
    await lab.reaches(foo.id, 'ready')
    await shows(lab, foo.name, 'Ran 1 shell command')
  })
})
