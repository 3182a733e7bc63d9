import { describe, expect, test } from 'vitest'
import type { Question } from '../../../src/core/question.ts'
import { permissionOf, questionsOf } from '../../fixtures/question.ts'
import { createLab, type Lab } from '../lab.ts'

async function asking(question: Question): Promise<{ lab: Lab; id: string; name: string }> {
  const lab = createLab()
  const { id, name } = await lab.service.start({ project: 'foo' }, 'api')
  lab.service.change(id, { state: 'waiting', waitingFor: 'permission prompt', question })
  return { lab, id, name }
}

function json({ lab }: { lab: Lab }, path: string, body: object): Promise<Response> {
  const headers = { 'content-type': 'application/json' }
  return Promise.resolve(lab.ask(path, { method: 'POST', body: JSON.stringify(body), headers }))
}

function form(
  { lab, id }: { lab: Lab; id: string },
  fields: [string, string][],
): Promise<Response> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' } // prettier-ignore
  const body = new URLSearchParams(fields).toString()
  return Promise.resolve(lab.ask(`/instances/${id}/answer`, { method: 'POST', body, headers }))
}

const said = ({ lab }: { lab: Lab }): string | undefined =>
  lab.service.asked.find((line) => line.startsWith('answer'))

describe('POST /api/v1/instances/:ref/answer', () => {
  test('answers the question by the session’s name or the id', async () => {
    const one = await asking(permissionOf())
    const body = { question: 'PermissionRequest.7.abc', choice: 'allow' }
    const response = await json(one, `/api/v1/instances/${one.name}/answer`, body)
    expect([response.status, await response.json()]).toEqual([200, { receipt: 'answered' }])
    expect(said(one)).toBe('answer PermissionRequest.7.abc with {"choice":"allow"} by api')
  })

  test('is 409 for a question that is gone', async () => {
    const one = await asking(permissionOf())
    const body = { question: 'another', choice: 'allow' }
    const response = await json(one, `/api/v1/instances/${one.id}/answer`, body)
    expect(response.status).toBe(409)
    expect(await response.json()).toMatchObject({ error: { code: 'question_gone' } })
  })

  test.for([
    {},
    { question: '' },
    { question: 'q', choice: '' },
    { question: 'q', answers: ['Red'] },
    { question: 'q', extra: 1 },
  ])('refuses the body %j', async (body) => {
    const one = await asking(permissionOf())
    const response = await json(one, `/api/v1/instances/${one.id}/answer`, body)
    expect(response.status).toBe(400)
    expect(said(one)).toBeUndefined()
  })
})

describe('the form of an answer', () => {
  test('carries a choice, and leads back to the row', async () => {
    const one = await asking(permissionOf())
    const response = await form(one, [
      ['question', 'PermissionRequest.7.abc'],
      ['choice', 'deny'],
      ['text', 'use make'],
    ])
    expect([response.status, response.headers.get('location')]).toEqual([303, `/#i-${one.id}`])
    expect(said(one)).toContain('with {"choice":"deny","text":"use make"} by page')
  })

  test('carries an answer to each of several questions', async () => {
    const one = await asking(questionsOf())
    await form(one, [
      ['question', 'PermissionRequest.7.abc'],
      ['ask-0', 'Blue'],
      ['ask-1', 'S'],
      ['ask-1', 'L'],
      ['ask-1', ''],
      ['ask-2', 'nothing'],
    ])
    expect(said(one)).toContain('{"answers":{"Which colour?":["Blue"],"Which sizes?":["S","L"]}}')
  })

  test('from another site is refused', async () => {
    const { lab, id } = await asking(permissionOf())
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'cross-site' } // prettier-ignore
    const body = 'question=PermissionRequest.7.abc&choice=allow'
    const response = await lab.ask(`/instances/${id}/answer`, { method: 'POST', body, headers })
    expect(response.status).toBe(403)
    expect(said({ lab })).toBeUndefined()
  })
})
