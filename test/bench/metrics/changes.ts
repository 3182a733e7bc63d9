// From something that happens outside lab to the event at a client of /api/v1/events.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Instance } from '../../../src/core/instance.ts'
import { samplesRow, type Row } from '../measure.ts'
import type { Bench, Metric } from '../metric.ts'
import { openStream } from '../events.ts'
import type { Stage } from '../stage.ts'

type Size = 10 | 100

// At any moment between two of lab's reconciles, as it happens.
const pause = (): Promise<void> => sleep(20 + Math.random() * 200)

async function deaths(bench: Bench, size: Size): Promise<readonly Row[]> {
  const stage = await bench.shared(size)
  const samples: number[] = []
  const wrong: string[] = []
  for (let i = 0; i < bench.times(50); i++) {
    await pause()
    const [id, { pid }] = [...stage.live.entries()][i % size]!
    const seen = stage.events().instance(`the end of ${id}`, (one) => one.id === id && one.state === 'error') // prettier-ignore
    const begun = performance.now()
    process.kill(pid!, 'SIGKILL')
    const { event, at } = await seen
    samples.push(at - begun)
    const evidence = event.type === 'instance' ? event.instance.evidence : null
    if (evidence?.signal !== 'SIGKILL' || evidence.lastLines.length === 0)
      wrong.push(JSON.stringify(evidence))
    await stage.forget(id)
    await stage.bring()
  }
  const peers = await bench.peers.death(size, bench.times(15))
  const note = wrong.length > 0 ? `${wrong.length} without signal or last lines: ${wrong[0]}` : ''
  const metric = `death → event, ${size} live`
  const row = samplesRow({ metric, samples, peers, limit: 50, note })
  return [{ ...row, ok: row.ok === true && wrong.length === 0 }]
}

/** Rewrites the registry file of an agent in place, as the agent itself does; returns when it began. */
function rewrite(stage: Stage, pid: number, change: (now: string) => object): number {
  const file = join(stage.lab.home, '.claude/sessions', `${pid}.json`)
  const fields = JSON.parse(readFileSync(file, 'utf8')) as { status: string }
  const text = JSON.stringify({ ...fields, ...change(fields.status) })
  const begun = performance.now()
  writeFileSync(file, text)
  return begun
}

async function registryChanges(bench: Bench, size: Size): Promise<readonly Row[]> {
  const stage = await bench.shared(size)
  const samples: number[] = []
  for (let i = 0; i < bench.times(50); i++) {
    await pause()
    const [id, { pid }] = [...stage.live.entries()][i % size]!
    let wanted = ''
    const seen = stage.events().instance('a registry change', (one) => one.id === id && one.state === wanted) // prettier-ignore
    const begun = rewrite(stage, pid!, (status) => {
      wanted = status === 'idle' ? 'busy' : 'ready'
      const updatedAt = Date.now()
      return { status: status === 'idle' ? 'busy' : 'idle', updatedAt, statusUpdatedAt: updatedAt }
    })
    samples.push((await seen).at - begun)
  }
  const peers = await bench.peers.change(size, bench.times(15))
  return [samplesRow({ metric: `registry → event, ${size} live`, samples, peers, limit: 50 })]
}

async function renames(bench: Bench, size: Size): Promise<readonly Row[]> {
  const stage = await bench.shared(size)
  const samples: number[] = []
  const names = new Map([...stage.live.values()].map(({ id, name }) => [id, name]))
  for (let i = 0; i < bench.times(50); i++) {
    await pause()
    const [id, name] = [...names.entries()][i % size]!
    const next = `by-hand-${i}`
    const seen = stage.events().instance('a rename', (one) => one.id === id && one.name === next)
    const begun = performance.now()
    await stage.lab.tmux('rename-session', '-t', `=${name}`, next)
    samples.push((await seen).at - begun)
    names.set(id, next)
  }
  const peers = await bench.peers.death(size, bench.times(15))
  const note = 'with the start of the tmux that renames'
  return [samplesRow({ metric: `rename → event, ${size} live`, samples, peers, limit: 50, note })]
}

const clientsCount = 100
// lab takes 32 streams from one address; the whole of 127/8 is this machine.
const perAddress = 25

async function clients(bench: Bench): Promise<readonly Row[]> {
  const stage = await bench.shared(10)
  const seenAt = Array.from({ length: clientsCount }, () => new Map<string, number>())
  const open = await Promise.all(
    seenAt.map((seen, i) => {
      let rest = ''
      const onChunk = (chunk: string, at: number): void => {
        rest += chunk
        for (const [, mark] of rest.matchAll(/"lastActivityAt":"([^"]+)"[^\n]*\n\n/g))
          if (!seen.has(mark!)) seen.set(mark!, at)
        rest = rest.slice(rest.lastIndexOf('\n\n') + 2)
      }
      return openStream(`${stage.lab.url()}/api/v1/events`, onChunk, `127.0.0.${2 + Math.floor(i / perAddress)}`) // prettier-ignore
    }),
  )
  const count = bench.times(200)
  const samples: number[] = []
  const whole: number[] = []
  let lost = 0
  const [{ pid }] = [...stage.live.values()] as [Instance]
  // Each event carries a time of its own, by which every client is asked for it.
  const base = Date.UTC(2031, 0, 1)
  for (let i = 0; i < count; i++) {
    const mark = new Date(base + i * 1000).toISOString()
    const begun = rewrite(stage, pid!, () => ({ updatedAt: base + i * 1000 }))
    const limit = performance.now() + 3000
    while (performance.now() < limit && !seenAt.every((seen) => seen.has(mark))) await sleep(2)
    const times = seenAt.map((seen) => seen.get(mark)).filter((at) => at !== undefined)
    lost += clientsCount - times.length
    const first = Math.min(...times)
    for (const at of times) samples.push(at - first)
    whole.push(Math.max(...times) - begun)
  }
  for (const stream of open) stream.destroy()
  const metric = `${clientsCount} SSE clients, ${count} events`
  const median = whole.sort((a, b) => a - b)[Math.floor(whole.length / 2)]!
  const note = `after the first client had it; ${lost} lost; from the change to the last client ${median.toFixed(1)} ms p50`
  const row = samplesRow({ metric, samples, limit: 25, note })
  return [{ ...row, ok: row.ok === true && lost === 0 }]
}

export const changes: readonly Metric[] = [
  { name: 'death-10', run: (bench) => deaths(bench, 10) },
  { name: 'death-100', run: (bench) => deaths(bench, 100) },
  { name: 'registry-10', run: (bench) => registryChanges(bench, 10) },
  { name: 'registry-100', run: (bench) => registryChanges(bench, 100) },
  { name: 'rename-10', run: (bench) => renames(bench, 10) },
  { name: 'rename-100', run: (bench) => renames(bench, 100) },
  { name: 'clients', run: clients },
]
