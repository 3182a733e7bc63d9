import { describe, expect, test } from 'vitest'
import { readLoginScreen } from '../../../src/claude/login/screen.ts'

const link = 'https://claude.ai/oauth/authorize?z-xBEmS_Qm-U-p2l5DctMEl40H87ccWcscJPYSaj-ybd8'
const asking = 'Paste code here if prompted >'
// The words of the real CLI 2.1.332.
const begun = ['Opening browser to sign in…', "If the browser didn't open, visit:", link]
const half = "That doesn't look like the full code. Copy all of it, including the # in the middle."

describe('the screen of a login', () => {
  test('shows nothing before the link, and the link before the prompt', () => {
    const nothing = { url: null, draft: null, asked: 0, said: null, hasSucceeded: false }
    expect(readLoginScreen([])).toEqual(nothing)
    expect(readLoginScreen(begun.slice(0, 2))).toEqual(nothing)
    expect(readLoginScreen(begun)).toEqual({ ...nothing, url: link })
  })

  test('has a link and a prompt, with what a person typed there', () => {
    const waits = { url: link, draft: '', asked: 1, said: null, hasSucceeded: false }
    expect(readLoginScreen([...begun, asking])).toEqual(waits)
    expect(readLoginScreen([...begun, `${asking} abc`, ''])).toEqual({ ...waits, draft: 'abc' })
    const other = ['Sign in at:', link, 'Paste code here >']
    expect(readLoginScreen(other)).toEqual(waits)
  })

  test('says what Claude says about a code, without the code', () => {
    const again = [...begun, `${asking} abc`, half, asking]
    expect(readLoginScreen(again)).toMatchObject({ url: link, draft: '', asked: 2, said: half })
    const checked = [...again.slice(0, -1), `${asking} abc#def`, 'Signing in…']
    expect(readLoginScreen(checked)).toMatchObject({ url: link, draft: null, asked: 2 })
    const failed = "Couldn't log in: getaddrinfo ENOTFOUND platform.claude.com"
    const over = [
      ...begun,
      `${asking} secret#code`,
      'secret#code',
      'Signing in…',
      failed,
      'Bye bye.',
    ]
    expect(readLoginScreen(over).said).toBe(failed)
    const broken = [...begun, `${asking} secret`, '#code', 'secret#code']
    expect(JSON.stringify(readLoginScreen(broken))).not.toContain('secret')
  })

  test('has succeeded when Claude says so', () => {
    const lines = [...begun, `${asking} abc#def`, 'Signing in…', 'Login successful.']
    expect(readLoginScreen(lines).hasSucceeded).toBe(true)
    expect(readLoginScreen([asking, "Couldn't log in: Login successful."]).hasSucceeded).toBe(false)
  })

  test('takes the long link of other versions, without the punctuation around it', () => {
    const long = `https://claude.com/cai/oauth/authorize?code=true&scope=${'x'.repeat(500)}&state=a_b-`
    for (const text of [long, `visit: ${long}`, `(${long}).`, `"${long}",`])
      expect(readLoginScreen([text, asking]).url).toBe(long)
  })

  test('takes the last link, which belongs to the latest attempt', () => {
    const second = `${link}2`
    expect(readLoginScreen([...begun, asking, 'Sign in at:', second, asking]).url).toBe(second)
  })

  test.for([
    'https://claude.ai.example/oauth/authorize?x',
    'https://claude.ai@example.com/oauth/authorize?x',
    'https://claude.ai:8443/oauth/authorize?x',
    'https://claude.aix/oauth/authorize?x',
    'https://evil-claude.ai/oauth/authorize?x',
    'https://sub.claude.ai/oauth/authorize?x',
    'http://claude.ai/oauth/authorize?x',
    'javascript:https//claude.ai/oauth/authorize',
    'https://claude.ai/login?next=/oauth/authorize',
    'https://claude.ai/oauth/../x',
    'https://сlaude.ai/oauth/authorize?x',
  ])('has no link in %s', (text) => {
    expect(readLoginScreen([text, asking]).url).toBeNull()
  })

  test('escapes hidden characters, and cuts a long sentence', () => {
    const { said } = readLoginScreen([asking, `Couldn't log in: \u202e ${'x '.repeat(500)}`])
    expect(said).toContain('\\u202e')
    expect(said).toHaveLength(300)
  })
})
