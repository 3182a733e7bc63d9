// The failures of what lab types into an agent's terminal.
import { LabError } from '../errors.ts'

/** The instance has ended or is ending, so nobody reads what lab would type. */
export class NotRunning extends LabError {
  constructor(name: string, state: string) {
    super('not_running', `${name} is ${state}. Resume it first.`)
  }
}

/** A question or a dialog is open. It would take a typed text for its answer. */
export class DialogOpen extends LabError {
  constructor(name: string, waitingFor: string | null) {
    const what = waitingFor === null ? '' : ` (${waitingFor})`
    super('dialog_open', `${name} waits for you${what}. Answer it first, then send the text.`)
  }
}

/** lab does not know whether the agent would take a text as a prompt. */
export class StateUnknown extends LabError {
  constructor(name: string, because: string) {
    super(
      'unknown',
      `lab does not know what ${name} does: ${because.replace(/\.$/, '')}. Try again, or look at its screen.`,
    )
  }
}

/** The agent did not get a text, for a reason that is no failure. The page shows the reason at the form. */
export class NotSent extends LabError {
  constructor(reason: string) {
    super('not_sent', reason)
  }
}
