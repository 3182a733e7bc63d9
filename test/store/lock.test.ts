// One lab for each state directory: the lock among real processes.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished } from 'vitest'
import { UsageError } from '../../src/errors.ts'
import { readProcess, type ProcessId } from '../../src/processes/proc.ts'
import { lockStateDir } from '../../src/store/lock.ts'
import { bundle, put, test } from '../fixtures/folder.ts'
import { until } from '../fixtures/until.ts'

const self = readProcess(process.pid)!
const dead: ProcessId = { pid: 2 ** 22 + 1, start: '1' }
const noteOf = ({ pid, start }: ProcessId): string => JSON.stringify({ pid, procStart: start })

describe('one process', () => {
  test('takes the directory, is named to the next process, and frees the directory', ({
    folder,
  }) => {
    const release = lockStateDir(folder, self)
    expect(() => lockStateDir(folder, self)).toThrow(UsageError)
    expect(() => lockStateDir(folder, self)).toThrow(
      `${folder} is held by another lab (process ${process.pid}). Stop that one, or give this one its own --state-dir.`,
    )
    release()
    expect(readdirSync(folder)).toEqual([])
    lockStateDir(folder, self)()
  })

  test.for([
    ['a process that is gone', noteOf(dead)],
    ["another process's pid", noteOf({ ...self, start: '1' })],
    ['nothing', ''],
    ['half a note', noteOf(self).slice(0, 9)],
    ['another shape', '{"pid":"1"}'],
    ['null', 'null'],
  ])('takes over a lock that names %s', ([, text], { folder }) => {
    put(join(folder, 'lock'), text)
    const release = lockStateDir(folder, self)
    expect(JSON.parse(readFileSync(join(folder, 'lock'), 'utf8'))).toEqual({
      pid: self.pid,
      procStart: self.start,
    })
    release()
    expect(readdirSync(folder)).toEqual([])
  })

  test('frees only its own lock', ({ folder }) => {
    const release = lockStateDir(folder, self)
    const other = noteOf({ ...self, start: '1' })
    writeFileSync(join(folder, 'lock'), other)
    release()
    expect(readFileSync(join(folder, 'lock'), 'utf8')).toBe(other)
  })

  test('takes the directory where a lab died while it took it over', ({ folder }) => {
    put(join(folder, 'lock'), noteOf(dead))
    put(join(folder, 'lock.turn'), noteOf(dead))
    put(join(folder, 'lock.turn.turn'), noteOf({ ...dead, pid: dead.pid + 1 }))
    put(join(folder, `lock.${self.pid}.copy`), 'x')
    lockStateDir(folder, self)()
    expect(readdirSync(folder)).toEqual([])
  })

  test('does not take the lock of an earlier process with its pid for its own', ({ folder }) => {
    const mine = put(join(folder, `lock.${self.pid}`), noteOf(dead))
    linkSync(mine, join(folder, 'lock'))
    lockStateDir(folder, self)()
    expect(readdirSync(folder)).toEqual([])
  })
})

const program = `
  import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs'
  import { readProcess } from './src/processes/proc.ts'
  import { lockStateDir } from './src/store/lock.ts'
  const [, , folder, then] = process.argv
  const state = folder + '/state'
  const parent = process.ppid
  const nap = () => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
    // The test that gives the signal is gone, and its folder too, so this process must end without it.
    if (process.ppid !== parent) process.exit(1)
  }
  process.stdout.write('here\\n')
  while (!existsSync(folder + '/go')) nap()
  for (;;) {
    try {
      lockStateDir(state, readProcess(process.pid))
      break
    } catch (error) {
      if (error.code !== 'usage' || then === 'stay') {
        process.stdout.write(error.code === 'usage' ? 'lost ' + error.message + '\\n' : error.stack)
        process.exit(1)
      }
      nap()
    }
  }
  process.stdout.write('won\\n')
  if (then === 'die') {
    // Never two at a time in here, and the lock is left to be taken from a dead process.
    try {
      mkdirSync(folder + '/inside')
      nap()
      rmdirSync(folder + '/inside')
    } catch (error) {
      writeFileSync(folder + '/violated', error.stack)
    }
    process.kill(process.pid, 'SIGKILL')
  }
  process.stdin.resume()
`

interface Racer {
  readonly child: ChildProcess
  said: string
  /** It has ended, and all that it said has been read. */
  isOver: boolean
}

async function race(folder: string, count: number, then: 'stay' | 'die'): Promise<Racer[]> {
  const file = bundle(program, join(folder, 'program.mjs'))
  const racers = Array.from({ length: count }, () => {
    const child = spawn(process.execPath, [file, folder, then], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const racer: Racer = { child, said: '', isOver: false }
    child.stdout.on('data', (data: Buffer) => (racer.said += data.toString()))
    child.once('close', () => (racer.isOver = true))
    return racer
  })
  onTestFinished(() => racers.forEach(({ child }) => child.kill('SIGKILL')))
  await until(() => racers.every(({ said }) => said.startsWith('here\n')), {
    timeoutMs: 30_000,
    what: 'all to stand at the start',
  })
  writeFileSync(join(folder, 'go'), '')
  return racers
}

describe('many processes at the same moment', () => {
  test.for([
    ['no lock', null],
    ["a dead holder's lock", noteOf(dead)],
    ['a lock that cannot be read', '{"pid":'],
  ])(
    'elect exactly one holder, and the others name a process: %s',
    async ([, text], { folder }) => {
      mkdirSync(join(folder, 'state'))
      if (text !== null) put(join(folder, 'state', 'lock'), text)
      const racers = await race(folder, 10, 'stay')
      await until(() => racers.every(({ said }) => /won|lost/.test(said)), {
        timeoutMs: 30_000,
        what: 'all to have an answer',
      })
      const winners = racers.filter(({ said }) => said === 'here\nwon\n')
      expect(winners).toHaveLength(1)
      const pids = racers.map(({ child }) => String(child.pid))
      for (const { said } of racers.filter((racer) => !winners.includes(racer)))
        expect(pids).toContain(
          /^here\nlost .* is held by another lab \(process (\d+)\)/.exec(said)?.[1],
        )
      expect(readFileSync(join(folder, 'state', 'lock'), 'utf8')).toContain(
        `"pid":${winners[0]?.child.pid},`,
      )
      winners[0]?.child.stdin?.end()
      for (const { child } of winners) if (child.exitCode === null) await once(child, 'close')
      // The processes left nothing but the lock.
      expect(readdirSync(join(folder, 'state'))).toEqual(['lock'])
    },
  )

  test('hold the directory one at a time when each holder dies', async ({ folder }) => {
    mkdirSync(join(folder, 'state'))
    put(join(folder, 'state', 'lock'), noteOf(dead))
    const racers = await race(folder, 24, 'die')
    await until(() => racers.every(({ isOver }) => isOver), {
      timeoutMs: 30_000,
      what: 'each to have held it once',
    })
    expect(racers.map(({ said }) => said)).toEqual(racers.map(() => 'here\nwon\n'))
    expect(existsSync(join(folder, 'violated'))).toBe(false)
  })
})
