// Samples → rows of the table: percentiles, ratios and whether a limit was met. Pure.

export type Unit = 'ms' | '%' | 'MB' | 'KB' | '×' | ''

export interface Row {
  readonly metric: string
  readonly n: number
  readonly unit: Unit
  readonly p50: number | null
  readonly p95: number | null
  readonly p99: number | null
  readonly worst: number | null
  /** The same work done the peers' way in the same run. */
  readonly peersP50: number | null
  /** How many times as much the peers' way takes. */
  readonly ratio: number | null
  readonly limit: number | null
  /** Null where nothing was measured: the thing does not exist yet. */
  readonly ok: boolean | null
  readonly note: string
}

/** The smallest sample that at least `share` of all samples do not exceed. */
export function percentile(samples: readonly number[], share: number): number | null {
  const ordered = [...samples].sort((a, b) => a - b)
  return ordered[Math.max(0, Math.ceil(share * ordered.length) - 1)] ?? null
}

/** A row of many samples, judged by its p95 (or its worst, with `judge`); no samples never meet a limit. */
export function samplesRow(given: {
  readonly metric: string
  readonly samples: readonly number[]
  readonly limit: number
  readonly unit?: Unit
  readonly peers?: readonly number[]
  readonly judge?: 'p95' | 'worst'
  readonly note?: string
}): Row {
  const { metric, samples, limit, unit = 'ms', peers = [], judge = 'p95', note = '' } = given
  const [p50, p95, p99, worst] = [0.5, 0.95, 0.99, 1].map((share) => percentile(samples, share))
  const judged = judge === 'p95' ? p95 : worst
  return {
    metric,
    n: samples.length,
    unit,
    p50: p50 ?? null,
    p95: p95 ?? null,
    p99: p99 ?? null,
    worst: worst ?? null,
    ...against(percentile(peers, 0.5), p50 ?? null),
    limit,
    ok: judged !== null && judged !== undefined && judged <= limit,
    note,
  }
}

/** A row of one figure. */
export function figureRow(given: {
  readonly metric: string
  readonly value: number
  readonly limit: number
  readonly unit?: Unit
  readonly n?: number
  readonly peers?: number
  readonly note?: string
}): Row {
  const { metric, value, limit, unit = '', n = 1, peers, note = '' } = given
  const ok = value <= limit
  const none = { p95: null, p99: null, worst: null }
  const ratio = against(peers ?? null, value)
  return { metric, n, unit, p50: value, ...none, ...ratio, limit, ok, note }
}

/** A row of what cannot be measured, with the reason. */
export function emptyRow(metric: string, note: string, ok: boolean | null): Row {
  const none = { p50: null, p95: null, p99: null, worst: null, peersP50: null, ratio: null }
  return { metric, n: 0, unit: '', ...none, limit: null, ok, note }
}

function against(peersP50: number | null, own: number | null): Pick<Row, 'peersP50' | 'ratio'> {
  return { peersP50, ratio: peersP50 !== null && own !== null && own > 0 ? peersP50 / own : null }
}

function short(value: number | null): string {
  if (value === null) return '·'
  if (Number.isInteger(value)) return String(value)
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)
}

/** The rows as one table of text, with what was not met spelled out below it. */
export function tableOf(rows: readonly Row[]): string {
  const head = 'metric,n,p50,p95,p99,worst,peers p50,ratio,limit,ok?'.split(',')
  const body = rows.map((row) => [
    row.metric,
    String(row.n),
    ...[row.p50, row.p95, row.p99, row.worst, row.peersP50].map(short),
    row.ratio === null ? '·' : `${short(row.ratio)}×`,
    row.limit === null ? '·' : `${short(row.limit)}${row.unit === '' ? '' : ` ${row.unit}`}`,
    row.ok === null ? '–' : row.ok ? 'ok' : 'NO',
  ])
  const widths = head.map((word, i) =>
    Math.max(word.length, ...body.map((line) => line[i]!.length)),
  )
  const lines = [head, ...body].map((line) =>
    line
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  '),
  )
  const notes = rows
    .filter(({ note }) => note !== '')
    .map(({ metric, note }) => `${metric}: ${note}`)
  return [...lines, '', ...notes].join('\n')
}
