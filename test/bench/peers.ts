// The peers' way, as the terminal managers do it: one spawned tmux call per session and step, and a
// capture-pane of every session each 500 ms. On a private server of its own, without lab.
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { createTmuxSandbox } from '../fixtures/tmux.ts'
import { until } from '../fixtures/until.ts'
import { cpuSeconds } from './proc.ts'

const pollMs = 500

export interface Peers {
  /** Milliseconds that each of `count` looks at `size` sessions takes. */
  list(size: number, count: number): Promise<readonly number[]>
  /** Milliseconds from `command` typed into a new session by its steps. */
  create(count: number): Promise<readonly number[]>
  /** Milliseconds from the death of a pane's process to the look that finds it gone. */
  death(size: number, count: number): Promise<readonly number[]>
  /** Milliseconds from a change on a pane's screen to the look that finds it. */
  change(size: number, count: number): Promise<readonly number[]>
  /** Percent of a core that looking takes while nothing happens, tmux included. */
  idle(size: number, seconds: number): Promise<number>
  dispose(): Promise<void>
}

type Look = (name: string, text: string | null) => void

export async function createPeers(): Promise<Peers> {
  const sandbox = await createTmuxSandbox()
  const args = ['-L', sandbox.socket, '-f', '/dev/null']
  const spawned = async (...command: readonly string[]): Promise<string> =>
    (await promisify(execFile)('tmux', [...args, ...command], { env: sandbox.env })).stdout
  const names: string[] = []
  let serial = 0

  async function make(): Promise<string> {
    const name = `s${++serial}`
    await spawned('new-session', '-d', '-s', name, '-x', '200', '-y', '50', '--', 'sleep', '99999')
    return name
  }

  async function sized(size: number): Promise<void> {
    while (names.length < size) names.push(await make())
    while (names.length > size) await spawned('kill-session', '-t', `=${names.pop()}`)
  }

  /** One look at every session, one spawned call each. */
  async function round(look: Look): Promise<void> {
    for (const name of names) {
      const text = await spawned('capture-pane', '-p', '-t', `=${name}:`).catch(() => null)
      look(name, text)
    }
  }

  /** Looks every 500 ms while `work` runs. */
  async function looking(look: Look, work: () => Promise<void>): Promise<void> {
    let done = false
    const rounds = (async () => {
      while (!done) {
        const next = performance.now() + pollMs
        await round(look)
        await sleep(Math.max(0, next - performance.now()))
      }
    })()
    try {
      await work()
    } finally {
      done = true
      await rounds
    }
  }

  /** Samples of how long it takes until a look sees what `act` did to a session. */
  async function noticed(
    { size, count }: { size: number; count: number },
    act: (name: string) => Promise<() => boolean>,
    look: Look,
  ): Promise<readonly number[]> {
    await sized(size)
    const samples: number[] = []
    await looking(look, async () => {
      await sleep(pollMs)
      for (let i = 0; i < count; i++) {
        // At any moment of the interval, as it happens.
        await sleep(Math.random() * pollMs)
        // One that died is replaced.
        await sized(size)
        const name = names[Math.floor(Math.random() * names.length)]!
        const isSeen = await act(name)
        const begun = performance.now()
        await until(isSeen, { timeoutMs: 20_000, what: 'the look that sees it' })
        samples.push(performance.now() - begun)
      }
    })
    return samples
  }

  const texts = new Map<string, string | null>()
  const remember: Look = (name, text) => void texts.set(name, text)

  return {
    async list(size, count) {
      await sized(size)
      const samples: number[] = []
      for (let i = 0; i < count; i++) {
        const begun = performance.now()
        await spawned('list-sessions')
        await round(() => {})
        samples.push(performance.now() - begun)
      }
      return samples
    },
    async create(count) {
      await sized(10)
      const samples: number[] = []
      for (let i = 0; i < count; i++) {
        const name = `new${i}`
        const begun = performance.now()
        await spawned('has-session', '-t', `=${name}`).catch(() => null)
        await spawned('new-session', '-d', '-s', name, '-x', '200', '-y', '50')
        await spawned('set-option', '-t', name, 'history-limit', '10000')
        await spawned('send-keys', '-t', name, '-l', 'sleep 99999')
        await spawned('send-keys', '-t', name, 'Enter')
        await spawned('has-session', '-t', `=${name}`)
        samples.push(performance.now() - begun)
        await spawned('kill-session', '-t', `=${name}`)
      }
      return samples
    },
    death: (size, count) =>
      noticed(
        { size, count },
        async (name) => {
          const pid = Number(await spawned('list-panes', '-t', `=${name}:`, '-F', '#{pane_pid}'))
          process.kill(pid, 'SIGKILL')
          return () => {
            if (texts.get(name) !== null) return false
            texts.delete(name)
            names.splice(names.indexOf(name), 1)
            return true
          }
        },
        remember,
      ),
    change: (size, count) =>
      noticed(
        { size, count },
        async (name) => {
          const tty = (await spawned('list-panes', '-t', `=${name}:`, '-F', '#{pane_tty}')).trim()
          const word = `change-${++serial}`
          writeFileSync(tty, `\r\n${word}`)
          return () => texts.get(name)?.includes(word) === true
        },
        remember,
      ),
    async idle(size, seconds) {
      await sized(size)
      const server = Number(await spawned('display-message', '-p', '#{pid}'))
      const used = () => cpuSeconds(process.pid) + cpuSeconds(server)
      let share = 0
      await looking(remember, async () => {
        await sleep(pollMs)
        const [begun, before] = [performance.now(), used()]
        await sleep(seconds * 1000)
        share = ((used() - before) / (performance.now() - begun)) * 1000 * 100
      })
      return share
    },
    dispose: () => sandbox.dispose(),
  }
}
