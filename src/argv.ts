// Parses command lines: flags and paths. config.ts and the commands share it, so that every part of lab
// accepts and refuses the same. Pure. Imports errors only.
import { isAbsolute, join, resolve } from 'node:path'
import { parseArgs, type ParseArgsConfig } from 'node:util'
import { UsageError } from './errors.ts'

type Flags = NonNullable<ParseArgsConfig['options']>
type Parsed<F extends Flags> = ReturnType<
  typeof parseArgs<{ options: F; strict: true; allowPositionals: true; args: string[] }>
>

/**
 * Parses flags strictly: `-name` is the same as `--name`, and the last of a repeated flag wins unless the
 * flag is `multiple`. @throws UsageError naming an unknown flag and the nearest known one, or a missing value
 */
export function parseFlags<const F extends Flags>(argv: readonly string[], flags: F): Parsed<F> {
  const args = spellOut(argv, flags)
  return parseArgs<{ options: F; strict: true; allowPositionals: true; args: string[] }>({
    args,
    options: flags,
    strict: true,
    allowPositionals: true,
  })
}

/** Whether the command line asks for help instead of work. */
export function asksForHelp(argv: readonly string[]): boolean {
  const end = argv.indexOf('--')
  return (end < 0 ? argv : argv.slice(0, end)).some((word) => /^(-h|--?help)$/.test(word))
}

/** The folders that a relative path and a `~` refer to. */
export interface PathContext {
  readonly homedir: string
  readonly cwd: string
}

/** Makes a typed path absolute; `~/` is the home directory, as in a shell. */
export function absolutePath(typed: string, { homedir, cwd }: PathContext): string {
  return resolve(cwd, /^~(\/|$)/.test(typed) ? join(homedir, typed.slice(1)) : typed)
}

/** The state directory of a lab without --state-dir. */
export function defaultStateDir(
  env: Readonly<Record<string, string | undefined>>,
  homedir: string,
): string {
  const base = env['XDG_STATE_HOME'] ?? ''
  // The XDG specification says to ignore a relative path.
  return isAbsolute(base) ? join(base, 'lab') : join(homedir, '.local', 'state', 'lab')
}

/** The candidate that is nearest to the typed `word`; null when none is near. */
export function nearest(word: string, candidates: readonly string[]): string | null {
  const begun = candidates.filter((candidate) => word.length > 1 && candidate.startsWith(word))
  if (begun.length === 1) return begun[0] ?? null
  const [best] = candidates
    .map((candidate) => ({ candidate, distance: editDistance(word, candidate) }))
    .sort((a, b) => a.distance - b.distance)
  return best && best.distance <= (word.length < 4 ? 1 : Math.max(2, word.length / 3))
    ? best.candidate
    : null
}

// parseArgs alone would read `-port` as five short flags and `--port -1` as a flag without a value, so
// every flag gets the form `--name=value`.
function spellOut(argv: readonly string[], flags: Flags): string[] {
  const args: string[] = []
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? ''
    if (word === '--') return [...args, ...argv.slice(i)]
    const match = /^--?([A-Za-z][^=]*)(=[^]*)?$/.exec(word)
    if (!match) {
      if (/^-./.test(word)) throw unknownFlag(word, flags)
      args.push(word)
      continue
    }
    const [, name = '', value] = match
    const flag = Object.hasOwn(flags, name) ? flags[name] : undefined
    if (!flag) throw unknownFlag(word.replace(/=[^]*/, ''), flags)
    if (flag.type === 'boolean') {
      if (value !== undefined)
        throw new UsageError(`--${name} takes no value; write --${name} alone.`)
      args.push(`--${name}`)
      continue
    }
    if (value !== undefined) {
      args.push(`--${name}${value}`)
      continue
    }
    const next = argv[++i]
    if (next === undefined || /^--?[A-Za-z]|^--$/.test(next))
      throw new UsageError(`--${name} is given without a value; write --${name}=VALUE.`)
    args.push(`--${name}=${next}`)
  }
  return args
}

function unknownFlag(word: string, flags: Flags): UsageError {
  const near = nearest(word.replace(/^-+/, ''), Object.keys(flags))
  const hint = near ? `did you mean --${near}?` : '--help lists them.'
  return new UsageError(`${JSON.stringify(word).slice(1, -1)} is not a flag of lab; ${hint}`)
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const above = row
    row = [i]
    for (let j = 1; j <= b.length; j++) {
      const changed = (above[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min(changed, (above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1))
    }
  }
  return row[b.length] ?? 0
}
