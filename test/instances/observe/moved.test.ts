// Changes below lab: moved folders, lost tmux sockets, and another lab on the same server.
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { describe, expect } from 'vitest'
import { listOnTerminal } from '../../fixtures/api-server.ts'
import { serveSecond } from '../../fixtures/second-lab.ts'
import { createTestLab, test, type TestLab } from '../../fixtures/lab.ts'
import { fooAndBar, isAlive, looked, serverPid, stop } from '../../fixtures/life.ts'
import { until } from '../../fixtures/until.ts'

interface Card {
  readonly key: string
  readonly path: string
}

async function cards(lab: TestLab): Promise<readonly Card[]> {
  return (await lab.call('GET', '/api/v1/projects')).body.projects
}

describe('a folder', () => {
  test('that moved onto the key of a running instance gets its own card', async ({ lab }) => {
    lab.repository('a/b')
    await lab.boot()
    const before = await lab.start('a-b')
    const { pid } = await lab.reaches(before.id, 'ready')
    const [from, to] = [join(lab.root, 'a/b'), join(lab.root, 'a-b')]
    renameSync(from, to)
    await until(async () => (await cards(lab)).some(({ path }) => path === to), {
      what: 'the folder at its new place',
    })
    const after = await lab.start('a-b')
    await lab.reaches(after.id, 'ready')
    const all = await cards(lab)
    expect(new Set(all.map(({ key }) => key)).size).toBe(all.length)
    const keyOf = (folder: string): string => all.find(({ path }) => path === folder)!.key
    expect(keyOf(to)).toBe('a-b')
    const stopped = await lab.call('DELETE', `/api/v1/projects/${keyOf(to)}/instances`)
    expect(stopped.body.results.map(({ id }: { id: string }) => id)).toEqual([after.id])
    await lab.reaches(after.id, 'stopped')
    await looked(lab)
    expect(await lab.get(before.id)).toMatchObject({ state: 'ready', pid, project: keyOf(from) })
    expect(isAlive(pid)).toBe(true)
    await lab.call('DELETE', `/api/v1/projects/${keyOf(from)}/instances`)
    await lab.reaches(before.id, 'stopped')
  })

  test('that is renamed, replaced or removed under an agent shows on its row and in lab ls', async ({
    lab,
  }) => {
    await lab.boot()
    const { id } = await lab.start('foo')
    const { pid } = await lab.reaches(id, 'ready')
    const [from, to] = [join(lab.root, 'foo'), join(lab.root, 'renamed')]
    const reaches = async (moved: object | null): Promise<void> => {
      await until(
        async () => JSON.stringify((await lab.get(id)).workspace.moved) === JSON.stringify(moved),
        { what: `the folder is ${JSON.stringify(moved)}` },
      )
    }
    const page = async (): Promise<string> => (await lab.call('GET', '/')).body
    const details = async (): Promise<string> =>
      (await lab.call('GET', `/instances/${id}/details`)).body
    expect((await lab.get(id)).workspace.moved).toBeNull()
    renameSync(from, to)
    await until(async () => (await cards(lab)).some(({ path }) => path === to), {
      what: 'the card',
    })
    // The page does not wait for a look at the agent's process.
    expect(await page()).toContain('folder gone')
    await reaches({ to })
    expect(await page()).toContain('folder moved')
    expect(await details()).toContain(`<code>${to}</code>`)
    expect(await listOnTerminal(lab.stateDir)).toContain(`its folder is now ${to}`)
    // Another one in its place is not the agent's.
    lab.repository('foo')
    await until(async () => (await cards(lab)).some(({ path }) => path === from), { what: 'foo' })
    await looked(lab)
    await reaches({ to })
    rmSync(from, { recursive: true })
    await lab.end('SIGKILL')
    await lab.boot()
    await reaches({ to })
    renameSync(to, from)
    await reaches(null)
    await until(async () => !/folder (gone|moved)/.test(await page()), {
      what: 'the folder is back',
    })
    rmSync(from, { recursive: true })
    await reaches({ to: null })
    expect(await details()).toContain('The folder was removed.')
    expect(await listOnTerminal(lab.stateDir)).toContain('its folder was removed')
    expect(await lab.get(id)).toMatchObject({ state: 'ready', pid })
    await stop(lab, id)
    const refused = await lab.call('POST', `/api/v1/instances/${id}/resume`)
    expect([refused.status, refused.body.error.code]).toEqual([410, 'project_gone'])
    // No request for a page or a list comes in between, so the resume must look for the folder.
    lab.repository('foo')
    expect((await lab.call('POST', `/api/v1/instances/${id}/resume`)).status).toBe(201)
  })

  test('that is reached by a symbolic link has not moved', async ({ lab }) => {
    const outside = join(lab.dir, 'outside')
    mkdirSync(join(outside, '.git'), { recursive: true })
    symlinkSync(outside, join(lab.root, 'linked'))
    await lab.boot()
    const { id } = await lab.start('linked')
    await lab.reaches(id, 'ready')
    await looked(lab)
    expect((await lab.get(id)).workspace).toMatchObject({
      path: join(lab.root, 'linked'),
      moved: null,
    })
    renameSync(outside, join(lab.dir, 'elsewhere'))
    await until(
      async () => (await lab.get(id)).workspace.moved?.to === join(lab.dir, 'elsewhere'),
      {
        what: 'the move behind the link',
      },
    )
    await stop(lab, id)
  })

  test('that was the last project and is deleted disappears from open pages', async () => {
    const lab = await createTestLab({ projects: ['only'] })
    const abort = new AbortController()
    try {
      await lab.boot()
      const { body } = await fetch(`${lab.url()}/events`, { signal: abort.signal })
      let told = ''
      const read = async (): Promise<void> => {
        for await (const chunk of body!) told += Buffer.from(chunk).toString()
      }
      void read().catch(() => undefined)
      await until(() => told.includes('<section id="p-only" class="card"'), { what: 'the card' })
      rmSync(join(lab.root, 'only'), { recursive: true })
      await until(async () => (await cards(lab)).length === 0, { what: 'a look at the disk' })
      await until(() => /<section id="p-only" [^>]*data-gone/.test(told), { what: 'no card' })
    } finally {
      abort.abort()
      await lab.dispose()
    }
  })

  test('of lab’s own that is removed while lab runs is made again, and lab sees every end', async ({
    lab,
  }) => {
    const [foo, bar] = await fooAndBar(lab)
    // Renamed first, because a write of lab at that moment would make the removal fail.
    const away = join(lab.dir, 'away')
    renameSync(lab.stateDir, away)
    rmSync(away, { recursive: true })
    process.kill(foo.pid!, 'SIGKILL')
    // The exit status is lost, because the keeper has no folder for its note.
    await lab.reaches(foo.id, 'error')
    const { id } = await lab.start('foo')
    await lab.reaches(id, 'ready')
    const facts = JSON.parse(readFileSync(join(lab.stateDir, 'state.json'), 'utf8'))
    expect(facts.instances.map((one: { id: string }) => one.id)).toContain(id)
    expect(await lab.get(bar.id)).toMatchObject({ state: 'ready', pid: bar.pid })
    await stop(lab, bar.id)
    expect(isAlive(bar.pid)).toBe(false)
    expect((await lab.call('GET', '/')).status).toBe(200)
  })
})

/** Removes from the store what an older lab did not write. */
function forgetProcesses(lab: TestLab): void {
  const path = join(lab.stateDir, 'state.json')
  const facts = JSON.parse(readFileSync(path, 'utf8'))
  for (const one of facts.instances) {
    delete one.server
    delete one.keeper
  }
  writeFileSync(path, JSON.stringify(facts))
}

describe('a tmux socket', () => {
  test.for([
    ['its file', (path: string) => rmSync(path)],
    ['its folder', (path: string) => rmSync(dirname(path), { recursive: true })],
  ] as const)(
    'that lost %s is opened again by its server, while lab runs and when lab comes back',
    async ([, remove], { lab }) => {
      await lab.boot()
      const { id } = await lab.start('foo')
      const { pid } = await lab.reaches(id, 'ready')
      const server = await serverPid(lab)
      const path = await lab.tmux('display-message', '-p', '#{socket_path}')
      remove(path)
      await until(() => existsSync(path), { what: 'the socket while lab runs' })
      expect(await serverPid(lab)).toBe(server)
      await lab.end('SIGKILL')
      remove(path)
      await lab.boot()
      expect(await serverPid(lab)).toBe(server)
      expect(await lab.get(id)).toMatchObject({ state: 'ready', pid, name: 'foo' })
      expect((await lab.start('bar')).state).toBe('starting')
      expect(await serverPid(lab)).toBe(server)
    },
  )

  test('that a newer server took makes its instances unknown, with the reason, and a stop ends them', async ({
    lab,
  }) => {
    const [foo, bar] = await fooAndBar(lab)
    const server = await serverPid(lab)
    const path = await lab.tmux('display-message', '-p', '#{socket_path}')
    await lab.end('SIGKILL')
    rmSync(path)
    try {
      // A person may do this; lab never does.
      await lab.tmux('-f', '/dev/null', 'new-session', '-d', '-s', 'newer', 'sleep 600')
      const newer = await serverPid(lab)
      await lab.boot()
      await looked(lab)
      const { state, unknownBecause } = await lab.get(foo.id)
      expect(state).toBe('unknown')
      for (const words of [`process ${server}`, `process ${newer}`, `kill -USR1 ${server}`])
        expect(unknownBecause).toContain(words)
      expect((await lab.call('GET', '/')).body).toContain(`kill -USR1 ${server}`)
      expect((await lab.run('ls')).stdout).toContain(`kill -USR1 ${server}`)
      expect((await lab.call('GET', '/api/v1/server')).body.cap.used).toBe(2)
      expect((await stop(lab, foo.id)).evidence).toMatchObject({ reason: 'stopped', by: 'api' })
      expect([isAlive(foo.pid), isAlive(bar.pid)]).toEqual([false, true])
      // The newer one ends, then the older one opens its socket again, and lab shows bar again.
      await lab.end()
      await lab.tmux('kill-server')
      await until(() => !isAlive(newer), { what: 'the end of the newer server' })
      await lab.boot()
      expect(await lab.reaches(bar.id, 'ready')).toMatchObject({ pid: bar.pid, name: 'bar' })
      expect(await serverPid(lab)).toBe(server)
    } finally {
      if (isAlive(server)) process.kill(server, 'SIGKILL')
    }
  })

  test('of another name, and of the first name again, ends no instance of either server', async ({
    lab,
  }) => {
    await lab.boot()
    const first = await lab.start('foo', 'first')
    const { pid } = await lab.reaches(first.id, 'ready')
    await lab.end()
    try {
      await lab.boot('--tmux-socket=other')
      const away = await lab.reaches(first.id, 'unknown')
      expect(away.unknownBecause).toMatch(/another tmux server .*--tmux-socket/)
      expect(away.attach.slice(0, 2)).toEqual(['tmux', '-S'])
      expect(isAlive(pid)).toBe(true)
      const second = await lab.start('foo', 'second')
      const other = await lab.reaches(second.id, 'ready')
      await lab.end()
      await lab.boot()
      expect(await lab.reaches(first.id, 'ready')).toMatchObject({ pid, unknownBecause: null })
      await looked(lab)
      expect(await lab.get(second.id)).toMatchObject({ state: 'unknown' })
      expect(isAlive(other.pid)).toBe(true)
      const resumed = await lab.call('POST', `/api/v1/instances/${second.id}/resume`)
      expect([resumed.status, resumed.body.error.code]).toEqual([409, 'already_running'])
      // A record of a lab that kept one server for all instances must not end any instance.
      await lab.end()
      forgetProcesses(lab)
      await lab.boot()
      await looked(lab)
      expect(await lab.get(second.id)).toMatchObject({ state: 'unknown' })
      await stop(lab, second.id)
      expect([isAlive(pid), isAlive(other.pid)]).toEqual([true, false])
    } finally {
      await lab.end()
      await lab.tmux('-L', 'other', 'kill-server').catch(() => undefined)
    }
  })

  test('of another name whose server has ended shows the end of its instances', async ({ lab }) => {
    await lab.boot('--tmux-socket=other')
    const { id } = await lab.start('foo')
    await lab.reaches(id, 'ready')
    await lab.end()
    await lab.boot()
    await lab.reaches(id, 'unknown')
    await lab.tmux('-L', 'other', 'kill-server')
    expect((await lab.reaches(id, 'error')).evidence!.reason).toBe('tmux_gone')
  })
})

describe('of two labs', () => {
  test('that start at the same moment on one tmux server, one serves and the other ends with exit 2', async ({
    lab,
  }) => {
    for (const round of [1, 2, 3]) {
      const socket = `both${round}`
      const two = ['a', 'b'].map((name) =>
        serveSecond(lab, `${name}${round}`, `--tmux-socket=${socket}`),
      )
      try {
        const urls = await Promise.all(two.map(({ url }) => url))
        const [winners, losers] = [true, false].map((serves) =>
          two.filter((_, i) => (urls[i] !== null) === serves),
        )
        expect([winners!.length, losers!.length]).toEqual([1, 1])
        expect(await losers![0]!.ended).toBe(2)
        const holder = `held by another lab (process ${winners![0]!.pid})`
        expect(losers![0]!.stderr()).toContain(holder)
      } finally {
        for (const one of two) await one.end()
        await lab.tmux('-L', socket, 'kill-server').catch(() => undefined)
      }
    }
  })

  test('that wait for one tmux server, one gets it when it comes and the other ends with exit 2', async ({
    lab,
  }) => {
    const socket = join(lab.dir, 'given.sock')
    const given = (...args: readonly string[]): Promise<unknown> =>
      execa('tmux', ['-S', socket, ...args], { env: lab.env, extendEnv: false, cwd: '/' })
    const two = [1, 2].map((n) => serveSecond(lab, `given${n}`, `--tmux-socket=${socket}`))
    try {
      const urls = await Promise.all(two.map(({ url }) => url))
      expect(urls.every(Boolean)).toBe(true)
      await given('-f', '/dev/null', 'new-session', '-d', '-s', 'keep', 'sleep 600')
      const ended = await Promise.race(
        two.map(async (one) => ({ loser: one, code: await one.ended })),
      )
      expect(ended.code).toBe(2)
      const winner = two.find((one) => one !== ended.loser)!
      expect(ended.loser.stderr()).toContain(`held by another lab (process ${winner.pid})`)
      const started = await fetch(`${await winner.url}/api/v1/projects/foo/instances`, {
        method: 'POST',
      })
      expect(started.status).toBe(201)
    } finally {
      for (const one of two) await one.end()
      await given('kill-server').catch(() => undefined)
    }
  })
})

test('a lab ends when another lab took its tmux server while it was away', async ({ lab }) => {
  await lab.boot()
  await lab.tmux('kill-server')
  const other = serveSecond(lab, 'other')
  expect(await other.url).not.toBeNull()
  await until(() => lab.stderr().includes('Another lab took the tmux server'), {
    what: 'the first lab giving way',
  })
  await other.end()
})
