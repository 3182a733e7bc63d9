// The spool with the real shim: /bin/sh, mkfifo and a watched folder.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { shim } from '../../src/claude/hooks/shim.ts'
import { openSpool, type Spool, type SpoolFile } from '../../src/store/spool.ts'
import { test as base } from '../fixtures/folder.ts'
import { isAlive } from '../fixtures/life.ts'
import { until } from '../fixtures/until.ts'

let dir: string
let spool: Spool
let heard: { id: string; file: SpoolFile }[] = []
const children: ChildProcess[] = []

const test = base.extend<{ opened: void }>({
  opened: [
    async ({ folder }, use) => {
      dir = folder
      mkdirSync(join(dir, 'bin'))
      writeFileSync(join(dir, 'bin/lab-hook'), shim)
      heard = []
      spool = openSpool(join(dir, 'spool'), (id, file) => heard.push({ id, file }))
      await use()
      spool.close()
      for (const child of children.splice(0)) child.kill('SIGKILL')
    },
    { auto: true },
  ],
})

/** Runs a hook as Claude does and returns its process with what it printed. */
function hook(
  event: string,
  body: object | string,
  id = 'one',
): ChildProcess & { said: () => string } {
  const env = { PATH: process.env['PATH'], LAB_STATE_DIR: dir, LAB_INSTANCE: id }
  const child = spawn('/bin/sh', [join(dir, 'bin/lab-hook'), event], { env })
  children.push(child)
  let out = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (out += part))
  child.stdin.end(typeof body === 'string' ? body : JSON.stringify(body))
  return Object.assign(child, { said: () => out })
}

const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => child.on('exit', resolve))
const names = (): string[] => heard.map(({ file }) => file.event)

describe('a spool', () => {
  test('hears each event with its text, and keeps no file of it', async () => {
    spool.prepare('one')
    spool.watch('one')
    const child = hook('Stop', { last: 'wörd "$HOME" `x`' })
    expect(await ended(child)).toBe(0)
    await until(() => heard.length === 1, { what: 'the event' })
    const [{ id, file }] = heard as [{ id: string; file: SpoolFile }]
    expect([id, file.event, file.pid]).toEqual(['one', 'Stop', child.pid])
    expect(JSON.parse(file.text)).toEqual({ last: 'wörd "$HOME" `x`' })
    expect(Math.abs(Date.now() - file.at)).toBeLessThan(60_000)
    expect(readdirSync(join(dir, 'spool/one'))).toEqual([])
    expect(child.said()).toBe('')
  })

  test('reads what hooks wrote while lab was away, the oldest first', async () => {
    spool.prepare('one')
    for (const event of ['SessionStart', 'UserPromptSubmit', 'Stop']) await ended(hook(event, {}))
    expect(heard).toEqual([])
    spool.watch('one')
    expect(names()).toEqual(['SessionStart', 'UserPromptSubmit', 'Stop'])
  })

  test('keeps only the last time of a PostToolUse, without its body', async () => {
    spool.prepare('one')
    for (let i = 0; i < 3; i++) await ended(hook('PostToolUse', { secret: 'x'.repeat(1000) }))
    spool.watch('one')
    expect(heard.map(({ file }) => [file.event, file.text])).toEqual([['PostToolUse', '']])
  })

  test('stays bounded while lab is away', { timeout: 60_000 }, async () => {
    spool.prepare('one')
    const folder = join(dir, 'spool/one')
    for (let i = 0; i < 400; i++) writeFileSync(join(folder, `Stop.1.${i}`), '')
    await ended(hook('Stop', {}))
    expect(readdirSync(folder).length).toBeLessThanOrEqual(351)
    await ended(hook('UserPromptSubmit', 'x'.repeat(6 * 1024 * 1024)))
    const long = readdirSync(folder).find((name) => name.startsWith('UserPromptSubmit'))
    expect(statSync(join(folder, long!)).size).toBe(4 * 1024 * 1024)
  })

  test('reads what is too much for one look at the next ones, and loses nothing', () => {
    spool.prepare('one')
    const folder = join(dir, 'spool/one')
    for (let i = 0; i < 12; i++) writeFileSync(join(folder, `Stop.1.${i}`), 'x'.repeat(2 ** 21))
    spool.watch('one')
    expect(heard.length).toBeLessThan(12)
    spool.look()
    expect(heard).toHaveLength(12)
    expect(readdirSync(folder)).toEqual([])
  })

  test('holds nothing that lab may not look at', () => {
    expect(spool.holds('one', 'x'.repeat(300))).toBe(false)
    expect(spool.holds('one/two', 'Stop.1.a')).toBe(false)
  })

  test('makes its folders for its user alone', () => {
    spool.prepare('one')
    expect(statSync(join(dir, 'spool/one')).mode & 0o777).toBe(0o700)
  })

  test('takes nothing that is no event of a hook', () => {
    spool.prepare('one')
    const folder = join(dir, 'spool/one')
    execFileSync('mkfifo', [join(folder, 'Stop.1.fifo')])
    mkdirSync(join(folder, 'Stop.1.folder'))
    writeFileSync(join(folder, 'notes.txt'), '')
    writeFileSync(join(folder, 'Stop.1.large'), Buffer.alloc(5 * 1024 * 1024))
    spool.watch('one')
    expect(heard).toEqual([])
  })
})

describe('a waiting hook', () => {
  async function waiting(): Promise<{ child: ReturnType<typeof hook>; name: string }> {
    const before = heard.length
    if (before === 0) spool.prepare('one')
    spool.watch('one')
    const child = hook('PermissionRequest', { tool_name: 'Bash' })
    await until(() => heard.length > before, { what: 'the request' })
    return { child, name: heard.at(-1)!.file.name }
  }

  test('prints the answer and ends, and its file goes', async () => {
    const { child, name } = await waiting()
    const end = ended(child)
    expect(spool.holds('one', name)).toBe(true)
    const text = JSON.stringify({ answer: 'x'.repeat(200_000) })
    expect(await spool.answer('one', name, text)).toBe(true)
    expect(await end).toBe(0)
    expect(child.said()).toBe(text)
    expect(spool.holds('one', name)).toBe(false)
    expect(await spool.answer('one', name, '{}')).toBe(false)
  })

  test('is known to the next lab, which can answer it', async () => {
    const { child, name } = await waiting()
    spool.close()
    const next: string[] = []
    spool = openSpool(join(dir, 'spool'), (_id, file) => next.push(file.name))
    spool.watch('one')
    expect(next).toEqual([name])
    const end = ended(child)
    expect(await spool.answer('one', name, 'ok')).toBe(true)
    await end
    expect(child.said()).toBe('ok')
  })

  test('takes its file along when Claude ends it', async () => {
    const { child, name } = await waiting()
    const end = ended(child)
    child.kill('SIGTERM')
    expect(await end).toBe(0)
    expect(spool.holds('one', name)).toBe(false)
    expect(readdirSync(join(dir, 'spool/one'))).toEqual([])
  })

  test('that was killed takes no answer', async () => {
    const { child, name } = await waiting()
    const reader = Number(execFileSync('pgrep', ['-P', String(child.pid)], { encoding: 'utf8' }))
    child.kill('SIGKILL')
    process.kill(reader, 'SIGKILL')
    await until(() => !isAlive(reader), { what: 'the reader is gone' })
    expect(await spool.answer('one', name, '{}')).toBe(false)
  })

  test('ends without a decision when lab forgets the instance', async () => {
    const { child } = await waiting()
    const end = ended(child)
    spool.forget('one')
    expect(await end).toBe(0)
    expect(child.said()).toBe('{}')
    await until(() => !existsSync(join(dir, 'spool/one')), { what: 'no folder' })
  })

  test('of two gets only its own answer', async () => {
    const first = await waiting()
    const second = await waiting()
    const ends = [ended(first.child), ended(second.child)]
    await spool.answer('one', second.name, 'second')
    await spool.answer('one', first.name, 'first')
    await Promise.all(ends)
    expect([first.child.said(), second.child.said()]).toEqual(['first', 'second'])
  })
})

describe('the shim', () => {
  test.for(['without a folder', 'without the right to write'])(
    'ends with 0 and no output %s',
    async (how) => {
      if (how.includes('right')) {
        spool.prepare('one')
        // A file in the place of the folder stops root too.
        rmSync(join(dir, 'spool/one'), { recursive: true })
        writeFileSync(join(dir, 'spool/one'), '')
        chmodSync(join(dir, 'spool'), 0o500)
      }
      for (const event of ['Stop', 'PostToolUse', 'PermissionRequest']) {
        const child = hook(event, { body: 'x'.repeat(100_000) })
        expect(await ended(child)).toBe(0)
        expect(child.said()).toBe('')
      }
    },
  )
})
