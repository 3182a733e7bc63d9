// Separates the absence of an entry in /proc from a failure to read.

// A process that has ended, or that this user may not read.
const absenceCodes = new Set<unknown>(['ENOENT', 'ESRCH', 'EACCES', 'EPERM'])

/**
 * What `look` returns, or `absent` where /proc shows no such thing. Any other error is thrown: while lab
 * itself can open no file, no process has ended.
 */
export function unlessAbsent<T>(look: () => T, absent: T): T {
  try {
    return look()
  } catch (error) {
    if (absenceCodes.has((error as NodeJS.ErrnoException).code)) return absent
    throw error
  }
}
