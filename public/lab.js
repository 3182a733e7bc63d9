// The page's own behaviour over htmx: places what arrives by id and age, keeps what the operator has
// typed, opened or focused, says when the page is not live, filters, tells the time. A module.
const $ = (id) => document.getElementById(id)
const on = (type, listener) => document.addEventListener(type, listener)
let htmxApi
/** Rows that are gone, by id: the rev of their end. */
const ended = new Map()

/** Whether rendering `rev` shows no later truth than `than`; another boot of lab is always news. */
function isOld(rev, than) {
  const [boot, serial] = rev.split('.')
  const [otherBoot, otherSerial] = than.split('.')
  return boot === otherBoot && Number(serial) <= Number(otherSerial)
}

/** Where rows stood before they left: the row that followed, by id. */
const followers = new Map()

/** Does what may take the focus off the page; returns whether it did, and then its refuge has it. */
function keepFocus(refuge, change) {
  const hadFocus = document.activeElement !== document.body
  change()
  if (!hadFocus || document.activeElement !== document.body) return false
  refuge.tabIndex = -1
  refuge.focus({ preventScroll: true })
  return true
}

const frameOf = (element) => element.closest('.card, main') ?? document.querySelector('main')

/** Takes an element off; returns whether the focus was in it, which its card then has. */
function remove(element) {
  if (element.dataset.id) followers.set(element.id, element.nextElementSibling?.id)
  return keepFocus(frameOf(element.parentElement), () => element.remove())
}

/** Puts a new element where it was once, or else at the end; of the ended ones the newest comes first. */
function insert(element, target) {
  const follower = $(followers.get(element.id))
  if ('newestFirst' in target.dataset) target.prepend(element)
  else target.insertBefore(element, follower?.parentElement === target ? follower : null)
}

// A relaunch passes through its end within this time: its row stays, and nothing below it moves.
const relaunchMs = 250

/** Puts one arriving element in its place; returns what htmx must look at. */
function place(element, target, isSettled = false) {
  const { rev } = element.dataset
  const shown = $(element.id)
  const last = shown?.dataset.rev ?? ended.get(element.id)
  // Cards carry no rev: they never change while the page is open.
  if (shown && !rev) return []
  if (rev && last && isOld(rev, last)) return []
  if ('gone' in element.dataset) {
    ended.set(element.id, rev)
    if (shown) remove(shown)
    return []
  }
  // What ends leaves the rows for the ended ones of its card; what is resumed comes back.
  const moves = shown && target !== document.body && shown.parentElement !== target
  if (moves && 'ended' in element.dataset && !isSettled) {
    setTimeout(() => {
      inPlace(() => place(element, target, true)).forEach((placed) => htmx.process(placed))
      refresh()
    }, relaunchMs)
    return []
  }
  if (!shown || moves) {
    const hadFocus = moves && remove(shown)
    insert(element, target)
    if (hadFocus) element.focus({ preventScroll: true })
    return [element]
  }
  const fragment = document.createDocumentFragment()
  fragment.append(element)
  const row = shown.matches('.row') ? shown : frameOf(shown)
  keepFocus(row, () => htmxApi.morph(shown, fragment, false))
  return [$(element.id)]
}

// Browsers hold still what one looks at while something above it grows or goes; Safari leaves it to the page.
const holdsStill = CSS.supports('overflow-anchor', 'auto')

/** Changes the page around what is in view; at its very top what is new there may be seen. */
function inPlace(change) {
  const edge = Math.max(0, document.querySelector('.top').getBoundingClientRect().bottom)
  const inView = []
  if (!holdsStill && scrollY > 0)
    for (const element of document.querySelectorAll('.card > header, .row')) {
      const { top, height } = element.getBoundingClientRect()
      if (height > 0 && top >= edge) inView.push({ element, top })
    }
  const placed = change()
  const kept = inView.find(({ element }) => element.isConnected && element.checkVisibility())
  if (kept) scrollBy(0, kept.element.getBoundingClientRect().top - kept.top)
  return placed
}

/** Removes what the whole picture no longer names, unless it is newer than the picture. */
function sweep({ rev, ids, keys }) {
  const known = new Set([...ids.split(' '), ...keys.split(' ')])
  for (const row of document.querySelectorAll('[data-id], [data-ended]'))
    if (!known.has(row.id.slice(2)) && !isOld(rev, row.dataset.rev)) remove(row)
  for (const card of document.querySelectorAll('[data-project]'))
    if (!known.has(card.dataset.project)) card.remove()
  return []
}

htmx.registerExtension('lab', {
  init: (api) => {
    htmxApi = api
  },
  handle_swap: (style, target, fragment) => {
    const { children } = fragment
    if (style === 'fresh') return inPlace(() => [...children].flatMap((one) => place(one, target)))
    if (style === 'whole') return inPlace(() => sweep(children[0].dataset))
    return false
  },
  // An update neither closes what is open nor ends the sign that a tap was heard.
  htmx_before_morph_attr: (element, { attrName }) =>
    !(['open', 'data-up'].includes(attrName) && element.localName === 'details') &&
    !(attrName === 'class' && element.classList.contains('htmx-request')),
})

// Live or not. A connection that says nothing for 40 s (the server speaks every 15 s) is dead, though
// the network has not noticed: a laptop that slept, a phone that changed networks.
let connection
let heard = Date.now()
let doubt = setTimeout(sayDead, 4000)
function sayDead() {
  $('offline').textContent = navigator.onLine ? 'Not live. Reconnecting…' : 'You are offline.'
  $('offline').hidden = false
}
function setLive(isLive) {
  if (!isLive) return isSurplus || (doubt ??= setTimeout(sayDead, 1500))
  clearTimeout(doubt)
  doubt = undefined
  $('offline').hidden = true
  // What was said of a lab that did not answer is no longer true.
  for (const line of document.querySelectorAll('[data-unanswered]')) line.remove()
}
on('htmx:sse:after:connection', (event) => {
  connection = event.detail.connection
  heard = Date.now()
  setLive(true)
})
on('htmx:sse:before:message', () => (heard = Date.now()))
for (const type of ['htmx:sse:error', 'htmx:sse:close', 'htmx:sse:before:connection'])
  on(type, (event) => {
    // The first connection announces itself only once it stands.
    if (type !== 'htmx:sse:before:connection' || event.detail.connection === connection)
      setLive(false)
  })
const revive = () => connection?.reader?.cancel()
for (const type of ['online', 'offline'])
  addEventListener(type, () => $('offline').hidden || sayDead())

// A browser opens six connections to one host, and a stream holds one: with six windows on streams the
// seventh would not even load. So only the windows used last are live, and the others say so. Each window
// counts by itself which others were used after it.
const liveMax = 4
const self = `${Date.now()}.${Math.random()}`
const usedLater = new Set()
const others = 'BroadcastChannel' in window ? new BroadcastChannel('lab') : null
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel is of one origin
const tell = (message) => others?.postMessage(message)
let isSurplus = false
function setSurplus(is) {
  if (is === isSurplus) return
  isSurplus = is
  $('surplus').hidden = !is
  if (is) {
    clearTimeout(doubt)
    doubt = undefined
    $('offline').hidden = true
    return revive()
  }
  setLive(false)
  $('stream').dispatchEvent(new Event('ready'))
}
function use() {
  if (document.hidden) return
  tell({ used: self })
  usedLater.clear()
  setSurplus(false)
}
others?.addEventListener('message', ({ data: { used, left } }) => {
  if (used) usedLater.add(used)
  usedLater.delete(left)
  // A hidden one has let its stream go already.
  if (!document.hidden) setSurplus(usedLater.size >= liveMax)
})
const leave = () => tell({ left: self })
addEventListener('pagehide', leave)
addEventListener('pageshow', use)
addEventListener('focus', use)
on('visibilitychange', () => (document.hidden ? leave() : use()))
for (const type of ['pointerdown', 'keydown'])
  on(type, () => (isSurplus || usedLater.size > 0) && use())
const isStream = (element) => element?.id === 'stream'
on('htmx:before:request', (event) => {
  // One that was opened in the background has its stream when it is looked at.
  if (isStream(event.detail.ctx.sourceElement) && (isSurplus || document.hidden))
    event.preventDefault()
})
on('htmx:sse:before:connection', ({ detail }) => {
  if (isSurplus) detail.connection.cancelled = true
})
addEventListener('pageshow', (event) => event.persisted && revive())
addEventListener('online', revive)

// Nobody knows this browser any more, here or at a proxy in front: only a whole page can be led to where
// one signs in. Asked of the page itself, so that nothing reloads for ever.
async function signInIfLost() {
  const answer = await fetch('/', { method: 'HEAD', redirect: 'manual', cache: 'no-store' })
  if (answer.type === 'opaqueredirect' || answer.status === 401) location.reload()
}
const lookForSignIn = () => void signInIfLost().catch(() => {})
on('htmx:before:response', (event) => {
  const { status, redirected, headers } = event.detail.ctx.response.raw
  if ((status !== 401 && !redirected) || headers.has('hx-redirect')) return
  event.preventDefault()
  lookForSignIn()
})
on('htmx:error', lookForSignIn)
// A sign-in page would be read as a stream that says nothing and ends.
on('htmx:sse:before:connection', ({ detail }) => detail.connection.attempt > 0 && lookForSignIn())

const ages = () => {
  for (const time of document.querySelectorAll('[data-age]'))
    time.textContent = ageText(Date.parse(time.dateTime), Date.now() - skew)
}
const skew = Date.now() - Number(document.documentElement.dataset.now)
function ageText(since, now) {
  const minutes = Math.floor((now - since) / 60000)
  if (!(minutes >= 1)) return 'now'
  if (minutes < 60) return `${minutes} min`
  return minutes < 2880 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1440)} d`
}
setInterval(() => {
  ages()
  if (!document.hidden && Date.now() - heard > 40000) revive()
}, 5000)

function filter() {
  const query = $('filter').value.trim().toLowerCase()
  for (const card of document.querySelectorAll('[data-project]')) {
    const names = [...card.querySelectorAll('[data-find]')].map((found) => found.textContent)
    card.hidden = !names.join(' ').toLowerCase().includes(query)
  }
}
function refresh() {
  const { count } = $('needs').dataset
  document.title = count === '0' ? 'lab' : `(${count}) lab`
  for (const list of document.querySelectorAll('.ended > ul'))
    list.parentElement.querySelector('.count').textContent = list.children.length
  // Room has been made: what said that there is none is no longer true.
  if ($('cap').dataset.full === 'false')
    for (const line of document.querySelectorAll('[data-at-capacity]')) line.remove()
  filter()
}
on('htmx:after:swap', refresh)
on('input', ({ target }) => target.id === 'filter' && filter())
on('submit', (event) => event.target.matches('.filter') && event.preventDefault())

// A second tap of an impatient thumb is no second start.
const startedAt = new WeakMap()
document.addEventListener(
  'submit',
  (event) => {
    if (!(Date.now() - startedAt.get(event.target) < 1000)) return
    event.preventDefault()
    event.stopImmediatePropagation()
  },
  true,
)

// A form that was answered well forgets what it sent, but not what was typed since.
on('htmx:after:request', ({ target, detail: { ctx } }) => {
  // (One that has gone from the page meanwhile lets the document speak for it.)
  if (!target.matches?.('form') || !ctx.response.raw.ok) return
  const { label } = target.elements
  if (target.matches('.start')) startedAt.set(target, Date.now())
  if (label && label.value.trim() === ctx.request.body.get('label').trim()) label.value = ''
  target.closest('.menu')?.removeAttribute('open')
})
on('htmx:error', ({ detail: { ctx } }) => {
  if (ctx?.target?.id === 'stream') setLive(false)
  else if (ctx?.target) {
    const line = document.createElement('p')
    line.dataset.unanswered = ''
    line.textContent = navigator.onLine
      ? 'lab did not answer. Is it running? Try again.'
      : 'You are offline. Nothing was sent.'
    ctx.target.replaceChildren(line)
  }
})

on('click', ({ target }) => {
  const copy = target.closest('[data-copy]')
  const code = copy?.previousElementSibling
  if (copy) {
    getSelection().selectAllChildren(code)
    const said = (text) => (copy.textContent = text)
    const copied = () => said('Copied') && setTimeout(said, 2000, 'Copy')
    // Plain HTTP on a LAN has no clipboard of its own; what is selected can be copied all the same.
    if (navigator.clipboard) navigator.clipboard.writeText(code.textContent).then(copied, () => {})
    else if (document.execCommand('copy')) copied()
  }
  const wanted = target.closest('.needs a')
  if (wanted && $(wanted.hash.slice(1))?.closest('[hidden]')) {
    $('filter').value = ''
    filter()
  }
  for (const menu of document.querySelectorAll('.menu[open]'))
    if (!menu.contains(target)) menu.open = false
})
// A menu near the lower edge opens upwards, or else is scrolled into view.
document.addEventListener(
  'toggle',
  ({ target }) => {
    const panel = target.matches('.menu') && target.querySelector('.panel')
    if (!panel) return
    delete target.dataset.up
    if (!target.open) return
    const { bottom, height } = panel.getBoundingClientRect()
    if (bottom <= innerHeight) return
    const roof = Math.max(0, document.querySelector('.top').getBoundingClientRect().bottom)
    if (target.getBoundingClientRect().top - height > roof) target.dataset.up = ''
    else panel.scrollIntoView({ block: 'nearest' })
  },
  true,
)
on('keydown', ({ key, target }) => {
  const menu = key === 'Escape' && target.closest('.menu[open]')
  if (!menu) return
  menu.open = false
  menu.querySelector('summary').focus()
})
on('DOMContentLoaded', refresh)
document.documentElement.classList.add('js')
// Only now is there somebody to place what the stream brings; htmx itself begins one turn after its script.
setTimeout(() => $('stream')?.dispatchEvent(new Event('ready')))
