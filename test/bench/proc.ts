// What a process costs, read from /proc: CPU with and without its children, memory, files, children.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { childrenOf, proportionalBytes } from '../../src/processes/proc.ts'

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))

function statOf(pid: number): readonly string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

/** Seconds of CPU that the process has used, with those of its children that have ended. */
export function cpuSeconds(pid: number): number {
  const fields = statOf(pid)
  return [11, 12, 13, 14].reduce((sum, i) => sum + Number(fields[i]), 0) / ticksPerSecond
}

/** Grows with every child that ended, by the page faults it took; equal numbers mean no child. */
export function childFaults(pid: number): number {
  const fields = statOf(pid)
  return Number(fields[8]) + Number(fields[10])
}

/** How many files the process holds open. */
export function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length
}

/** Resident memory in MB. */
export function residentMb(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]
  return Number(kilobytes ?? Number.NaN) / 1024
}

/** Proportional memory in MB of all these processes together. */
export function proportionalMb(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + (proportionalBytes(pid) ?? 0), 0) / 1024 / 1024
}

/** What lab runs by: itself, its own children (its tmux clients), and the tmux server. */
export function company(lab: number, server: number): readonly number[] {
  return [lab, ...childrenOf(lab), server]
}
