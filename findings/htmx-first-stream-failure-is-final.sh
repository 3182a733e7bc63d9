#!/bin/sh
# htmx 4 never tries an event stream again whose first connection fails.
#
# Expected: the hx-sse extension reconnects by default and without a limit of attempts (reconnect, reconnectMaxAttempts).
#   A server that starts up and answers 503 for a moment costs a page some seconds.
# Seen: a stream that was open once is asked for again after each 503, until it is open. A stream whose first answer is
#   503 is asked for once. The page hears htmx:response:error and no htmx:sse:error, and stays without its stream
#   until a reload.
# Versions: htmx.org 4.0.1, in jsdom 26.1.0.
# Consequence: a page that loads during a restart of the stream's server never updates, and looks like a page without
#   news. The element needs a trigger that repeats: hx-trigger="load, every 5s" with hx-sync="this:drop" retries
#   until the stream is open, and then opens no second one.
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
import { createServer } from 'node:http';
import { JSDOM, VirtualConsole } from 'jsdom';

const check = (ok, sentence) => {
  if (ok) return;
  console.error(`CHANGED: ${sentence}`);
  process.exit(3);
};

// The server's answers to each stream, in order. "open" sends one message, "end" sends one and closes.
const answers = { '/late': ['end', 503, 503, 'open'], '/first': [503, 'open'], '/repeated': [503, 503, 'open'] };
const seen = { '/late': [], '/first': [], '/repeated': [] };
const server = createServer(({ url }, response) => {
  const answer = answers[url].shift() ?? 'open';
  seen[url].push(answer);
  response.writeHead(answer === 503 ? 503 : 200, { 'content-type': answer === 503 ? 'text/plain' : 'text/event-stream' });
  if (answer === 503) return response.end('starting\n');
  response.write('data: news\n\n');
  if (answer === 'end') response.end();
});
await new Promise(listening => server.listen(0, '127.0.0.1', listening));
const url = `http://127.0.0.1:${server.address().port}/`;

const { window } = new JSDOM(
  `<meta name="htmx-config" content='{"sse":{"reconnectDelay":100,"reconnectMaxDelay":200}}'>
   <div id="late" hx-sse:connect="/late"></div>
   <div id="first" hx-sse:connect="/first"></div>
   <div id="repeated" hx-sse:connect="/repeated" hx-trigger="load, every 300ms" hx-sync="this:drop"></div>`,
  { url, runScripts: 'outside-only', pretendToBeVisual: true, virtualConsole: new VirtualConsole() },
);

// jsdom has neither fetch nor CSS.escape, and its XPath demands arguments that are optional in a browser.
window.fetch = (path, { method, headers }) => fetch(new URL(path, url), { method, headers });
window.TextDecoder = TextDecoder;
window.CSS = { escape: text => text.replace(/[^\w-]/g, '\\$&') };
window.XPathEvaluator = class {
  createExpression = path => ({ evaluate: node => window.document.evaluate(path, node, null, 0, null) });
};
const events = { late: [], first: [], repeated: [] };
for (const name of ['htmx:sse:error', 'htmx:response:error'])
  window.document.addEventListener(name, ({ target }) => events[target.id].push(name));
window.eval(readFileSync('node_modules/htmx.org/dist/htmx.js', 'utf8'));
window.eval(readFileSync('node_modules/htmx.org/dist/ext/hx-sse.js', 'utf8'));
console.log(`htmx here: ${window.htmx.version}; seen on: 4.0.1`);

await new Promise(done => setTimeout(done, 4000));
for (const path of Object.keys(seen)) console.log(`${path}: answers ${seen[path]}; events ${events[path.slice(1)]}`);
check(String(seen['/late']) === 'end,503,503,open', 'htmx does not retry a stream that was open once');
check(String(seen['/first']) === '503', 'htmx retries a stream that was never open');
check(String(events.first) === 'htmx:response:error', 'the page hears another event');
check(String(seen['/repeated']) === '503,503,open', 'a trigger that repeats does not open the stream once');
console.log('AS DESCRIBED: htmx asked once for the stream whose first answer was 503.');
process.exit(0);
EXAMPLE
node example.mjs
case $? in # node exits with 1 on an exception, so the example exits with 3 when the behaviour has changed
  0) ;;
  3) exit 1 ;;
  *) cannot "the example ends with an exception" ;;
esac
