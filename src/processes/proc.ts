// What /proc says about processes: identity, descent, and whose instance they belong to. Reads only.
import { readdirSync, readFileSync } from 'node:fs'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { createQueue } from '../queue.ts'
import { unlessAbsent } from './absence.ts'

/** One process; `pid` and `start` together never come twice in one boot. */
export interface ProcessId {
  readonly pid: number
  /** Field 22 of /proc/PID/stat: clock ticks since boot at which it started. */
  readonly start: string
}

export interface ProcessEntry extends ProcessId {
  readonly parent: number
  /** See `instanceOf`. */
  readonly instance: string | null
}

function read(path: string): string | null {
  return unlessAbsent(() => readFileSync(path, 'latin1'), null)
}

interface Stat extends ProcessId {
  readonly parent: number
}

/** What /proc/PID/stat says from the third field on. */
function readStat(pid: number | 'self'): readonly string[] | null {
  const stat = read(`/proc/${pid}/stat`)
  // The command in parentheses may itself hold spaces and parentheses: count from the last one.
  return stat === null ? null : stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

/** The process of that pid as it is now; null when there is none or only its zombie is left. */
export function readProcess(pid: number): Stat | null {
  const fields = readStat(pid)
  const [state, parent] = fields ?? []
  const start = fields?.[19]
  if (state === 'Z' || state === 'X' || start === undefined) return null
  return { pid, start, parent: Number(parent) }
}

/** The leader of a process's session, which is the shell of a terminal; null when it is gone or hidden. */
export function sessionLeaderOf(pid: number | 'self'): ProcessId | null {
  const leader = Number(readStat(pid)?.[3] ?? 0)
  const stat = leader > 0 ? readProcess(leader) : null
  return stat && { pid: stat.pid, start: stat.start }
}

/** Whether a tmux server with something in its panes runs under that pid; one that waits for its last client to go has nothing. */
export function isTmuxServer(pid: number): boolean {
  const isServer = nameOf(pid).startsWith('tmux: server')
  return isServer && childrenOf(pid).some((child) => readProcess(child) !== null)
}

/** The name of a process as the kernel keeps it: 15 characters at most, empty without one. */
export function nameOf(pid: number): string {
  return read(`/proc/${pid}/comm`)?.trimEnd() ?? ''
}

/** Whether exactly this process still runs; a zombie does not. */
export function isRunning({ pid, start }: ProcessId): boolean {
  return readProcess(pid)?.start === start
}

/** Whether a process has that pid now, also one that /proc hides from lab. */
export function isTaken(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // The process lives and is another user's.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** The control groups of a process as the kernel lists them; empty when they may not be read. */
export function readCgroups(pid: number): string {
  return read(`/proc/${pid}/cgroup`) ?? ''
}

/** Every pid that is taken now, from one look at the names in /proc. */
export function runningPids(): ReadonlySet<number> {
  return new Set(readdirSync('/proc').map(Number).filter(Number.isInteger))
}

/** The direct children of a process, as far as the kernel tells; a shell's are in order of age. */
export function childrenOf(pid: number): readonly number[] {
  // The kernel lists a child under the thread that made it.
  return threadsOf(pid).flatMap((thread) => {
    const children = read(`/proc/${pid}/task/${thread}/children`)
    return children ? children.trim().split(' ').filter(Boolean).map(Number) : []
  })
}

function threadsOf(pid: number): readonly string[] {
  return unlessAbsent(() => readdirSync(`/proc/${pid}/task`), [])
}

/** The children of every process, from one pass over /proc that reads no environment. */
export async function readFamilies(): Promise<ReadonlyMap<number, readonly number[]>> {
  const children = new Map<number, number[]>()
  for await (const { pid, parent } of everyProcess()) {
    const siblings = children.get(parent)
    if (siblings) siblings.push(pid)
    else children.set(parent, [pid])
  }
  return children
}

/** Resident memory in bytes, shared pages counted in full; 0 when it may not be read. Cheap. */
export function residentBytes(pid: number): number {
  return Number(read(`/proc/${pid}/statm`)?.split(' ')[1] ?? 0) * pageBytes
}

// What Linux uses wherever Node 20 runs prebuilt; a larger page would only scale a hint.
const pageBytes = 4096

/** Proportional memory in bytes: shared pages divided among their users. Takes up to a millisecond. */
export function proportionalBytes(pid: number): number | null {
  const kilobytes = /^Pss:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/smaps_rollup`) ?? '')?.[1]
  return kilobytes === undefined ? null : Number(kilobytes) * 1024
}

/** The arguments that a process was started with, its program's name first; empty when they may not be read. */
export function argvOf(pid: number): readonly string[] {
  return (read(`/proc/${pid}/cmdline`) ?? '').split('\0').slice(0, -1)
}

/** Names of the variables that a process was started with; empty when they may not be read. */
export function environmentNames(pid: number): readonly string[] {
  const environ = read(`/proc/${pid}/environ`)
  return (environ ?? '')
    .split('\0')
    .map((entry) => entry.split('=', 1)[0]!)
    .filter(Boolean)
}

/** Tells one boot of the machine from the next. */
export function readBootId(path = '/proc/sys/kernel/random/boot_id'): string {
  return read(path)?.trim() ?? 'unknown'
}

const marker = '\0LAB_INSTANCE='

/** The value of `LAB_INSTANCE` that a process was started with; null without one or when it may not be read. */
export function instanceOf(pid: number): string | null {
  return instanceIn(read(`/proc/${pid}/environ`))
}

function instanceIn(environ: string | null): string | null {
  if (!environ) return null
  const text = `\0${environ}`
  const at = text.indexOf(marker)
  if (at < 0) return null
  const end = text.indexOf('\0', at + 1)
  return text.slice(at + marker.length, end < 0 ? undefined : end)
}

const kernelFlag = 0x200000

/** Where a process has its program and its stack, which differs from one program to the next; null while it has none. */
function placeOf(pid: number): string | null {
  const fields = readStat(pid)
  const [code, , stack] = fields?.slice(23) ?? []
  return code === undefined || code === '0' ? null : `${code} ${stack}`
}

const isKernelThread = (pid: number): boolean =>
  (Number(readStat(pid)?.[6] ?? 0) & kernelFlag) !== 0

const settleMsMax = 1000
const settlePollMs = 2

/**
 * The environment of a process that showed none: on its way from one program to the next it has none
 * to show, on a busy machine for up to half a second.
 */
async function environOnceSettled(pid: number): Promise<string | null> {
  if (isKernelThread(pid)) return null
  const deadline = performance.now() + settleMsMax
  for (;;) {
    const place = placeOf(pid)
    const environ = read(`/proc/${pid}/environ`)
    // The same program before and after: it was started without any variable.
    const isEmpty = place !== null && place === placeOf(pid)
    if (environ !== '' || isEmpty || performance.now() > deadline) return environ
    // It ended instead.
    if (readProcess(pid) === null) return null
    await sleep(settlePollMs)
  }
}

// A thousand processes take some 30 ms to read; no turn of the event loop is held longer than a few.
const entriesPerTurn = 50

/** Every process of one pass over /proc. */
async function* everyProcess(): AsyncGenerator<Stat> {
  let count = 0
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    // Also before the first: work that was queued before comes first.
    if (count++ % entriesPerTurn === 0) await nextTurn()
    const stat = readProcess(Number(name))
    if (stat) yield stat
  }
}

async function scan(): Promise<ProcessTable> {
  const table = new Map<number, ProcessEntry>()
  const blank: Stat[] = []
  for await (const stat of everyProcess()) {
    const environ = read(`/proc/${stat.pid}/environ`)
    if (environ === '') blank.push(stat)
    table.set(stat.pid, { ...stat, instance: instanceIn(environ) })
  }
  for (const stat of blank) {
    const environ = await environOnceSettled(stat.pid)
    if (isRunning(stat)) table.set(stat.pid, { ...stat, instance: instanceIn(environ) })
    else table.delete(stat.pid)
  }
  return table
}

export type ProcessTable = ReadonlyMap<number, ProcessEntry>

/** Returns a reader of the whole process table; callers that ask while a scan runs share the next one. */
export function createProcessTableReader(): () => Promise<ProcessTable> {
  const scans = createQueue()
  let next: Promise<ProcessTable> | null = null
  return () => {
    // A scan that has begun may have passed the caller's processes already, so it does not serve it.
    next ??= scans.run(() => {
      next = null
      return scan()
    })
    return next
  }
}

/** A process and all above it, nearest first. */
export function ancestorsOf(pid: number): readonly number[] {
  const found: number[] = []
  for (let at = pid; at > 0 && found.length < 64; at = readProcess(at)?.parent ?? 0) found.push(at)
  return found
}
