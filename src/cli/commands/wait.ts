// `lab wait`: blocks until an agent has done its work, needs the operator, or is in a named state.
import { parseFlags } from '../../argv.ts'
import { UsageError } from '../../errors.ts'
import { isLive, type Instance } from '../../core/instance.ts'
import { printable } from '../../core/text.ts'
import { namedInstance, refOf } from '../active.ts'
import { callApi, pathPart } from '../api.ts'
import { Failure, serverFlags, type Command } from '../command.ts'
import { followEvents } from '../events.ts'
import { endedText } from '../ref.ts'
import { findServer } from '../server.ts'
import { doingOf, wordOf } from '../table.ts'
import { waitStates } from '../wait.ts'

const flags = { ...serverFlags, for: { type: 'string' }, timeout: { type: 'string' } } as const

/** Prints the state in which it ends the wait. */
export const wait: Command = async (argv, context) => {
  const { values, positionals } = parseFlags(argv, flags)
  const wanted = values.for
  if (wanted !== undefined && !waitStates.includes(wanted))
    throw new UsageError(
      `--for ${JSON.stringify(wanted)} is not a state: use one of ${waitStates.join(', ')}.`,
    )
  const seconds = Number(values.timeout ?? 'Infinity')
  if (!(seconds > 0)) throw new UsageError('--timeout takes a number of seconds, such as 60.')
  const ref = refOf(positionals, context, 'wait')
  const server = findServer(values, context)
  const named = await namedInstance(server, ref)
  const instance = await settled(named, {
    wanted,
    seconds,
    find: () => findServer(values, context),
  })
  if (isReached(instance, wanted)) {
    const { state } = instance
    const isPlain = isLive(state) && state !== 'waiting' && state !== 'limited'
    const detail = isPlain ? '' : `: ${doingOf(instance)}`
    context.stdout.write(`${wordOf(state)}${printable(detail)}\n`)
    return 0
  }
  throw new Failure(endedText(instance, Date.now()))
}

interface Wish {
  readonly wanted: string | undefined
  readonly seconds: number
  readonly find: () => ReturnType<typeof findServer>
}

/** The instance once it is in the wanted state or has ended. @throws Failure when the time is over */
async function settled(named: Instance, { wanted, seconds, find }: Wish): Promise<Instance> {
  let latest = named
  let isForgotten = false
  const isOver = (): boolean => isReached(latest, wanted) || !isLive(latest.state)
  if (isOver()) return latest
  const done = new AbortController()
  const timer =
    seconds === Infinity
      ? null
      : setTimeout(() => done.abort(), Math.min(seconds * 1000, 2 ** 31 - 1))
  function look(instance: Instance): void {
    latest = instance
    if (isOver()) done.abort()
  }
  try {
    await followEvents(find, {
      signal: done.signal,
      // lab may restart meanwhile, and its agents work on.
      onLost: () => undefined,
      onMessage(message) {
        if (message.type === 'snapshot') {
          const now = message.instances.find(({ id }) => id === named.id)
          if (now) look(now)
          else void ended(find(), named.id).then(look, () => done.abort())
        } else if (message.type === 'instance' && message.instance.id === named.id)
          look(message.instance)
        else if (message.type === 'removed' && message.id === named.id) {
          isForgotten = true
          done.abort()
        }
      },
    })
  } finally {
    if (timer) clearTimeout(timer)
  }
  if (isOver()) return latest
  throw new Failure(
    isForgotten
      ? `${latest.name} was dismissed, so lab has forgotten it.`
      : `${latest.name} is still ${wordOf(latest.state)}.`,
  )
}

/** An instance that is no longer among the live ones. */
async function ended(server: ReturnType<typeof findServer>, id: string): Promise<Instance> {
  const path = `instances/${pathPart(id, 'an instance')}`
  return (await callApi(server, 'GET', path)) as Instance
}

const working = new Set<string>(['starting', 'busy', 'stopping', 'unknown'])

function isReached({ state }: Instance, wanted: string | undefined): boolean {
  if (wanted === undefined) return isLive(state) && !working.has(state)
  if (wanted === 'ended') return !isLive(state)
  return wordOf(state) === wanted || state === wanted
}
