// What stands around the list and the pane and never changes: the bar for the thumb, the keys, the stream.
import type { FC } from 'hono/jsx'
import { StartLink } from './pane/start.tsx'

/** For the thumb: finding, and starting. */
export const Foot: FC<{ query: string }> = ({ query }) => (
  <nav class="foot" aria-label="Find and start">
    <form class="filter" role="search" method="get" action="/">
      <input
        id="filter"
        type="search"
        name="q"
        value={query}
        placeholder="Find or start in…"
        aria-label="Find projects and instances"
        autocomplete="off"
      />
    </form>
    <StartLink class="primary">Start</StartLink>
  </nav>
)

const keys: readonly (readonly [key: string, what: string])[] = [
  ['/', 'find'],
  ['j k', 'next and previous agent'],
  ['Enter', 'look at it'],
  ['o', 'open it in claude.ai'],
  ['a', 'answer what needs you'],
  ['s', 'start an agent'],
  ['?', 'this list'],
]

/** The keys of a keyboard, on demand. */
export const Keys: FC = () => (
  <div popover="auto" id="keys" class="sheet" role="dialog" aria-label="Keys">
    <dl>
      {keys.map(([key, what]) => (
        <>
          <dt>
            <kbd>{key}</kbd>
          </dt>
          <dd>{what}</dd>
        </>
      ))}
    </dl>
  </div>
)

/** What keeps the page live, and what says that it is not. */
export const Connection: FC<{ known: string; path: string }> = ({ known, path }) => (
  <>
    <div
      id="stream"
      hx-sse:connect={`/events?known=${known}&at=${encodeURIComponent(path)}`}
      hx-trigger="ready, every 5s"
      hx-swap="none"
      hx-sync="this:drop"
      hx-config="sse.reconnectDelay:250ms sse.reconnectMaxDelay:5s sse.connectTimeout:10s"
    />
    <p id="offline" role="status" hidden>
      Not live. Reconnecting…
    </p>
    <p id="surplus" role="status" hidden>
      Not live: lab is open in several other windows. Tap here to make this one live.
    </p>
    {/* Shown by the style sheet alone: a network that changes while the page loads takes a script along. */}
    <p id="bare" role="status">
      Not live: a part of this page did not arrive.
      <a class="button" href="/">
        Load again
      </a>
    </p>
  </>
)

// The page's policy (form-action, see ../access/request-rules.ts) forbids that a form ends at another site,
// also by a redirect: where a proxy answers a tap by leading to its sign-on, the browser drops the tap
// without a word. A link may lead there.
/** What a browser without scripts is told. */
export const Unscripted: FC<{ isProxied: boolean }> = ({ isProxied }) => (
  <noscript>
    <div class="unscripted">
      <p>
        JavaScript is off, so this page shows changes only when you load it again.
        {isProxied
          ? ' If a button does nothing, your sign-on has ended. Load the page again.'
          : null}
      </p>
      <a class="button" href="/">
        Load again
      </a>
    </div>
  </noscript>
)

/** Says that nothing here is real, and sets it back. */
export const DemoLine: FC = () => (
  <form
    class="demo"
    method="post"
    action="/demo/start-over"
    hx-post="/demo/start-over"
    hx-target="#msg"
    hx-sync="this:drop"
  >
    <p>Demonstration: the agents are stand-ins.</p>
    <button class="button quiet">
      <span class="idle">Start over</span>
      <span class="pending">Starting over…</span>
    </button>
  </form>
)
