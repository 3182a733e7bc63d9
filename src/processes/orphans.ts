// To whom the kernel gives orphans. A process whose parent is one of these was let go of by whoever began
// it; a process whose parent is anything else was begun by that parent.
import { ancestorsOf, nameOf } from './proc.ts'

// Programs that collect orphans: they run as the first process of a machine, a container or a login.
const initNames = /^(?:systemd|init|tini|dumb-init|docker-init|catatonit|s6-|runsv|containerd-shim)/

/** Tells whether orphans are given to a process; `servers` are tmux servers, which were orphans themselves. */
export function createReapers(servers: () => readonly number[]): (pid: number) => boolean {
  // Kept when its server has ended: what ran in it is still there.
  const known = new Set<number>()
  return (pid) => {
    for (const server of servers())
      for (const above of ancestorsOf(server)) if (above !== server) known.add(above)
    return pid <= 1 || known.has(pid) || initNames.test(nameOf(pid))
  }
}
