// Requests and their answers: create, list, dashboard; capture and send once they exist.
import type { Instance } from '../../../src/core/instance.ts'
import { emptyRow, percentile, samplesRow, type Row } from '../measure.ts'
import type { Bench, Metric } from '../metric.ts'
import { inParallel } from '../stage.ts'

async function create(bench: Bench): Promise<readonly Row[]> {
  const stage = await bench.shared(10)
  const count = bench.times(50)
  const samples: number[] = []
  let missing = 0
  for (let i = 0; i < count; i++) {
    const project = stage.projects[i % stage.projects.length]!
    const { status, text, ms } = await stage.ask('POST', `/api/v1/projects/${project}/instances`)
    if (status !== 201) throw new Error(`a start was answered ${status}: ${text}`)
    const { id, name } = JSON.parse(text) as Instance
    samples.push(ms)
    await stage.lab.tmux('has-session', '-t', `=${name}`).catch(() => missing++)
    await stage.end(id)
  }
  const peers = await bench.peers.create(count)
  const note = missing > 0 ? `${missing} sessions did not exist at the answer` : ''
  const row = samplesRow({ metric: 'create, 10 live', samples, peers, limit: 50, note })
  return [{ ...row, ok: row.ok === true && missing === 0 }]
}

async function list(bench: Bench, size: 10 | 100): Promise<Row> {
  const stage = await bench.shared(size)
  const samples: number[] = []
  for (let i = 0; i < bench.times(200); i++) {
    const { status, text, ms } = await stage.ask('GET', '/api/v1/instances')
    const { instances } = JSON.parse(text) as { instances: readonly Instance[] }
    if (status !== 200 || instances.length < size) throw new Error(`a list was ${status}: ${text}`)
    samples.push(ms)
  }
  const peers = await bench.peers.list(size, bench.times(10))
  return samplesRow({ metric: `list, ${size} live`, samples, peers, limit: 20 })
}

async function dashboard(bench: Bench): Promise<readonly Row[]> {
  const stage = await bench.shared(100)
  const page = async (): Promise<number> => {
    const { status, text, ms } = await stage.ask('GET', '/')
    const rows = text.split('data-instance=').length - 1
    if (status !== 200 || rows < 100) throw new Error(`a page was ${status} with ${rows} rows`)
    return ms
  }
  const alone: number[] = []
  await inParallel(1, bench.times(100), async () => alone.push(await page()))
  const samples: number[] = []
  await inParallel(8, bench.times(400), async () => samples.push(await page()))
  const peers = await bench.peers.list(100, bench.times(10))
  const note = `one at a time: ${percentile(alone, 0.5)!.toFixed(1)} ms p50`
  return [samplesRow({ metric: 'dashboard, 100 rows, 8 at once', samples, peers, limit: 25, note })]
}

/** Whether the route exists is asked of lab itself, so that this row fills in when it does. */
async function captureAndSend(bench: Bench): Promise<readonly Row[]> {
  const stage = await bench.shared(10)
  const [id] = stage.live.keys()
  const probes = [
    ['capture', 'GET', `/api/v1/instances/${id}/output?lines=50`, undefined],
    ['send', 'POST', `/api/v1/instances/${id}/keys`, { keys: ['C-u'] }],
  ] as const
  const rows: Row[] = []
  for (const [metric, method, path, body] of probes) {
    const first = await stage.ask(method, path, body)
    if (first.status === 404) {
      rows.push(emptyRow(metric, 'not built yet', null))
      continue
    }
    const samples: number[] = []
    for (let i = 0; i < bench.times(200); i++) {
      const { status, text, ms } = await stage.ask(method, path, body)
      if (status !== 200) throw new Error(`${metric} was answered ${status}: ${text}`)
      samples.push(ms)
    }
    const peers = await bench.peers.list(1, bench.times(50))
    rows.push(samplesRow({ metric, samples, peers, limit: 20 }))
  }
  return rows
}

export const requests: readonly Metric[] = [
  { name: 'create', run: create },
  { name: 'list-10', run: async (bench) => [await list(bench, 10)] },
  { name: 'list-100', run: async (bench) => [await list(bench, 100)] },
  { name: 'capture-send', run: captureAndSend },
  { name: 'dashboard', run: dashboard },
]
