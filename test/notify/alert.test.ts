import { describe, expect, test } from 'vitest'
import { alertOf } from '../../src/notify/alert.ts'
import { permissionOf, questionsOf } from '../fixtures/question.ts'
import { evidence as died } from '../fixtures/entry.ts'
import { instanceOf } from './instance.ts'

const question = permissionOf({ detail: 'terraform apply' })

describe('alertOf', () => {
  test('names the project and the label, and says what the question says', () => {
    const asks = instanceOf({ project: 'infra', label: 'plan the new VPC', question })
    expect(alertOf(asks, 'busy')).toMatchObject({
      kind: 'needs',
      question: question.id,
      title: 'infra · plan the new VPC',
      body: 'wants to run terraform apply',
    })
  })

  test('names an instance without a label by its name', () => {
    expect(alertOf(instanceOf({ question, label: null, name: 'api~2' }), null)?.title).toBe('api~2')
  })

  test.each([
    ['waiting', null, { waitingFor: 'trust' }, 'needs', 'waits for you: trust'],
    ['waiting', null, { waitingFor: null }, 'needs', 'waits for you'],
    ['limited', 'busy', { waitingFor: 'weekly limit' }, 'needs', 'waits for you: weekly limit'],
    ['error', 'busy', { evidence: died }, 'died', died.message],
    ['ready', 'busy', { doing: 'All tests pass.' }, 'done', 'All tests pass.'],
    ['ready', 'busy', { doing: null }, 'done', 'is done'],
  ] as const)('of %s after %s with %j is %s: %s', (state, before, fields, kind, body) => {
    const instance = instanceOf({ state, ...fields })
    expect(alertOf(instance, before)).toMatchObject({ kind, body, question: null })
  })

  test.each([
    ['ready', 'starting', {}],
    ['busy', 'ready', {}],
    ['limited', 'busy', { waitingFor: null, continuesByItself: true }],
    ['ready', 'limited', {}],
    ['stopping', 'busy', {}],
    ['stopped', 'stopping', {}],
    ['error', null, { evidence: died, dismissed: true }],
  ] as const)('of %s after %s with %j is none', (state, before, fields) => {
    expect(alertOf(instanceOf({ state, ...fields }), before)).toBeNull()
  })

  test('offers no tap for what takes more than allow or deny, or what lab cannot answer', () => {
    const asked = instanceOf({ question: questionsOf() })
    const alert = alertOf(asked, null)
    expect(alert).toMatchObject({ kind: 'needs', question: null })
    const held = instanceOf({ question: permissionOf({ answerable: false }) })
    expect(alertOf(held, null)?.question).toBeNull()
  })

  test('offers no tap for what could destroy work', () => {
    const alert = alertOf(instanceOf({ question: permissionOf({ detail: 'rm -rf dist' }) }), null)
    expect(alert).toMatchObject({ body: 'wants to run rm -rf dist', question: null })
  })

  test('is another one for another question, and the same for the same question', () => {
    const key = (id: string, since: string) =>
      alertOf(instanceOf({ question: permissionOf({ id }), since }), null)?.key
    expect(key('a', '2026-01-01T00:00:00Z')).toBe(key('a', '2026-01-01T00:00:01Z'))
    expect(key('a', '2026-01-01T00:00:00Z')).not.toBe(key('b', '2026-01-01T00:00:00Z'))
  })

  test('is the same one for all that ended with tmux or at a reboot', () => {
    const evidence = { ...died, reason: 'rebooted' } as const
    const ended = (id: string) => alertOf(instanceOf({ id, state: 'error', evidence }), null)
    expect(ended('a')).toMatchObject({ title: 'lab', key: ended('b')?.key })
  })

  test('has one line without hidden characters, of at most 300 characters', () => {
    const detail = `rm\u202e -rf\n\n  ${'😀'.repeat(300)}`
    const body = alertOf(instanceOf({ question: permissionOf({ detail }) }), null)?.body ?? ''
    expect(body).toMatch(/^wants to run rm\\u202e -rf 😀+…$/u)
    expect(body.length).toBeLessThanOrEqual(300)
  })
})
