import { describe, expect, test } from 'vitest'
import { TmuxFailed, TmuxTimeout, TmuxUnavailable } from '../../../src/errors.ts'
import { classify, failureOf } from '../../../src/tmux/client/reply.ts'

describe("tmux's own error line", () => {
  test.each([
    ['no server running on /tmp/tmux-0/lab', 'no-server'],
    ['error connecting to /tmp/tmux-0/lab (No such file or directory)', 'no-server'],
    ['error connecting to /tmp/tmux-0/lab (Connection refused)', 'no-server'],
    ['error connecting to /tmp/tmux-0/lab (Permission denied)', 'unavailable'],
    ['error connecting to /etc/passwd/lab (Not a directory)', 'unavailable'],
    ['access not allowed', 'unavailable'],
    ['server exited unexpectedly', 'unavailable'],
    ['lost server', 'unavailable'],
    ['directory /tmp/tmux-0 has unsafe permissions', 'unavailable'],
    ["can't find session: $7", 'gone'],
    ["can't find pane: %7", 'gone'],
    ['no such session: =_lab:', 'gone'],
    ['duplicate session: foo', 'failed'],
    ['unknown command: no server running on', 'failed'],
    ['', 'failed'],
  ])('%j means %s', (line, kind) => {
    expect(classify(line)).toBe(kind)
  })

  test('becomes the failure that callers know', () => {
    expect(failureOf('x', { kind: 'gone', stderr: "can't find pane: %7" }, 1)).toSatisfy(
      (error) => error instanceof TmuxFailed && error.stderr === "can't find pane: %7",
    )
    expect(failureOf('x', { kind: 'timeout', stderr: '' }, 1)).toBeInstanceOf(TmuxTimeout)
    expect(failureOf('x', { kind: 'no-server', stderr: 'n' }, 1)).toBeInstanceOf(TmuxUnavailable)
    expect(failureOf('x', { kind: 'unavailable', stderr: 'n' }, 1)).toBeInstanceOf(TmuxUnavailable)
  })
})
