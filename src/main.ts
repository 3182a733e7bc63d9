// The composition root: argv → configuration → service or command. The only reader of `process`.
import { closeSync, openSync } from 'node:fs'
import { homedir } from 'node:os'
import { resolve } from 'node:path'
import packageJson from '../package.json' with { type: 'json' }
import { asksForHelp } from './argv.ts'
import { isCommand, runCli } from './cli/cli.ts'
import type { Keyboard } from './cli/command.ts'
import { parseConfig, serveHelp } from './config/config.ts'
import { UsageError } from './errors.ts'
import { hasUnanswered, unansweredMax } from './read-file.ts'
import type { Runtime } from './serve/compose.ts'

const { version } = packageJson
const pathContext = { homedir: homedir(), cwd: process.cwd() }

// Before the first file access: disks that do not answer may hold all of these threads but sixteen.
process.env['UV_THREADPOOL_SIZE'] ??= String(unansweredMax + 16)

/** Carries out the command line. Resolves to the exit code, or to null while a server keeps running. */
async function main([word = 'serve', ...rest]: readonly string[]): Promise<number | null> {
  if (word === 'stand-in') return runStandInProgram(rest)
  if (word === 'demo') return runDemo(rest)
  if (word === 'serve' || (word.startsWith('-') && !isCommand(word)))
    return runServer(word === 'serve' ? rest : [word, ...rest])
  return runCommand([word, ...rest])
}

function runCommand(argv: readonly string[]): Promise<number> {
  const { env, stdout, stderr } = process
  const self = [process.execPath, resolve(process.argv[1] ?? 'lab')]
  return runCli(argv, {
    env,
    // Only the command that reads standard input opens it.
    get stdin() {
      return process.stdin
    },
    stdout,
    stderr,
    ...pathContext,
    self,
    version,
    keyboard,
    onSignal,
  })
}

/** Reads the terminal key by key, and hears of its size. */
const keyboard: Keyboard = {
  open(listener) {
    const { stdin, stdout } = process
    const onKey = (typed: Buffer): void => listener(typed.toString('latin1'))
    const onSize = (): void => listener('')
    stdin.setRawMode?.(true)
    stdin.on('data', onKey).resume()
    stdout.on('resize', onSize)
    return () => {
      stdin.off('data', onKey).pause()
      stdin.setRawMode?.(false)
      stdout.off('resize', onSize)
    }
  },
}

/** Calls a command's listener in place of ending at a signal. */
function onSignal(listener: () => void): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, listener)
  return () => {
    for (const signal of signals) process.off(signal, listener)
  }
}

// The instances do not depend on lab, so lab may exit with open connections after this time.
const serveEndMs = 1800

async function runServer(
  argv: readonly string[],
  demo: Pick<Runtime, 'cast' | 'onListening'> | null = null,
): Promise<null | number> {
  if (asksForHelp(argv)) {
    process.stdout.write(serveHelp())
    return 0
  }
  const config = parseConfig(argv, { env: process.env, ...pathContext })
  const isDemo = atEnd.length > 0
  if (!isDemo) endOnSignals(['SIGTERM', 'SIGINT'], serveEndMs)
  // Loaded here so that the commands start as fast as Node does.
  const { serve } = await import('./serve/serve.ts')
  const serving = serve(config, {
    env: process.env,
    home: pathContext.homedir,
    version,
    command: [process.execPath, ...process.argv.slice(1, 2)],
    ...(demo?.cast && { cast: demo.cast }),
    onListening(url) {
      process.stdout.write(`lab listening on ${url}\n`)
      demo?.onListening(url)
    },
    onTaken: fail,
  })
  if (!isDemo && config.configFile !== null) reloadOnHangUp(async () => (await serving).reload())
  // A signal during the start waits until lab is up, and then ends it.
  atEnd.push(async () => (await serving.catch(() => null))?.close())
  await serving
  return null
}

/** The steps of lab's end after a signal; the last one runs first. */
const atEnd: (() => Promise<void>)[] = []
let isEnding = false

/** Ends lab at these signals, at the latest after `limitMs`. */
function endOnSignals(signals: readonly NodeJS.Signals[], limitMs: number): void {
  async function end(): Promise<void> {
    setTimeout(exit, limitMs).unref()
    while (atEnd.length > 0) await atEnd.pop()!()
    exit()
  }
  for (const signal of signals)
    process.on(signal, () => {
      if (!isEnding) end().catch(fail)
      isEnding = true
    })
}

/** Reloads at SIGHUP. When lab's terminal is gone, SIGHUP ends lab, as it does by default. */
function reloadOnHangUp(reload: () => Promise<void>): void {
  const hadTerminal = hasTerminal()
  process.on('SIGHUP', () => {
    if (hadTerminal && !hasTerminal()) process.kill(process.pid, 'SIGTERM')
    else reload().catch(() => undefined)
  })
}

function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return true
  } catch {
    return false
  }
}

/** Ends the process. A signal ends it when a thread waits for a dead disk, because Node would wait for that thread. */
function exit(): void {
  if (!hasUnanswered()) process.exit(0)
  process.removeAllListeners('SIGTERM')
  process.kill(process.pid, 'SIGTERM')
}

// The demo ends its agents one by one before it removes their folder.
const demoEndMs = 15_000

async function runDemo(argv: readonly string[]): Promise<number | null> {
  if (asksForHelp(argv)) return runCommand(['demo', ...argv])
  // The demo removes its folder at any end of its terminal.
  endOnSignals(['SIGTERM', 'SIGINT', 'SIGHUP'], demoEndMs)
  process.stderr.write('Preparing six repositories and five agents, a few seconds…\n')
  const { prepareDemo } = await import('./demo/demo.ts')
  const labPath = process.argv[1] ?? 'lab'
  const ending = new AbortController()
  const preparing = prepareDemo({ node: process.execPath, labPath, signal: ending.signal })
  atEnd.push(async () => {
    ending.abort()
    await (await preparing.catch(() => null))?.cleanup()
  })
  const demo = await preparing.catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UsageError(`lab could not prepare the demo, and left nothing behind. ${reason}`)
  })
  if (isEnding) return null
  const flags = [
    `--projects-root=${demo.projectsRoot}`,
    `--claude=${demo.claude}`,
    `--claude-config-dir=${demo.claudeConfigDir}`,
    `--state-dir=${demo.stateDir}`,
    `--tmux-socket=${demo.tmuxSocket}`,
    '--max-instances=10',
  ]
  const onListening = (url: string): void =>
    void process.stderr.write(
      `This is a demonstration: stand-ins for claude on repositories in ${demo.projectsRoot}.\n` +
        `Open ${url} and answer the card of “plan the new VPC”.\n` +
        `C-c ends it and removes its files. In another shell: LAB_STATE_DIR=${demo.stateDir} node ${labPath} ls\n`,
    )
  try {
    return await runServer([...flags, ...argv], { cast: demo.cast, onListening })
  } catch (error) {
    await demo.cleanup()
    throw error
  }
}

async function runStandInProgram(argv: readonly string[]): Promise<null> {
  const { runStandIn } = await import('./stand-in/claude.ts')
  await runStandIn(argv, process.env)
  return null
}

function fail(error: unknown): never {
  if (error instanceof UsageError) {
    process.stderr.write(`lab: ${error.message}\n`)
    process.exit(2)
  }
  process.stderr.write(`lab: ${error instanceof Error ? error.stack : String(error)}\n`)
  process.exit(1)
}

main(process.argv.slice(2)).then(
  (code) => {
    if (code !== null) process.exitCode = code
  },
  (error: unknown) => {
    // An error after a signal is not a failure: C-c reaches lab's children as well as lab.
    if (!isEnding) fail(error)
  },
)
