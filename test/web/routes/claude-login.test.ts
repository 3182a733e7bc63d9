// The login of Claude over the fake service: the banner's button, the page without a script, and the API.
import { describe, expect, test } from 'vitest'
import { createLab } from '../lab.ts'
import { fakeLink } from '../fake-logins.ts'

const notice = { code: 'not_logged_in', message: 'Claude is not logged in.' }

describe('the login of Claude', () => {
  test('has its button on the banner alone', async () => {
    const { ask, service } = createLab()
    const page = async () => (await ask('/')).text()
    expect(await page()).not.toContain('action="/claude-login"')
    service.setNotices([notice])
    expect(await page()).toContain('action="/claude-login"')
  })

  test('needs no script, and escapes what Claude says', async () => {
    const { ask, submit, service } = createLab()
    service.setNotices([notice])
    const page = async () => (await ask('/claude-login')).text()
    expect(await page()).toMatch(/data-login="idle".*Claude is not logged in\./s)
    expect((await submit('/claude-login')).headers.get('location')).toBe('/claude-login')
    expect(await page()).toContain(`href="${fakeLink}"`)
    expect(await page()).not.toContain('<script')
    await submit('/claude-login/code', { code: 'half' })
    expect(await page()).toContain('That &lt;b&gt;does not&lt;/b&gt; look')
    await submit('/claude-login/cancel')
    expect(await page()).toContain('data-login="idle"')
    expect(service.asked).toEqual([
      'log in by page',
      'code half by page',
      'cancel the login by page',
    ])
  })

  test('answers a refused form with the page and the reason', async () => {
    const { submit } = createLab()
    const refused = await submit('/claude-login/code', { code: 'right#code' })
    expect([refused.status, await refused.text()]).toEqual([
      409,
      expect.stringContaining('Claude does not ask for a code now'),
    ])
    const empty = await submit('/claude-login/code')
    expect(empty.status).toBe(400)
  })

  test('is started, given its code and canceled by the API', async () => {
    const { ask } = createLab()
    const call = async (method: string, path = '', body?: object) => {
      const headers = { 'content-type': 'application/json' }
      const init = body ? { method, headers, body: JSON.stringify(body) } : { method }
      const answer = await ask(`/api/v1/login${path}`, init)
      return [answer.status, await answer.json()]
    }
    expect(await call('GET')).toMatchObject([200, { account: 'default', state: 'idle' }])
    expect(await call('POST')).toMatchObject([200, { state: 'code', url: fakeLink }])
    expect(await call('DELETE')).toMatchObject([200, { state: 'idle' }])
    expect(await call('POST', '/code', { code: 'a#b' })).toMatchObject([
      409,
      { error: { code: 'wrong_state' } },
    ])
    expect(await call('GET', '?account=other')).toMatchObject([400, {}])
    await call('POST')
    expect(await call('POST', '/code', { code: 'right#code' })).toMatchObject([
      200,
      { state: 'done' },
    ])
  })
})
