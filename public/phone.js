// The part of /more/phone that only the browser knows: what this device lacks, and its subscription. A module.
const $ = (id) => document.getElementById(id)

const isIos =
  /iPhone|iPad/.test(navigator.userAgent) ||
  (navigator.platform === 'MacIntel' && navigator.maxTouchPoints > 1)
const isInstalled =
  navigator.standalone === true || matchMedia('(display-mode: standalone)').matches
// Over plain http PushManager and Notification are there and never work; serviceWorker is not there.
const hasPush = 'serviceWorker' in navigator && 'PushManager' in window

const ownSubscription = async () => {
  const registration = hasPush ? await navigator.serviceWorker.getRegistration('/') : undefined
  return registration?.pushManager.getSubscription()
}

async function look() {
  const pane = $('d-phone')
  if (!pane || pane.dataset.looked) return
  pane.dataset.looked = 'true'
  const isAllowed = hasPush && Notification.permission === 'granted'
  const isKnown = pane.dataset.own !== '' && Boolean(await ownSubscription())
  mark(pane, {
    secure: isSecureContext,
    home: isIos ? isInstalled : undefined,
    push: hasPush,
    allowed: isAllowed,
    known: isKnown,
  })
  $('notify-device').hidden = !hasPush || isKnown
}

/** Marks each line; one that is undefined does not concern this device. */
function mark(pane, checks) {
  for (const [name, is] of Object.entries(checks)) {
    const line = pane.querySelector(`[data-check="${name}"]`)
    line.hidden = is === undefined
    line.dataset.is = is ? 'yes' : 'no'
    line.querySelector('.mark').textContent = is ? '✓' : '✗'
    line.querySelector('.hint').hidden = is !== false
  }
}

/** Asks for the permission, makes a subscription for lab's key, and hands it to lab. */
async function subscribe({ key }) {
  const permission = await Notification.requestPermission()
  if (permission !== 'granted') throw new Error('The browser does not allow notifications here.')
  const registration = await navigator.serviceWorker.register('/sw.js')
  await navigator.serviceWorker.ready
  // One of an older key of lab's would be refused.
  await (await registration.pushManager.getSubscription())?.unsubscribe()
  const options = { userVisibleOnly: true, applicationServerKey: key }
  const subscription = await registration.pushManager.subscribe(options)
  const answer = await fetch('/api/v1/push/subscriptions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(subscription),
  })
  if (!answer.ok) throw new Error((await answer.json()).error.message)
}

async function notifyThis(button) {
  button.disabled = true
  try {
    await subscribe($('d-phone').dataset)
    location.assign('/more/phone')
  } catch (error) {
    const line = document.createElement('p')
    line.textContent = `lab does not notify this device: ${error.message}`
    $('phone-said').replaceChildren(line)
    button.disabled = false
  }
}

document.addEventListener('click', ({ target }) => {
  const button = target.closest('#notify-device')
  if (button && !button.disabled) void notifyThis(button)
})
document.addEventListener('htmx:after:swap', () => void look())
document.addEventListener('DOMContentLoaded', () => void look())
void look()
