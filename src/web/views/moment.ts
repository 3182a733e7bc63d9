// When a rendering was made: what lets a page tell an older one from a newer one. Pure.

/** The time and the serial number of one rendering, and where the projects lie. */
export interface Moment {
  /** `BOOT.SERIAL`; within one boot a higher serial shows a later truth. */
  readonly rev: string
  /** Milliseconds since the epoch. */
  readonly now: number
  /** The projects root. */
  readonly root: string
}

/** How long ago something was, in one short word that changes at most once a minute. */
export function ageText(since: string, now: number): string {
  const minutes = Math.floor((now - Date.parse(since)) / 60_000)
  if (!(minutes >= 1)) return 'now'
  if (minutes < 60) return `${minutes} min`
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h`
  return `${Math.floor(minutes / 1440)} d`
}
