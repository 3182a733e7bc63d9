// How this program ends: gracefully at a signal or /exit, or abruptly as it was told to.
// Part of src/demo, which imports no other room.
import type { Behaviour, Death } from './behaviour.ts'

export interface Ending {
  /** Cleans up once and exits with this code; later calls change nothing. */
  end(code: number): void
  /** Ends at once: `3` is an exit status, `SIGSEGV` a signal to itself. Only a signal leaves the registry file. */
  die(how: string): Promise<never>
  /** Adds something to be done before the end: it removes, prints or waits. */
  before(task: () => void | Promise<void>): void
}

const codes = { SIGTERM: 143, SIGHUP: 129, SIGINT: 0 } as const

/** Takes over the signals; `behaviour` says which of them change nothing, and when it ends by itself. */
export function createEnding(behaviour: Behaviour): Ending {
  const tasks: (() => void | Promise<void>)[] = []
  let isEnding = false
  // Keeps a program alive that lost its terminal and ignores the hangup.
  setInterval(() => {}, 2 ** 30)

  async function cleanUp(): Promise<void> {
    for (const task of tasks) await task()
  }

  function end(code: number): void {
    if (isEnding) return
    isEnding = true
    setTimeout(() => void cleanUp().finally(() => process.exit(code)), behaviour.endMs)
  }

  async function die(how: string): Promise<never> {
    isEnding = true
    if (/^\d+$/.test(how)) {
      await cleanUp()
      process.exit(Number(how))
    }
    const signal = how as NodeJS.Signals
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
    return new Promise(() => {})
  }

  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const)
    process.on(signal, () => {
      if (!behaviour.ignore.includes(signal)) end(codes[signal])
    })

  return { end, die, before: (task) => void tasks.push(task) }
}

/** What a planned death does, in terms of `die`. */
export function howOf({ exit, signal }: Death): string {
  return signal ?? String(exit ?? 1)
}
