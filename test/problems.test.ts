// What is kept of the log for `lab doctor REF`.
import { expect, test } from 'vitest'
import { createLog } from '../src/log.ts'
import { keepProblems } from '../src/problems.ts'

function keeping() {
  const lines: string[] = []
  const log = createLog('info', { write: (line) => void lines.push(line) })
  return { lines, problems: keepProblems(log, () => 0) }
}

test('keepProblems keeps warnings and errors of an instance, and logs them as before', () => {
  const { lines, problems } = keeping()
  problems.log.info({ instance: 'a' }, 'started')
  problems.log.warn({ instance: 'a', err: new Error('no such option') }, 'no colour')
  problems.log.error({ instance: 'a' }, 'a stop failed')
  problems.log.warn({ instance: 'b', because: 'tmux is silent' }, 'unknown')
  problems.log.warn('of nobody')
  problems.log.warn({ pid: 1 }, 'of nobody either')
  const at = '1970-01-01T00:00:00.000Z'
  expect(problems.of('a')).toEqual([
    { at, message: 'no colour: no such option' },
    { at, message: 'a stop failed' },
  ])
  expect(problems.of('b')).toEqual([{ at, message: 'unknown: tmux is silent' }])
  expect(problems.of('c')).toEqual([])
  expect(lines).toHaveLength(6)
})

test('keepProblems keeps the latest, of one instance and of all', () => {
  const { problems } = keeping()
  for (let i = 0; i < 100; i++) problems.log.warn({ instance: 'a' }, `${i}`)
  expect(problems.of('a').map(({ message }) => message)).toEqual(
    Array.from({ length: 20 }, (_, i) => `${80 + i}`),
  )
  for (let i = 0; i < 300; i++) problems.log.warn({ instance: `id ${i}` }, 'x')
  expect(problems.of('a')).toEqual([])
  expect(problems.of('id 299')).toHaveLength(1)
})
