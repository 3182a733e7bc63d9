// The page that logs Claude in: the link, the code, and how it went. It needs no script.
import type { FC } from 'hono/jsx'
import { defaultAccount } from '../../../core/instance.ts'
import { codeCharsMax, type LoginFlow } from '../../../core/input/login.ts'
import type { AssetPaths } from '../../assets/static.ts'
import { documentOf } from '../shell.tsx'
import { Prose } from '../parts.tsx'
import type { RenderContext } from '../render-context.ts'

export interface ClaudeLoginPage {
  readonly flow: LoginFlow
  /** What Claude reports. */
  readonly login: 'logged_in' | 'logged_out' | 'unknown'
  /** Why lab refused a form, as a sentence. */
  readonly refused: string | null
}

/** Renders the page. */
export function renderClaudeLogin(
  page: ClaudeLoginPage,
  at: RenderContext,
  assets: AssetPaths,
): string {
  const { flow, refused } = page
  return documentOf(
    { css: assets.css },
    at,
    <main class="sign-in claude-login" data-login={flow.state}>
      <h1>Log Claude in</h1>
      <p class="message" role="alert">
        <Prose text={refused ?? flow.message ?? ''} />
      </p>
      <Step {...page} />
      <p>
        <a href="/">Back to the instances</a>
      </p>
    </main>,
    'Log Claude in',
  )
}

const Step: FC<ClaudeLoginPage> = ({ flow, login }) => {
  switch (flow.state) {
    case 'starting':
      return <Waiting flow={flow} text="Claude prepares a link. This page loads itself again." />
    case 'checking':
      return <Waiting flow={flow} text="Claude checks the code. This page loads itself again." />
    case 'code':
      return <Code flow={flow} />
    case 'failed':
      return <Start flow={flow} text="The login failed." />
    case 'done':
      return <Start flow={flow} text={words[login === 'logged_out' ? login : 'logged_in']} />
    case 'idle':
      return <Start flow={flow} text={words[login]} />
  }
}

const pathOf = ({ account }: LoginFlow, form = ''): string =>
  `/claude-login${form}` +
  (account === defaultAccount ? '' : `?account=${encodeURIComponent(account)}`)

const words = {
  logged_in: 'Claude is logged in. A new login replaces this one.',
  logged_out: 'Claude is not logged in.',
  unknown: 'lab does not know yet whether Claude is logged in.',
} as const

const Start: FC<{ flow: LoginFlow; text: string }> = ({ flow, text }) => (
  <form method="post" action={pathOf(flow)}>
    <p>{text}</p>
    <button class="button primary">Start a login</button>
  </form>
)

const Waiting: FC<{ flow: LoginFlow; text: string }> = ({ flow, text }) => (
  <>
    <p role="status">{text}</p>
    <Cancel flow={flow} />
  </>
)

const Code: FC<{ flow: LoginFlow }> = ({ flow }) => (
  <>
    <p>Open the link, log in there, and copy the code that the last page shows.</p>
    <a
      class="button primary"
      href={flow.url ?? undefined}
      target="_blank"
      rel="noopener noreferrer"
    >
      Open {new URL(flow.url ?? '').host}
    </a>
    <form method="post" action={pathOf(flow, '/code')}>
      <label for="code">Code</label>
      <input
        id="code"
        name="code"
        maxlength={codeCharsMax}
        autocomplete="off"
        autocapitalize="none"
        autocorrect="off"
        spellcheck={false}
        enterkeyhint="go"
        required
      />
      <button class="button primary">Send the code</button>
    </form>
    <Cancel flow={flow} />
  </>
)

const Cancel: FC<{ flow: LoginFlow }> = ({ flow }) => (
  <form method="post" action={pathOf(flow, '/cancel')}>
    <button class="button">Cancel the login</button>
  </form>
)
