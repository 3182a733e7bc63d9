import { describe, expect, test } from 'vitest'
import { controlIn, holdsText, typedText, whyNoPrompt } from '../../../src/core/input/message.ts'

describe('typedText', () => {
  test('has LF for every line break, and none at the end', () => {
    expect(typedText('a\r\nb\rc\n\n')).toBe('a\nb\nc')
  })
})

describe('controlIn', () => {
  test.each([
    ['a text with tabs, line breaks and any alphabet', 'a\tb\n"$(x);#{y}" ✔ 日本 👩‍💻', null],
    ['the end of a bracketed paste', 'a\x1b[201~b', 'U+001B'],
    ['a backspace', 'a\bb', 'U+0008'],
    ['a C1 control', 'a\x9bb', 'U+009B'],
    ['half a character', 'a\ud800b', 'U+D800'],
  ])('finds the control in %s', (_what, text, control) => {
    expect(controlIn(text)).toBe(control)
  })
})

describe('whyNoPrompt', () => {
  const submit = true
  test.each([
    ['an empty text', { text: ' \n', submit }, /empty/],
    ['a shell command', { text: '!rm -rf dist', submit }, /shell command/],
    ['a slash command', { text: '/clear', submit }, /command of its own/],
    ['a slash command after blanks', { text: '  /clear', submit }, /command of its own/],
    ['a backslash at the end', { text: 'foo\\', submit }, /backslash/],
    ['a backslash at the end, also literally', { text: 'foo\\', submit, literally: true }, /backslash/],
  ])('refuses %s', (_what, message, reason) => {
    expect(whyNoPrompt(message)).toMatch(reason)
  }) // prettier-ignore

  test.each([
    ['a prompt', { text: 'fix the login', submit }],
    ['a command that is meant', { text: '/clear', submit, literally: true }],
    ['a shell command that is meant', { text: '!ls', submit, literally: true }],
    ['an exclamation mark after a blank', { text: ' !ls', submit }],
    ['a backslash that is not submitted', { text: 'foo\\', submit: false }],
  ])('allows %s', (_what, message) => {
    expect(whyNoPrompt(message)).toBeNull()
  })
})

describe('holdsText', () => {
  test('finds a text in the frame of a long paste', () => {
    const framed = '\n\n<pasted_content id="cb84">\nfoo \n  bar\n</pasted_content id="cb84">\n'
    expect(holdsText(framed, 'foo\nbar')).toBe(true)
    expect(holdsText(framed, 'foo baz')).toBe(false)
  })
})
