// Unknown is not dead: a tmux that does not answer, one that is gone, and the operator's own server.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { createTestLab, test, type TestLab } from '../../fixtures/lab.ts'
import { looked, serverPid, sessions, stop } from '../../fixtures/life.ts'
import { until } from '../../fixtures/until.ts'

describe('a tmux that hangs', () => {
  test('makes every state unknown, ends and starts nothing, and leaves all as it was', async ({
    lab,
  }) => {
    await lab.boot()
    const one = await lab.start('foo')
    const two = await lab.start('bar', 'x')
    const pids = [
      (await lab.reaches(one.id, 'ready')).pid!,
      (await lab.reaches(two.id, 'ready')).pid!,
    ]
    const events = await lab.events()
    const server = await serverPid(lab)
    process.kill(server, 'SIGSTOP')
    try {
      await lab.reaches(one.id, 'unknown')
      await lab.reaches(two.id, 'unknown')
      const refused = await lab.call('POST', '/api/v1/projects/foo/instances')
      expect([refused.status, refused.body.error.code]).toEqual([503, 'tmux_unavailable'])
      expect((await lab.call('GET', '/api/v1/server')).body.cap.used).toBe(2)
      expect((await lab.call('GET', '/')).status).toBe(200)
      for (const pid of pids) expect(() => process.kill(pid, 0)).not.toThrow()
    } finally {
      process.kill(server, 'SIGCONT')
    }
    await lab.reaches(one.id, 'ready')
    await lab.reaches(two.id, 'ready')
    expect((await lab.get(one.id)).pid).toBe(pids[0])
    expect((await lab.start('foo')).name).toBe('foo~2')
    const states = events.events.flatMap((event) =>
      event.type === 'instance' ? [event.instance.state] : [],
    )
    expect(states).not.toContain('error')
    expect(states).not.toContain('stopped')
    events.close()
  })

  test('makes a resume fail, which leaves nothing behind once tmux answers again', async ({
    lab,
  }) => {
    await lab.boot()
    const { id } = await lab.start('foo')
    await lab.reaches(id, 'ready')
    const before = await stop(lab, id)
    const server = await serverPid(lab)
    process.kill(server, 'SIGSTOP')
    try {
      const { status, body } = await lab.call('POST', `/api/v1/instances/${id}/resume`)
      expect([status, body.error.code]).toEqual([504, 'tmux_timeout'])
    } finally {
      process.kill(server, 'SIGCONT')
    }
    await until(async () => (await lab.call('GET', '/readyz')).status === 200, { what: 'tmux' })
    // lab finds and removes the session that tmux made when it woke.
    await until(
      async () => (await sessions(lab)).length === 0 && lab.processesOf(id).length === 0,
      {
        what: 'nothing of it',
      },
    )
    await looked(lab)
    expect(await lab.get(id)).toEqual(before)
    expect(lab.processesOf(id)).toEqual([])
    expect((await lab.call('GET', '/api/v1/server')).body.cap.used).toBe(0)
  })

  test('does not keep lab from starting, and lab shows the stored instances as unknown', async ({
    lab,
  }) => {
    await lab.boot()
    const { id } = await lab.start('foo', 'x')
    const { pid } = await lab.reaches(id, 'ready')
    const server = await serverPid(lab)
    await lab.end('SIGKILL')
    process.kill(server, 'SIGSTOP')
    try {
      await lab.boot()
      expect(await lab.get(id)).toMatchObject({ state: 'unknown', name: 'foo~2~x', label: 'x' })
    } finally {
      process.kill(server, 'SIGCONT')
    }
    expect(await lab.reaches(id, 'ready')).toMatchObject({ pid, name: 'foo~2~x' })
  })
})

describe('a tmux server that is killed', () => {
  test('ends every instance with that reason, and the next start makes a new server', async ({
    lab,
  }) => {
    await lab.boot()
    const one = await lab.start('foo')
    const two = await lab.start('bar')
    await lab.reaches(one.id, 'ready')
    await lab.reaches(two.id, 'ready')
    process.kill(await serverPid(lab), 'SIGKILL')
    for (const { id } of [one, two]) {
      const { evidence } = await lab.reaches(id, 'error')
      expect(evidence).toMatchObject({ reason: 'tmux_gone', exitCode: null, signal: null })
    }
    expect((await lab.call('GET', '/api/v1/server')).body.cap.used).toBe(0)
    const again = await lab.start('foo')
    expect(again.name).toBe('foo')
    await lab.reaches(again.id, 'ready')
  })

  test('while lab was away is distinguished from a closed session', async ({ lab }) => {
    await lab.boot()
    const { id } = await lab.start('foo')
    await lab.reaches(id, 'ready')
    await lab.end('SIGKILL')
    await lab.tmux('kill-server')
    await lab.boot()
    expect((await lab.reaches(id, 'error')).evidence!.reason).toBe('tmux_gone')
  })
})

test('lab on the operator’s own server lets plain tmux show the instances, and changes nothing global', async () => {
  const lab = await createTestLab({ socket: 'default' })
  try {
    await lab.tmux('new-session', '-d', '-s', 'mine', 'sleep 600')
    await lab.tmux('set-option', '-g', 'history-limit', '1234')
    const before = await lab.tmux('show-options', '-g')
    await lab.boot()
    await lab.start('foo')
    const fix = await lab.start('foo', 'fix')
    await lab.reaches(fix.id, 'ready')
    const names = (await lab.tmux('ls', '-F', '#{session_name}')).split('\n')
    expect(names.toSorted()).toEqual(['_lab', 'foo', 'foo~2~fix', 'mine'])
    expect(fix.attach).toEqual(['tmux', 'attach', '-t', '=foo~2~fix:'])
    expect(await lab.tmux('show-options', '-g')).toBe(before)
    // Another terminal, in which a person types the command that lab shows.
    await lab.tmux(
      '-L',
      'viewer',
      '-f',
      '/dev/null',
      'new-session',
      '-d',
      '-s',
      'v',
      '-x',
      '120',
      '-y',
      '40',
      `env -u TMUX tmux attach -t '=foo~2~fix:'`,
    )
    await until(async () => (await lab.get(fix.id)).attached === 1, { what: 'somebody attached' })
    await lab.tmux('-L', 'viewer', 'kill-server')
    await lab.call('DELETE', '/api/v1/instances')
    await lab.reaches(fix.id, 'stopped')
    await until(async () => (await lab.tmux('ls', '-F', '#{session_name}')) === '_lab\nmine', {
      what: 'only the operator’s own session left',
    })
  } finally {
    await lab.dispose()
  }
})

test('a session with a copy of an instance’s metadata is foreign, and outlives the instance’s stop', async ({
  lab,
}) => {
  await lab.boot()
  await lab.tmux('new-session', '-d', '-s', 'before', 'sleep 600')
  const { id } = await lab.start('foo')
  await lab.reaches(id, 'ready')
  await lab.tmux('new-session', '-d', '-s', 'after', 'sleep 600')
  for (const name of ['before', 'after'])
    await lab.tmux('set-option', '-t', `=${name}:`, '@lab_id', id)
  await until(async () => (await lab.call('GET', '/api/v1/projects')).body.foreign.length === 2, {
    what: 'both foreign',
  })
  expect((await lab.get(id)).name).toBe('foo')
  await lab.call('DELETE', `/api/v1/instances/${id}`)
  await lab.reaches(id, 'stopped')
  const names = (await lab.tmux('list-sessions', '-F', '#{session_name}')).split('\n')
  expect(names.toSorted()).toEqual(['_lab', 'after', 'before'])
})

/** A page's stream after its first messages; the heartbeat, every 15 s, does not count. */
async function pageStream(
  lab: TestLab,
): Promise<{ words: () => string; close: () => Promise<void> }> {
  const { body } = await fetch(`${lab.url()}/events`, { headers: { 'hx-request': 'true' } })
  const reader = body!.pipeThrough(new TextDecoderStream()).getReader()
  let said = ''
  void (async () => {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      said += value
    }
  })().catch(() => undefined)
  await until(() => said.endsWith('\n\n'), { what: 'the whole picture' })
  return {
    words: () => said.replaceAll('event: beat\ndata:\n\n', ''),
    close: () => reader.cancel(),
  }
}

test('lab spawns and sends nothing while nothing happens', async ({ lab }) => {
  // An agent that reports and sleeps, because an agent that frees memory would cause events.
  const claude = join(lab.dir, 'asleep')
  const program = `#!/bin/sh
case $1 in
auth) echo '{"loggedIn":true}'; exit ;;
--version) echo 2.1.329; exit ;;
esac
mkdir -p "$HOME/.claude/sessions"
cd "$HOME/.claude/sessions"
echo '{"pid":'$$',"status":"idle","bridgeSessionId":"cse_1"}' >part
mv part $$.json
exec sleep 5000
`
  writeFileSync(claude, program, { mode: 0o755 })
  await lab.boot(`--claude=${claude}`)
  const { id } = await lab.start('foo')
  const { pid } = await lab.reaches(id, 'ready')
  await until(() => readFileSync(`/proc/${pid}/stat`, 'utf8').includes(' (sleep) S '), {
    what: 'its sleep',
  })
  // The test first waits for the late effects of a start: the memory, which lab measures while a page is
  // open, and the answers of claude.
  const first = await pageStream(lab)
  await until(async () => (await lab.get(id)).memoryBytes, { what: 'its memory' })
  await until(
    async () => (await lab.call('GET', '/api/v1/server')).body.claude.login === 'logged_in',
    { what: 'the login known' },
  )
  const [events, page] = [await lab.events(), await pageStream(lab)]
  // Page faults of ended children: a single spawned process would add hundreds.
  const childFaults = (): string | undefined => {
    const stat = readFileSync(`/proc/${lab.pid()}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[8]
  }
  const now = (): unknown => ({
    page: page.words(),
    events: events.events.length,
    faults: childFaults(),
  })
  const before = now()
  // Three rounds of the reconcile; memory is measured once or twice.
  const from = performance.now()
  await until(() => performance.now() - from > 7000, {
    timeoutMs: 8000,
    what: 'seven quiet seconds',
  })
  expect(now()).toEqual(before)
  events.close()
  await Promise.all([first.close(), page.close()])
})
