// The descent of the processes in a table, and the marks that they carry. Pure.
import type { ProcessEntry, ProcessTable } from './proc.ts'

interface TableIndex {
  readonly children: ReadonlyMap<number, readonly ProcessEntry[]>
  readonly marked: ReadonlyMap<string, readonly ProcessEntry[]>
}

// Two hundred stops share one table: each of them looking through all of it would cost minutes.
const indexes = new WeakMap<ProcessTable, TableIndex>()

function indexOf(table: ProcessTable): TableIndex {
  const known = indexes.get(table)
  if (known) return known
  const children = new Map<number, ProcessEntry[]>()
  const marked = new Map<string, ProcessEntry[]>()
  for (const entry of table.values()) {
    append(children, entry.parent, entry)
    if (entry.instance !== null) append(marked, entry.instance, entry)
  }
  const index = { children, marked }
  indexes.set(table, index)
  return index
}

function append<K>(lists: Map<K, ProcessEntry[]>, key: K, entry: ProcessEntry): void {
  const list = lists.get(key)
  if (list) list.push(entry)
  else lists.set(key, [entry])
}

/** Every process below `root`, and `root` itself. */
export function treeOf(table: ProcessTable, root: number): readonly ProcessEntry[] {
  const { children } = indexOf(table)
  const top = table.get(root)
  const found: ProcessEntry[] = top ? [top] : []
  // Read over a moment, a table may hold a pid twice in one line of descent.
  const passed = new Set<number>()
  for (let i = 0; i < found.length; i++) {
    const { pid } = found[i]!
    if (passed.has(pid)) continue
    passed.add(pid)
    found.push(...(children.get(pid) ?? []))
  }
  return found
}

/** Every process that carries the instance's mark. */
export function markedIn(table: ProcessTable, id: string): readonly ProcessEntry[] {
  return indexOf(table).marked.get(id) ?? []
}
