// What went wrong with each instance without ending it, from the records of the log: `lab doctor REF` shows
// it. Bounded, and empty after a restart of lab.
import type { Log } from './log.ts'

/** One warning or error of the log that names an instance. */
export interface Problem {
  /** ISO 8601. */
  readonly at: string
  readonly message: string
}

export interface Problems {
  /** The log to use in place of the given one. */
  readonly log: Log
  /** The latest problems of an instance, oldest first. */
  of(id: string): readonly Problem[]
}

const perInstanceMax = 20
const instancesMax = 200

/** Keeps what a log is told about instances. */
export function keepProblems(log: Log, now: () => number): Problems {
  const kept = new Map<string, Problem[]>()

  function keep(fields: unknown, message: string | undefined): void {
    const { instance, err, because } = (fields ?? {}) as Readonly<Record<string, unknown>>
    if (typeof instance !== 'string') return
    const why = err instanceof Error ? err.message : because
    const reason = typeof why === 'string' ? `: ${why}` : ''
    const problem = { at: new Date(now()).toISOString(), message: `${message ?? ''}${reason}` }
    const before = kept.get(instance) ?? []
    kept.delete(instance)
    kept.set(instance, [...before, problem].slice(-perInstanceMax))
    for (const oldest of kept.keys()) {
      if (kept.size <= instancesMax) break
      kept.delete(oldest)
    }
  }

  function keeping(degree: 'warn' | 'error'): Log['warn'] {
    return (fields: object | string, message?: string) => {
      keep(fields, message)
      if (typeof fields === 'string') log[degree](fields)
      else log[degree](fields, message ?? '')
    }
  }

  return {
    log: {
      debug: log.debug.bind(log),
      info: log.info.bind(log),
      warn: keeping('warn'),
      error: keeping('error'),
    },
    of: (id) => kept.get(id) ?? [],
  }
}
