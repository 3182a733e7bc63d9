// What is left, lost or counted twice when instances come and go in hundreds. With light agents.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Instance } from '../../../src/core/instance.ts'
import { until } from '../../fixtures/until.ts'
import { figureRow, type Row } from '../measure.ts'
import type { Bench, Metric } from '../metric.ts'
import { openFiles, residentMb } from '../proc.ts'
import { inParallel, type Stage } from '../stage.ts'

interface Held {
  readonly files: number
  readonly rss: number
  readonly processes: number
  readonly hooks: number
  readonly sessions: number
}

async function held(stage: Stage): Promise<Held> {
  const { lab, probe } = stage
  await until(() => lab.processesOf().length === 0, { timeoutMs: 20_000, what: 'no agent left' })
  // What was answered is still being written down.
  await sleep(500)
  await probe.collect(lab.pid())
  const lines = async (...args: readonly string[]): Promise<number> =>
    (await lab.tmux(...args)).split('\n').filter((line) => line.trim() !== '').length
  return {
    files: openFiles(lab.pid()),
    rss: residentMb(lab.pid()),
    processes: lab.processesOf().length,
    hooks: (await lines('show-hooks', '-g')) + (await lines('show-hooks', '-t', '_lab')),
    sessions: await lines('list-sessions'),
  }
}

async function cycles(bench: Bench): Promise<readonly Row[]> {
  return bench.own({ size: 0, light: true, projects: 5 }, async (stage) => {
    const turn = async (): Promise<void> => stage.end((await stage.bring()).id)
    const count = bench.times(100)
    // Code is compiled, pools are filled and the ended ones that are kept are there by then.
    await inParallel(5, 120, turn)
    const before = await held(stage)
    const begun = performance.now()
    await inParallel(5, count, turn)
    const seconds = (performance.now() - begun) / 1000
    const after = await held(stage)
    const row = (what: keyof Held, limit = 0): Row =>
      figureRow({
        metric: `${count} create/stop: ${what}`,
        value: after[what] - before[what],
        limit,
        n: count,
        unit: what === 'rss' ? 'MB' : '',
        note: what === 'rss' ? `${before.rss.toFixed(1)} → ${after.rss.toFixed(1)} MB after a garbage collection; all in ${seconds.toFixed(1)} s` : '', // prettier-ignore
      })
    return [row('files'), row('processes'), row('hooks'), row('sessions'), row('rss', 2)]
  })
}

const stubborn = `
setsid sh -c 'trap "" HUP TERM INT; read -r _ <>"$HOME/hold"' &
nohup sh -c 'read -r _ <>"$HOME/hold"' >/dev/null 2>&1 &
( trap "" HUP TERM INT; hold ) &
register; hold`

async function stops(bench: Bench): Promise<readonly Row[]> {
  return bench.own({ size: 0, light: true, projects: 2 }, async (stage) => {
    stage.agents!.plan('p1', stubborn)
    const count = bench.times(100)
    await inParallel(5, count, () => stage.bring())
    const begun = performance.now()
    await stage.ask('DELETE', '/api/v1/instances')
    const list = async (): Promise<readonly Instance[]> => {
      const { text } = await stage.ask('GET', '/api/v1/instances?ended=1')
      return (JSON.parse(text) as { instances: readonly Instance[] }).instances
    }
    await until(async () => (await list()).every(({ endedAt }) => endedAt !== null), {
      timeoutMs: 120_000,
      what: 'all ended',
    })
    const seconds = (performance.now() - begun) / 1000
    const left = stage.lab.processesOf().length
    const unclean = (await list()).filter(({ state }) => state !== 'stopped').length
    const note = `all ended ${seconds.toFixed(1)} s after one request; ${unclean} of those kept are not "stopped"`
    const metric = `${count} stops, half with stubborn children`
    const row = figureRow({ metric, n: count, value: left, limit: 0, note })
    return [{ ...row, ok: row.ok === true && unclean === 0 }]
  })
}

const capMax = 20

interface Life {
  readonly name: string
  readonly place: string
  readonly from: number
  to: number
}

/** Pairs that held the same name or slot at one time, going by what the client knows for certain. */
function overlaps(lives: readonly Life[], key: 'name' | 'place'): number {
  let count = 0
  for (const [i, a] of lives.entries())
    for (const b of lives.slice(i + 1))
      if (a[key] === b[key] && a.from < b.to && b.from < a.to) count += 1
  return count
}

/** The most that were certainly alive at one time. */
function mostAtOnce(lives: readonly Life[]): number {
  const edges = lives.flatMap(({ from, to }) => [[from, 1] as const, [to, -1] as const])
  let now = 0
  let most = 0
  for (const [, step] of edges.sort((a, b) => a[0] - b[0] || a[1] - b[1]))
    most = Math.max(most, (now += step))
  return most
}

async function storm(bench: Bench): Promise<readonly Row[]> {
  const options = { size: 0, light: true, projects: 5, cap: capMax }
  return bench.own(options, async (stage) => {
    const count = bench.times(1000)
    const lives: Life[] = []
    const unexplained: string[] = []
    let refused = 0
    let sessionsMost = 0
    const deadline = performance.now() + 5 * 60_000
    let done = false
    const watch = (async () => {
      while (!done) {
        const panes = await stage.lab.tmux('list-panes', '-a', '-F', '#{@lab_id} #{pane_dead}')
        const alive = panes.split('\n').filter((line) => /^\S+ 0$/.test(line)).length
        sessionsMost = Math.max(sessionsMost, alive)
        await sleep(50)
      }
    })()
    await inParallel(50, count, async (i) => {
      const project = stage.projects[i % 5]!
      const body = i % 3 === 0 ? { label: `l${i % 7}` } : {}
      const path = `/api/v1/projects/${project}/instances`
      let answer = await stage.ask('POST', path, body)
      while (answer.status === 409 && answer.text.includes('"at_capacity"')) {
        refused += 1
        if (performance.now() > deadline) throw new Error(`no room for the ${i}th start`)
        // Room is made by those that are ending.
        await sleep(20)
        answer = await stage.ask('POST', path, body)
      }
      if (answer.status !== 201) {
        unexplained.push(`${answer.status} ${answer.text}`)
        return
      }
      const { id, name, slot } = JSON.parse(answer.text) as Instance
      const life = { name, place: `${project} ${slot}`, from: performance.now(), to: Infinity }
      lives.push(life)
      await sleep(Math.random() * 40)
      life.to = performance.now()
      await stage.ask('DELETE', `/api/v1/instances/${id}`)
    })
    done = true
    await watch
    await until(() => stage.lab.processesOf().length === 0, {
      timeoutMs: 60_000,
      what: 'none left',
    })
    const n = count
    const over = Math.max(0, Math.max(mostAtOnce(lives), sessionsMost) - capMax)
    const twice = overlaps(lives, 'name') + overlaps(lives, 'place')
    const start = `${count} starts, 50 at a time`
    return [
      figureRow({ metric: `${start}: duplicates`, n, value: twice, limit: 0 }),
      figureRow({
        metric: `${start}: over the cap`,
        n,
        value: over,
        limit: 0,
        note: `cap ${capMax}, at most ${mostAtOnce(lives)} at once by the answers and ${sessionsMost} by tmux; ${lives.length} got a place, after ${refused} refusals at_capacity`,
      }),
      figureRow({
        metric: `${start}: unexplained`,
        n,
        value: unexplained.length,
        limit: 0,
        note: unexplained[0] ?? '',
      }),
    ]
  })
}

export const life: readonly Metric[] = [
  { name: 'cycles', run: cycles },
  { name: 'stops', run: stops },
  { name: 'cap', run: storm },
]
