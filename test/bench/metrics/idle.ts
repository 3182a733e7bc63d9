// What lab and its tmux cost while nothing happens, and while panes only change their titles.
import { openSync, closeSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { childrenOf } from '../../../src/processes/proc.ts'
import { figureRow, type Row } from '../measure.ts'
import type { Bench, Metric } from '../metric.ts'
import { openStream } from '../events.ts'
import { childFaults, company, cpuSeconds, proportionalMb } from '../proc.ts'
import type { Stage } from '../stage.ts'

/** Percent of a core that these processes use over so many seconds. */
async function share(pids: readonly number[], seconds: number): Promise<number> {
  const used = (): number => pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0)
  const [begun, before] = [performance.now(), used()]
  await sleep(seconds * 1000)
  return ((used() - before) / (performance.now() - begun)) * 1000 * 100
}

/** Opens the stream of a page, and counts what comes but heartbeats. */
async function openPage(stage: Stage) {
  let text = ''
  const request = await openStream(`${stage.lab.url()}/events`, (chunk) => (text += chunk))
  const rest = (): string => text.replaceAll('event: beat\ndata:\n\n', '')
  return {
    reset: () => void (text = ''),
    rest,
    close: () => request.destroy(),
  }
}

async function idle(bench: Bench, size: 10 | 100): Promise<readonly Row[]> {
  const stage = await bench.shared(size)
  const seconds = bench.seconds(30)
  const lab = stage.lab.pid()
  await stage.probe.sample(lab, false)
  await stage.settle()
  const unwatched = await share(company(lab, await stage.serverPid()), bench.seconds(15))
  const page = await openPage(stage)
  // The first sample of memory and the card of every project follow the opening of a page.
  await sleep(6000)
  const server = await stage.serverPid()
  const family = (): string => `${childrenOf(lab).join(' ')} / ${childFaults(lab)} ${childFaults(server)}` // prettier-ignore
  page.reset()
  const before = family()
  const percent = await share(company(lab, server), seconds)
  const spawned = before === family() ? 0 : 1
  const rest = page.rest()
  page.close()
  await stage.probe.sample(lab, true)
  const peers = await bench.peers.idle(size, bench.seconds(10))
  const note = spawned === 0 ? '' : `children before and after: ${before}; ${family()}`
  return [
    figureRow({
      metric: `idle CPU, ${size} live, one page`,
      value: percent,
      unit: '%',
      limit: size === 10 ? 0.5 : 1,
      peers,
      note: `${seconds} s, lab with its tmux clients and tmux's server; ${unwatched.toFixed(2)} % with no page open`,
    }),
    figureRow({
      metric: `idle bytes to the page, ${size} live`,
      value: rest.length,
      limit: 0,
      note: rest === '' ? '' : `it began with ${JSON.stringify(rest.slice(0, 300))}`,
    }),
    figureRow({ metric: `idle processes spawned, ${size} live`, value: spawned, limit: 0, note }),
  ]
}

const retitleMs = 250

/** Retitles every pane four times a second while `work` runs, as a program in it would. */
async function retitling(stage: Stage, work: () => Promise<number>): Promise<number> {
  const ttys = (await stage.lab.tmux('list-panes', '-a', '-F', '#{pane_tty} #{@lab_agent}'))
    .split('\n')
    .filter((line) => line.split(' ')[1])
    .map((line) => openSync(line.split(' ')[0]!, 'w'))
  let frame = 0
  const timer = setInterval(() => {
    frame += 1
    for (const tty of ttys) writeSync(tty, `\x1b]0;${frame % 2 ? '◐' : '◑'} ${frame}\x07`)
  }, retitleMs)
  try {
    await sleep(1000)
    return await work()
  } finally {
    clearInterval(timer)
    ttys.forEach(closeSync)
  }
}

async function titles(bench: Bench): Promise<readonly Row[]> {
  const stage = await bench.shared(100)
  const seconds = bench.seconds(15)
  const lab = stage.lab.pid()
  const server = await stage.serverPid()
  await stage.probe.sample(lab, false)
  await stage.settle()
  const withLab = await retitling(stage, () => share(company(lab, server), seconds))
  let floor = 0
  await stage.without(async () => {
    floor = await retitling(stage, () => share([server], seconds))
  })
  const value = Math.max(0, withLab - floor)
  const note = `${withLab.toFixed(2)} % with lab, ${floor.toFixed(2)} % of it tmux's own without`
  return [figureRow({ metric: '100 panes retitle 4/s', value, unit: '%', limit: 5, note })]
}

async function memory(bench: Bench): Promise<readonly Row[]> {
  const stage = await bench.shared(10)
  await stage.probe.collect(stage.lab.pid())
  const full = proportionalMb(company(stage.lab.pid(), await stage.serverPid()))
  const value = Math.max(0, full - stage.emptyMb) / 10
  const note = `${stage.emptyMb.toFixed(1)} MB (PSS of lab and tmux) without, ${full.toFixed(1)} MB with ten`
  return [figureRow({ metric: 'memory per instance', value, unit: 'MB', limit: 5, note })]
}

export const quiet: readonly Metric[] = [
  { name: 'memory', run: memory },
  { name: 'idle-10', run: (bench) => idle(bench, 10) },
  { name: 'idle-100', run: (bench) => idle(bench, 100) },
  // Ends lab in between, so it comes last of those that share the stage.
  { name: 'titles', run: titles },
]
