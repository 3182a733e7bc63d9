// The system's codes for a write that failed, and the remedy of each. Pure; imports nothing.

/** Whether a write failed because the disk is full, over quota, read-only or broken. */
export function isOutOfRoom(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EROFS', 'EIO'].includes(codeOf(error))
}

/** The remedy for a write that failed, by the system's code. */
export function writeRemedy(error: unknown): string {
  const code = codeOf(error)
  switch (code) {
    case 'ENOSPC':
      return 'No space is left on its disk: make room there.'
    case 'EDQUOT':
      return 'The quota of its user is full: make room there.'
    case 'EROFS':
      return 'Its disk is mounted read-only: mount it writable.'
    case 'EACCES':
    case 'EPERM':
      return "Give lab's user the right to write there."
    default:
      return `The system says ${code || 'no reason'}: look at its disk.`
  }
}

function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code === 'string' ? code : ''
}
