// `npm run bench [-- NAME… --quick --profile --list]`: measures a built lab against a stand-in agent on
// a private tmux and prints one table; the same as JSON in dist/bench.json. Ends by itself.
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { emptyRow, tableOf, type Row } from './measure.ts'
import type { Bench, Metric } from './metric.ts'
import { createPeers } from './peers.ts'
import type { Delay } from './probe.ts'
import { createStage, endStages, type Stage } from './stage.ts'
import { changes } from './metrics/changes.ts'
import { evidence } from './metrics/evidence.ts'
import { quiet } from './metrics/idle.ts'
import { life } from './metrics/life.ts'
import { program } from './metrics/program.ts'
import { requests } from './metrics/requests.ts'

const dist = resolve(import.meta.dirname, '..')
// A metric that hangs must not keep the rest from being measured.
const metricMs = 10 * 60_000
const quickShare = 10

const all = [...program, ...requests, ...changes, ...quiet, ...life, ...evidence]
// Those that share a stage follow one another, so that only one stage stands at a time.
const order = (name: string): number =>
  name === 'titles' ? 3 : /100|dashboard/.test(name) ? 2 : /^(cycles|stops|cap|evidence|rss|bundle)/.test(name) ? 0 : 1 // prettier-ignore
const metrics = all.toSorted((a, b) => order(a.name) - order(b.name))

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean' }, profile: { type: 'boolean' }, list: { type: 'boolean' } },
})
const unknown = positionals.filter((name) => !metrics.some((metric) => metric.name === name))
if (values.list || unknown.length > 0) {
  if (unknown.length > 0) console.error(`There is no metric ${unknown.join(', ')}. There are:`)
  console.log(metrics.map(({ name }) => name).join('\n'))
  process.exit(unknown.length > 0 ? 2 : 0)
}
const wanted = metrics.filter(({ name }) => positionals.length === 0 || positionals.includes(name))

const delays: Delay[] = []
let standing: { readonly size: number; readonly stage: Stage } | null = null

async function dispose(stage: Stage): Promise<void> {
  const delay = await stage.dispose()
  if (delay) delays.push(delay)
}

async function clear(): Promise<void> {
  const before = standing
  standing = null
  if (before) await dispose(before.stage)
}

let profiled: Stage | null = null

/** Begins a CPU profile of lab, when asked for and not under way. */
async function profile(stage: Stage): Promise<void> {
  if (!values.profile || profiled === stage) return
  await stage.probe.profile(stage.lab.pid(), null)
  profiled = stage
}

async function endProfile(): Promise<void> {
  const stage = profiled
  profiled = null
  // A lab that was restarted meanwhile has none.
  if (stage)
    await stage.probe
      .profile(stage.lab.pid(), join(dist, `bench-${running}.cpuprofile`))
      .catch(() => undefined)
}

const peers = await createPeers()
let running = ''
const bench: Bench = {
  peers,
  times: (full) => (values.quick ? Math.max(3, Math.ceil(full / quickShare)) : full),
  seconds: (full) => (values.quick ? Math.max(2, full / 5) : full),
  async shared(size) {
    if (standing?.size !== size) {
      await clear()
      say(`starting ${size} instances`)
      standing = { size, stage: await createStage({ size }) }
    }
    await profile(standing.stage)
    return standing.stage
  },
  async own(options, use) {
    await clear()
    const stage = await createStage(options)
    try {
      if (!options.bare) await profile(stage)
      return await use(stage)
    } finally {
      await endProfile()
      await dispose(stage)
    }
  },
}

function say(text: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`)
}

async function measure({ name, run }: Metric): Promise<readonly Row[]> {
  say(name)
  running = name
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('it did not end in time')), metricMs)
  })
  try {
    return await Promise.race([run(bench), limit])
  } catch (error) {
    const { message, cause } = error as Error
    // What it left its stage in is not known.
    await clear().catch(() => undefined)
    return [
      emptyRow(name, `failed: ${message}${cause ? ` (${(cause as Error).message})` : ''}`, false),
    ]
  } finally {
    clearTimeout(timer)
    await endProfile()
  }
}

function delayRow(): Row {
  const most = (key: 'p50' | 'p95' | 'p99' | 'max'): number =>
    Math.max(...delays.map((delay) => delay[key]))
  const p95 = most('p95')
  return {
    ...emptyRow('event-loop delay during all of it', '', p95 <= 20),
    n: delays.reduce((sum, { n }) => sum + n, 0),
    unit: 'ms',
    p50: most('p50'),
    p95,
    p99: most('p99'),
    worst: most('max'),
    limit: 20,
    note: `perf_hooks inside lab, the worst of ${delays.length} runs; with the machine's own delays`,
  }
}

const rows: Row[] = []
const load = loadavg()
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    void Promise.allSettled([endStages(), peers.dispose()]).finally(() => process.exit(130))
  })
try {
  for (const metric of wanted) rows.push(...(await measure(metric)))
} finally {
  await clear().catch(() => undefined)
  await peers.dispose()
}
if (delays.length > 0) rows.push(delayRow())

const machine = {
  at: new Date().toISOString(),
  quick: values.quick ?? false,
  node: process.version,
  tmux: execFileSync('tmux', ['-V'], { encoding: 'utf8' }).trim(),
  cores: cpus().length,
  loadBefore: load,
  loadAfter: loadavg(),
}
mkdirSync(dist, { recursive: true })
writeFileSync(join(dist, 'bench.json'), `${JSON.stringify({ ...machine, rows }, null, 2)}\n`)
console.log(tableOf(rows))
console.log(
  `\n${machine.cores} cores, load ${load[0]!.toFixed(1)} before and ${machine.loadAfter[0]!.toFixed(1)} after; Node ${machine.node}, ${machine.tmux}; dist/bench.json holds the same`,
)
process.exit(rows.some(({ ok }) => ok === false) ? 1 : 0)
