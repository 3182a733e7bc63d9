// Why an instance ended, as its operator reads it.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { type EndReason, exitOf, type Exit } from '../../../src/core/state.ts'
import { evidenceOf, lastLinesOf } from '../../../src/instances/state/evidence.ts'

const unknown: Exit = { code: null, signal: null }
const of = (reason: EndReason, exit: Exit) =>
  evidenceOf({ reason, exit, lastLines: ['bye'], by: 'nobody', at: '2026-01-01T00:00:00.000Z' })

test.for<[EndReason, Exit, string]>([
  ['exited', exitOf(0), 'The agent ended with exit status 0.'],
  ['exited', exitOf(7), 'The agent ended with exit status 7.'],
  ['exited', unknown, 'The agent ended.'],
  ['signal', exitOf(137), 'The agent was ended by SIGKILL.'],
  ['signal', exitOf(128 + 60), 'The agent was ended by signal 60.'],
  ['start_failed', exitOf(127), 'The agent ended with exit status 127 before it was ready.'],
  ['start_failed', exitOf(139), 'The agent was ended by SIGSEGV before it was ready.'],
  ['start_failed', unknown, 'The agent ended before it was ready.'],
  ['stopped', exitOf(143), 'It was stopped.'],
  [
    'session_closed',
    unknown,
    'Its tmux pane was closed, or given to another program, outside of lab.',
  ],
  ['tmux_gone', unknown, 'The tmux server that it ran in is gone.'],
  ['rebooted', unknown, 'The machine was restarted while it ran.'],
])('%s with %j reads: %s', ([reason, exit, message]) => {
  expect(of(reason, exit)).toEqual({
    reason,
    message,
    exitCode: exit.code,
    signal: exit.signal,
    lastLines: ['bye'],
    by: 'nobody',
    at: '2026-01-01T00:00:00.000Z',
  })
})

test('a signal has a name and no exit status', () => {
  expect(of('signal', exitOf(143))).toMatchObject({ signal: 'SIGTERM', exitCode: null })
  expect(of('exited', exitOf(1))).toMatchObject({ signal: null, exitCode: 1 })
})

test('the last lines are the end of the screen, without blank lines below', () => {
  expect(lastLinesOf([])).toEqual([])
  expect(lastLinesOf(['', ' ', '\t'])).toEqual([])
  expect(lastLinesOf(['a', '', 'b', '', '   '])).toEqual(['a', '', 'b'])
  const many = Array.from({ length: 100 }, (_, i) => `line ${i}`)
  expect(lastLinesOf([...many, '', ''])).toEqual(many.slice(-40))
  expect(lastLinesOf(['x'.repeat(9000) + 'end'])[0]).toMatch(/^x{7997}end$/)
})

test('the last lines are few and short, whatever the screen held', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.string(), fc.constant(''))), (screen) => {
      const lines = lastLinesOf(screen)
      expect(lines.length).toBeLessThanOrEqual(40)
      expect(lines.at(-1)?.trim()).not.toBe('')
      expect(screen.join('\n')).toContain(lines.join('\n'))
    }),
  )
})
