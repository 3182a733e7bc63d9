// Which processes are an instance's, from a table in which /proc hides some.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect } from 'vitest'
import { groupsOf } from '../../src/processes/groups.ts'
import { readProcess, type ProcessEntry } from '../../src/processes/proc.ts'
import { test } from '../fixtures/folder.ts'

const id = 'f0f0f0f0-0000-4000-8000-000000000001'

function pidsOf(entry: ProcessEntry): readonly number[] {
  const { own } = groupsOf(new Map([[entry.pid, entry]]), {
    id,
    keeper: null,
    agent: null,
    untouchable: new Set(),
    isReaper: (pid) => pid <= 1,
    isOfService: () => false,
  })
  return own.map(({ pid }) => pid)
}

describe('groupsOf', () => {
  test('leaves out a marked process whose living parent /proc hides', async () => {
    const child = spawn('sleep', ['1000'])
    try {
      await once(child, 'spawn')
      expect(pidsOf({ ...readProcess(child.pid!)!, instance: id })).toEqual([])
    } finally {
      child.kill('SIGKILL')
    }
  })

  test('takes a marked process whose parent ended during the scan', async () => {
    const ended = spawnSync('true').pid
    const child = spawn('sleep', ['1000'])
    try {
      await once(child, 'spawn')
      const entry = { ...readProcess(child.pid!)!, parent: ended, instance: id }
      expect(pidsOf(entry)).toEqual([child.pid])
    } finally {
      child.kill('SIGKILL')
    }
  })
})
