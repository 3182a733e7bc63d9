// A real lab with a number of ready instances, its event stream, and hands to act on it.
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Instance } from '../../src/core/instance.ts'
import { createTestLab, type TestLab } from '../fixtures/lab.ts'
import { until } from '../fixtures/until.ts'
import { useLightAgents, type Agents } from './agents.ts'
import { openEvents, type Events } from './events.ts'
import { company, proportionalMb } from './proc.ts'
import { createProbe, type Delay, type Probe } from './probe.ts'

export interface Reply {
  readonly status: number
  readonly text: string
  readonly ms: number
}

export interface Stage {
  readonly lab: TestLab
  readonly probe: Probe
  readonly projects: readonly string[]
  /** Only with `light`. */
  readonly agents: Agents | null
  /** lab, tmux's server and lab's clients together, before any instance, in MB. */
  readonly emptyMb: number
  events(): Events
  /** The live ones, as they were when ready. */
  readonly live: Map<string, Instance>
  /** A request over a kept connection, timed to its last byte. */
  ask(method: string, path: string, body?: object): Promise<Reply>
  /** Starts one and waits until it is ready and linked. */
  bring(project?: string): Promise<Instance>
  /** Stops one and waits for its end. */
  end(id: string): Promise<void>
  /** Forgets one that ended by itself, so that pictures hold live ones only. */
  forget(id: string): Promise<void>
  serverPid(): Promise<number>
  /** Resolves when nothing was told for two seconds. */
  settle(): Promise<void>
  /** Ends lab (SIGTERM unless said otherwise), runs `meanwhile`, and starts it again. */
  without(meanwhile: () => Promise<void>, signal?: NodeJS.Signals): Promise<void>
  /** Ends all of it; tells how long its event loop was held up meanwhile. */
  dispose(): Promise<Delay | null>
}

export interface StageOptions {
  readonly size: number
  readonly cap?: number
  /** Light agents instead of the stand-in. */
  readonly light?: boolean
  readonly projects?: number
  /** Lab runs as it is delivered: nothing is loaded into it. */
  readonly bare?: boolean
}

const quietMs = 2000
const open = new Set<Stage>()

/** Ends every stage, also one that is still being made. */
export async function endStages(): Promise<void> {
  await Promise.allSettled([...open].map((stage) => stage.dispose()))
}

export async function createStage(options: StageOptions): Promise<Stage> {
  const { size, cap = 250, light = false, projects: projectCount = 10, bare = false } = options
  const projects = Array.from({ length: projectCount }, (_, i) => `p${i}`)
  const lab = await createTestLab({ projects })
  const probe = createProbe(lab.dir)
  if (!bare) lab.env['NODE_OPTIONS'] = probe.nodeOptions
  const agents = light ? useLightAgents(lab, projects) : null
  const http = new Agent({ keepAlive: true, maxSockets: 64 })
  const live = new Map<string, Instance>()
  let events: Events
  let delay: Delay | null = null

  async function boot(): Promise<void> {
    await lab.boot(`--max-instances=${cap}`, '--log-level=warn')
    events = await openEvents(lab.url())
    if (!bare) await probe.sample(lab.pid(), true)
  }

  async function endLab(signal?: NodeJS.Signals): Promise<void> {
    if (!bare) delay = worse(delay, await probe.delay(lab.pid()))
    events.close()
    await lab.end(signal)
  }

  function ask(method: string, path: string, body?: object): Promise<Reply> {
    const begun = performance.now()
    const text = body && JSON.stringify(body)
    const headers = text === undefined ? {} : { 'content-type': 'application/json' }
    return new Promise((resolve, reject) => {
      const sent = request(`${lab.url()}${path}`, { method, headers, agent: http }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => {
          const ms = performance.now() - begun
          resolve({ status: response.statusCode!, text: Buffer.concat(chunks).toString(), ms })
        })
      })
      sent.setTimeout(30_000, () => sent.destroy(new Error(`no answer to ${method} ${path}`)))
      sent.on('error', reject)
      sent.end(text)
    })
  }

  let turn = 0
  async function bring(project = projects[turn++ % projects.length]!): Promise<Instance> {
    const { status, text } = await ask('POST', `/api/v1/projects/${project}/instances`)
    if (status !== 201) throw new Error(`a start was answered ${status}: ${text}`)
    const { id } = JSON.parse(text) as Instance
    // The stream may have told of it before the answer came, so it is asked for.
    const ready = await until(
      async () => {
        const instance = JSON.parse((await ask('GET', `/api/v1/instances/${id}`)).text) as Instance
        return instance.state === 'ready' && instance.linkState === 'linked' && instance
      },
      { timeoutMs: 60_000, what: `${id} is ready` },
    )
    live.set(id, ready)
    return ready
  }

  const stage: Stage = {
    lab,
    probe,
    projects,
    agents,
    emptyMb: 0,
    events: () => events,
    live,
    ask,
    bring,
    async end(id) {
      const ended = events.instance(`the end of ${id}`, (one) => one.id === id && !!one.endedAt)
      ended.catch(() => undefined)
      await ask('DELETE', `/api/v1/instances/${id}`)
      await ended
      live.delete(id)
    },
    async forget(id) {
      live.delete(id)
      await ask('DELETE', `/api/v1/instances/${id}`)
    },
    serverPid: async () => Number(await lab.tmux('display-message', '-p', '#{pid}')),
    settle: () =>
      until(() => performance.now() - events.lastAt() > quietMs, {
        timeoutMs: 30_000,
        what: 'two seconds without an event',
      }).then(() => undefined),
    async without(meanwhile, signal) {
      await endLab(signal)
      await meanwhile()
      await boot()
    },
    async dispose() {
      open.delete(stage)
      await endLab().catch(() => undefined)
      http.destroy()
      await lab.dispose()
      return delay
    },
  }
  open.add(stage)
  try {
    await boot()
    // A little for what follows the start: the first scan and listing.
    await sleep(500)
    const emptyMb = proportionalMb(company(lab.pid(), await stage.serverPid()))
    await inParallel(4, size, () => bring())
    return { ...stage, emptyMb }
  } catch (error) {
    await stage.dispose()
    throw new Error(`no stage of ${size}: ${lab.stderr().slice(-2000)}`, { cause: error })
  }
}

function worse(a: Delay | null, b: Delay): Delay {
  if (!a) return b
  const keys = ['p50', 'p95', 'p99', 'max'] as const
  const most = Object.fromEntries(keys.map((key) => [key, Math.max(a[key], b[key])]))
  return { ...b, ...most, n: a.n + b.n }
}

/** Does `work` `count` times, `width` at a time; the first failure ends it. */
export async function inParallel(
  width: number,
  count: number,
  work: (i: number) => Promise<unknown>,
): Promise<void> {
  let i = 0
  const worker = async (): Promise<void> => {
    while (i < count) await work(i++)
  }
  await Promise.all(Array.from({ length: width }, worker))
}
