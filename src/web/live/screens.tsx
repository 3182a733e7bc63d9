// Sends the screen of the instance whose page is open: only while somebody looks at it, and only as fast as
// the reader takes it.
import type { Service } from '../../instances/service.ts'
import type { Screen } from '../../core/input/message.ts'
import { htmlOf } from '../views/parts.tsx'
import { ScreenPartial } from '../views/terminal/screen.tsx'
import type { Outlet } from './pipe.ts'
import type { OnAttend, OnOpen } from './stream.ts'

const instancePath = /^\/instances\/([0-9a-f-]{36})$/
// A reader that is behind gets the latest picture, this long after the one before.
const againMs = 500

/** Adds the screen to what a page at that address gets; another address gets nothing more. */
export function withScreen(
  instances: Service,
  at: string,
  { onOpen, onAttend }: { readonly onOpen: OnOpen; readonly onAttend: OnAttend },
): { readonly onOpen: OnOpen; readonly onAttend: OnAttend } {
  const [, id] = instancePath.exec(at) ?? []
  if (id === undefined) return { onOpen, onAttend }
  let outlet: Outlet | null = null
  return {
    onOpen(opened) {
      outlet = opened
      return onOpen(opened)
    },
    onAttend() {
      const leave = onAttend()
      const stop = outlet === null ? () => {} : follow(instances, id, outlet)
      return () => {
        stop()
        leave()
      }
    },
  }
}

function follow(instances: Service, id: string, { send, isDrained }: Outlet): () => void {
  let waiting: Screen | null = null
  let timer: NodeJS.Timeout | undefined

  function flush(): void {
    timer = undefined
    if (waiting === null) return
    if (!isDrained()) {
      timer = setTimeout(flush, againMs)
      return
    }
    send(`data: ${htmlOf(<ScreenPartial id={id} screen={waiting} />).replaceAll('\n', '\ndata: ')}\n\n`) // prettier-ignore
    waiting = null
  }

  const stop = watched(instances, id, (screen) => {
    waiting = screen
    if (timer === undefined) flush()
  })
  return () => {
    clearTimeout(timer)
    stop()
  }
}

/** Watches the screen; of an instance that lab has forgotten there is none. */
function watched(instances: Service, id: string, listener: (screen: Screen) => void): () => void {
  const isKnown = instances.list({ ended: true }).some((one) => one.id === id)
  return isKnown ? instances.watchScreen(id, listener) : () => {}
}
