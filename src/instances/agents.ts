// Which process is an instance's agent, and what Claude's registry says of it.
import type { Registry, RegistryEntry } from '../claude/registry.ts'
import { childrenOf, readProcess } from '../processes.ts'
import type { Entry } from './entry.ts'

// A wrapper or two between keeper and agent; more is no agent of lab's.
const depthMax = 16

/** Gives each instance the registry entry that lies in its pane's process tree, nearest the keeper. */
export function joinRegistry(live: readonly Entry[], registry: Registry): void {
  const byKeeper = new Map<number, Entry>()
  for (const entry of live) if (entry.session?.panePid) byKeeper.set(entry.session.panePid, entry)
  const found = new Map<Entry, { entry: RegistryEntry; start: string; depth: number }>()
  for (const candidate of registry.entries()) {
    const process = readProcess(candidate.pid)
    // A file outlives `kill -9`, and pids come again: only the process that wrote it is meant.
    if (!process || (candidate.procStart !== null && candidate.procStart !== process.start))
      continue
    let parent = process.parent
    for (let depth = 0; depth < depthMax && parent > 1; depth++) {
      const entry = byKeeper.get(parent)
      if (entry) {
        const nearest = found.get(entry)
        if (!nearest || depth < nearest.depth)
          found.set(entry, { entry: candidate, start: process.start, depth })
        break
      }
      parent = readProcess(parent)?.parent ?? 0
    }
  }
  for (const entry of live) {
    const match = found.get(entry)
    if (match) {
      entry.registry = match.entry
      entry.agent = { pid: match.entry.pid, start: match.start }
      if (match.entry.conversation) entry.conversation = match.entry.conversation
      if (match.entry.deepLink) entry.deepLink = match.entry.deepLink
    } else if (!entry.agent && entry.session?.panePid)
      entry.agent = firstChild(entry.session.panePid)
  }
}

function firstChild(pid: number): Entry['agent'] {
  const child = childrenOf(pid)[0]
  const process = child === undefined ? null : readProcess(child)
  return process && { pid: process.pid, start: process.start }
}
