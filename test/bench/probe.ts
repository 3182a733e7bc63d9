// Looks into a lab that is being measured: a small module that Node loads before lab (NODE_OPTIONS,
// which lab hands on to nobody) and that answers to SIGUSR2. lab itself knows nothing of it.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { until } from '../fixtures/until.ts'

export interface Delay {
  readonly n: number
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly max: number
}

export interface Probe {
  /** What NODE_OPTIONS must say. */
  readonly nodeOptions: string
  /** Starts or ends the sampling of the event loop's delay, which itself costs a timer. */
  sample(pid: number, on: boolean): Promise<void>
  /** Collects garbage, so that what is left is held. */
  collect(pid: number): Promise<void>
  /** The event loop's delay in ms, over all the time it was sampled. */
  delay(pid: number): Promise<Delay>
  /** Starts a CPU profile; with a file, ends it and writes it there. */
  profile(pid: number, file: string | null): Promise<void>
}

// What perf_hooks samples at; it counts this pause into every value, so it is taken off again.
const resolutionMs = 5

const source = `
import { readFileSync, writeFileSync, renameSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Session } from 'node:inspector'
const dir = DIR
// One for each time of sampling: a histogram that is enabled again counts the pause as a delay.
const histograms = []
const session = new Session()
let connected = false
setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc')
const ms = (ns) => Math.max(0, ns / 1e6 - ${resolutionMs})
const acts = {
  sample({ on }) {
    if (on) histograms.push(monitorEventLoopDelay({ resolution: ${resolutionMs} }))
    if (on) histograms.at(-1).enable()
    else histograms.at(-1)?.disable()
  },
  collect: () => void (gc(), gc()),
  delay() {
    const used = histograms.filter(({ count }) => count > 0)
    const most = (read) => Math.max(0, ...used.map((histogram) => ms(read(histogram))))
    return {
      n: used.reduce((sum, { count }) => sum + count, 0),
      p50: most((histogram) => histogram.percentile(50)),
      p95: most((histogram) => histogram.percentile(95)),
      p99: most((histogram) => histogram.percentile(99)),
      max: most((histogram) => histogram.max),
    }
  },
  profile({ file }) {
    if (file === null) {
      if (!connected) session.connect()
      connected = true
      session.post('Profiler.enable')
      session.post('Profiler.setSamplingInterval', { interval: 200 })
      session.post('Profiler.start')
    } else session.post('Profiler.stop', (error, { profile }) => writeFileSync(file, JSON.stringify(profile)))
  },
}
process.on('SIGUSR2', () => {
  const asked = JSON.parse(readFileSync(dir + '/probe.ask', 'utf8'))
  const answer = acts[asked.act](asked) ?? null
  writeFileSync(dir + '/probe.part', JSON.stringify({ serial: asked.serial, answer }))
  renameSync(dir + '/probe.part', dir + '/probe.answer')
})
`

/** Writes the module into `dir`, which the caller removes. */
export function createProbe(dir: string): Probe {
  const file = join(dir, 'probe.mjs')
  writeFileSync(
    file,
    source.replace('DIR', () => JSON.stringify(dir)),
  )
  let serial = 0

  async function ask(pid: number, act: string, given: object = {}): Promise<unknown> {
    serial += 1
    writeFileSync(join(dir, 'probe.ask'), JSON.stringify({ ...given, act, serial }))
    process.kill(pid, 'SIGUSR2')
    const found = await until(
      () => {
        const text = readFileSync(join(dir, 'probe.answer'), 'utf8')
        const answer = JSON.parse(text) as { serial: number; answer: unknown }
        return answer.serial === serial ? answer : null
      },
      { what: `the probe's answer to ${act}` },
    )
    return found.answer
  }

  return {
    nodeOptions: `--import=${file}`,
    sample: async (pid, on) => void (await ask(pid, 'sample', { on })),
    collect: async (pid) => void (await ask(pid, 'collect')),
    delay: async (pid) => (await ask(pid, 'delay')) as Delay,
    profile: async (pid, target) => void (await ask(pid, 'profile', { file: target })),
  }
}
