// The program itself: how fast its commands answer, how large it is, and what it takes to do nothing.
import { execFile } from 'node:child_process'
import { statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { labPath } from '../../fixtures/lab.ts'
import { figureRow, percentile, type Row } from '../measure.ts'
import type { Bench, Metric } from '../metric.ts'
import { residentMb } from '../proc.ts'

async function timed(argv: readonly string[], env: Record<string, string>): Promise<number> {
  const begun = performance.now()
  await promisify(execFile)(process.execPath, argv, { env, cwd: '/', timeout: 20_000 })
  return performance.now() - begun
}

async function commands(bench: Bench): Promise<readonly Row[]> {
  const stage = await bench.shared(10)
  const env = { PATH: stage.lab.env['PATH']!, HOME: stage.lab.home, LAB_STATE_DIR: stage.lab.stateDir } // prettier-ignore
  const own: number[] = []
  const version: number[] = []
  const ls: number[] = []
  const n = bench.times(25)
  // In turn, so that the machine's mood is the same for all three.
  for (let i = 0; i < n; i++) {
    own.push(await timed(['-e', '0'], env))
    version.push(await timed([labPath, '--version'], env))
    ls.push(await timed([labPath, 'ls'], env))
  }
  const node = percentile(own, 0.5)!
  const row = (metric: string, samples: readonly number[]): Row => {
    const p50 = percentile(samples, 0.5)!
    const note = `${p50.toFixed(0)} ms where Node alone takes ${node.toFixed(0)}`
    return figureRow({ metric, n, value: p50 / node, unit: '×', limit: 2.2, note })
  }
  return [row('lab --version / node -e 0', version), row('lab ls / node -e 0', ls)]
}

async function size(): Promise<readonly Row[]> {
  const value = statSync(labPath).size / 1024 / 1024
  return [figureRow({ metric: 'bundle', value, unit: 'MB', limit: 1.5 })]
}

async function rss(bench: Bench): Promise<readonly Row[]> {
  return bench.own({ size: 0, bare: true }, async (stage) => {
    await sleep(bench.seconds(10) * 1000)
    const value = residentMb(stage.lab.pid())
    return [figureRow({ metric: 'RSS of the idle service', value, unit: 'MB', limit: 90 })]
  })
}

export const program: readonly Metric[] = [
  { name: 'bundle', run: size },
  { name: 'rss', run: rss },
  { name: 'commands', run: commands },
]
