// The buttons that sign out.
import type { FC } from 'hono/jsx'

/** Ends this sign-in, or every one. */
export const SignOut: FC = () => (
  <form class="sign-out" method="post" action="/logout">
    <button class="button quiet">Sign out</button>
    <button class="button quiet" name="everywhere" value="1">
      Sign out everywhere
    </button>
  </form>
)
