// The configuration file: what each key takes, and how a bad one is refused.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseConfigFile } from '../../src/config/file.ts'
import { defaultPreferences } from '../../src/core/settings.ts'
import { UsageError } from '../../src/errors.ts'

const path = '/etc/lab.json'
const parse = (value: unknown) => parseConfigFile(path, JSON.stringify(value))

function refusal(text: string): string {
  try {
    parseConfigFile(path, text)
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError)
    return (error as UsageError).message
  }
  throw new Error(`${text} was taken`)
}

describe('parseConfigFile', () => {
  test('gives the defaults for an empty object, and for every key that is left out', () => {
    expect(parse({})).toEqual(defaultPreferences)
    expect(parse({ notify: {} })).toEqual(defaultPreferences)
    expect(parse({ notify: { events: [] } }).notify).toEqual({ needsAfterMs: 5000, events: [] })
  })

  test('reads every key', () => {
    const projects = { api: { quickWords: ['run the tests', '/compact'] }, web: {} }
    expect(
      parse({
        models: ['opus[1m]', 'us.anthropic/claude:1@x'],
        efforts: ['high'],
        notify: { needsAfter: '2m', events: ['done'] },
        projects,
      }),
    ).toEqual({
      models: ['opus[1m]', 'us.anthropic/claude:1@x'],
      efforts: ['high'],
      notify: { needsAfterMs: 120_000, events: ['done'] },
      projects: { api: projects.api, web: { quickWords: [] } },
    })
  })

  test.each([
    ['0s', 0],
    ['500ms', 500],
    ['5s', 5000],
    ['3h', 10_800_000],
    ['1d', 86_400_000],
  ])('reads the time %s as %i ms', (needsAfter, ms) => {
    expect(parse({ notify: { needsAfter } }).notify.needsAfterMs).toBe(ms)
  })

  test('ignores a byte order mark', () => {
    expect(parseConfigFile(path, '\ufeff{}')).toEqual(defaultPreferences)
  })

  test.each([
    ['{"modles":[]}', 'modles is not a key that this lab knows (did you mean models?).'],
    ['{"pools":[]}', 'pools is not a key that this lab knows.'],
    [
      '{"notify":{"event":[]}}',
      'notify.event is not a key that this lab knows (did you mean events?).',
    ],
    [
      '{"projects":{"api":{"quickwords":[]}}}',
      'projects.api.quickwords is not a key that this lab knows (did you mean quickWords?).',
    ],
    ['{"models":["a b"]}', 'models[0] is not one word'],
    ['{"models":["--help"]}', 'models[0] is not one word'],
    ['{"models":"opus"}', 'models is not as expected'],
    ['{"notify":{"needsAfter":5}}', 'notify.needsAfter is not as expected'],
    ['{"notify":{"needsAfter":"5 s"}}', 'notify.needsAfter is not a time, such as 5s or 5m'],
    ['{"notify":{"events":["needs","all"]}}', 'notify.events[1] is not as expected'],
    ['{"projects":{"a":{"quickWords":["x",""]}}}', 'projects.a.quickWords[1] is empty'],
    ['{"projects":{"a":{"quickWords":["x\\ny"]}}}', 'projects.a.quickWords[0] holds a control'],
    ['[]', 'the file is not as expected'],
    ['null', 'the file is not as expected'],
    ['{"models":', 'is not JSON'],
    ['', 'is not JSON'],
  ])('refuses %s and names the place', (text, said) => {
    expect(refusal(text)).toContain(said)
    expect(refusal(text)).toMatch(/^--config \/etc\/lab\.json(:| is not JSON)/)
  })

  test('names every bad key, on one line whatever the file holds', () => {
    const message = refusal('{"models":[1],"\\u001b[2J\\n":1,"notify":{"x":1}}')
    expect(message).toContain('models[0]')
    expect(message).toContain('\\u001b[2J\\u000a is not a key')
    expect(message).toContain('notify.x is not a key')
    expect(message).not.toMatch(/\p{Cc}/u)
    expect(refusal('{"models":\n\u001b}')).not.toMatch(/\p{Cc}/u)
  })

  test('takes the example of the README, which shows every key', () => {
    const readme = readFileSync(new URL('../../src/config/README.md', import.meta.url), 'utf8')
    const [, example = ''] = /```json\n([^]*?)```/.exec(readme) ?? []
    const read = parseConfigFile('README.md', example)
    expect(Object.keys(JSON.parse(example) as object).sort()).toEqual(Object.keys(read).sort())
  })
})
