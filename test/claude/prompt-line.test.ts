// The screens come from Claude Code 2.1.332.
import { describe, expect, test } from 'vitest'
import { readDraft } from '../../src/claude/prompt-line.ts'

const rule = `\x1b[38;5;244m${'─'.repeat(60)}`
const top = `\x1b[38;5;244m${'─'.repeat(50)} foo ─`
const mark = '\x1b[39m❯\u00a0'
const footer = '\x1b[39m  \x1b[38;5;246m⏸ manual mode on\x1b[39m'

const screen = (...prompt: readonly string[]) => ['● done', top, ...prompt, rule, footer]

describe('readDraft', () => {
  test.each([
    ['an empty prompt', [`${mark}\x1b[7m \x1b[0m`], ''],
    ['an empty prompt whose blanks tmux dropped', [`${mark}\x1b[7m`], ''],
    ['a draft', [`${mark}my draft\x1b[7m `], 'my draft'],
    ['a draft with the cursor in it', [`${mark}my dra\x1b[7mf\x1b[0m\x1b[39m\x1b[49mt`], 'my draft'],
    ['a draft of several lines', [`${mark}line1`, '  line2', '  line3\x1b[7m \x1b[0m'], 'line1\nline2\nline3'],
    ['a placeholder', [`${mark}[Pasted text #1 +29 lines]\x1b[7m \x1b[0m`], '[Pasted text #1 +29 lines]'],
    ['a suggestion, which is no draft', [`\x1b[38;5;246m❯\u00a0\x1b[7m\x1b[39mP\x1b[0;2m\x1b[39m\x1b[49mress up to edit queued messages`], ''],
    ['a draft in a 24-bit colour, which is not dim', [`${mark}\x1b[38;2;1;2;3mfoo\x1b[39m`], 'foo'],
    ['a draft that begins like a suggestion', [`${mark}Press up to edit queued messages\x1b[7m `], 'Press up to edit queued messages'],
  ])('reads %s', (_what, prompt, draft) => {
    expect(readDraft(screen(...prompt))).toBe(draft)
  }) // prettier-ignore

  test.each([
    ['a dialog', [rule, ' Bash command', ' ❯ 1. Yes', '   4. No', ' Esc to cancel', top]],
    ['a submitted prompt alone', ['❯ foo', '● done']],
    ['nothing', []],
    ['a prompt that an agent prints without its rules', ['❯\u00a0foo', '● done']],
  ])('answers null for %s', (_what, lines) => {
    expect(readDraft(lines)).toBeNull()
  })
})
