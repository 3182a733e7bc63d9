// What a disk refuses, by the system's own codes, and what to do about it. Pure; imports nothing.

/** Whether the system refused to write for want of room, or because the disk takes nothing now. */
export function isOutOfRoom(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EROFS', 'EIO'].includes(codeOf(error))
}

/** What to do about a file that could not be written, by what the system said of it. */
export function writeRemedy(error: unknown): string {
  const code = codeOf(error)
  switch (code) {
    case 'ENOSPC':
      return 'No space is left on its disk: make room there.'
    case 'EDQUOT':
      return "Its user's quota is used up: make room there."
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
