// Whether every death leaves its cause and its last lines, with lab looking on and with lab down.
import { chmodSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Instance } from '../../../src/core/instance.ts'
import { until } from '../../fixtures/until.ts'
import { figureRow, type Row } from '../measure.ts'
import type { Bench, Metric } from '../metric.ts'
import type { Stage } from '../stage.ts'

interface Crash {
  readonly what: string
  /** What the agent does from its first moment. */
  readonly plan: string
  readonly exitCode: number | null
  readonly signal: string | null
  /** The last line there must be. */
  readonly last: RegExp
}

const words = 'echo "last words"; exit 3'
const said = { exitCode: 3, signal: null, last: /^last words$/ } as const
const interpreted = { exitCode: 127, signal: null, last: /not found|no such file/i } as const

const deaths: readonly Crash[] = [
  { what: 'exit 3 after 0 ms', plan: words, ...said },
  { what: 'exit 3 after 50 ms', plan: `sleep 0.05; ${words}`, ...said },
  { what: 'exit 3 after 400 ms', plan: `register; sleep 0.4; ${words}`, ...said },
  { what: 'exit 3 after 2000 ms', plan: `register; sleep 2; ${words}`, ...said },
  {
    what: 'SIGSEGV',
    plan: 'register; echo "about to fall"; kill -SEGV $$',
    exitCode: null,
    signal: 'SIGSEGV',
    last: /^about to fall$/,
  },
  {
    what: 'a last line of 4 kB',
    plan: `register; printf 'x%.0s' $(seq 4096); exit 4`,
    exitCode: 4,
    signal: null,
    last: /^x{4096}$/,
  },
  { what: 'a missing program', plan: 'exec /nowhere/claude', ...interpreted },
  { what: 'a missing interpreter', plan: 'exec "$HOME/uninterpreted"', ...interpreted },
]

/** Null when all is there; else what was found. */
function fault({ state, evidence }: Instance, death: Crash): string | null {
  const found = {
    state,
    exitCode: evidence?.exitCode,
    signal: evidence?.signal,
    last: evidence?.lastLines.at(-1)?.slice(-80),
  }
  const right =
    state === 'error' &&
    evidence?.exitCode === death.exitCode &&
    evidence.signal === death.signal &&
    death.last.test(evidence.lastLines.at(-1) ?? '')
  return right ? null : JSON.stringify(found)
}

async function starts(stage: Stage, count: number): Promise<readonly string[]> {
  const answers = await Promise.all(
    Array.from({ length: count }, (_, i) =>
      stage.ask('POST', `/api/v1/projects/${stage.projects[i % stage.projects.length]}/instances`),
    ),
  )
  return answers.map(({ status, text }) => {
    if (status !== 201) throw new Error(`a start was answered ${status}: ${text}`)
    return (JSON.parse(text) as Instance).id
  })
}

/** What became of them, once they have ended; then they are forgotten. */
async function ends(
  stage: Stage,
  ids: readonly string[],
  death: Crash,
): Promise<readonly string[]> {
  const faults: string[] = []
  for (const id of ids) {
    const instance = await until(
      async () => {
        const one = JSON.parse((await stage.ask('GET', `/api/v1/instances/${id}`)).text) as Instance
        return one.endedAt !== null && one
      },
      { timeoutMs: 30_000, what: `the end of ${id} (${death.what})` },
    )
    const found = fault(instance, death)
    if (found !== null) faults.push(found)
  }
  for (const id of ids) await stage.forget(id)
  return faults
}

function rowOf(metric: string, n: number, faults: readonly string[]): Row {
  return figureRow({ metric, n, value: faults.length, limit: 0, note: faults[0] ?? '' })
}

function prepare(stage: Stage): void {
  const file = join(stage.lab.home, 'uninterpreted')
  writeFileSync(file, '#!/nowhere/node\n')
  chmodSync(file, 0o755)
}

const options = { size: 0, light: true } as const

async function watched(bench: Bench): Promise<readonly Row[]> {
  return bench.own(options, async (stage) => {
    prepare(stage)
    const count = bench.times(50)
    const rows: Row[] = []
    for (const death of deaths) {
      for (const project of stage.projects) stage.agents!.plan(project, death.plan)
      const faults = await ends(stage, await starts(stage, count), death)
      rows.push(rowOf(`no cause or last line: ${death.what}`, count, faults))
    }
    return rows
  })
}

async function whileDown(bench: Bench): Promise<readonly Row[]> {
  return bench.own(options, async (stage) => {
    prepare(stage)
    const count = bench.times(50)
    const rows: Row[] = []
    // How long it lived makes no difference to a lab that was not there.
    for (const death of deaths.filter(({ plan }) => !plan.includes('sleep'))) {
      for (const project of stage.projects) stage.agents!.plan(project, `hold; ${death.plan}`)
      const ids = await starts(stage, count)
      await stage.without(async () => {
        stage.agents!.release(count)
        const notes = join(stage.lab.stateDir, 'notes')
        await until(() => readdirSync(notes).filter((name) => !name.endsWith('.part')).length >= count, {
          timeoutMs: 30_000,
          what: `${count} notes`,
        }) // prettier-ignore
      }, 'SIGKILL')
      const faults = await ends(stage, ids, death)
      rows.push(rowOf(`the same, lab down: ${death.what}`, count, faults))
    }
    return rows
  })
}

export const evidence: readonly Metric[] = [
  { name: 'evidence', run: watched },
  { name: 'evidence-down', run: whileDown },
]
