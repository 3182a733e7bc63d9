// Folder trust in Claude's own configuration, which holds far more than lab knows of.
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, vi } from 'vitest'
import { seedTrust } from '../../src/claude/trust.ts'
import { ClaudeConfigInvalid, ClaudeConfigUnwritable } from '../../src/errors.ts'
import { deadMount, noDeadMount } from '../fixtures/dead-mount.ts'
import { put, test } from '../fixtures/folder.ts'
import { until } from '../fixtures/until.ts'

// How often Claude's lock was found taken.
const lock = vi.hoisted(() => ({ refusals: 0 }))

vi.mock('node:fs/promises', async (original) => {
  const real = await original<{ mkdir: (path: string, ...rest: unknown[]) => Promise<unknown> }>()
  const mkdir: typeof real.mkdir = (path, ...rest) =>
    real.mkdir(path, ...rest).catch((error: unknown) => {
      if (path.endsWith('.lock')) lock.refusals++
      throw error
    })
  return { ...real, mkdir }
})

const read = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'))
/** Changes with every write and every replacement. */
function stampOf(path: string): string {
  const { ino, mtimeNs, ctimeNs } = statSync(path, { bigint: true })
  return `${ino} ${mtimeNs} ${ctimeNs}`
}

const trusted = { hasTrustDialogAccepted: true }

afterEach(() => {
  vi.useRealTimers()
  lock.refusals = 0
})

describe('the seed', () => {
  test.skipIf(noDeadMount !== null)(
    `refuses a configuration on a disk that does not answer, and then every other folder at once (${noDeadMount ?? 'mounted'})`,
    async ({ folder }) => {
      const file = join(folder, 'dead', '.claude.json')
      const release = deadMount(join(folder, 'dead'))
      try {
        let refusal: unknown = null
        seedTrust(file, '/p/foo').catch((error: unknown) => (refusal = error))
        await until(() => refusal, { what: 'a refusal', timeoutMs: 10_000 })
        expect(refusal).toBeInstanceOf(ClaudeConfigUnwritable)
        const begun = performance.now()
        await expect(seedTrust(file, '/p/bar')).rejects.toThrow(ClaudeConfigUnwritable)
        expect(performance.now() - begun).toBeLessThan(1000)
        const other = join(folder, '.claude.json')
        await seedTrust(other, '/p/foo')
        expect(read(other)).toMatchObject({ projects: { '/p/foo': trusted } })
      } finally {
        release()
      }
    },
    20_000,
  )

  test('makes a missing file, which only its owner can read', async ({ folder }) => {
    const file = join(folder, '.claude.json')
    await seedTrust(file, '/p/foo')
    expect(read(file)).toEqual({ hasCompletedOnboarding: true, projects: { '/p/foo': trusted } })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder)).toEqual(['.claude.json'])
  })

  test('makes a missing configuration directory', async ({ folder }) => {
    const file = join(folder, 'new', 'config', '.claude.json')
    await seedTrust(file, '/p/foo')
    expect(read(file)).toHaveProperty('projects')
    expect(statSync(join(folder, 'new', 'config')).mode & 0o777).toBe(0o700)
  })

  test('keeps all unknown keys, in order, and the mode and owner', async ({ folder }) => {
    const file = join(folder, '.claude.json')
    const before = {
      zeta: [1, { deep: null }],
      numStartups: 7,
      projects: {
        '/other': { hasTrustDialogAccepted: false, mcpServers: { a: { command: 'x' } } },
        '/odd': 5,
        '/p/foo': { allowedTools: ['Bash'], hasTrustDialogAccepted: false, history: ['ä\u2028'] },
      },
      oauthAccount: { emailAddress: 'ann@example.org' },
    }
    put(file, JSON.stringify(before))
    chmodSync(file, 0o640)
    const isRoot = process.getuid?.() === 0
    if (isRoot) chownSync(file, 1234, 1234)
    await seedTrust(file, '/p/foo')
    const after = read(file) as typeof before
    expect(after).toEqual({
      ...before,
      hasCompletedOnboarding: true,
      projects: {
        ...before.projects,
        '/p/foo': { ...before.projects['/p/foo'], ...trusted },
      },
    })
    expect(Object.keys(after).slice(0, 4)).toEqual(Object.keys(before))
    const { mode, uid, gid } = statSync(file)
    expect(mode & 0o777).toBe(0o640)
    if (isRoot) expect([uid, gid]).toEqual([1234, 1234])
  })

  test('writes nothing when all is set already', async ({ folder }) => {
    const file = join(folder, '.claude.json')
    put(
      file,
      '{"hasCompletedOnboarding":true,"projects":{"/p/foo":{"hasTrustDialogAccepted":true}}}',
    )
    const before = stampOf(file)
    await seedTrust(file, '/p/foo')
    expect(stampOf(file)).toBe(before)
    // And again, after another seed.
    await seedTrust(file, '/p/bar')
    const seeded = stampOf(file)
    await seedTrust(file, '/p/bar')
    expect(stampOf(file)).toBe(seeded)
  })

  test.for([
    ['the onboarding', '{"projects":{"/p/foo":{"hasTrustDialogAccepted":true}}}'],
    ['the trust', '{"hasCompletedOnboarding":true}'],
    [
      'a true that is no text',
      '{"hasCompletedOnboarding":"true","projects":{"/p/foo":{"hasTrustDialogAccepted":1}}}',
    ],
  ])('adds %s where only that is missing', async ([, text], { folder }) => {
    const file = put(join(folder, '.claude.json'), text)
    await seedTrust(file, '/p/foo')
    expect(read(file)).toEqual({ hasCompletedOnboarding: true, projects: { '/p/foo': trusted } })
  })

  test('trusts a folder under its given path and its real path', async ({ folder }) => {
    const file = join(folder, '.claude.json')
    mkdirSync(join(folder, 'real'))
    symlinkSync('real', join(folder, 'link'))
    await seedTrust(file, join(folder, 'link'))
    expect(read(file)).toMatchObject({
      projects: { [join(folder, 'link')]: trusted, [join(folder, 'real')]: trusted },
    })
    // Claude removed one of them: it is set again.
    writeFileSync(file, readFileSync(file, 'utf8').replace(join(folder, 'real'), '/elsewhere'))
    await seedTrust(file, join(folder, 'link'))
    expect(read(file)).toMatchObject({ projects: { [join(folder, 'real')]: trusted } })
  })

  test('writes through a symlinked configuration file and keeps the link', async ({ folder }) => {
    const real = put(join(folder, 'dotfiles', 'claude.json'), '{"kept":1}')
    const file = join(folder, '.claude.json')
    symlinkSync('dotfiles/claude.json', file)
    await seedTrust(file, '/p/foo')
    expect(lstatSync(file).isSymbolicLink()).toBe(true)
    expect(read(real)).toMatchObject({ kept: 1, projects: { '/p/foo': trusted } })
  })

  test('of twenty folders at the same moment loses none', async ({ folder }) => {
    const file = put(join(folder, '.claude.json'), '{"kept":1}')
    const folders = Array.from({ length: 20 }, (_, i) => `/p/${i}`)
    await Promise.all(folders.map((path) => seedTrust(file, path)))
    expect(read(file)).toEqual({
      kept: 1,
      hasCompletedOnboarding: true,
      projects: Object.fromEntries(folders.map((path) => [path, trusted])),
    })
    expect(readdirSync(folder)).toEqual(['.claude.json'])
  })
})

/** A git that reads no configuration but the repository's, and asks for nothing. */
function git(cwd: string, ...args: readonly string[]): void {
  const config = ['-c', 'user.name=t', '-c', 'user.email=t@example.org', '-c', 'init.defaultBranch=main'] // prettier-ignore
  execFileSync('git', [...config, '-c', 'protocol.file.allow=always', ...args], {
    cwd,
    env: { PATH: process.env['PATH'], HOME: cwd, GIT_CONFIG_NOSYSTEM: '1' },
    stdio: 'pipe',
  })
}

/** Makes a repository with one commit and returns its folder. */
function repository(folder: string): string {
  mkdirSync(folder)
  git(folder, 'init')
  git(folder, 'commit', '--allow-empty', '-m', 'first')
  return folder
}

// Claude Code 2.1.332 keeps the trust of a linked worktree under the root of its repository alone.
describe('the seed for a linked worktree', () => {
  /** The further folders that a seed for that folder trusts. */
  async function seededWith(folder: string, worktree: string): Promise<readonly string[]> {
    const file = join(folder, '.claude.json')
    await seedTrust(file, worktree)
    const { projects } = read(file) as { projects: Record<string, unknown> }
    return Object.keys(projects).filter((path) => path !== worktree)
  }

  test('trusts the main checkout as well', async ({ folder }) => {
    const main = repository(join(folder, 'main'))
    git(main, 'worktree', 'add', '../wt')
    expect(await seededWith(folder, join(folder, 'wt'))).toEqual([main])
  })

  test.for(['foo.git', '.bare'])(
    'trusts the bare repository %s itself',
    async (name, { folder }) => {
      repository(join(folder, 'origin'))
      git(folder, 'clone', '--bare', 'origin', name)
      git(join(folder, name), 'worktree', 'add', join(folder, 'wt'))
      expect(await seededWith(folder, join(folder, 'wt'))).toEqual([join(folder, name)])
    },
  )

  test('trusts the folder that holds a bare .git', async ({ folder }) => {
    repository(join(folder, 'origin'))
    git(folder, 'clone', '--bare', 'origin', 'foo/.git')
    git(join(folder, 'foo'), 'worktree', 'add', 'wt')
    expect(await seededWith(folder, join(folder, 'foo/wt'))).toEqual([join(folder, 'foo')])
  })

  test("trusts a submodule's own repository, not the outer one", async ({ folder }) => {
    repository(join(folder, 'origin'))
    const whole = repository(join(folder, 'whole'))
    git(whole, 'submodule', 'add', join(folder, 'origin'), 'part')
    expect(await seededWith(folder, join(whole, 'part'))).toEqual([])
    git(join(whole, 'part'), 'worktree', 'add', join(folder, 'wt'))
    writeFileSync(join(folder, '.claude.json'), '{}')
    expect(await seededWith(folder, join(folder, 'wt'))).toEqual([join(whole, '.git/modules/part')])
  })

  test('trusts nothing else where the worktree was moved or its repository is gone', async ({
    folder,
  }) => {
    const main = repository(join(folder, 'main'))
    git(main, 'worktree', 'add', '../wt')
    renameSync(join(folder, 'wt'), join(folder, 'moved'))
    expect(await seededWith(folder, join(folder, 'moved'))).toEqual([])
    renameSync(join(folder, 'moved'), join(folder, 'wt'))
    rmSync(main, { recursive: true })
    writeFileSync(join(folder, '.claude.json'), '{}')
    expect(await seededWith(folder, join(folder, 'wt'))).toEqual([])
  })

  test('trusts no repository that does not name the folder too', async ({ folder }) => {
    const victim = repository(join(folder, 'victim'))
    const forged = join(folder, 'forged')
    put(join(forged, '.git'), `gitdir: ${forged}/x/worktrees/y\n`)
    put(join(forged, 'x/worktrees/y/commondir'), `${victim}/.git\n`)
    put(join(forged, 'x/worktrees/y/gitdir'), `${forged}/.git\n`)
    expect(await seededWith(folder, forged)).toEqual([])
    // Nor one whose worktree is another folder.
    git(victim, 'worktree', 'add', '../wt')
    put(join(forged, '.git'), `gitdir: ${victim}/.git/worktrees/wt\n`)
    writeFileSync(join(folder, '.claude.json'), '{}')
    expect(await seededWith(folder, forged)).toEqual([])
  })

  test('does not wait for a .git that is a FIFO', async ({ folder }) => {
    mkdirSync(join(folder, 'odd'))
    execFileSync('mkfifo', [join(folder, 'odd/.git')])
    expect(await seededWith(folder, join(folder, 'odd'))).toEqual([])
  })
})

describe('a configuration that is not a JSON object', () => {
  test.for([
    '',
    ' ',
    '{',
    '{"projects":{}',
    '[]',
    'null',
    '"x"',
    '{"projects":[]}',
    '{"projects":{"/p/foo":true}}',
    '{"hasCompletedOnboarding":true} trailing',
  ])('is refused by name and left as it is: %j', async (text, { folder }) => {
    const file = put(join(folder, '.claude.json'), text)
    const before = stampOf(file)
    const refused = seedTrust(file, '/p/foo')
    await expect(refused).rejects.toBeInstanceOf(ClaudeConfigInvalid)
    await expect(refused).rejects.toThrow(file)
    expect(readFileSync(file, 'utf8')).toBe(text)
    expect(stampOf(file)).toBe(before)
    expect(readdirSync(folder)).toEqual(['.claude.json'])
  })

  test('is refused as well when it is a folder', async ({ folder }) => {
    mkdirSync(join(folder, '.claude.json'))
    await expect(seedTrust(join(folder, '.claude.json'), '/p')).rejects.toBeInstanceOf(
      ClaudeConfigInvalid,
    )
  })

  test('does not block the next seed', async ({ folder }) => {
    const bad = seedTrust(put(join(folder, 'bad.json'), '{'), '/p')
    const good = seedTrust(join(folder, 'good.json'), '/p')
    await expect(bad).rejects.toThrow('bad.json')
    await good
    expect(existsSync(join(folder, 'good.json'))).toBe(true)
  })
})

test('a configuration that cannot be written is named', async ({ folder }) => {
  // The longest possible name, so that no temporary file next to it can have a longer one.
  const file = put(join(folder, 'n'.repeat(250)), '{}')
  await expect(seedTrust(file, '/p')).rejects.toBeInstanceOf(ClaudeConfigUnwritable)
  expect(readFileSync(file, 'utf8')).toBe('{}')
})

describe("Claude's own lock", () => {
  test.for([
    ['what Claude writes meanwhile is kept', '{}'],
    ['what Claude has half written is no reason to refuse', '{"byCl'],
  ])('is waited for, so that %s', async ([, before], { folder }) => {
    // The wait ends by the lock alone.
    vi.useFakeTimers({ toFake: ['performance'] })
    const file = put(join(folder, '.claude.json'), before)
    mkdirSync(`${file}.lock`)
    const seeded = seedTrust(file, '/p/foo')
    // A refusal during the wait shows below.
    seeded.catch(() => undefined)
    await until(() => lock.refusals > 0, { what: 'the seed to stand before the lock' })
    writeFileSync(file, '{"byClaude":true}')
    rmdirSync(`${file}.lock`)
    await seeded
    expect(read(file)).toMatchObject({ byClaude: true, projects: { '/p/foo': trusted } })
    expect(readdirSync(folder)).toEqual(['.claude.json'])
  })

  test('that stays taken does not hang a start, and is not removed', async ({ folder }) => {
    const file = put(join(folder, '.claude.json'), '{}')
    mkdirSync(`${file}.lock`)
    await seedTrust(file, '/p/foo')
    expect(read(file)).toHaveProperty('projects')
    expect(existsSync(`${file}.lock`)).toBe(true)
  })

  test('that stays taken costs none of several seeds at the same moment', async ({ folder }) => {
    const file = put(join(folder, '.claude.json'), '{}')
    mkdirSync(`${file}.lock`)
    const folders = ['/p/1', '/p/2', '/p/3']
    await Promise.all(folders.map((path) => seedTrust(file, path)))
    expect(read(file)).toMatchObject({
      projects: Object.fromEntries(folders.map((path) => [path, trusted])),
    })
  })

  test('that a dead Claude left is taken', async ({ folder }) => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const file = put(join(folder, '.claude.json'), '{}')
    mkdirSync(`${file}.lock`)
    const old = Date.now() / 1000 - 11
    utimesSync(`${file}.lock`, old, old)
    await seedTrust(file, '/p/foo')
    expect(read(file)).toHaveProperty('projects')
    expect(readdirSync(folder)).toEqual(['.claude.json'])
  })

  test('is freed when the write fails', async ({ folder }) => {
    const file = put(join(folder, 'n'.repeat(250)), '{}')
    await expect(seedTrust(file, '/p')).rejects.toThrow()
    expect(readdirSync(folder)).toHaveLength(1)
  })
})
