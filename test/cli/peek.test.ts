import { describe, expect } from 'vitest'
import { test } from '../fixtures/api-server.ts'

const foo = { body: { id: '11111111', name: 'foo', state: 'ready' } }

describe('lab peek', () => {
  test('prints the screen, with hidden characters in sight', async ({ fakeLab }) => {
    fakeLab.answers['GET /api/v1/instances/foo'] = foo
    fakeLab.answers['GET /api/v1/instances/11111111/output?lines=50'] = { raw: 'a\u001b]0;b\nc\n' }
    const { exitCode, out } = await fakeLab.run(['peek', 'foo'])
    expect([exitCode, out]).toEqual([0, 'a\\u001b]0;b\nc\n'])
  })

  test('passes the number of lines on, and refuses another', async ({ fakeLab }) => {
    fakeLab.answers['GET /api/v1/instances/foo'] = foo
    fakeLab.answers['GET /api/v1/instances/11111111/output?lines=7'] = { raw: 'seven\n' }
    expect((await fakeLab.run(['peek', 'foo', '--lines', '7'])).out).toBe('seven\n')
    for (const lines of ['0', '5001', 'x'])
      expect((await fakeLab.run(['peek', 'foo', '--lines', lines])).exitCode).toBe(2)
  })

  test('exits 1 with the reason of the server', async ({ fakeLab }) => {
    fakeLab.answers['GET /api/v1/instances/foo'] = foo
    fakeLab.answers['GET /api/v1/instances/11111111/output?lines=50'] = {
      status: 502,
      body: { error: { code: 'tmux_failed', message: 'the pane is gone' } },
    }
    const { exitCode, err } = await fakeLab.run(['peek', 'foo'])
    expect([exitCode, err]).toEqual([1, 'lab: the pane is gone\n'])
  })
})
