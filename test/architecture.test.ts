// The rooms of src and the imports that each may use. The imports of a running lab come from esbuild's
// metafile; imports of types alone leave no trace there and are read from the text.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { build, type Metafile } from 'esbuild'
import { execa } from 'execa'
import { beforeAll, describe, expect } from 'vitest'
import { put, test } from './fixtures/folder.ts'

const top = join(import.meta.dirname, '..')

interface Room {
  /** Other rooms that it may import. */
  readonly rooms: readonly string[]
  /** Rooms of which it may import types only. */
  readonly types?: readonly string[]
  /** Packages, by name; `node:` means Node's own modules. */
  readonly packages: readonly string[]
}

// main → serve → web, notify → instances → workspaces, tmux, claude, projects, store → core, processes, leaves. The leaves are
// the files at the top of src: small, and the same for every room that needs them.
const rooms: Readonly<Record<string, Room>> = {
  main: {
    rooms: ['argv', 'cli', 'config', 'demo', 'errors', 'read-file', 'serve', 'stand-in'],
    packages: ['node:'],
  },
  serve: {
    rooms: ['atomic-write', 'claude', 'config', 'core', 'errors', 'instances', 'log', 'notify', 'problems', 'processes', 'projects', 'queue', 'read-file', 'store', 'tmux', 'web'], // prettier-ignore
    packages: ['node:', '@hono/node-server'],
  },
  config: { rooms: ['argv', 'core', 'errors'], packages: ['node:', 'zod'] },
  argv: { rooms: ['errors'], packages: ['node:'] },
  'atomic-write': { rooms: [], packages: ['node:'] },
  'disk-errors': { rooms: [], packages: [] },
  errors: { rooms: ['disk-errors'], packages: [] },
  log: { rooms: ['core'], types: ['config'], packages: ['node:', 'pino'] },
  problems: { rooms: [], types: ['log'], packages: [] },
  'read-file': { rooms: [], packages: ['node:'] },
  queue: { rooms: [], packages: [] },
  turns: { rooms: ['queue'], packages: ['node:'] },
  core: { rooms: [], packages: [] },
  processes: { rooms: ['queue', 'turns'], types: ['log'], packages: ['node:'] },
  projects: { rooms: ['core', 'errors', 'read-file'], types: ['log'], packages: ['node:'] },
  workspaces: { rooms: ['errors', 'read-file'], types: ['core'], packages: ['node:'] },
  store: {
    rooms: ['atomic-write', 'core', 'disk-errors', 'errors', 'processes', 'queue', 'read-file'],
    types: ['log'],
    packages: ['node:', 'zod'],
  },
  tmux: {
    rooms: ['atomic-write', 'core', 'errors', 'processes', 'queue', 'read-file'],
    types: ['log'],
    packages: ['node:', 'execa'],
  },
  claude: {
    rooms: ['atomic-write', 'core', 'errors', 'processes', 'queue', 'read-file'],
    packages: ['node:', 'execa', 'zod'],
  },
  instances: {
    rooms: ['claude', 'core', 'disk-errors', 'errors', 'processes', 'projects', 'queue', 'read-file', 'store', 'tmux', 'turns', 'workspaces'], // prettier-ignore
    types: ['log'],
    packages: ['node:'],
  },
  notify: {
    rooms: ['atomic-write', 'core', 'errors', 'queue', 'read-file'],
    types: ['instances', 'log'],
    packages: ['node:', 'web-push', 'zod'],
  },
  web: {
    rooms: ['core', 'errors', 'instances', 'notify', 'queue', 'read-file', 'turns'],
    types: ['log', 'problems'],
    packages: ['node:', 'hono', 'htmx.org', 'uqr', 'zod'],
  },
  cli: {
    rooms: ['argv', 'atomic-write', 'core', 'errors', 'processes', 'read-file'],
    packages: ['node:', 'uqr'],
  },
  'stand-in': { rooms: ['queue'], packages: ['node:'] },
  demo: { rooms: ['core', 'stand-in'], packages: ['node:'] },
}

/**
 * The floors within a room, from the top: folders, and single files of the room's own level; `.` are the
 * other files of that level. Each imports only from floors below it.
 */
const floors: Readonly<Record<string, readonly string[]>> = {
  instances: ['.', 'actions', 'input', 'login', 'look', 'observe', 'questions', 'state'],
  cli: ['cli', 'help', 'commands', 'machine', '.'],
  'stand-in': ['.', 'session', 'startup', 'turns', 'files', 'terminal', 'behaviour'],
  web: [
    'app',
    'routes',
    'live',
    'access',
    'views',
    'assets',
    'server-info',
    'body',
    'raw-body',
    'status',
    'env',
  ],
}

interface Edge {
  readonly from: string
  readonly to: string
}

/** The files below a folder, as paths from the top. */
function filesIn(folder: string): string[] {
  return readdirSync(join(top, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(top, join(parentPath, name)))
}

const isSource = (file: string): boolean => /\.tsx?$/.test(file)
const files = filesIn('src').filter(isSource)
const textOf = (file: string): string => readFileSync(join(top, file), 'utf8')

function roomOf(path: string): string {
  const [, first = '', second] = path.split('/')
  return second === undefined ? first.replace(/\.tsx?$/, '') : first
}

/** The floor of a file: its folder, or itself where the table names it, else `.`. */
function floorOf(path: string): string {
  const [, room = '', first = '', second] = path.split('/')
  if (second !== undefined) return first
  const name = first.replace(/\.tsx?$/, '')
  return floors[room]?.includes(name) ? name : '.'
}

function packageOf(specifier: string): string {
  if (specifier.startsWith('node:') || builtinModules.includes(specifier)) return 'node:'
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

/** Every import written in the text, types included. */
function writtenEdges(): Edge[] {
  const imports = /(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'/g
  return files.flatMap((from) =>
    [...textOf(from).matchAll(imports)].map(([, to = '']) => ({
      from,
      to: to.startsWith('.') ? join(dirname(from), to) : to,
    })),
  )
}

/** Every import that is left when lab runs. */
function runningEdges({ inputs }: Metafile): Edge[] {
  return Object.entries(inputs).flatMap(([from, { imports }]) =>
    imports.map(({ path }) => ({ from, to: path })),
  )
}

function forbidden(edges: readonly Edge[], { withTypes }: { withTypes: boolean }): string[] {
  return edges
    .filter(({ from, to }) => {
      const room = rooms[roomOf(from)]
      if (!room) return true
      if (!to.startsWith('src/')) {
        // esbuild embeds files of public/ for the page; main reads its version from package.json.
        if (to.startsWith('public/')) return roomOf(from) !== 'web'
        if (to === 'package.json') return roomOf(from) !== 'main'
        return !room.packages.includes(packageOf(to))
      }
      const target = roomOf(to)
      const allowed = [roomOf(from), ...room.rooms, ...(withTypes ? (room.types ?? []) : [])]
      return !allowed.includes(target)
    })
    .map(({ from, to }) => `${from} → ${to}`)
}

/** The first path that leads from a file back to itself, or null. */
function cycleIn(edges: readonly Edge[]): string[] | null {
  const done = new Set<string>()
  function walk(file: string, path: readonly string[]): string[] | null {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file]
    if (done.has(file)) return null
    for (const { from, to } of edges) {
      const cycle = from === file && walk(to, [...path, file])
      if (cycle) return cycle
    }
    done.add(file)
    return null
  }
  for (const file of files) {
    const cycle = walk(file, [])
    if (cycle) return cycle
  }
  return null
}

let metafile: Metafile
beforeAll(async () => {
  const result = await build({
    absWorkingDir: top,
    entryPoints: ['src/main.ts'],
    bundle: true,
    write: false,
    outdir: 'dist',
    metafile: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    // An embedded file counts as imported, but is not code.
    loader: { '.png': 'binary' },
    logLevel: 'silent',
  })
  metafile = result.metafile
})

describe('imports', () => {
  test('run one way between the rooms', () => {
    expect(forbidden(runningEdges(metafile), { withTypes: false })).toEqual([])
    expect(forbidden(writtenEdges(), { withTypes: true })).toEqual([])
  })

  test('run one way between the floors of a room', () => {
    const wrong = writtenEdges().filter(({ from, to }) => {
      const order = floors[roomOf(from)]
      if (!order || roomOf(to) !== roomOf(from) || !to.startsWith('src/')) return false
      const [above, below] = [order.indexOf(floorOf(from)), order.indexOf(floorOf(to))]
      return above === -1 || below === -1 || above > below
    })
    expect(wrong).toEqual([])
  })

  test('use every permission that the table gives', () => {
    const used = writtenEdges()
    const unused = Object.entries(rooms).flatMap(([name, room]) => {
      const to = used.filter(({ from }) => roomOf(from) === name).map((edge) => edge.to)
      const entered = new Set(to.filter((path) => path.startsWith('src/')).map(roomOf))
      const imported = new Set(to.filter((path) => !path.startsWith('src/')).map(packageOf))
      return [
        ...[...room.rooms, ...(room.types ?? [])].filter((other) => !entered.has(other)),
        ...room.packages.filter((other) => !imported.has(other)),
      ].map((other) => `${name} → ${other}`)
    })
    expect(unused).toEqual([])
  })

  test('form no cycle', () => {
    expect(cycleIn(runningEdges(metafile))).toBeNull()
  })

  test('reach every file from main', () => {
    const edges = writtenEdges()
    const reached = new Set(['src/main.ts'])
    for (const file of reached) for (const { from, to } of edges) if (from === file) reached.add(to)
    expect(files.filter((file) => !reached.has(file) && !file.endsWith('.d.ts'))).toEqual([])
  })

  test('use every package that package.json asks for', () => {
    const { dependencies } = JSON.parse(readFileSync(join(top, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>
    }
    const used = new Set(writtenEdges().map(({ to }) => packageOf(to)))
    expect(Object.keys(dependencies).filter((name) => !used.has(name))).toEqual([])
  })

  test('are read: each room is in use, and a forbidden import would be seen', () => {
    expect(new Set(files.map(roomOf))).toEqual(new Set(Object.keys(rooms)))
    expect(runningEdges(metafile).length).toBeGreaterThan(files.length)
    const wrong = [
      { from: 'src/web/x.ts', to: 'src/tmux/tmux.ts' },
      { from: 'src/core/x.ts', to: 'node:fs' },
      { from: 'src/cli/x.ts', to: 'zod' },
    ]
    expect(forbidden(wrong, { withTypes: true })).toHaveLength(wrong.length)
    const round = [
      { from: files[0] ?? '', to: 'b' },
      { from: 'b', to: files[0] ?? '' },
    ]
    expect(cycleIn(round)).toHaveLength(3)
  })
})

describe('functions', () => {
  test('have at most 70 lines', async ({ folder }) => {
    const config = put(
      join(folder, 'oxlint.json'),
      '{ "categories": { "correctness": "off" }, "rules": { "max-lines-per-function": ["error", { "max": 70 }] } }',
    )
    const oxlint = join(top, 'node_modules/.bin/oxlint')
    const { stdout } = await execa(oxlint, ['-c', config, '-f', 'json', 'src'], {
      cwd: top,
      reject: false,
    })
    const { diagnostics } = JSON.parse(stdout) as {
      diagnostics: { message: string; filename: string }[]
    }
    const long = diagnostics.map(({ message, filename }) => ({
      name: /`(\w+)`/.exec(message)?.[1] ?? 'a function without a name',
      filename,
    }))
    expect(long).toEqual([])
  })
})

describe('files', () => {
  test('have at most 250 lines', () => {
    const long = files
      .map((file) => ({ file, lines: textOf(file).split('\n').length - 1 }))
      .filter(({ lines }) => lines > 250)
    expect(long).toEqual([])
  })

  test('are at most fourteen on one level', () => {
    const counts = new Map<string, number>()
    for (const file of files) counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1)
    expect([...counts].filter(([, count]) => count > 14)).toEqual([])
  })

  test('open with one to five lines of comment about their room', () => {
    const mute = files.filter((file) => {
      const lines = textOf(file).split('\n')
      const opening = lines.slice(
        0,
        lines.findIndex((line) => !line.startsWith('//')),
      )
      const said = opening.filter((line) => line !== '//').length
      return said < 1 || said > 5
    })
    expect(mute).toEqual([])
  })

  test('and folders have names that are not vague', () => {
    const vague = /^(utils?|helpers?|lib|types?|index|common|misc)$/
    const names = ['src', 'test', 'public', 'nix']
      .filter((folder) => existsSync(join(top, folder)))
      .flatMap(filesIn)
      .flatMap((file) => file.split('/').map((part) => part.replace(/\..*$/, '')))
    expect(names.filter((name) => vague.test(name))).toEqual([])
  })

  test("leave the process's arguments, environment, streams and end to main", () => {
    const readsProcess =
      /\bprocess\.(argv|env|cwd|chdir|std(in|out|err)|exit\w*|on|once|umask|title|execPath|abort)\b|\bconsole\.|'node:process'/
    // The stand-in for claude is another program.
    const others = files.filter(
      (file) => file !== 'src/main.ts' && !/^src\/(demo|stand-in)\//.test(file),
    )
    expect(others.filter((file) => readsProcess.test(textOf(file)))).toEqual([])
  })
})
