// Finding the registry file of an instance's agent, and the cost of thousands of outdated files.
import { describe, expect, test, vi } from 'vitest'
import { parseEntry } from '../../../src/claude/registry-entry.ts'
import type { ClaudeHome } from '../../../src/claude/home.ts'
import type { Registry } from '../../../src/claude/registry/registry.ts'
import { createAgents } from '../../../src/instances/observe/agents.ts'
import { fileOf } from '../../fixtures/registry.ts'

const looked = vi.hoisted(() => ({ at: [] as number[] }))

vi.mock('../../../src/processes/proc.ts', async (original) => {
  const real = await original<typeof import('../../../src/processes/proc.ts')>()
  const readProcess = (pid: number) => {
    looked.at.push(pid)
    return real.readProcess(pid)
  }
  return {
    ...real,
    readProcess,
    isRunning: ({ pid, start }: { pid: number; start: string }) =>
      readProcess(pid)?.start === start,
  }
})

describe('agents', () => {
  test('are looked up once for a file that outlived its process, not at every change', () => {
    const entries = Array.from({ length: 100 }, (_, i) => parseEntry(fileOf(5_000_000 + i))!)
    const candidates = new Set(entries)
    const registry: Registry = {
      read: () => null,
      answers: async () => true,
      entries: () => entries,
      candidates: () => candidates,
      retire: (entry) => void candidates.delete(entry),
      reconcile() {},
      close() {},
    }
    const agents = createAgents(new Map([['default', { registry } as ClaudeHome]]), {
      change: () => ({ isLegal: true, saved: Promise.resolve(true) }),
    })
    agents.join([])
    expect(new Set(looked.at).size).toBe(100)
    looked.at = []
    agents.join([])
    agents.forget()
    agents.join([])
    expect(looked.at).toEqual([])
    // Nor are they gone through again.
    expect(candidates.size).toBe(0)
  })
})
