// The composition root: argv → configuration → service or command. The only reader of `process`.
import { homedir } from 'node:os'
import packageJson from '../package.json' with { type: 'json' }
import { asksForHelp } from './argv.ts'
import { isCommand, runCli } from './cli/cli.ts'
import { parseConfig, serveHelp } from './config.ts'
import { UsageError } from './errors.ts'

const { version } = packageJson
const around = { homedir: homedir(), cwd: process.cwd() }

/** Carries out the command line; resolves to the exit code, or to null while a server runs on. */
async function main([word = 'serve', ...rest]: readonly string[]): Promise<number | null> {
  if (word === 'stand-in') return runStandInProgram(rest)
  if (word === 'demo') return runDemo(rest)
  if (word === 'serve' || (word.startsWith('-') && !isCommand(word)))
    return runServer(word === 'serve' ? rest : [word, ...rest])
  return runCommand([word, ...rest])
}

function runCommand(argv: readonly string[]): Promise<number> {
  const { env, stdout, stderr } = process
  return runCli(argv, { env, stdout, stderr, ...around, version })
}

async function runServer(
  argv: readonly string[],
  onEnd?: () => Promise<void>,
): Promise<null | number> {
  if (asksForHelp(argv)) {
    process.stdout.write(serveHelp())
    return 0
  }
  const config = parseConfig(argv, process.env, around)
  // Loaded here so that the commands start as fast as Node does.
  const { serve } = await import('./serve.ts')
  const lab = await serve(config, {
    env: process.env,
    home: around.homedir,
    version,
    onListening: (url) => process.stdout.write(`lab listening on ${url}\n`),
  })
  endOnSignal(async () => {
    await lab.close()
    await onEnd?.()
  })
  return null
}

// What is still open by then must not keep lab from ending; instances do not depend on it.
const endMs = 1800

function endOnSignal(end: () => Promise<void>): void {
  let ending = false
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => {
      if (ending) return
      ending = true
      setTimeout(() => process.exit(0), endMs).unref()
      end().then(
        () => process.exit(0),
        (error: unknown) => fail(error),
      )
    })
}

async function runDemo(argv: readonly string[]): Promise<number | null> {
  if (asksForHelp(argv)) return runCommand(['demo', ...argv])
  const { prepareDemo } = await import('./demo/demo.ts')
  const labPath = process.argv[1] ?? 'lab'
  const demo = await prepareDemo({ node: process.execPath, labPath })
  const flags = [
    `--projects-root=${demo.projectsRoot}`,
    `--claude=${demo.claude}`,
    `--claude-config-dir=${demo.claudeConfigDir}`,
    `--state-dir=${demo.stateDir}`,
    `--tmux-socket=${demo.tmuxSocket}`,
  ]
  process.stderr.write(
    `This is a demonstration: a stand-in for claude on repositories in ${demo.projectsRoot}.\n` +
      `Nothing of it stays when you end it with C-c. In another shell: LAB_STATE_DIR=${demo.stateDir} ${labPath} ls\n`,
  )
  try {
    return await runServer([...flags, ...argv], () => demo.cleanup())
  } catch (error) {
    await demo.cleanup()
    throw error
  }
}

async function runStandInProgram(argv: readonly string[]): Promise<null> {
  const { runStandIn } = await import('./demo/claude.ts')
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

main(process.argv.slice(2)).then((code) => {
  if (code !== null) process.exitCode = code
}, fail)
