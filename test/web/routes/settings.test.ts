// GET and PATCH /api/v1/settings, and the choices in the form and the JSON of a start.
import { describe, expect, test } from 'vitest'
import { createLab, type Lab } from '../lab.ts'

const json = { 'content-type': 'application/json' }

const patch = (lab: Lab, body: unknown, headers: Record<string, string> = json) =>
  lab.ask('/api/v1/settings', { method: 'PATCH', headers, body: JSON.stringify(body) })

describe('/api/v1/settings', () => {
  test('answers the choices, their lists and the quick words', async () => {
    const response = await createLab().ask('/api/v1/settings')
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({
      model: null,
      effort: null,
      mode: 'auto',
      models: ['fable', 'opus', 'sonnet', 'haiku'],
      efforts: ['low', 'medium', 'high', 'xhigh', 'max'],
      modes: ['auto', 'review', 'plan'],
      quickWords: {},
    })
  })

  test('changes what a request names, and answers the settings', async () => {
    const lab = createLab()
    const quickWords = { foo: ['run the tests'] }
    const response = await patch(lab, { model: 'opus', mode: 'plan', quickWords })
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ model: 'opus', mode: 'plan', quickWords })
    expect(
      await (await patch(lab, { model: null, quickWords: { foo: null } })).json(),
    ).toMatchObject({ model: null, mode: 'plan', quickWords: {} })
    expect(lab.service.asked.at(-1)).toBe('settings {"model":null,"foo":null} by api')
  })

  test.each([
    ['an unknown key', { modle: 'opus' }],
    ['a list, which the configuration file holds', { models: ['x'] }],
    ['a model that is not in the list', { model: 'gpt' }],
    ['a model that looks like a flag', { model: '--help' }],
    ['no mode', { mode: null }],
    ['an unknown mode', { mode: 'bypassPermissions' }],
    ['quick words that are not a list', { quickWords: { foo: 'x' } }],
    ['what is not an object', []],
  ])('refuses %s', async (_, body) => {
    const lab = createLab()
    const response = await patch(lab, body)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: { code: 'invalid_request' } })
    expect(lab.service.settings()).toMatchObject({ model: null, mode: 'auto', quickWords: {} })
  })

  test('refuses quick words of a project that lab does not know', async () => {
    expect((await patch(createLab(), { quickWords: { nope: ['x'] } })).status).toBe(404)
  })

  test('refuses another site', async () => {
    const lab = createLab()
    const headers = { ...json, 'sec-fetch-site': 'cross-site' }
    expect((await patch(lab, { mode: 'plan' }, headers)).status).toBe(403)
    expect(lab.service.settings().mode).toBe('auto')
  })
})

describe('the form of a start', () => {
  test("remembers its choices; an empty one is Claude's own default", async () => {
    const lab = createLab()
    const fields = { label: '', model: 'opus', effort: '', mode: 'review', prompt: 'a\r\nb' }
    expect((await lab.submit('/projects/foo/instances', fields)).status).toBe(303)
    expect(lab.service.asked).toEqual(['start foo "" by page', 'prompt "a\\nb"'])
    expect(lab.service.list()).toMatchObject([{ model: 'opus', effort: null, mode: 'review' }])
    expect(lab.service.settings()).toMatchObject({ model: 'opus', effort: null, mode: 'review' })
  })

  test('without choices takes those of the settings', async () => {
    const lab = createLab()
    await lab.service.changeSettings({ model: 'opus', mode: 'plan' }, 'api')
    expect((await lab.submit('/projects/foo/instances', { label: '' })).status).toBe(303)
    expect(lab.service.list()).toMatchObject([{ model: 'opus', mode: 'plan' }])
  })

  test.each([{ mode: 'yolo' }, { model: '--help' }, { effort: 'a b' }])(
    'is refused with %j',
    async (fields) => {
      const lab = createLab()
      expect((await lab.submit('/projects/foo/instances', fields)).status).toBe(400)
      expect(lab.service.list()).toEqual([])
    },
  )
})
