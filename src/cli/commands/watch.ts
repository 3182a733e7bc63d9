// `lab watch`: the table of `lab ls` on the whole screen, live. It leaves the terminal as it found it.
import { parseFlags } from '../../argv.ts'
import { UsageError } from '../../errors.ts'
import { isOpen, type Cap, type Instance } from '../../core/instance.ts'
import { headline, printable } from '../../core/text.ts'
import { readChoice } from '../active.ts'
import { Failure, serverFlags, type CliContext, type Command } from '../command.ts'
import { followEvents, type Message } from '../events.ts'
import { findServer } from '../server.ts'
import { columnsFor, formatRows, wantsColour } from '../table.ts'
import { cutTo } from '../text.ts'

const flags = { ...serverFlags, links: { type: 'boolean' } } as const

// Another screen, no cursor, and no wrapping; then the reverse.
const begin = '\u001b[?1049h\u001b[?25l\u001b[?7l'
const end = '\u001b[?7h\u001b[?25h\u001b[?1049l'

// q, C-c and C-d, which are no signals while lab reads the terminal key by key.
const quitKeys = ['q', '\u0003', '\u0004']

// Ages count on; a burst of changes is drawn once.
const tickMs = 1000
const drawMs = 50

/** Shows the table until q or C-c is typed, or a signal ends the process. */
export const watch: Command = async (argv, context) => {
  const { values, positionals } = parseFlags(argv, flags)
  if (positionals[0] !== undefined)
    throw new UsageError(
      `lab watch takes no ${JSON.stringify(positionals[0])}; it shows everything.`,
    )
  const { stdout, keyboard } = context
  if (!stdout.isTTY || !keyboard)
    throw new Failure('lab watch needs a terminal; `lab ls` works in a pipe.')
  const find = (): ReturnType<typeof findServer> => findServer(values, context)
  find()
  const picture = createPicture()
  const over = new AbortController()
  let drawing: NodeJS.Timeout | null = null
  function draw(): void {
    drawing = null
    stdout.write(formatScreen(picture.now(), context, values.links === true))
  }
  function drawSoon(): void {
    drawing ??= setTimeout(draw, drawMs)
  }
  const ticking = setInterval(drawSoon, tickMs)
  const stopListening = context.onSignal?.(() => over.abort())
  stdout.write(begin)
  const closeKeyboard = keyboard.open((typed) => {
    if (quitKeys.some((key) => typed.includes(key))) over.abort()
    else drawSoon()
  })
  try {
    await followEvents(find, {
      signal: over.signal,
      onMessage(message) {
        if (picture.take(message)) drawSoon()
      },
      onLost(failure) {
        picture.lose(failure.message)
        drawSoon()
      },
    })
  } finally {
    closeKeyboard()
    clearInterval(ticking)
    if (drawing) clearTimeout(drawing)
    stdout.write(end)
    stopListening?.()
  }
  return 0
}

interface Seen {
  readonly instances: readonly Instance[]
  readonly cap: Cap | null
  /** Why the picture is old; null while it is live. */
  readonly lost: string | null
}

interface Picture {
  /** Takes a message of lab's and says whether it changes what is seen. */
  take(message: Message): boolean
  lose(reason: string): void
  now(): Seen
}

/** Keeps the instances that `lab ls` would show, by the messages of lab's stream. */
export function createPicture(): Picture {
  const byId = new Map<string, Instance>()
  let cap: Cap | null = null
  let lost: string | null = null
  return {
    take(message) {
      switch (message.type) {
        case 'snapshot':
          byId.clear()
          for (const instance of message.instances) byId.set(instance.id, instance)
          cap = message.cap
          lost = null
          return true
        case 'instance':
          if (isOpen(message.instance)) byId.set(message.instance.id, message.instance)
          else byId.delete(message.instance.id)
          return true
        case 'removed':
          return byId.delete(message.id)
        case 'cap':
          cap = message.cap
          return true
        default:
          return false
      }
    },
    lose(reason) {
      lost = reason
    },
    now() {
      const instances = [...byId.values()].toSorted(
        (a, b) => (a.project < b.project ? -1 : Number(a.project > b.project)) || a.slot - b.slot,
      )
      return { instances, cap, lost }
    },
  }
}

const rowsDefault = 24

/** What `lab watch` writes for one picture: every line of the screen, and nothing below it. */
export function formatScreen(
  { instances, cap, lost }: Seen,
  context: CliContext,
  links = false,
): string {
  const columns = columnsFor(context) ?? 80
  const height = context.stdout.rows ?? rowsDefault
  const colour = wantsColour(context)
  const { active } = readChoice(context)
  const rows = formatRows(instances, { now: Date.now(), colour, columns, links, active })
  const title = cap === null ? 'Waiting for lab…' : headline(instances, cap)
  const foot = lost === null ? 'q leaves' : `Not live: ${printable(lost)}`
  const room = Math.max(height - 4, 1)
  const shown =
    rows.length <= room
      ? rows
      : [...rows.slice(0, room - 1), `  … ${rows.length - room + 1} more lines`]
  const empty =
    rows.length === 0 && cap !== null ? ['No instances. `lab new PROJECT` starts one.'] : []
  const lines = [cutTo(title, columns), '', ...shown, ...empty, '', cutTo(foot, columns)]
  return `\u001b[H${lines.map((line) => `${line}\u001b[K`).join('\r\n')}\u001b[J`
}
