// The log: agreed keys, one line a record.
import { expect, test } from 'vitest'
import { createLog } from '../src/log.ts'

function logged(level: 'debug' | 'info' = 'info') {
  const lines: string[] = []
  const log = createLog(level, { write: (line) => void lines.push(line) })
  return { log, lines }
}

test('a record is one line of JSON with time, level as a word and msg first', () => {
  const { log, lines } = logged()
  log.warn({ instance: 'i1', project: 'foo' }, 'it died')
  expect(lines).toHaveLength(1)
  const record = JSON.parse(lines[0] ?? '') as Record<string, unknown>
  expect(record).toEqual({
    level: 'warn',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
    instance: 'i1',
    project: 'foo',
    msg: 'it died',
  })
})

test('text from outside cannot forge a record', () => {
  const { log, lines } = logged()
  log.info({ project: 'a\n{"level":"error"}\r\u001b[2J' }, 'b\n{"msg":"forged"}')
  expect(lines).toHaveLength(1)
  // eslint-disable-next-line no-control-regex -- control characters are the point
  expect(lines[0]?.slice(0, -1)).not.toMatch(/[\u0000-\u001f]/)
})

test('an error is logged with its stack and its cause', () => {
  const { log, lines } = logged()
  log.error({ err: new Error('outer', { cause: new Error('inner') }) }, 'failed')
  const { err } = JSON.parse(lines[0] ?? '') as {
    err: { stack: string; cause: { message: string } }
  }
  expect(err.stack).toContain('Error: outer')
  expect(err.cause.message).toBe('inner')
})

test('debug records are written only when asked for', () => {
  const quiet = logged()
  quiet.log.debug('detail')
  expect(quiet.lines).toEqual([])
  const loud = logged('debug')
  loud.log.debug('detail')
  expect(loud.lines).toHaveLength(1)
})
