// The service worker: shows what lab pushes, answers a question from the notification, and leads a tap to the
// instance. It caches nothing.
self.addEventListener('install', () => self.skipWaiting())
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))

self.addEventListener('push', (event) => {
  const message = event.data?.json() ?? { title: 'lab', body: 'Something needs you.', tag: 'lab' }
  event.waitUntil(take(message))
})
// An open page passes on what its own stream brings, where the browser has no push service.
self.addEventListener('message', (event) => event.waitUntil(take(event.data)))

const take = (message) => (message.withdrawn ? withdraw(message) : show(message))

function show({ title, body, tag, ...data }) {
  const actions = [
    { action: 'deny', title: 'No' },
    { action: 'allow', title: 'Allow once' },
  ]
  return self.registration.showNotification(title, {
    body,
    tag,
    data: { title, tag, ...data },
    icon: '/icon-180.png',
    renotify: true,
    actions: data.question ? actions : [],
  })
}

/** Closes the notification of that alert. A browser wants each push to show something, so one is shown first. */
async function withdraw({ tag, key }) {
  const shown = await self.registration.getNotifications({ tag })
  // Another alert of the instance took its place.
  if (shown.some(({ data }) => data.key !== key)) return
  await self.registration.showNotification('lab', { body: 'Answered.', tag, silent: true })
  for (const notification of await self.registration.getNotifications({ tag })) notification.close()
}

self.addEventListener('notificationclick', (event) => {
  const { action, notification } = event
  const { data } = notification
  notification.close()
  const isAnswer = data.question && (action === 'allow' || action === 'deny')
  event.waitUntil(isAnswer ? answer(data, action) : open(data.url ?? '/'))
})

/** Answers the question that the notification shows, and no other: its id goes along. */
async function answer({ title, tag, instance, question, url }, choice) {
  const failure = await fetch(`/api/v1/instances/${instance}/answer`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'lab-actor': 'notify' },
    body: JSON.stringify({ question, choice }),
    redirect: 'error',
  }).then(reasonOf, () => 'lab did not answer. Nothing was sent.')
  if (failure) await show({ title, body: failure, tag, url, question: null })
}

function reasonOf({ ok, status }) {
  if (ok) return null
  if (status === 409) return 'The question is gone. Nothing was sent.'
  if (status === 401) return 'Nothing was sent. Tap to sign in.'
  return `lab answered ${status}. Nothing was sent.`
}

async function open(url) {
  const windows = await self.clients.matchAll({ type: 'window', includeUncontrolled: true })
  const isThere = (client) => new URL(client.url).pathname === url
  const client = windows.find(isThere) ?? windows[0]
  if (!client) return self.clients.openWindow(url)
  try {
    if (!isThere(client)) await client.navigate(url)
  } catch {
    return self.clients.openWindow(url)
  }
  await client.focus().catch(() => {})
}

// The push service made the subscription invalid: the device would hear nothing more.
self.addEventListener('pushsubscriptionchange', (event) => event.waitUntil(renew()))
async function renew() {
  const { key } = await (await fetch('/api/v1/push/key')).json()
  const options = { userVisibleOnly: true, applicationServerKey: key }
  const subscription = await self.registration.pushManager.subscribe(options)
  await fetch('/api/v1/push/subscriptions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(subscription),
  })
}
