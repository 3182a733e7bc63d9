// How this program ends: gracefully at a signal or /exit, or abruptly as it was told to.
import { setTimeout as sleep } from 'node:timers/promises'
import { untilThere, type Behaviour } from './behaviour.ts'

export interface Ending {
  /** Cleans up once and exits with this code, leaving `farewell` on the screen; later calls change nothing. */
  end(code: number, exitMessage?: readonly string[]): void
  /** Ends at once: `3` is an exit status, `SIGSEGV` a signal to itself. Only a signal leaves the registry file. */
  die(how: string, exitMessage?: readonly string[]): Promise<never>
  /** Adds something to be done before the end; the last one added is done last. */
  before(task: () => void | Promise<void>): void
  /** Sets who puts the farewell on the screen; without one it is printed as it is. */
  onFarewell(show: (exitMessage: readonly string[] | null) => void): void
}

const codes = { SIGTERM: 143, SIGHUP: 129, SIGINT: 0 } as const

/** Takes over the signals; `behaviour` says which of them change nothing, and when it ends by itself. */
export function createFinish(behaviour: Behaviour): Ending {
  const tasks: (() => void | Promise<void>)[] = []
  let show = write
  let isEnding = false
  // Keeps a program alive that lost its terminal and ignores the hangup.
  setInterval(() => {}, 2 ** 30)

  async function finish(code: number, exitMessage: readonly string[] | null): Promise<never> {
    for (const task of tasks) await task()
    show(exitMessage)
    process.exit(code)
  }

  function end(code: number, exitMessage: readonly string[] | null = null): void {
    if (isEnding) return
    isEnding = true
    setTimeout(() => void finish(code, exitMessage), behaviour.endMs)
  }

  async function die(how: string, exitMessage: readonly string[] = []): Promise<never> {
    isEnding = true
    if (/^\d+$/.test(how)) return finish(Number(how), exitMessage)
    write(exitMessage)
    const signal = how as NodeJS.Signals
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
    return new Promise(() => {})
  }

  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const)
    process.on(signal, () => {
      if (!behaviour.ignore.includes(signal)) end(codes[signal])
    })

  return {
    end,
    die,
    before: (task) => void tasks.push(task),
    onFarewell(next) {
      show = next
    },
  }
}

function write(lines: readonly string[] | null): void {
  process.stdout.write((lines ?? []).map((line) => `${line}\r\n`).join(''))
}

/** Dies now, when that is the plan, or sees to it that it happens later. */
export async function planCrash({ die }: Behaviour, ending: Ending): Promise<void> {
  if (die === null) return
  const strike = () => ending.die(die.signal ?? String(die.exit ?? 1), die.lines)
  const { once, afterMs } = die
  if (once === undefined && afterMs === 0) await strike()
  else
    void (once === undefined ? Promise.resolve() : untilThere(once))
      .then(() => sleep(afterMs))
      .then(strike)
}
