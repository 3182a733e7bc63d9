// The end of the stand-in: gracefully at a signal or /exit, or by a crash that a test chose.
import { setTimeout as sleep } from 'node:timers/promises'
import { untilThere, type Behaviour } from './behaviour.ts'

export interface Ending {
  /** Cleans up, shows the exit message and exits with this code. Later calls change nothing. */
  end(code: number, exitMessage?: readonly string[]): void
  /** Crashes at once: `3` is an exit code, `SIGSEGV` a signal to itself. Only a signal leaves the registry file. */
  die(how: string, exitMessage?: readonly string[]): Promise<never>
  /** Adds a task that runs before the exit. Tasks run in the order of these calls. */
  before(task: () => void | Promise<void>): void
  /** Sets the function that shows the exit message. Without one the message is printed as it is. */
  onExitMessage(show: (exitMessage: readonly string[] | null) => void): void
}

const codes = { SIGTERM: 143, SIGHUP: 129, SIGINT: 0 } as const

/** Handles SIGTERM, SIGHUP and SIGINT, and ignores those that `behaviour` names. */
export function createEnding(behaviour: Behaviour): Ending {
  const tasks: (() => void | Promise<void>)[] = []
  let show = write
  let isEnding = false
  // A stand-in that ignores SIGHUP must stay alive without its terminal.
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
    onExitMessage(next) {
      show = next
    },
  }
}

function write(lines: readonly string[] | null): void {
  process.stdout.write((lines ?? []).map((line) => `${line}\r\n`).join(''))
}

/** Crashes now when `behaviour` plans it without a wait; else plans the crash for later. */
export async function planCrash({ die }: Behaviour, ending: Ending): Promise<void> {
  if (die === null) return
  const crash = () => ending.die(die.signal ?? String(die.exit ?? 1), die.lines)
  const { once, afterMs } = die
  if (once === undefined && afterMs === 0) await crash()
  else
    void (once === undefined ? Promise.resolve() : untilThere(once))
      .then(() => sleep(afterMs))
      .then(crash)
}
