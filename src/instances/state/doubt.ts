// How an instance ended, and what makes lab say that it does not know whether it lives.
import type { Evidence } from '../../core/instance.ts'
import type { LeftRecord } from '../../store/facts.ts'

/** A tmux server by identity; `start` is null where it is not known. */
export interface ServerId {
  readonly pid: number
  readonly start: string | null
}

export interface Doubt {
  /** A sentence for the operator, and what to do. */
  readonly because: string
  /** The socket of the server in which it runs, where that is another than lab's. */
  readonly socket: string | null
}

export interface Ended {
  readonly at: string
  readonly evidence: Evidence
  /** What outlived it. */
  readonly left: readonly LeftRecord[]
  /** Its place among all ends; none in the record of an older lab. */
  readonly order?: number | undefined
}
