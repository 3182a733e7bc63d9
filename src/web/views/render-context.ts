// The context of a rendering: a serial by which a page tells an older rendering from a newer one, and how
// long the ages in it stay true.

/** The time and the serial number of one rendering, and where the projects lie. */
export interface RenderContext {
  /** `BOOT.SERIAL`; within one boot a higher serial shows a later truth. */
  readonly rev: string
  /** Milliseconds since the epoch. */
  readonly now: number
  /** The projects root. */
  readonly root: string
  /** The name of the machine that lab runs on. */
  readonly machine: string
  /** The agents are stand-ins, which claude.ai does not know. */
  readonly isDemo: boolean
  /** Until when every age that was drawn at this moment is the right one; drawing brings it nearer. */
  until: number
}

const secondMs = 1000
const minuteMs = 60 * secondMs
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

const unitNames = new Map([
  [secondMs, 's'],
  [minuteMs, 'min'],
  [hourMs, 'h'],
  [dayMs, 'd'],
])

/** How long ago something was: a number and a unit. After the first minute it changes at most once a minute. */
export function ageText(since: string, now: number): string {
  const age = now - Date.parse(since)
  const unit = unitOf(age)
  return `${Math.floor(Math.max(0, age || 0) / unit)} ${unitNames.get(unit)}`
}

/** When `ageText` says something else for the first time after `now`; never of what is no time. */
export function ageUntil(since: string, now: number): number {
  const begin = Date.parse(since)
  if (Number.isNaN(begin)) return Number.POSITIVE_INFINITY
  const unit = unitOf(now - begin)
  return begin + unit * (Math.max(0, Math.floor((now - begin) / unit)) + 1)
}

function unitOf(age: number): number {
  return age >= 2 * dayMs ? dayMs : age >= hourMs ? hourMs : age >= minuteMs ? minuteMs : secondMs
}
