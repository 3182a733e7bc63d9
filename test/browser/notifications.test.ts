// The service worker in a real browser. Chromium without a window has no push service, so the tests deliver
// messages through its debugging protocol, and tap by an event of their own: a focus needs a real tap.
import { expect, test } from 'vitest'
import type { Page, Worker } from 'playwright-core'
import { permissionOf } from '../fixtures/question.ts'
import { until } from '../fixtures/until.ts'
import { createLab } from '../web/lab.ts'
import { becomes, describeInBrowser, untilLive } from './browser.ts'

interface Shown {
  readonly title: string
  readonly body: string
  readonly actions: string[]
}

describeInBrowser('the service worker', ({ serve, visit }) => {
  async function open() {
    const lab = createLab()
    const { url } = await serve(lab)
    const { page, complaints } = await visit(url, { permissions: ['notifications'] })
    const debug = await page.context().newCDPSession(page)
    const registered = new Promise<string>((resolve) => {
      debug.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
        const [first] = registrations
        if (first) resolve(first.registrationId)
      })
    })
    await debug.send('ServiceWorker.enable')
    const [worker] = await Promise.all([
      page.context().waitForEvent('serviceworker'),
      page.evaluate(`navigator.serviceWorker.register('/sw.js')`),
    ])
    await page.evaluate(`navigator.serviceWorker.ready.then(() => true)`)
    const registrationId = await registered
    const push = (message: object) =>
      debug.send('ServiceWorker.deliverPushMessage', {
        origin: url,
        registrationId,
        data: JSON.stringify(message),
      })
    const { id } = await lab.service.start({ project: 'foo', label: 'fix' }, 'page')
    lab.service.change(id, { state: 'waiting', question: permissionOf() })
    const alert = {
      title: 'foo · fix',
      body: 'wants to run terraform apply',
      tag: id,
      key: 'first',
      url: `/instances/${id}`,
      question: permissionOf().id,
      instance: id,
    }
    return { lab, url, page, complaints, worker, push, alert, id }
  }

  const shownIn = (page: Page): Promise<Shown[]> =>
    page.evaluate(`navigator.serviceWorker.ready
      .then((registration) => registration.getNotifications())
      .then((all) => all.map(({ title, body, actions }) =>
        ({ title, body, actions: actions.map((one) => one.title) })))`)

  const tap = (worker: Worker, action: string): Promise<void> =>
    worker.evaluate(`self.registration.getNotifications().then(([notification]) => {
      self.dispatchEvent(new NotificationEvent('notificationclick',
        { notification, action: ${JSON.stringify(action)} }))
    })`)

  test('shows a question with its two answers, once, and closes it when it is withdrawn', async () => {
    const { page, push, alert, complaints } = await open()
    await push(alert)
    await push(alert)
    await until(async () => (await shownIn(page)).length === 1, { what: 'the notification' })
    expect(await shownIn(page)).toEqual([
      { title: alert.title, body: alert.body, actions: ['No', 'Allow once'] },
    ])
    await push({ withdrawn: true, tag: alert.tag, key: 'an older one' })
    await push({ ...alert, title: 'other', tag: 'other', question: null })
    await until(async () => (await shownIn(page)).length === 2, { what: 'the other one' })
    await push({ withdrawn: true, tag: alert.tag, key: alert.key })
    await until(async () => (await shownIn(page)).length === 1, { what: 'the withdrawal' })
    expect(await shownIn(page)).toEqual([{ title: 'other', body: alert.body, actions: [] }])
    expect(complaints).toEqual([])
  })

  test('answers the question that the notification names, and says when that is gone', async () => {
    const { lab, page, worker, push, alert, id } = await open()
    await push(alert)
    await until(async () => (await shownIn(page)).length === 1, { what: 'the notification' })
    await tap(worker, 'allow')
    await until(() => lab.service.asked.some((one) => one.startsWith('answer')), {
      what: 'the answer',
    })
    expect(lab.service.asked.at(-1)).toBe(
      `answer ${permissionOf().id} with {"choice":"allow"} by notify`,
    )
    expect(lab.service.get(id).state).toBe('busy')

    await push(alert)
    await until(async () => (await shownIn(page)).length === 1, { what: 'the late notification' })
    await tap(worker, 'deny')
    await until(async () => (await shownIn(page))[0]?.body.startsWith('The question is gone'), {
      what: 'the refusal',
    })
  })

  test('leads a tap to the instance, in the window that is open', async () => {
    const { lab, page, worker, push, alert, url } = await open()
    await becomes(page, 'navigator.serviceWorker.controller !== null')
    await push(alert)
    await until(async () => (await shownIn(page)).length === 1, { what: 'the notification' })
    const arrived = Promise.all([
      page.waitForRequest(`${url}${alert.url}`),
      page.waitForEvent('load'),
    ])
    await tap(worker, '')
    await arrived
    await untilLive(lab, page)
    expect(await shownIn(page)).toEqual([])
  })
})

describeInBrowser('/more/phone', ({ serve, visit }) => {
  const checks = (page: Page): Promise<Record<string, string>> =>
    page.evaluate(`Object.fromEntries([...document.querySelectorAll('[data-check]:not([hidden])')]
      .map(({ dataset }) => [dataset.check, dataset.is]))`)

  test('says what the device lacks, subscribes it by one tap, and knows it then', async () => {
    const lab = createLab()
    const { url } = await serve(lab)
    const { page, complaints } = await visit(url, { permissions: ['notifications'] })
    // This browser has no push service: its subscription stands in for one.
    await page.context().addInitScript(`
      const subscription = {
        endpoint: 'https://push.example.net/x',
        keys: { p256dh: 'B'.repeat(87), auth: 'a'.repeat(22) },
        unsubscribe: async () => true,
      }
      PushManager.prototype.subscribe = async () => (localStorage.is = 'yes') && subscription
      PushManager.prototype.getSubscription = async () => localStorage.is ? subscription : null
    `)
    await page.goto(`${url}/more/phone`)
    await becomes(page, `document.querySelector('#d-phone').dataset.looked`)
    await page.waitForSelector('#notify-device:not([hidden])')
    expect(await checks(page)).toEqual({ secure: 'yes', push: 'yes', allowed: 'yes', known: 'no' })
    expect(await page.isVisible('[data-check="known"] .hint')).toBe(true)

    await Promise.all([page.waitForEvent('load'), page.click('#notify-device')])
    await becomes(page, `document.querySelector('[data-check="known"]')?.dataset.is === 'yes'`)
    expect(await page.isVisible('#notify-device')).toBe(false)
    expect(await page.textContent('.devices')).toContain('this one')
    await page.uncheck('[name=events][value=died]')
    await Promise.all([page.waitForEvent('load'), page.click('.switches button')])
    expect(await page.isChecked('[name=events][value=died]')).toBe(false)
    expect(complaints).toEqual([])
  })

  test('says why a browser without a push service cannot be notified', async () => {
    const lab = createLab()
    const { url } = await serve(lab)
    const { page } = await visit(`${url}/more/phone`, { permissions: ['notifications'] })
    await page.waitForSelector('#notify-device:not([hidden])')
    await page.click('#notify-device')
    await page.waitForSelector('#phone-said p')
    expect(await page.textContent('#phone-said')).toMatch(/does not notify this device: .+/)
  })
})
