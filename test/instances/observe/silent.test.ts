// Files and disks that do not answer, made by an agent or a network: lab still answers, and ends on
// request.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { deadMount, noDeadMount } from '../../fixtures/dead-mount.ts'
import { test, type TestLab } from '../../fixtures/lab.ts'
import { fooAndBar, isAlive, looked } from '../../fixtures/life.ts'
import { until } from '../../fixtures/until.ts'

function fifo(...parts: string[]): void {
  rmSync(join(...parts), { force: true, recursive: true })
  execFileSync('mkfifo', [join(...parts)])
}

/** Fails unless lab sees changes, answers, ends on request, and starts again. */
async function expectWell(lab: TestLab, ids: readonly string[]): Promise<void> {
  await looked(lab)
  for (const id of ids) expect(await lab.get(id)).toMatchObject({ state: 'ready' })
  const { pid } = await lab.get(ids[0]!)
  await lab.end()
  expect(isAlive(pid)).toBe(true)
  await lab.boot()
  for (const id of ids) await lab.reaches(id, 'ready')
}

/** Fails unless lab still answers once a thread of it waits for a disk. */
async function expectAnswers(lab: TestLab): Promise<void> {
  await until(() => threadsWaiting(lab.pid()), { what: 'a thread that waits for the mount' })
  const signal = AbortSignal.timeout(10_000)
  for (const path of ['/', '/api/v1/projects', '/api/v1/server'])
    expect((await fetch(`${lab.url()}${path}`, { signal })).status).toBe(200)
  await looked(lab)
}

describe('lab answers and ends', () => {
  test("with a FIFO as a project's HEAD and as another's .git", async ({ lab }) => {
    const [foo, bar] = await fooAndBar(lab)
    fifo(lab.root, 'foo/.git/HEAD')
    fifo(lab.root, 'bar/.git')
    await expectWell(lab, [foo.id, bar.id])
    expect(await lab.start('bar')).toMatchObject({ workspace: { branch: null } })
  })

  test('with FIFOs in the registry and as a note', async ({ lab }) => {
    const [foo, bar] = await fooAndBar(lab)
    fifo(lab.home, '.claude/sessions/999999.json')
    const { instances } = JSON.parse(readFileSync(join(lab.stateDir, 'state.json'), 'utf8'))
    fifo(lab.stateDir, 'notes', instances[0].note)
    await expectWell(lab, [foo.id, bar.id])
  })

  test('a start refuses a FIFO as .claude.json in words', async ({ lab }) => {
    await lab.boot()
    fifo(lab.home, '.claude.json')
    const refused = await lab.call('POST', '/api/v1/projects/foo/instances')
    expect(refused).toMatchObject({
      status: 409,
      body: { error: { code: 'claude_config_invalid' } },
    })
  })

  test.skipIf(noDeadMount !== null)(
    `with checkouts on a mount that does not answer (${noDeadMount ?? 'mounted'})`,
    async ({ lab }) => {
      const [foo, bar] = await fooAndBar(lab)
      mkdirSync(join(lab.root, 'dead'))
      const release = deadMount(join(lab.root, 'dead/mount'))
      try {
        for (const name of ['foo', 'bar', 'foobar']) {
          rmSync(join(lab.root, name, '.git'), { recursive: true })
          writeFileSync(join(lab.root, name, '.git'), `gitdir: ${lab.root}/dead/mount/${name}\n`)
        }
        await looked(lab)
        // Every reconcile reads the branch, so a thread waits for the disk by now.
        await until(() => threadsWaiting(lab.pid()), { what: 'a thread that waits for the mount' })
        expect((await lab.call('GET', '/')).status).toBe(200)
        await lab.end()
        await lab.boot()
        for (const id of [foo.id, bar.id]) await lab.reaches(id, 'ready')
        // The agent hangs on its own repository; lab does not.
        expect(await lab.start('foobar')).toMatchObject({ state: 'starting' })
        expect((await lab.call('GET', '/')).status).toBe(200)
      } finally {
        release()
      }
    },
  )

  test.skipIf(noDeadMount !== null)(
    `with Claude's directory on a mount that does not answer (${noDeadMount ?? 'mounted'})`,
    async ({ lab }) => {
      await fooAndBar(lab)
      const release = deadMount(join(lab.home, '.claude'))
      try {
        await expectAnswers(lab)
      } finally {
        release()
      }
    },
  )

  test.skipIf(noDeadMount !== null)(
    `with a folder of the PATH, before tmux's, on a mount that does not answer (${noDeadMount ?? 'mounted'})`,
    async ({ lab }) => {
      const first = join(lab.dir, 'first')
      const path = lab.env['PATH']!
      lab.env['PATH'] = `${first}:${path}`
      await fooAndBar(lab)
      // The test itself runs tmux as well.
      lab.env['PATH'] = path
      const release = deadMount(first)
      try {
        await expectAnswers(lab)
      } finally {
        release()
      }
    },
  )

  test.skipIf(noDeadMount !== null)(
    `and starts with a projects root that does not answer (${noDeadMount ?? 'mounted'})`,
    async ({ lab }) => {
      const [foo] = await fooAndBar(lab)
      await lab.end()
      const release = deadMount(lab.root)
      try {
        await lab.boot()
        await lab.reaches(foo.id, 'ready')
        await lab.call('DELETE', `/api/v1/instances/${foo.id}`)
        await lab.reaches(foo.id, 'stopped')
        await lab.end()
      } finally {
        release()
      }
    },
  )
})

/** Whether a thread of the process waits in the kernel for a FUSE server, or for another process that does. */
function threadsWaiting(pid: number): boolean {
  const stacks = execFileSync('sh', ['-c', `cat /proc/${pid}/task/*/wchan`], { encoding: 'utf8' })
  return /fuse|d_alloc_parallel/.test(stacks)
}
