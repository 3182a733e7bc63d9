import { describe, expect, test } from 'vitest'
import { createReader } from '../../../src/tmux/client/protocol.ts'

function read(...chunks: string[]): unknown[] {
  const seen: unknown[] = []
  const reader = createReader({
    onBlock: ({ isAnswer, isError, lines }) =>
      seen.push([isError ? 'error' : isAnswer ? 'answer' : 'attach', ...lines]),
    onNotice: (name, rest) => seen.push([`%${name}`, rest]),
    onStray: (line) => seen.push(['stray', line]),
  })
  for (const chunk of chunks) reader(chunk)
  return seen
}

describe('what a control client prints', () => {
  test('is read into answers, errors and notices, however it is cut', () => {
    const output =
      '%begin 1 7 0\n%end 1 7 0\n%session-changed $1 _lab\n%begin 2 8 1\na\n\nb é\n%end 2 8 1\n' +
      "%begin 2 9 1\ncan't find pane: %9\n%error 2 9 1\n%sessions-changed\n"
    const whole = read(output)
    expect(whole).toEqual([
      ['attach'],
      ['%session-changed', '$1 _lab'],
      ['answer', 'a', '', 'b é'],
      ['error', "can't find pane: %9"],
      ['%sessions-changed', ''],
    ])
    expect(read(...output.split(''))).toEqual(whole)
  })

  test('a line that looks like an end or a notice stays part of the answer', () => {
    expect(
      read('%begin 5 8 1\n%end 1 2 1\n%end 5 8 0\n%error 5 9 1\n%exit\n%begin 5 8 1\n%end 5 8 1\n'),
    ).toEqual([['answer', '%end 1 2 1', '%end 5 8 0', '%error 5 9 1', '%exit', '%begin 5 8 1']])
  })

  test('what belongs to nothing is told', () => {
    expect(read('%begin 1 2 1\n%end 1 2 1\nrest of a pane\n%end 1 2 1\n')).toEqual([
      ['answer'],
      ['stray', 'rest of a pane'],
      ['stray', '%end 1 2 1'],
    ])
  })
})
