// Which processes systemd began for a service. Such a process may carry an instance's mark: after
// `systemctl --user import-environment` in an agent, every service that starts later inherits the mark.
import { readCgroups } from './proc.ts'

/**
 * Tells whether a process runs in a systemd service that is neither lab's nor that of a tmux server. A
 * scope is not a service: tmux and `systemd-run --scope` make scopes for what an agent itself begins.
 */
export function createServices(
  servers: () => readonly number[],
  cgroupsOf = readCgroups,
): (pid: number) => boolean {
  // Kept when its server has ended: what ran in it is still there.
  const known = new Set<string | null>([null])
  return (pid) => {
    for (const own of [process.pid, ...servers()]) known.add(serviceIn(cgroupsOf(own)))
    return !known.has(serviceIn(cgroupsOf(pid)))
  }
}

/** The control group of the service in which a process runs; null when its innermost unit is no service. */
function serviceIn(cgroups: string): string | null {
  // systemd keeps its units in the one hierarchy of version 2, or in a named one of version 1.
  for (const [, path = ''] of cgroups.matchAll(/^\d+:(?:name=systemd)?:(.*)$/gm)) {
    const unit = /^.*\.(?:service|scope)(?=\/|$)/.exec(path)?.[0]
    if (unit !== undefined) return unit.endsWith('.service') ? unit : null
  }
  return null
}
