// The page's own behaviour over htmx: places what arrives by id and age, keeps what the operator has
// typed, opened or focused, says when the page is not live, filters, tells the time, hears keys. A module.
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

const frameOf = (element) => element.closest('.card, .pane, main') ?? document.querySelector('main')

/** Takes an element off; returns whether the focus was in it, which its card then has. */
function remove(element) {
  if (element.dataset.id) followers.set(element.id, element.nextElementSibling?.id)
  return keepFocus(frameOf(element.parentElement), () => element.remove())
}

/** Puts a new element where it was once, or else at the end; projects stand by name. */
function insert(element, target) {
  const { project } = element.dataset
  const follower = project
    ? [...target.children].find((other) => !(other.dataset.project < project))
    : $(followers.get(element.id))
  target.insertBefore(element, follower?.parentElement === target ? follower : null)
}

// As long as a stop can be taken back from the row (see views/instance/row.tsx).
const undoMs = 10_000

/** Takes a stopped row off when its time is over, unless something newer stands there. */
function removeLater({ id, dataset: { rev } }) {
  setTimeout(() => {
    const row = $(id)
    if (row?.dataset.rev !== rev) return
    inPlace(() => void remove(row))
    refresh()
  }, undoMs)
}

// An answer that was taken stays on its card for a moment, unless the agent asks something else.
const answeredMs = 5000
// So long a card that has moved takes no tap: it was meant for what stood there before.
const settleMs = 350
const movedAt = new WeakMap()

/** Puts the new cards in place of the old ones. */
function placeNeeds(shown, fresh) {
  for (const card of shown.querySelectorAll('.need:is([data-sent], [data-answered])')) {
    const next = fresh.querySelector(`#${card.id}`)
    const { question } = next?.dataset ?? {}
    if (question && question !== card.dataset.question) continue
    if (next) next.replaceWith(card.cloneNode(true))
    else fresh.querySelector('.count').after(card.cloneNode(true))
  }
  const tops = [...shown.querySelectorAll('.need')].map((card) => [
    card,
    card.getBoundingClientRect().top,
  ])
  morph(shown, fresh)
  for (const [card, top] of tops)
    if (card.isConnected && Math.abs(card.getBoundingClientRect().top - top) > 4)
      movedAt.set(card, Date.now())
}

function morph(shown, element) {
  const fragment = document.createDocumentFragment()
  fragment.append(element)
  htmxApi.morph(shown, fragment, false)
}

/** Puts one arriving element in its place; returns what htmx must look at. */
function place(element, target) {
  const { rev } = element.dataset
  const shown = $(element.id)
  const last = shown?.dataset.rev ?? ended.get(element.id)
  // Projects carry no rev: they never change while the page is open.
  if (shown && !rev) return []
  if (rev && last && isOld(rev, last)) return []
  if ('gone' in element.dataset) {
    ended.set(element.id, rev)
    if (shown) remove(shown)
    return []
  }
  // A pane changes only while it is shown.
  if (!shown && 'update' in element.dataset) return []
  if (element.dataset.state === 'stopped' && element.matches('.row')) removeLater(element)
  if (!shown) {
    insert(element, target)
    return [element]
  }
  const refuge = shown.matches('.row') ? shown : frameOf(shown)
  keepFocus(refuge, () => (shown.id === 'needs' ? placeNeeds : morph)(shown, element))
  return [$(element.id)]
}

// Browsers hold still what one looks at while something above it grows or goes; Safari leaves it to the page.
const holdsStill = CSS.supports('overflow-anchor', 'auto')

/** Changes the page around what is in view; at its very top what is new there may be seen. */
function inPlace(change) {
  if (holdsStill || scrollY === 0) return change()
  const edge = Math.max(0, document.querySelector('.top').getBoundingClientRect().bottom)
  const inView = []
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
  for (const row of document.querySelectorAll('[data-id]'))
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
    !(attrName === 'open' && ['details', 'dialog'].includes(element.localName)) &&
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

// One stream for all that the page shows: it brings the pane along. Another pane is another stream, and
// a pane that the stream does not bring is none to it.
const liveAt = (at = '/') => (/^\/(instances|projects)\//.test(at) ? at : '/')
let streamAt = liveAt($('detail')?.dataset.at)
function follow() {
  const at = liveAt($('detail')?.dataset.at)
  if (at === streamAt || !$('stream')) return
  streamAt = at
  const old = $('stream')
  const next = old.cloneNode()
  next.removeAttribute('data-htmx-powered')
  const url = new URL(old.getAttribute('hx-sse:connect'), location.href)
  url.searchParams.set('at', at)
  if (connection?.lastEventId) url.searchParams.set('known', connection.lastEventId)
  next.setAttribute('hx-sse:connect', url.pathname + url.search)
  old.replaceWith(next)
  revive()
  htmx.process(next)
  next.dispatchEvent(new Event('ready'))
}
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
const clocks = () => {
  for (const time of document.querySelectorAll('[data-clock]')) {
    delete time.dataset.clock
    time.textContent = new Date(time.dateTime).toLocaleTimeString([], {
      hour: '2-digit',
      minute: '2-digit',
    })
  }
}
const skew = Date.now() - Number(document.documentElement.dataset.now)
function ageText(since, now) {
  const seconds = Math.max(0, Math.floor((now - since) / 1000)) || 0
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  return minutes < 2880 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1440)} d`
}
setInterval(() => {
  ages()
  if (!document.hidden && Date.now() - heard > 40000) revive()
}, 5000)

function filter() {
  const query = $('filter').value.trim().toLowerCase()
  let found = 0
  for (const card of document.querySelectorAll('[data-project]')) {
    const names = [...card.querySelectorAll('[data-find]')].map((name) => name.textContent)
    for (const row of card.querySelectorAll('.row')) names.push(row.dataset.instance)
    const isHidden = !names.join(' ').toLowerCase().includes(query)
    if (card.hidden !== isHidden) card.hidden = isHidden
    if (!isHidden && card.dataset.rows === '0') found += 1
  }
  // What is looked for may be a quiet project.
  if (query && found > 0) $('quiet').open = true
  const words = found === 1 ? '1 quiet project' : `${found} quiet projects`
  const summary = $('quiet').querySelector('.count')
  if (summary.textContent !== words) summary.textContent = words
}
// With more projects than this their names stand in the rows (see lab.css).
const roomyMax = 12
/** Sets an attribute only where it says something else: each change costs the page a look at its styles. */
function mark(element, name, value) {
  if (element.getAttribute(name) === value) return
  if (value === null) element.removeAttribute(name)
  else element.setAttribute(name, value)
}
function refresh() {
  if (!$('needs')) return
  clocks()
  const { count } = $('needs').dataset
  const { machine } = document.documentElement.dataset
  const { title } = $('detail').dataset
  const shown = [title, 'lab', machine].filter(Boolean).join(' · ')
  document.title = count === '0' ? shown : `(${count}) ${shown}`
  mark(document.body, 'data-pane', $('detail').childElementCount > 0 ? '' : null)
  // Room has been made: what said that there is none is no longer true.
  if ($('cap').dataset.full === 'false')
    for (const line of document.querySelectorAll('[data-at-capacity]')) line.remove()
  let active = 0
  for (const card of document.querySelectorAll('.card')) {
    const rows = card.getElementsByClassName('row')
    mark(card, 'data-rows', `${Math.min(2, rows.length)}`)
    if (rows.length === 0) continue
    active += 1
    for (const row of rows) {
      const look = row.querySelector('.look')
      const isCurrent = look.getAttribute('href') === location.pathname
      mark(look, 'aria-current', isCurrent ? 'page' : null)
      mark(row, 'data-current', isCurrent ? '' : null)
    }
    const branch = card.querySelector('[data-branch]')?.dataset.branch
    const words = branch ? `⎇ ${branch}` : ''
    const name = card.querySelector('.branch')
    if (name.textContent !== words) name.textContent = words
  }
  mark($('projects'), 'data-crowded', active > roomyMax ? 'true' : null)
  // The form that stands in an empty list gives way to the first row.
  if (active > 0) document.querySelector('.begin')?.remove()
  filter()
  follow()
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
  if (target.matches('.start, .start-one')) startedAt.set(target, Date.now())
  if (label && label.value.trim() === ctx.request.body.get('label').trim()) label.value = ''
  const { prompt } = target.elements
  if (prompt && prompt.value === ctx.request.body.get('prompt')) prompt.value = ''
  for (const open of document.querySelectorAll('[popover]:popover-open'))
    if (open.contains(target) || target.contains(open)) open.hidePopover()
  const card = target.closest('.needs .need[data-sent]')
  if (card) {
    delete card.dataset.sent
    card.dataset.answered = ''
    setTimeout(() => $(card.id)?.matches('[data-answered]') && $(card.id).remove(), answeredMs)
  }
  // What was dismissed has no page any more.
  if (target.id.startsWith('dismiss-pane-')) document.querySelector('.pane .back').click()
})
// A card waits for the answer to its form, though the stream may take it off before.
on('htmx:before:request', ({ detail: { ctx } }) => {
  const form = ctx.sourceElement
  if (form.id?.startsWith('answer-card-')) mark(form.closest('.need'), 'data-sent', '')
})
on('htmx:after:request', ({ detail: { ctx } }) => {
  if (!ctx.response?.raw?.ok) ctx.sourceElement?.closest?.('.need')?.removeAttribute('data-sent')
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
})

// A tap with a key that asks for another window is the browser's: htmx would swallow it. And a card that has
// just moved under the thumb takes no tap.
document.addEventListener(
  'click',
  (event) => {
    const { target, ctrlKey, metaKey, shiftKey } = event
    const card = target.closest('.needs .need')
    if (card && Date.now() - movedAt.get(card) < settleMs) {
      event.preventDefault()
      event.stopImmediatePropagation()
    }
    if ((ctrlKey || metaKey || shiftKey) && target.closest('a[hx-get]'))
      event.stopImmediatePropagation()
  },
  true,
)

// What is looked at in claude.ai has been looked at.
on('click', ({ target }) => {
  const row = target.closest('a.open')?.closest('[data-id][data-unread]')
  if (row)
    void fetch(`/instances/${row.dataset.id}/look`, { method: 'POST', keepalive: true }).catch(
      () => {},
    )
})

// The form that starts an agent comes as a sheet over the list; what was typed there stays until it is sent.
on('htmx:before:request', (event) => {
  const { sourceElement } = event.detail.ctx
  if (!sourceElement.matches?.('[data-sheet]')) return
  const form = $('start')
  if (!form || ($('sheet').contains(form) && sourceElement.search)) return
  event.preventDefault()
  if ($('sheet').contains(form)) $('sheet').showPopover()
  else form.querySelector('select').focus()
})
on('htmx:after:swap', (event) => {
  const { sourceElement } = event.detail.ctx ?? {}
  if (sourceElement?.matches?.('[data-sheet]')) $('sheet').showPopover()
})

// The list keeps its place while a pane stands in front of it, and the pane has the focus.
let listTop = 0
on('htmx:before:swap', ({ detail: { ctx } }) => {
  if (ctx?.target?.id === 'detail' && $('detail').childElementCount === 0) listTop = scrollY
})
on('htmx:after:swap', ({ detail: { ctx } }) => {
  if (ctx?.target?.id !== 'detail') return
  const isOpen = $('detail').childElementCount > 0
  if ($('needs').checkVisibility()) {
    if (!isOpen) scrollTo(0, listTop)
    return
  }
  scrollTo(0, 0)
  $('pane-title')?.focus({ preventScroll: true })
})

function move(step) {
  const rows = [...document.querySelectorAll('.row > .look')].filter((row) => row.checkVisibility())
  const now = rows.indexOf(document.activeElement.closest('.row')?.querySelector('.look'))
  rows[now < 0 ? (step > 0 ? 0 : rows.length - 1) : now + step]?.focus()
}
const keys = {
  '/': () => $('filter').focus(),
  j: () => move(1),
  k: () => move(-1),
  o: () =>
    (document.activeElement.closest('.row') ?? document.querySelector('.pane'))
      ?.querySelector('a.open')
      ?.click(),
  a: () =>
    document.querySelector('.need :is(.primary, .answers .button, .answer .button)')?.focus(),
  s: () => document.querySelector('.foot [data-sheet]').click(),
  '?': () => $('keys').togglePopover(),
}
on('keydown', (event) => {
  const { key, target, ctrlKey, metaKey, altKey } = event
  if (ctrlKey || metaKey || altKey || target.matches('input, select, textarea')) return
  if (!Object.hasOwn(keys, key) || document.querySelector(':modal')) return
  event.preventDefault()
  keys[key]()
})
on('DOMContentLoaded', refresh)
document.documentElement.classList.add('js')
// Only now is there somebody to place what the stream brings; htmx itself begins one turn after its script.
setTimeout(() => $('stream')?.dispatchEvent(new Event('ready')))
