// lab on a disk without room, and with its folder removed: it shows, stops, refuses starts with the right
// remedy, and writes what it knows once it can.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { test as base, type TestLab } from '../fixtures/lab.ts'
import { fooAndBar, isAlive, notesLeft, sessions } from '../fixtures/life.ts'
import { noSmallDisk, smallDisk, type SmallDisk } from '../fixtures/small-disk.ts'
import { until } from '../fixtures/until.ts'

/** `disk` holds the state directory. */
const test = base.extend<{ disk: SmallDisk }>({
  disk: async ({ lab }, use) => {
    const disk = smallDisk(lab.stateDir)
    await use(disk)
    await lab.end('SIGKILL')
    disk.unmount()
  },
})

async function start(lab: TestLab) {
  return lab.call('POST', '/api/v1/projects/foobar/instances')
}

function recordOf(lab: TestLab, id: string) {
  const { instances } = JSON.parse(readFileSync(join(lab.stateDir, 'state.json'), 'utf8')) as {
    instances: { id: string; ended: { evidence: { reason: string } } | null }[]
  }
  return instances.find((record) => record.id === id)
}

describe.skipIf(noSmallDisk !== null)(`a full disk (${noSmallDisk ?? 'mounted'})`, () => {
  test('does not end lab, which stops, shows an end, refuses a start, and writes later', async ({
    lab,
    disk,
  }) => {
    const [foo, bar] = await fooAndBar(lab)
    disk.fill()
    await lab.call('DELETE', `/api/v1/instances/${foo.id}`)
    await lab.reaches(foo.id, 'stopped')
    process.kill(bar.pid!, 'SIGKILL')
    const died = await lab.reaches(bar.id, 'error')
    expect(died.evidence).toMatchObject({ reason: 'signal', signal: 'SIGKILL' })
    expect(await start(lab)).toMatchObject({
      status: 503,
      body: {
        error: {
          code: 'store_unwritable',
          message: expect.stringContaining('No space is left on its disk: make room there.'),
        },
      },
    })
    expect((await lab.call('GET', '/readyz')).body).toBe('unwritable\n')
    expect((await lab.call('GET', '/')).body).toContain('data-notice="store_unwritable"')

    disk.empty()
    await until(async () => (await lab.call('GET', '/readyz')).status === 200, {
      what: 'the store to be written without another change',
    })
    expect(recordOf(lab, foo.id)?.ended?.evidence.reason).toBe('stopped')
    expect(recordOf(lab, bar.id)?.ended?.evidence.reason).toBe('signal')
    expect((await lab.call('GET', '/')).body).not.toContain('data-notice="store_unwritable"')
    await until(() => notesLeft(lab).length === 0, { what: 'the notes to be removed' })
    const journal = readFileSync(join(lab.stateDir, 'journal.jsonl'), 'utf8')
    for (const line of journal.trimEnd().split('\n')) JSON.parse(line)
    expect(journal).toMatch(new RegExp(`${bar.id}.*SIGKILL`))
  })

  test.for(['full', 'mounted read-only'])(
    'that is %s lets lab start, show, stop, and show an end without a note',
    async (kind, { lab, disk }) => {
      const [foo, bar] = await fooAndBar(lab)
      await lab.end()
      disk.fill()
      if (kind !== 'full') disk.readOnly(true)
      process.kill(bar.pid!, 'SIGKILL')
      await lab.boot('--password-file', passwordIn(lab))
      await lab.end()
      await lab.boot()
      const { evidence } = await lab.reaches(bar.id, 'error')
      expect(evidence?.message).toMatch(/^The agent /)
      // Where not even a link can be made only tmux knows the signal, and not each tmux always does.
      if (kind === 'full') expect(evidence).toMatchObject({ signal: 'SIGKILL' })
      expect(await lab.reaches(foo.id, 'ready')).toMatchObject({ pid: foo.pid })
      expect((await start(lab)).status).toBe(503)
      expect((await lab.call('GET', '/readyz')).body).toBe('unwritable\n')
      await lab.call('DELETE', `/api/v1/instances/${foo.id}`)
      await lab.reaches(foo.id, 'stopped')
      expect(isAlive(foo.pid)).toBe(false)
      expect(await sessions(lab)).not.toContain('foo')

      if (kind !== 'full') disk.readOnly(false)
      disk.empty()
      await until(async () => (await lab.call('GET', '/readyz')).status === 200, { what: 'room' })
      const made = await start(lab)
      expect(made.status).toBe(201)
      await lab.reaches(made.body.id, 'ready')
      await until(() => serverPidIn(lab) === lab.pid(), { what: 'server.json to name this lab' })
    },
  )
})

test('a removed state directory is made again, and the agents keep running', async ({ lab }) => {
  const [foo, bar] = await fooAndBar(lab)
  const names = ['buffers', 'lock', 'notes', 'server.json', 'state.json']
  removeStateDir(lab)
  await until(() => names.every((name) => existsSync(join(lab.stateDir, name))), {
    what: 'all of it to be there again',
  })
  expect(serverPidIn(lab)).toBe(lab.pid())
  expect(lab.stderr()).toContain('lab makes it again')
  expect((await lab.run('ls')).exitCode).toBe(0)
  await lab.call('POST', `/api/v1/instances/${foo.id}/input`, { text: 'hello', submit: false })
  process.kill(bar.pid!, 'SIGKILL')
  await lab.reaches(bar.id, 'error')
  await lab.end('SIGKILL')
  await lab.boot()
  await lab.reaches(foo.id, 'ready')
  expect((await lab.get(bar.id)).evidence).toMatchObject({ signal: 'SIGKILL' })
})

test('a start works at once after the state directory was removed', async ({ lab }) => {
  await lab.boot()
  removeStateDir(lab)
  const { id } = await lab.start('foo')
  const { pid } = await lab.reaches(id, 'ready')
  process.kill(pid!, 'SIGKILL')
  expect((await lab.reaches(id, 'error')).evidence).toMatchObject({ signal: 'SIGKILL' })
})

/** Removes a folder at once, whatever lab makes there at the same moment. */
function removeStateDir(lab: TestLab): void {
  renameSync(lab.stateDir, `${lab.stateDir}.away`)
  rmSync(`${lab.stateDir}.away`, { recursive: true })
}

function serverPidIn(lab: TestLab): number {
  const text = readFileSync(join(lab.stateDir, 'server.json'), 'utf8')
  return (JSON.parse(text) as { pid: number }).pid
}

function passwordIn(lab: TestLab): string {
  mkdirSync(join(lab.dir, 'secret'))
  const path = join(lab.dir, 'secret/password')
  writeFileSync(path, 'right\n', { mode: 0o600 })
  return path
}
