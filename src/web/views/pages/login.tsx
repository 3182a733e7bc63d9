// The page where one signs in. It needs no script.
import type { AssetPaths } from '../../assets/static.ts'
import { documentOf } from '../shell.tsx'
import type { RenderContext } from '../render-context.ts'

/** Renders the form; `next` is where it leads, `message` why it came back. */
export function renderLogin(
  { next, message }: { readonly next: string; readonly message?: string },
  at: RenderContext,
  assets: AssetPaths,
): string {
  return documentOf(
    { css: assets.css },
    at,
    <main class="sign-in">
      <h1>lab</h1>
      <form method="post" action="/login">
        <input type="hidden" name="next" value={next} />
        {/* For password managers, which file a password under a name. */}
        <input
          class="unseen"
          name="username"
          value="lab"
          autocomplete="username"
          tabindex={-1}
          aria-hidden="true"
          readonly
        />
        <label for="password">Password</label>
        <input
          id="password"
          name="password"
          type="password"
          autocomplete="current-password"
          enterkeyhint="go"
          required
          autofocus
          aria-describedby="refused"
          aria-invalid={message === undefined ? undefined : 'true'}
        />
        <p id="refused" class="message" role="alert">
          {message}
        </p>
        <button class="button primary">Sign in</button>
      </form>
    </main>,
  )
}
