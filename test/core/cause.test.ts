import { describe, expect, test } from 'vitest'
import { causeOf } from '../../src/core/text.ts'

describe('the cause of an end', () => {
  test.each([
    [['Error: connect ECONNREFUSED 127.0.0.1:5432'], 'Error: connect ECONNREFUSED 127.0.0.1:5432'],
    [
      ['API Error: 401', '', '────────────', '❯ fix it', '────────────', '  ? for shortcuts'],
      'API Error: 401',
    ],
    [['│ Out of memory │', '╰───────────────╯'], 'Out of memory'],
    [
      ['⏺ Bash(make)', '  ⎿  make: *** No rule', '✻ Baking… (12s · 300 tokens)'],
      'make: *** No rule',
    ],
    [
      [
        'Segmentation fault',
        ' ▐▛███▜▌   Claude Code v2.1.329',
        '⏵⏵ auto mode on (shift+tab to cycle)',
      ],
      'Segmentation fault',
    ],
    [['Killed', 'Resume this session with:', 'claude --resume 6f1c'], 'Killed'],
  ])('is the last line of %j that is words of a program', (lines, cause) => {
    expect(causeOf(lines)).toBe(cause)
  })

  test('is null where the screen has none', () => {
    expect(causeOf([])).toBeNull()
    expect(causeOf(['', '   ', '────', '❯ '])).toBeNull()
  })

  test('shows hidden characters, and is cut', () => {
    expect(causeOf(['a\u202eb'])).toBe(String.raw`a\u202eb`)
    expect(causeOf(['x'.repeat(1000)])).toHaveLength(160)
  })
})
