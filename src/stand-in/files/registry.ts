// The registry file `<config dir>/sessions/<pid>.json`. Like Claude Code the stand-in writes in place,
// so a reader may find the file empty or cut in half.
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readlinkSync, rmSync, writeFileSync, writeSync } from 'node:fs' // prettier-ignore
import { randomBytes } from 'node:crypto'
import { spawnSync } from 'node:child_process'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Registry {
  /** Makes the file. As with Claude Code, its first text has a derived name and no status. */
  open(name: string | null): void
  /** Sets fields (undefined removes a field) and writes the open file, one write after the other. */
  set(fields: Readonly<Record<string, unknown>>): void
  /** Removes the files that `open` made. Later calls of `set` write nothing. */
  remove(): void
}

export interface RegistryDeps {
  readonly dir: string
  readonly sessionId: string
  readonly cwd: string
  readonly version: string
  readonly gapMs: number
  readonly env: NodeJS.ProcessEnv
}

/** The registry file of this process. `open` makes it. */
export function createRegistry({ dir, gapMs, ...deps }: RegistryDeps): Registry {
  const file = join(dir, `${process.pid}.json`)
  const key = join(dir, `${process.pid}.${randomBytes(32).toString('hex')}.key`)
  const startedAt = Date.now()
  const procStart = readProcStart()
  let fields: Record<string, unknown> = { pid: process.pid, sessionId: deps.sessionId }
  let isOpen = false
  let isWriting = false
  let isDirty = false
  let wasWritten = false

  async function write(): Promise<void> {
    isDirty = true
    if (isWriting) return
    isWriting = true
    while (isDirty && isOpen) {
      isDirty = false
      const text = JSON.stringify(fields)
      const half = Math.floor(text.length / 2)
      // Claude Code makes its file once. A removed file never comes back.
      if (wasWritten && !existsSync(file)) break
      const fd = openSync(file, 'w', 0o644)
      wasWritten = true
      try {
        writeSync(fd, text.slice(0, half))
        if (gapMs > 0) await sleep(gapMs)
        if (isOpen) writeSync(fd, text.slice(half))
      } finally {
        closeSync(fd)
      }
      // A whole file stays for as long as a cut one, so that a reader can find it.
      if (gapMs > 0) await sleep(gapMs)
    }
    isWriting = false
  }

  function set(changed: object): void {
    fields = { ...fields, ...changed }
    if (isOpen) void write()
  }

  return {
    set,
    open(name) {
      mkdirSync(dir, { recursive: true, mode: 0o700 })
      writeFileSync(key, JSON.stringify({ peerToken: randomBytes(16).toString('hex'), procStart }), { mode: 0o600 }) // prettier-ignore
      isOpen = true
      set(firstFields(deps, startedAt, procStart))
      if (name !== null) set({ name, nameSource: 'user', nameSince: Date.now(), updatedAt: Date.now() }) // prettier-ignore
    },
    remove() {
      isOpen = false
      rmSync(file, { force: true })
      rmSync(key, { force: true })
    },
  }
}

/** The fields of a new session, in Claude Code's order. */
function firstFields(
  { cwd, version, env }: Pick<RegistryDeps, 'cwd' | 'version' | 'env'>,
  startedAt: number,
  procStart: string,
): object {
  return {
    cwd,
    startedAt,
    procStart,
    version,
    peerProtocol: 1,
    peerFeatures: ['notify_idle', 'reply_across_default_dirs', 'artifact_yield'],
    kind: 'interactive',
    entrypoint: 'cli',
    pidDomain: pidDomain(),
    asksForConvertedSkills: null,
    ...tmuxField(env),
    messagingSocketPath: `/tmp/cc-socks/${process.pid}.sock`,
    name: `${basename(cwd)}-${randomBytes(1).toString('hex')}`,
    nameSource: 'derived',
    nameSince: startedAt,
  }
}

/** Field 22 of /proc/self/stat, the start time. Pid and start time name one process until the next boot. */
function readProcStart(): string {
  const stat = readFileSync('/proc/self/stat', 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '0'
}

function pidDomain(): string {
  let machine = ''
  try {
    machine = readFileSync('/etc/machine-id', 'utf8').trim()
  } catch {
    // A container may have no machine-id.
  }
  return `linux:${machine}:${readlinkSync('/proc/self/ns/pid')}`
}

function tmuxField(env: NodeJS.ProcessEnv): { tmux?: string } {
  const socket = env['TMUX']?.split(',')[0]
  const pane = env['TMUX_PANE']
  if (!socket || !pane) return {}
  const reply = spawnSync(
    'tmux',
    ['-S', socket, 'display-message', '-p', '-t', pane, '#{session_name}:#{window_id}.#{pane_id}'],
    { encoding: 'utf8', timeout: 2000 },
  )
  return reply.status === 0 ? { tmux: reply.stdout.trim() } : {}
}
