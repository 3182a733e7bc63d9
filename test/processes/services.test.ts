// Which marked processes systemd began, by the control groups that the kernel lists for them.
import { describe, expect } from 'vitest'
import { createServices } from '../../src/processes/services.ts'
import { test } from '../fixtures/folder.ts'

const manager = '/user.slice/user-1000.slice/user@1000.service'
const server = 10
const other = 11

/** Whether process 11 counts as a service's, with the tmux server in the first control group. */
function isOfService(servers: string, others: string): boolean {
  const cgroups = new Map([
    [server, servers],
    [other, others],
  ])
  return createServices(
    () => [server],
    (pid) => cgroups.get(pid) ?? '0::/init.scope\n',
  )(other)
}

describe('createServices', () => {
  test.for([
    ['another service of the user manager', `0::${manager}/app.slice/db.service`, true],
    ['a group below another service', `0::${manager}/app.slice/db.service/worker`, true],
    ['a system service', '0::/system.slice/db.service', true],
    ['a service in a named hierarchy', '4:memory:/a\n1:name=systemd:/system.slice/db.service\n0::/', true], // prettier-ignore
    ['the service of the tmux server', '0::/system.slice/lab-tmux.service', false],
    ['a group below that service', '0::/system.slice/lab-tmux.service/pane', false],
    ['a scope that tmux made', `0::${manager}/tmux-spawn-1.scope`, false],
    ['the root of a container', '0::/', false],
    ['nothing that can be read', '', false],
  ] as const)('decides on %s', ([, cgroups, expected]) => {
    expect(isOfService('0::/system.slice/lab-tmux.service\n', `${cgroups}\n`)).toBe(expected)
  })

  test('remembers the service of a tmux server that has ended', () => {
    let servers = [server]
    const decide = createServices(
      () => servers,
      (pid) => (pid === process.pid ? '' : '0::/system.slice/lab-tmux.service\n'),
    )
    expect(decide(other)).toBe(false)
    servers = []
    expect(decide(other)).toBe(false)
  })
})
