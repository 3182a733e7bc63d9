// The page about being told: what this device lacks, its switches, every device, and the ways without a push
// service. public/phone.js fills in what only the browser knows.
import type { FC } from 'hono/jsx'
import { raw } from 'hono/html'
import { renderSVG } from 'uqr'
import { notifyEvents, type NotifyEvent } from '../../../core/settings.ts'
import type { Device } from '../../../notify/notify-file.ts'
import { Back } from './link.tsx'

export interface Phone {
  /** lab's public key. */
  readonly key: string
  readonly devices: readonly Device[]
  /** The device that asks; null where lab does not notify it. */
  readonly own: string | null
  /** The address of --notify-url. */
  readonly url: string | null
  /** Where a phone finds lab; null where lab knows none. */
  readonly address: string | null
  /** How a test went, by target. */
  readonly results: readonly Tested[]
}

export interface Tested {
  readonly name: string
  readonly outcome: string
  readonly why?: string | undefined
}

const words: Record<NotifyEvent, string> = {
  needs: 'An agent needs you',
  died: 'An agent has died',
  done: 'An agent is done',
}

export const PhonePane: FC<{ phone: Phone }> = ({ phone }) => {
  const own = phone.devices.find(({ id }) => id === phone.own)
  return (
    <article id="d-phone" class="pane" data-key={phone.key} data-own={phone.own ?? ''}>
      <header>
        <Back />
        <h2 id="pane-title" tabindex={-1}>
          Notifications
        </h2>
      </header>
      <div id="phone-said" class="message" role="status">
        {phone.results.map((result) => (
          <p>{resultText(result)}</p>
        ))}
      </div>
      <h3>This device</h3>
      <Checks />
      <p>
        <button type="button" id="notify-device" class="button primary" hidden>
          Notify this device
        </button>
      </p>
      {own ? <Switches device={own} /> : null}
      {phone.devices.length > 0 || phone.url !== null ? (
        <form method="post" action="/more/phone/test">
          <button class="button">Send a test</button>
        </form>
      ) : null}
      <Devices phone={phone} />
      <Elsewhere phone={phone} />
    </article>
  )
}

/** What a browser needs for notifications. The script marks each line, and shows the hint of a missing one. */
const Checks: FC = () => (
  <ul class="checks">
    <Check name="secure" word="HTTPS">
      Browsers notify only pages that come by HTTPS. Put lab behind a proxy with a certificate, or
      use ntfy, below.
    </Check>
    <Check name="home" word="On the Home Screen">
      Tap Share, then Add to Home Screen, and open lab from there.
    </Check>
    <Check name="push" word="Web Push">
      This browser has no Web Push. Use another one, or ntfy, below.
    </Check>
    <Check name="allowed" word="Permission">
      Tap “Notify this device”. If the browser does not ask, allow notifications for this address in
      its settings.
    </Check>
    <Check name="known" word="lab notifies this device">
      Tap “Notify this device”.
    </Check>
  </ul>
)

const Check: FC<{ name: string; word: string; children: string }> = (props) => (
  <li data-check={props.name}>
    <span class="mark" /> {props.word}
    <span class="soft hint" hidden>
      {' '}
      {props.children}
    </span>
  </li>
)

const Switches: FC<{ device: Device }> = ({ device }) => (
  <form method="post" action="/more/phone/events" class="switches">
    <fieldset>
      <legend>lab notifies this device when</legend>
      {notifyEvents.map((event) => (
        <label>
          <input
            type="checkbox"
            name="events"
            value={event}
            checked={device.events.includes(event)}
          />{' '}
          {words[event]}
        </label>
      ))}
    </fieldset>
    <button class="button">Save</button>
  </form>
)

const Devices: FC<{ phone: Phone }> = ({ phone: { devices, own } }) =>
  devices.length === 0 ? null : (
    <>
      <h3>All devices</h3>
      <ul class="devices">
        {devices.map(({ id, name, createdAt }) => (
          <li>
            <form method="post" action="/more/phone/remove">
              <input type="hidden" name="device" value={id} />
              <span>
                {name}
                {id === own ? ', this one' : null}, since {createdAt.slice(0, 10)}
              </span>
              <button class="button quiet" aria-label={`Remove ${name}`}>
                Remove
              </button>
            </form>
          </li>
        ))}
      </ul>
    </>
  )

const Elsewhere: FC<{ phone: Phone }> = ({ phone: { url, address } }) => (
  <>
    <h3>Without HTTPS: ntfy</h3>
    {url === null ? (
      <p>
        Install the app ntfy on the phone, subscribe to a topic that nobody can guess, and start lab
        with <code>--notify-url https://ntfy.sh/TOPIC</code>.
      </p>
    ) : (
      <p>
        lab also notifies <code>{url}</code>.
      </p>
    )}
    <h3>lab on another device</h3>
    {address === null ? (
      <p>
        You opened lab at an address of this machine alone, so lab does not know how a phone reaches
        it. Open lab once under the address that your phone uses.
      </p>
    ) : (
      <>
        <p>
          <code>{address}</code>
        </p>
        <div class="qr" role="img" aria-label={`QR code of ${address}`}>
          {raw(renderSVG(address, { border: 4, pixelSize: 1 }))}
        </div>
      </>
    )}
  </>
)

function resultText({ name, outcome, why }: Tested): string {
  if (outcome === 'sent') return `${name}: sent.`
  if (outcome === 'gone') return `${name}: does not want notifications any more. lab removed it.`
  return `${name}: not sent, because ${why ?? 'it did not answer'}.`
}
