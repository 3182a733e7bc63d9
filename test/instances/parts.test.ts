// The service's parts, before it is opened.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { createParts } from '../../src/instances/parts.ts'
import type { InstancesDeps } from '../../src/instances/state/deps.ts'
import { openLaunchNotes } from '../../src/store/launch-notes.ts'
import { test } from '../fixtures/folder.ts'
import { mockLog } from '../fixtures/log.ts'
import { recordOf } from '../fixtures/record.ts'

describe('the parts of the service', () => {
  test('know a keeper that no lab wrote down before anything can request a listing', async ({
    folder,
  }) => {
    const notes = openLaunchNotes(join(folder, 'notes'), () => {})
    const record = recordOf({ note: 'launch' })
    const keeper = spawn('sh', [
      '-c',
      'echo ready; read line',
      'lab-keeper',
      '0',
      notes.pathOf('launch'),
    ])
    try {
      // Between fork and exec a process still has the arguments of this one.
      await once(keeper.stdout, 'data')
      const facts = {
        version: 1,
        projects: {},
        instances: [record],
        server: null,
        settings: null,
        givenUp: [],
      }
      const projects = { all: () => [], keyOf: () => null, find: () => undefined }
      const deps = {
        store: { facts, update: (change: (all: object) => void) => Promise.resolve(change(facts)) },
        homes: new Map(),
        openSpool: () => ({}),
        log: mockLog(),
        bootId: record.bootId,
        instancesMax: 6,
        now: Date.now,
        tmux: { argv: ['tmux'], attachArgv: () => [] },
        openLaunchNotes: () => notes,
        openProjects: () => projects,
      } as unknown as InstancesDeps
      const { ledger, observer, memory } = createParts(deps)
      expect(ledger.find(record.id)?.launch.keeper).toMatchObject({ pid: keeper.pid })
      observer.close()
      memory.close()
    } finally {
      keeper.kill()
      notes.close()
    }
  })
})
