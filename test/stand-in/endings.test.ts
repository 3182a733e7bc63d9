import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { until } from '../fixtures/until.ts'
import { isAlive, test, type Stage } from './stage.ts'

const conversation = '11111111-1111-4111-8111-111111111111'
const files = (stage: Stage) =>
  existsSync(stage.sessions) ? readdirSync(stage.sessions) : ([] as string[])

/** Field 7 of /proc/PID/stat, the terminal; 0 means none. */
function terminalOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[4]!
}

describe('a graceful end', () => {
  for (const [signal, status] of [
    ['SIGTERM', 143],
    ['SIGHUP', 129],
    ['SIGINT', 0],
  ] as const)
    test(`exits ${status} and removes the registry file at ${signal}`, async ({ stage }) => {
      const actor = await stage.ready()
      actor.signal(signal)
      expect(await actor.ended()).toBe(status)
      expect(files(stage)).toEqual([])
      await actor.titled('')
    })

  test('exits 0 at /exit or at two C-c', async ({ stage }) => {
    stage.behave({ exitAgainMs: 60_000 })
    const typed = await stage.ready()
    await typed.say('/exit')
    expect(await typed.ended()).toBe(0)
    const pressed = await stage.ready()
    await pressed.keys('C-c')
    await pressed.shows(/Press Ctrl-C again to exit/)
    await pressed.keys('C-c')
    expect(await pressed.ended()).toBe(0)
  })

  test('does not happen at two C-c during a turn', async ({ stage }) => {
    const actor = await stage.ready()
    await actor.say('SLOW 30')
    await actor.shows(/^● chunk 0/)
    await actor.keys('C-c', 'C-c')
    await actor.is('idle')
    await actor.say('SAY still here')
    await actor.shows(/^● still here$/)
  })

  test('shows how to resume, but not before the first prompt', async ({ stage }) => {
    const silent = await stage.ready()
    await silent.say('/exit')
    await silent.ended()
    expect((await silent.screen()).join('\n')).not.toContain('Resume this session')
    const actor = await stage.ready('--session-id', conversation, '--remote-control', 'foo')
    await actor.say('SAY hello')
    await actor.shows(/^● hello$/)
    await actor.say('/exit')
    await actor.ended()
    await actor.shows(/^Resume this session with:$/)
    await actor.shows(new RegExp(`^claude --remote-control foo --resume ${conversation}$`))
  })

  test('ends a running tool and lets it clean up', async ({ stage }) => {
    const actor = await stage.ready()
    await actor.say(
      "TOOL bash trap 'echo bye >bye; exit' TERM; echo $$ >pid; while :; do sleep 0.1; done",
    )
    const file = join(stage.project, 'pid')
    const tool = await until(() => Number(readFileSync(file, 'utf8')) || null, { what: 'a tool' })
    const stat = readFileSync(`/proc/${tool}/stat`, 'utf8').split(' ')
    // The tool leads a process group and a process session.
    expect([Number(stat[4]), Number(stat[5])]).toEqual([tool, tool])
    actor.signal('SIGTERM')
    expect(await actor.ended()).toBe(143)
    expect(isAlive(tool)).toBe(false)
    expect(existsSync(join(stage.project, 'bye'))).toBe(true)
  })
})

describe('a crash', () => {
  test('leaves the registry file behind after SIGKILL', async ({ stage }) => {
    const actor = await stage.ready()
    actor.signal('SIGKILL')
    expect(await actor.ended()).toBe(137)
    expect(files(stage)).toContain(`${actor.pid}.json`)
  })

  for (const [typed, status] of [
    ['DIE 3', 3],
    ['DIE SIGSEGV', 139],
    ['DIE SIGKILL', 137],
  ] as const)
    test(`ends with status ${status} when the prompt is ${typed}`, async ({ stage }) => {
      const actor = await stage.ready()
      await actor.say(typed)
      expect(await actor.ended()).toBe(status)
    })

  test('prints its last line before the first drawing', async ({ stage }) => {
    stage.behave({ die: { afterMs: 0, exit: 7, lines: ['Error: no such thing'] } })
    const actor = await stage.start([])
    expect(await actor.ended()).toBe(7)
    await actor.shows(/^Error: no such thing$/)
    expect(files(stage)).toEqual([])
  })

  for (const afterMs of [50, 400])
    test(`prints a last line of 4 kB after ${afterMs} ms`, async ({ stage }) => {
      const line = 'x'.repeat(4096)
      stage.behave({ die: { afterMs, exit: 1, lines: [line] } })
      const actor = await stage.start([])
      expect(await actor.ended()).toBe(1)
      await until(async () => (await actor.screen()).join('').includes(line), {
        what: 'the whole line',
      })
    })

  test('waits for a file, then sends itself a signal', async ({ stage }) => {
    const now = join(stage.dir, 'now')
    stage.behave({ die: { once: now, afterMs: 0, signal: 'SIGSEGV' } })
    const actor = await stage.ready()
    writeFileSync(now, '')
    expect(await actor.ended()).toBe(139)
    expect(files(stage)).toContain(`${actor.pid}.json`)
  })
})

describe('a start', () => {
  test('waits for the file of `startOnce` before it writes anything', async ({ stage }) => {
    const now = join(stage.dir, 'now')
    stage.behave({ byName: { late: { startOnce: now } } })
    const late = await stage.start(['--name', 'late'])
    await stage.ready()
    expect(late.registry()).toBeNull()
    writeFileSync(now, '')
    await late.is('idle')
  })
})

describe('an ignored signal', () => {
  test('changes nothing, not even without a terminal', async ({ stage }) => {
    stage.behave({ ignore: ['SIGTERM', 'SIGHUP'] })
    const actor = await stage.ready()
    actor.signal('SIGTERM')
    actor.signal('SIGHUP')
    await actor.say('SAY still here')
    await actor.shows(/^● still here$/)
    await stage.sandbox.tmux('kill-session', '-t', '=s1:')
    await until(() => terminalOf(actor.pid) === '0', {
      what: 'the loss of the terminal',
    })
    // A second start takes longer than the end of an empty event loop.
    await stage.ready()
    expect(isAlive(actor.pid)).toBe(true)
    actor.signal('SIGKILL')
  })
})

describe('a child', () => {
  test('that holds the output of its command does not hold up the turn', async ({ stage }) => {
    const actor = await stage.ready()
    await actor.say('TOOL bash sleep 600 & echo started')
    await actor.shows(/^● done$/)
    await actor.is('idle')
  })

  test('outlives the stand-in under setsid, under nohup or in a subshell', async ({ stage }) => {
    const actor = await stage.ready()
    await actor.say('CHILDREN')
    const line = await actor.shows(/^● children \d+ \d+ \d+$/)
    const pids = line.match(/\d+/g)!.map(Number)
    actor.signal('SIGTERM')
    expect(await actor.ended()).toBe(143)
    expect(pids.map(isAlive)).toEqual([true, true, true])
  })

  test('ignores SIGTERM and SIGHUP when it is stubborn', async ({ stage }) => {
    const actor = await stage.ready()
    await actor.say('CHILDREN stubborn')
    const pid = Number((await actor.shows(/^● children \d+$/)).match(/\d+/)![0])
    process.kill(pid, 'SIGTERM')
    process.kill(pid, 'SIGHUP')
    await actor.say('SAY later')
    await actor.shows(/^● later$/)
    expect(isAlive(pid)).toBe(true)
  })
})
