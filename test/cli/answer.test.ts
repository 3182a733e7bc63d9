// `lab answer`: shows what an instance asks, and answers exactly that.
import { expect } from 'vitest'
import { instanceOf, test } from '../fixtures/api-server.ts'
import { permissionOf, questionsOf } from '../fixtures/question.ts'

const { id } = instanceOf()
const [instance, answerTo] = ['GET /api/v1/instances/foo', `POST /api/v1/instances/${id}/answer`]

test('answer without a choice shows the question and its choices', async ({ fakeLab }) => {
  fakeLab.answers[instance] = { body: instanceOf({ question: permissionOf({ detail: 'a\nb\u001b[2J' }) }) } // prettier-ignore
  expect(await fakeLab.run(['answer', 'foo'])).toEqual({
    exitCode: 0,
    out: 'foo wants to run\n    a\n    b\\u001b[2J\n  [deny] No\n  [allow] Allow once\n',
    err: '',
  })
})

test.for([
  [['allow'], { choice: 'allow' }],
  [['Allow once'], { choice: 'allow' }],
  [['deny', '--text', 'use make'], { choice: 'deny', text: 'use make' }],
] as const)(
  'answer foo %j names the question that it has seen',
  async ([words, given], { fakeLab }) => {
    fakeLab.answers[instance] = { body: instanceOf({ question: permissionOf() }) }
    fakeLab.answers[answerTo] = { body: { receipt: 'answered' } }
    expect(await fakeLab.run(['answer', 'foo', ...words])).toMatchObject({ exitCode: 0, err: '' })
    expect(fakeLab.asked.at(-1)?.body).toEqual({ question: 'PermissionRequest.7.abc', ...given })
  },
)

test('answer --for answers several questions, by text or number', async ({ fakeLab }) => {
  fakeLab.answers[instance] = { body: instanceOf({ question: questionsOf() }) }
  fakeLab.answers[answerTo] = { body: { receipt: 'answered' } }
  await fakeLab.run(['answer', 'foo', '--for', 'Which colour?=Red', '--for=2=S', '--for=2=L'])
  expect(fakeLab.asked.at(-1)?.body).toMatchObject({
    answers: { 'Which colour?': ['Red'], 'Which sizes?': ['S', 'L'] },
  })
  const { exitCode, err } = await fakeLab.run(['answer', 'foo', '--for', '7=x'])
  expect(exitCode).toBe(1)
  expect(err).toContain('names none of the questions')
})

test('answer refuses a choice that the question does not have, and when nothing is asked', async ({
  fakeLab,
}) => {
  fakeLab.answers[instance] = { body: instanceOf({ question: permissionOf() }) }
  expect((await fakeLab.run(['answer', 'foo', 'maybe'])).err).toContain('allow (Allow once)')
  fakeLab.answers[instance] = { body: instanceOf() }
  expect(await fakeLab.run(['answer', 'foo', 'allow'])).toMatchObject({
    exitCode: 1,
    err: 'lab: foo asks nothing.\n',
  })
})

test('answer refuses inside an agent’s session, before it asks the server', async ({ fakeLab }) => {
  const { exitCode, err } = await fakeLab.run(['answer', 'foo', 'allow'], {
    env: { LAB_INSTANCE: 'x', LAB_STATE_DIR: fakeLab.stateDir },
  })
  expect(exitCode).toBe(1)
  expect(err).toContain('An agent cannot answer questions')
  expect(fakeLab.asked).toEqual([])
})
