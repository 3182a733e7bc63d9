// The memory of each instance. lab measures it only while a page is open.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { proportionalBytes, readFamilies, residentBytes } from '../../processes/proc.ts'
import type { Log } from '../../log.ts'
import type { Entry } from '../state/entry.ts'
import type { Ledger } from '../state/ledger.ts'

export interface Memory {
  /** Measures at once and every 5 s, until the caller calls the returned function. */
  watch(): () => void
  /** Whether a caller watches now. */
  isWatched(): boolean
  close(): void
}

const sampleMs = 5000
// An exact measure walks through every mapping, so lab takes one only when the cheap measure has moved
// this much. A smaller change is not worth a message to the phone.
const worthPublishing = 0.05
const stepBytes = 1024 * 1024
// The process families take a look at every process of the machine. A tool that an agent starts between
// two looks counts from the second one on.
const samplesPerFamily = 6
const entriesPerTurn = 8

export function createMemory(ledger: Ledger, log: Log): Memory {
  let watchers = 0
  let timer: NodeJS.Timeout | undefined
  let sampling = false
  const resident = new Map<string, number>()
  let families: Awaited<ReturnType<typeof readFamilies>> = new Map()
  let samples = 0

  function measure(entry: Entry, children: ReadonlyMap<number, readonly number[]>): void {
    const pid = entry.seen.session?.panePid
    if (!pid) return
    // The agent and its descendants count; the keeper above it is lab's own shell.
    const tree = [...(children.get(pid) ?? [])]
    for (let i = 0; i < tree.length; i++) tree.push(...(children.get(tree[i]!) ?? []))
    const now = tree.reduce((sum, process) => sum + residentBytes(process), 0)
    const before = resident.get(entry.id)
    if (before !== undefined && Math.abs(now - before) <= before * worthPublishing) return
    resident.set(entry.id, now)
    const parts = tree.map(proportionalBytes).filter((bytes) => bytes !== null)
    const total = parts.reduce((sum, bytes) => sum + bytes, 0)
    const memoryBytes = total > 0 ? Math.ceil(total / stepBytes) * stepBytes : null
    ledger.change(entry, { seen: { memoryBytes } })
  }

  function sample(): void {
    if (sampling) return
    sampling = true
    void measureAll()
      .catch((err: unknown) => log.warn({ err }, 'lab could not measure the memory'))
      .finally(() => (sampling = false))
  }

  async function measureAll(): Promise<void> {
    const live = ledger.live()
    // A new instance gets its measure with this sample.
    const isNew = live.some(({ id, seen }) => seen.session && !resident.has(id))
    if (isNew || samples++ % samplesPerFamily === 0) families = await readFamilies()
    for (const [i, entry] of live.entries()) {
      measure(entry, families)
      if (i % entriesPerTurn === 0) await nextTurn()
    }
    for (const id of resident.keys()) if (!ledger.find(id)?.seen.session) resident.delete(id)
  }

  function stop(): void {
    clearInterval(timer)
    timer = undefined
  }

  return {
    watch() {
      watchers += 1
      if (!timer) {
        timer = setInterval(sample, sampleMs)
        sample()
      }
      let watching = true
      return () => {
        if (!watching) return
        watching = false
        watchers -= 1
        if (watchers === 0) stop()
      }
    },
    isWatched: () => watchers > 0,
    close: stop,
  }
}
