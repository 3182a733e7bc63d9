// The adapter opened on a test's private tmux, and small programs to run in its panes.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { createTmux, type TmuxOptions } from '../../src/tmux/adapter.ts'
import type { NewSession, Tmux } from '../../src/tmux/tmux.ts'
import { mockLog } from '../fixtures/log.ts'
import type { TmuxSandbox } from '../fixtures/tmux.ts'
import { until } from '../fixtures/until.ts'

/** Every promise is tested with both. */
export const clients = ['spawned', 'control'] as const

export const owner = { pid: process.pid, procStart: '4711' }

/** An adapter that is closed when the test ends; no owner is set yet, so nothing runs. */
export async function openBare(
  sandbox: TmuxSandbox,
  options: Partial<TmuxOptions> & Pick<TmuxOptions, 'client'>,
): Promise<Tmux> {
  const tmux = await createTmux({
    socket: sandbox.socket,
    historyLimit: 2000,
    bufferDir: join(sandbox.dir, 'buffers'),
    env: sandbox.env,
    // A busy machine may take longer than lab would wait; the deadline has tests of its own.
    timeoutMs: 10_000,
    log: mockLog(),
    ...options,
  })
  onTestFinished(() => tmux.close())
  return tmux
}

/** An adapter as lab uses it: the owner is written, and a control client is connected. */
export async function open(...args: Parameters<typeof openBare>): Promise<Tmux> {
  const tmux = await openBare(...args)
  await tmux.setOwner(owner)
  return tmux
}

/** A session to start, `foo` that sleeps unless told otherwise. */
export function session(sandbox: TmuxSandbox, some: Partial<NewSession> = {}): NewSession {
  return {
    name: 'foo',
    cwd: sandbox.dir,
    env: {},
    unset: [],
    argv: ['sleep', '1000'],
    metadata: { id: `id of ${some.name ?? 'foo'}` },
    historyLimit: 2000,
    ...some,
  }
}

/** A program that says `ready` and from then on writes every byte it is typed to `file`. */
export function typist(file: string): string[] {
  return ['sh', '-c', 'stty raw -echo; printf ready; exec cat >"$1"', 'typist', file]
}

/** Waits until the pane shows `text`. */
export async function shows(tmux: Tmux, paneId: string, text: string): Promise<void> {
  await until(async () => (await tmux.capture(paneId, 100)).join('\n').includes(text), {
    what: `"${text}" in ${paneId}`,
  })
}

/** Waits until the file is there and not empty, and reads it. */
export function contents(file: string): Promise<string> {
  return until(async () => (await readFile(file, 'utf8')) || null, { what: file })
}

/** A shell script that writes its NUL-separated output to "$OUT", which appears complete. */
export function writing(output: string): string {
  return `${output} >"$OUT.part"; mv "$OUT.part" "$OUT"; exec sleep 1000`
}

/** Runs a program on a terminal of its own, as a person would, until the test ends. */
export async function onTerminal(sandbox: TmuxSandbox, argv: readonly string[]): Promise<void> {
  const start = ['-L', 'outer', '-f', '/dev/null', 'new-session', '-d', '--', 'env', '-u', 'TMUX']
  await sandbox.plainTmux(...start, ...argv)
}
