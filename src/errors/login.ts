// The failures of a login of Claude Code.
import { LabError } from '../errors.ts'

/** No prompt waits for a code, so whatever runs in the terminal must not get it. */
export class LoginNotAsking extends LabError {
  constructor() {
    super(
      'wrong_state',
      'Claude does not ask for a code now, so lab typed nothing. Look at the login, or start it again.',
    )
  }
}
