// The processes to which the kernel gives orphans. A child of one of these may be an orphan; any other
// process was started by its parent.
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
