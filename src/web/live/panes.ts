// Which pane an address shows, and which events change it. A new kind of page gets its address here.
import type { LabEvent } from '../../core/events.ts'
import { isOpen } from '../../core/instance.ts'
import type { Service } from '../../instances/service.ts'
import { endedOf } from '../views/instance/ended.tsx'
import { saidTab, standInTab, tabs } from '../views/pane/instance.tsx'
import type { Pane } from '../views/pane/pane.tsx'

export interface Panes {
  /** The pane of an instance's or a project's page, as of now; null where the address names none. */
  at(path: string): Pane | null
  /** The same for a page that is open already: it says of an instance that lab has forgotten that it is gone. */
  live(path: string): Pane | null
  /** Whether the address is that instance's page. */
  shows(path: string, id: string): boolean
  /** Whether the event changes the pane of that address. */
  concerns(path: string, event: LabEvent): boolean
}

const instancePath = /^\/instances\/([^/?#]+)(\/[a-z-]+)?$/
const projectPath = /^\/projects\/([^/?#]+)$/

/** Makes the panes of one app. */
export function createPanes(instances: Service): Panes {
  function instancePane(id: string, tab: string): Pane | null {
    const instance = instances.list({ ended: true }).find((one) => one.id === id)
    const known = tab === saidTab || tab === standInTab || tabs.some(({ path }) => path === tab)
    return instance && known ? { kind: 'instance', instance, tab } : null
  }

  function projectPane(key: string): Pane | null {
    const project = instances.projects().find((one) => one.key === key)
    if (!project) return null
    const over = instances.list({ ended: true }).filter((one) => !isOpen(one))
    return { kind: 'project', project, ended: endedOf(over, key) }
  }

  function paneAt(path: string): Pane | null {
    const [, id, tab = ''] = instancePath.exec(path) ?? []
    if (id !== undefined) return instancePane(id, tab)
    const [, key] = projectPath.exec(path) ?? []
    return key === undefined ? null : projectPane(key)
  }

  return {
    at: paneAt,
    live(path) {
      const [, id] = instancePath.exec(path) ?? []
      return paneAt(path) ?? (id === undefined ? null : { kind: 'gone', id })
    },
    shows: (path, id) => instancePath.exec(path)?.[1] === id,
    concerns(path, event) {
      const [, id] = instancePath.exec(path) ?? []
      const [, key] = projectPath.exec(path) ?? []
      if (event.type === 'removed') return event.id === id || key !== undefined
      if (event.type !== 'instance') return false
      return event.instance.id === id || event.instance.project === key
    },
  }
}
