import { describe, expect, test } from 'vitest'
import { createNotify } from '../../../../src/notify/notify.ts'
import type { Sent } from '../../../../src/notify/outbox.ts'
import { mockLog } from '../../../fixtures/log.ts'
import { memoryFile } from '../../../notify/push-server.ts'
import { createLab, host, type Lab } from '../../lab.ts'

function open({
  url = null,
  sent = { outcome: 'sent' },
}: { readonly url?: string | null; readonly sent?: Sent } = {}) {
  const notify = createNotify({
    instances: { list: () => [], subscribe: () => () => {} },
    preferences: () => ({ needsAfterMs: 0, events: ['needs', 'died'] }),
    url,
    file: memoryFile(),
    log: mockLog(),
    now: Date.now,
    push: async () => sent,
  })
  return { lab: createLab({ notify, requestRules: { boundHost: '127.0.0.1', allowedHosts: ['box'] } }), notify } // prettier-ignore
}

const keys = { p256dh: 'B'.repeat(87), auth: 'a'.repeat(22) }
const subscription = { endpoint: 'https://push.example.net/secret', keys }

/** Adds this browser's device and returns its cookie. */
async function add(lab: Lab): Promise<string> {
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'Mozilla/5.0 (iPhone) Safari',
  }
  const body = JSON.stringify(subscription)
  const added = await lab.ask('/api/v1/push/subscriptions', { method: 'POST', headers, body })
  return (added.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
}

async function textOf(answer: Response | Promise<Response>): Promise<string> {
  return (await answer).text()
}

describe('/more/phone', () => {
  test('says how to be told where lab notifies nothing yet', async () => {
    const page = await textOf(open().lab.ask('/more/phone'))
    expect(page).toContain('--notify-url https://ntfy.sh/TOPIC')
    expect(page).toContain('address of this machine alone')
    expect(page).not.toContain('Send a test')
    expect(page).not.toContain('class="qr"')
  })

  test('shows the address as a QR code where it is not of this machine alone', async () => {
    const { lab } = open()
    const page = await textOf(lab.ask('/more/phone', { headers: { host: 'box:8080' } }))
    expect(page).toContain('<code>http://box:8080</code>')
    expect(page).toMatch(/class="qr" role="img"[^>]*><svg [^>]*>/)
    expect(page).not.toMatch(/style=|<style/)
  })

  test('shows the address of --notify-url without its password', async () => {
    const { lab } = open({ url: 'https://me:hidden@ntfy.example.net/topic' })
    const page = await textOf(lab.ask('/more/phone'))
    expect(page).toContain('https://ntfy.example.net/topic')
    expect(page).not.toContain('hidden@')
  })

  test('lists the devices, and keeps their endpoints to itself', async () => {
    const { lab } = open()
    const cookie = await add(lab)
    const page = await textOf(lab.ask('/more/phone', { headers: { cookie } }))
    expect(page).toMatch(/iPhone, Safari, this one, since \d{4}-/)
    expect(page).not.toContain('push.example.net')
    expect(page.match(/<input type="checkbox"[^>]*>/g)?.map((box) => box.includes('checked'))).toEqual([true, true, false]) // prettier-ignore
  })

  test('changes the events of this device, and removes a device', async () => {
    const { lab, notify } = open()
    const cookie = await add(lab)
    const changed = await lab.submit('/more/phone/events', { events: 'done' }, { cookie })
    expect([changed.status, changed.headers.get('location')]).toEqual([303, '/more/phone'])
    expect(notify.list()[0]?.events).toEqual(['done'])
    expect((await lab.submit('/more/phone/events', { events: 'all' }, { cookie })).status).toBe(400)
    expect((await lab.submit('/more/phone/events', {}, { cookie })).status).toBe(303)
    expect(notify.list()[0]?.events).toEqual([])
    await lab.submit('/more/phone/remove', { device: notify.list()[0]!.id })
    expect(notify.list()).toEqual([])
  })

  test.each([
    [{ outcome: 'sent' }, 'iPhone, Safari: sent.'],
    [{ outcome: 'refused', why: 'the push service answered 403' }, 'the push service answered 403'],
    [{ outcome: 'later', why: 'the push service answered 503' }, 'not sent, because'],
  ] as const)('shows how a test went: %j', async (sent, text) => {
    const { lab } = open({ sent })
    const cookie = await add(lab)
    expect(await textOf(lab.submit('/more/phone/test', {}, { cookie }))).toContain(text)
  })

  test('leads a reload of an answered form back to itself', async () => {
    const answer = await open().lab.ask('/more/phone/test')
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/more/phone'])
  })

  test('refuses the forms of another site', async () => {
    const headers = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example', host }
    for (const form of ['test', 'events', 'remove'])
      expect((await open().lab.submit(`/more/phone/${form}`, {}, headers)).status).toBe(403)
  })
})
