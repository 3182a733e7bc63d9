// lab's own session: lab's connection attaches to it, and the lab that holds the server is written on
// it. It is known by its mark and by what it runs, for a hook or a person may give it any name.
import { prepareServer, stayDetached, stayUnattached } from './commands.ts'
import { decodeValue, encodeValue } from './listing.ts'
import type { Command } from './client/quote.ts'
import { failureOf, type Reply, type Run, type RunOptions } from './client/reply.ts'
import type { Server } from './client/socket.ts'
import type { Owner } from './tmux.ts'

const selfName = '_lab'

const explanation = `This session belongs to lab, which keeps its connection to tmux here.
Nothing runs in it. Leave it with C-b d; ending it does no harm, lab makes a new one.`

// What it runs is there from the first moment on, the mark is not.
const isSelf =
  '#{||:#{==:#{@lab_self},1},#{m:*lab-self*This session belongs to lab*,#{pane_start_command}}}'

/** Creates the session, which only sleeps and tells a visitor what it is; answers with its id. */
const makeCommand: Command = [
  ...`new-session -d -P -F #{session_id} -s ${selfName} -x 200 -y 50 -c / -- sh -c`.split(' '),
  'printf "%s\\n" "$1"; exec sleep 2147483647',
  'lab-self',
  explanation,
]

const findCommand: Command = ['list-panes', '-a', '-f', isSelf, '-F', '#{session_id}|#{@lab_owner}']

interface Found {
  readonly sessionId: string
  /** As it is written on the session; empty without one. */
  readonly owner: string
}

/** The one of several that every lab picks: one that is held, else the oldest. */
function pick(lines: readonly string[]): Found | null {
  // A line without an id is the rest of an owner that somebody wrote by hand.
  const all = lines.flatMap((line): Found[] => {
    const [, sessionId, owner] = /^(\$\d+)\|(.*)$/.exec(line) ?? []
    return sessionId === undefined || owner === undefined ? [] : [{ sessionId, owner }]
  })
  const rank = ({ sessionId, owner }: Found): number =>
    Number(sessionId.slice(1)) + (owner === '' ? Number.MAX_SAFE_INTEGER / 2 : 0)
  return all.toSorted((a, b) => rank(a) - rank(b))[0] ?? null
}

/** Ends a session of lab's own that is not needed. */
function endCommand(sessionId: string): Command {
  return ['if-shell', '-F', '-t', `${sessionId}:`, isSelf, `kill-session -t '${sessionId}'`]
}

const answers = { held: 'held', gone: 'gone' }

/** The format that is true when the holder is this one. */
function isOf(owner: string): string {
  return `#{==:#{@lab_owner},${owner}}`
}

/** Takes the server over from whoever was seen holding it, or from nobody, and marks the session, in one step. */
function ownCommand(sessionId: string, owner: string, instead: string): Command {
  const target = `${sessionId}:`
  const mayTake = `#{||:${isOf('')},#{||:${isOf(owner)},${isOf(instead)}}}`
  // Ids come again with the next server.
  const condition = `#{&&:${isSelf},${mayTake}}`
  const take = `set-option -t '${target}' @lab_owner '${owner}' ; set-option -t '${target}' @lab_self 1`
  const refuse = `display-message -p -t '${target}' '#{?${isSelf},${answers.held},${answers.gone}}'`
  return ['if-shell', '-F', '-t', target, condition, take, refuse]
}

const heldReply: Failed = { kind: 'unavailable', stderr: 'another lab holds the tmux server' }
const lost: Failed = {
  kind: 'unavailable',
  stderr: 'lab’s own session went while it was looked at',
}

export type Ensured = { readonly kind: 'ok'; readonly sessionId: string } | Failed
type Failed = Exclude<Reply, { kind: 'ok' }>
type Looked = { readonly kind: 'ok'; readonly found: Found | null } | Failed

/** Whether the answer is that another lab holds the server. */
export function isHeld(ensured: Ensured): boolean {
  return ensured === heldReply
}

export interface LabSession {
  /** Makes sure that there is one session of lab's own and that it carries the holder. */
  ensure(may: RunOptions): Promise<Ensured>
  /** The lab that says it holds the server, or null. @throws TmuxUnavailable and what a call throws */
  owner(): Promise<Owner | null>
  /** Who is to be written onto it from now on, in the place of `instead` or of nobody. */
  own(owner: Owner, instead: Owner | null): void
}

/** Makes the keeper of lab's own session; every call is a spawned tmux's, since they are rare. */
export function createLabSession(options: {
  readonly spawned: Run
  readonly server: Server
  readonly historyLimit: number
  readonly timeoutMs: number
}): LabSession {
  const { spawned, server, historyLimit, timeoutMs } = options
  let holder = ''
  let replaced = ''

  async function find(): Promise<Looked> {
    const reply = await spawned([findCommand])
    // A server without any session refuses to list.
    if (reply.kind === 'gone') return { kind: 'ok', found: null }
    return reply.kind === 'ok' ? { kind: 'ok', found: pick(reply.lines) } : reply
  }

  async function make(may: RunOptions, isNew: boolean): Promise<Looked> {
    const prepare = [...prepareServer(server, { historyLimit, isNew }), stayUnattached]
    const commands = [...prepare, makeCommand, stayDetached(`=${selfName}:`)]
    const made = await spawned(commands, may)
    // A hook that fails makes the call fail, though the session is there.
    const own = made.lines?.find((line) => /^\$\d+$/.test(line))
    const isDouble = made.kind === 'failed' && made.stderr.includes('duplicate session')
    if (made.kind !== 'ok' && own === undefined && !isDouble) return made
    // Of two that make it at once, one does; or a hook gave one another name, and both pick the same.
    const looked = await find()
    const found = looked.kind === 'ok' ? looked.found : null
    if (own && found && found.sessionId !== own) await spawned([endCommand(own)])
    return looked
  }

  return {
    async ensure(may) {
      let looked = await find()
      const isAbsent =
        looked.kind === 'ok' ? !looked.found : looked.kind === 'no-server' && may.mayStart
      if (isAbsent) looked = await make(may, looked.kind === 'no-server')
      if (looked.kind !== 'ok') return looked
      const sessionId = looked.found?.sessionId
      if (sessionId === undefined) return lost
      const taken = await spawned([ownCommand(sessionId, holder, replaced)])
      if (taken.kind !== 'ok') return taken
      if (taken.lines.includes(answers.held)) return heldReply
      return taken.lines.includes(answers.gone) ? lost : { kind: 'ok', sessionId }
    },
    async owner() {
      const looked = await find()
      if (looked.kind === 'no-server') return null
      if (looked.kind !== 'ok') throw failureOf('list-panes', looked, timeoutMs)
      return looked.found && decodeOwner(looked.found.owner)
    },
    own(owner, instead) {
      holder = encodeOwner(owner)
      replaced = instead ? encodeOwner(instead) : ''
    },
  }
}

function encodeOwner({ pid, procStart }: Owner): string {
  return `${pid} ${encodeValue(procStart)}`
}

function decodeOwner(coded: string): Owner | null {
  const [pid, procStart] = coded.split(' ')
  if (!pid || !procStart || !/^\d+$/.test(pid)) return null
  return { pid: Number(pid), procStart: decodeValue(procStart) }
}
