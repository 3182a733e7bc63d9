#!/bin/sh
# htmx 4 makes a Ctrl, Shift or Cmd click on a link do nothing.
#
# Expected: htmx 4 leaves a click with a modifier on a link to the browser, which opens the link in a new tab or window.
#   htmx sends no request for such a click.
# Seen: htmx sends no request, and still calls preventDefault on the click. The browser opens nothing. This holds for
#   <a href hx-get> and for a boosted link. A trigger filter (hx-trigger="click[!ctrlKey]") does not help, because
#   htmx prevents the default before it evaluates the filter.
# Versions: htmx.org 4.0.1, in jsdom 26.1.0 (this script) and in Chromium 156 (no new tab opens).
# Consequence: a page whose links carry hx-get takes the new tab away from its readers. A listener in the capture phase
#   that calls stopImmediatePropagation for a click with a modifier on a[href] gives the new tab back.
set -u
cannot() { echo "CANNOT RUN: $*" >&2; exit 2; }
command -v npm >/dev/null || cannot "npm is not installed"
dir=$(mktemp -d) || cannot "no temporary folder"
trap 'rm -rf "$dir"' EXIT
trap 'exit 2' HUP INT TERM
cd "$dir" || cannot "no temporary folder"
npm install --prefix . --ignore-scripts --no-audit --no-fund htmx.org@4.0.1 jsdom@26.1.0 >npm.log 2>&1 ||
  cannot "npm install: $(tail -n 3 npm.log)"

cat >example.mjs <<'EXAMPLE'
import { readFileSync } from 'node:fs';
import { JSDOM, VirtualConsole } from 'jsdom';

const check = (ok, sentence) => {
  if (ok) return;
  console.error(`CHANGED: ${sentence}`);
  process.exit(3);
};
const { window } = new JSDOM(
  `<a id="plain" href="/page">page</a>
   <a id="get" href="/page" hx-get="/page" hx-target="#main">page</a>
   <a id="boosted" href="/page" hx-boost="true" hx-target="#main">page</a>
   <a id="filtered" href="/page" hx-get="/page" hx-target="#main" hx-trigger="click[!ctrlKey]">page</a>
   <main id="main"></main>`,
  { url: 'http://127.0.0.1/', runScripts: 'outside-only', virtualConsole: new VirtualConsole() },
);

// jsdom has neither fetch nor CSS.escape, and its XPath demands arguments that are optional in a browser.
let requests = 0;
window.fetch = async () => {
  requests++;
  return new Response('<p>loaded</p>', { headers: { 'content-type': 'text/html' } });
};
window.CSS = { escape: text => text.replace(/[^\w-]/g, '\\$&') };
window.XPathEvaluator = class {
  createExpression = path => ({ evaluate: node => window.document.evaluate(path, node, null, 0, null) });
};
window.eval(readFileSync('node_modules/htmx.org/dist/htmx.js', 'utf8'));
const wait = () => new Promise(done => setTimeout(done, 300));
await wait();
console.log(`htmx here: ${window.htmx.version}; seen on: 4.0.1`);

const click = async (id, modifiers = {}) => {
  requests = 0;
  const event = new window.MouseEvent('click', { bubbles: true, cancelable: true, ...modifiers });
  window.document.getElementById(id).dispatchEvent(event);
  await wait();
  const result = `${event.defaultPrevented ? 'prevented' : 'left to the browser'}, ${requests} requests`;
  console.log(`click on #${id} ${Object.keys(modifiers)}: ${result}`);
  return result;
};

check((await click('plain', { ctrlKey: true })) === 'left to the browser, 0 requests', 'htmx touches a plain link');
check((await click('get')) === 'prevented, 1 requests', 'an ordinary click sends no request');
check((await click('boosted')) === 'prevented, 1 requests', 'an ordinary click on a boosted link sends no request');
for (const modifier of ['ctrlKey', 'shiftKey', 'metaKey'])
  check((await click('get', { [modifier]: true })) === 'prevented, 0 requests', `${modifier} works`);
check((await click('boosted', { ctrlKey: true })) === 'prevented, 0 requests', 'Ctrl works on a boosted link');
check((await click('filtered', { ctrlKey: true })) === 'prevented, 0 requests', 'the trigger filter helps');

window.document.addEventListener(
  'click',
  event => {
    if ((event.ctrlKey || event.shiftKey || event.metaKey) && event.target.closest('a[href]')) event.stopImmediatePropagation();
  },
  { capture: true },
);
console.log('with a listener in the capture phase:');
check((await click('get', { ctrlKey: true })) === 'left to the browser, 0 requests', 'the listener does not help');
console.log('AS DESCRIBED: htmx sent no request for a click with a modifier and prevented its default.');
process.exit(0);
EXAMPLE
node example.mjs
case $? in # node exits with 1 on an exception, so the example exits with 3 when the behaviour has changed
  0) ;;
  3) exit 1 ;;
  *) cannot "the example ends with an exception" ;;
esac
