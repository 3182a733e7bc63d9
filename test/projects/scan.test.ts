// The scan of the projects root, on real folders.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { defaultBounds, scanProjects } from '../../src/projects/scan.ts'
import { put, test } from '../fixtures/folder.ts'

function repository(...parts: string[]): void {
  mkdirSync(join(...parts, '.git'), { recursive: true })
}

describe('a scan', () => {
  test('finds a folder with a .git directory or a .git file', async ({ folder }) => {
    repository(folder, 'normal')
    put(join(folder, 'worktree', '.git'), 'gitdir: /elsewhere\n')
    mkdirSync(join(folder, 'no-repository'))
    expect(await scanProjects(folder)).toEqual({
      paths: ['normal', 'worktree'],
      unreadable: [],
      complete: true,
    })
  })

  test('finds nothing inside a project', async ({ folder }) => {
    repository(folder, 'outer')
    repository(folder, 'outer', 'vendor', 'inner')
    repository(folder, 'outer', '.git', 'modules', 'inner')
    expect((await scanProjects(folder)).paths).toEqual(['outer'])
  })

  test('finds the projects below a root that is a repository, and not the root', async ({
    folder,
  }) => {
    repository(folder)
    repository(folder, '.git', 'modules', 'hidden')
    repository(folder, 'below')
    expect((await scanProjects(folder)).paths).toEqual(['below'])
  })

  test('finds nothing in an empty root', async ({ folder }) => {
    expect(await scanProjects(folder)).toEqual({ paths: [], unreadable: [], complete: true })
  })

  test('returns sorted paths relative to the root, however the root is written', async ({
    folder,
  }) => {
    for (const path of ['b', 'a/z', 'a/b', 'ä']) repository(folder, path)
    expect((await scanProjects(`${folder}/./`)).paths).toEqual(['a/b', 'a/z', 'b', 'ä'])
  })

  test.for([
    ['a line break', 'one\ntwo'],
    ['the longest name', 'n'.repeat(255)],
    ['spaces and quotes', ` it's "so" $HOME `],
    ['a leading dash', '-rf'],
    ['an emoji', '🚀'],
    ['a control character', 'a\u001b[2Jb'],
  ])('keeps a folder name with %s', async ([, name], { folder }) => {
    repository(folder, name!)
    repository(folder, 'group', name!)
    const { paths } = await scanProjects(folder)
    expect(new Set(paths)).toEqual(new Set([name, `group/${name}`]))
  })
})

describe('symlinks', () => {
  test('are followed to repositories only', async ({ folder }) => {
    const root = join(folder, 'root')
    repository(folder, 'outside')
    repository(folder, 'others', 'hidden')
    repository(root, 'inside')
    put(join(folder, 'file'))
    symlinkSync('../outside', join(root, 'out'))
    symlinkSync('../others', join(root, 'folder'))
    symlinkSync('../file', join(root, 'file'))
    symlinkSync('nowhere', join(root, 'broken'))
    symlinkSync('..', join(root, 'up'))
    expect(await scanProjects(root)).toEqual({
      paths: ['inside', 'out'],
      unreadable: [],
      complete: true,
    })
  })

  test('lead to one entry for a repository: its own path, else the first link', async ({
    folder,
  }) => {
    const root = join(folder, 'root')
    repository(folder, 'outside')
    repository(root, 'z', 'inside')
    symlinkSync('z/inside', join(root, 'alias'))
    for (const name of ['b', 'a', 'z/c']) symlinkSync(join(folder, 'outside'), join(root, name))
    expect((await scanProjects(root)).paths).toEqual(['a', 'z/inside'])
  })

  test('bare repositories that lead to each other end, each worktree under its shortest path', async ({
    folder,
  }) => {
    const root = join(folder, 'root')
    mkdirSync(root)
    for (const name of ['x', 'y']) {
      repository(folder, name, 'main')
      put(join(folder, name, '.git', 'config'), '[core]\nbare = true\n')
      for (const link of ['2', '1']) symlinkSync(join(folder, name), join(root, `${name}${link}`))
    }
    symlinkSync('../y', join(folder, 'x', 'a'))
    symlinkSync('../x', join(folder, 'y', 'a'))
    symlinkSync('.', join(folder, 'x', 'self'))
    expect(await scanProjects(root)).toMatchObject({
      paths: ['x1/main', 'y1/main'],
      complete: true,
    })
  })

  test('make a repository inside a project a project', async ({ folder }) => {
    repository(folder, 'outer', 'vendor', 'inner')
    repository(folder, 'outer')
    symlinkSync('outer/vendor/inner', join(folder, 'inner'))
    expect((await scanProjects(folder)).paths).toEqual(['inner', 'outer'])
  })

  test('to the root or above are not projects, even when those are repositories', async ({
    folder,
  }) => {
    const root = join(folder, 'root')
    repository(folder)
    repository(root)
    repository(root, 'a', 'b')
    symlinkSync('..', join(root, 'a', 'loop'))
    symlinkSync(folder, join(root, 'top'))
    expect((await scanProjects(root)).paths).toEqual(['a/b'])
  })

  test('may form a loop', async ({ folder }) => {
    repository(folder, 'a', 'b')
    symlinkSync('..', join(folder, 'a', 'loop'))
    symlinkSync('self', join(folder, 'self'))
    expect(await scanProjects(folder)).toMatchObject({ paths: ['a/b'], complete: true })
  })

  test('may lead to the root itself', async ({ folder }) => {
    repository(folder, 'real', 'a')
    symlinkSync('real', join(folder, 'link'))
    expect((await scanProjects(join(folder, 'link'))).paths).toEqual(['a'])
  })
})

describe('a bare repository', () => {
  const env = {
    PATH: process.env['PATH'],
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    ...Object.fromEntries(
      ['AUTHOR', 'COMMITTER'].flatMap((who) => [
        [`GIT_${who}_NAME`, 't'],
        [`GIT_${who}_EMAIL`, 't@example.org'],
      ]),
    ),
  }
  function git(cwd: string, ...args: string[]): void {
    execFileSync('git', args, { cwd, env, stdio: 'ignore' })
  }

  /** A repository with one commit, to be cloned. */
  function seed(folder: string): string {
    const path = join(folder, 'seed')
    git(folder, 'init', '-b', 'main', path)
    git(path, 'commit', '--allow-empty', '-m', 'first')
    return path
  }

  test.for<[layout: string, bare: string, pointer: string | null]>([
    ['in .bare next to a .git file', '.bare', 'gitdir: ./.bare\n'],
    ['in a folder elsewhere, named by a .git file', '../../store.git', 'gitdir: ../../store.git\n'],
    ['as the .git folder itself', '.git', null],
    ['as the folder itself', '.', null],
  ])('is not a project, and its worktrees are: %s', async ([, bare, pointer], { folder }) => {
    const root = join(folder, 'root')
    const repo = join(root, 'repo')
    mkdirSync(repo, { recursive: true })
    git(repo, 'clone', '--bare', seed(folder), bare)
    if (pointer !== null) put(join(repo, '.git'), pointer)
    for (const name of ['main', 'feature', 'groups/deep'])
      git(repo, 'worktree', 'add', '-b', `b/${name}`, join(repo, name), 'main')
    expect((await scanProjects(root)).paths).toEqual([
      'repo/feature',
      'repo/groups/deep',
      'repo/main',
    ])
    // Behind a link it is the same.
    const other = join(folder, 'other')
    mkdirSync(other)
    symlinkSync(repo, join(other, 'linked'))
    symlinkSync('.', join(repo, 'loop'))
    expect(await scanProjects(other)).toEqual({
      paths: ['linked/feature', 'linked/groups/deep', 'linked/main'],
      unreadable: [],
      complete: true,
    })
  })

  test('with a worktree next to it is not a project, and the worktree is', async ({ folder }) => {
    git(folder, 'clone', '--bare', seed(folder), 'mirror.git')
    git(join(folder, 'mirror.git'), 'worktree', 'add', '-b', 'side', '../side')
    expect((await scanProjects(folder)).paths).toEqual(['seed', 'side'])
  })

  test('with a configuration for each worktree is recognised', async ({ folder }) => {
    const repo = join(folder, 'repo')
    mkdirSync(repo)
    git(repo, 'clone', '--bare', seed(folder), '.git')
    git(repo, 'config', 'extensions.worktreeConfig', 'true')
    git(repo, 'config', '--unset', 'core.bare')
    git(repo, 'config', '--worktree', 'core.bare', 'true')
    git(repo, 'worktree', 'add', join(repo, 'main'), 'main')
    git(join(repo, 'main'), 'config', '--worktree', 'core.bare', 'false')
    expect((await scanProjects(folder)).paths).toEqual(['repo/main', 'seed'])
  })

  test('that is given a checkout becomes a project, and the folders in it are its own', async ({
    folder,
  }) => {
    const repo = join(folder, 'repo')
    mkdirSync(repo)
    git(repo, 'clone', '--bare', seed(folder), '.bare')
    put(join(repo, '.git'), 'gitdir: ./.bare\n')
    git(repo, 'worktree', 'add', join(repo, 'side'), '-b', 'side')
    expect((await scanProjects(folder)).paths).toEqual(['repo/side', 'seed'])
    git(repo, 'config', 'core.bare', 'false')
    expect((await scanProjects(folder)).paths).toEqual(['repo', 'seed'])
  })

  test('a submodule and a separate git folder have a checkout', async ({ folder }) => {
    const source = seed(folder)
    git(folder, 'init', '--separate-git-dir', join(folder, 'store.git'), 'separate')
    git(folder, 'init', 'super')
    const allow = ['-c', 'protocol.file.allow=always']
    git(join(folder, 'super'), ...allow, 'submodule', 'add', source, 'sub')
    symlinkSync('super/sub', join(folder, 'sub'))
    expect((await scanProjects(folder)).paths).toEqual(['seed', 'separate', 'sub', 'super'])
  })

  test.for<[what: string, config: string, isProject: boolean]>([
    ['true', '[core]\n\tbare = true\n', false],
    ['a name alone', '[Core]\n\tBARE\n', false],
    ['yes, on the line of the section', '[core] bare = yes # so it is\n', false],
    ['false', '[core]\n\tbare = false\n', true],
    ['false in the end', '[core]\n\tbare = true\n[core]\n\tbare = off\n', true],
    ['true of another section', '[other]\n\tbare = true\n', true],
    ['nothing', '', true],
    ['noise', '\u0000[core\nbare = true', true],
    ['more than a configuration holds', `#${' '.repeat(300_000)}\n[core]\nbare = true\n`, true],
  ])('is recognised by core.bare: %s', async ([, config, isProject], { folder }) => {
    put(join(folder, 'repo', '.git', 'config'), config)
    expect((await scanProjects(folder)).paths).toEqual(isProject ? ['repo'] : [])
  })

  test('a FIFO in the place of a file of git’s blocks nothing', async ({ folder }) => {
    repository(folder, 'a')
    execFileSync('mkfifo', [join(folder, 'a', '.git', 'config')])
    mkdirSync(join(folder, 'b'))
    execFileSync('mkfifo', [join(folder, 'b', '.git')])
    expect(await scanProjects(folder)).toEqual({
      paths: ['a', 'b'],
      unreadable: [],
      complete: true,
    })
  })
})

describe('bounds', () => {
  test('folders below the depth are not read', async ({ folder }) => {
    repository(folder, '1/2/3')
    repository(folder, '1/2/x/4')
    const { paths } = await scanProjects(folder, { ...defaultBounds, depthMax: 3 })
    expect(paths).toEqual(['1/2/3'])
  })

  test('host, organisation, group and repository are within the default depth', async ({
    folder,
  }) => {
    repository(folder, 'host/organisation/group/subgroup/repository')
    expect((await scanProjects(folder)).paths).toHaveLength(1)
  })

  test('more folders than the scan reads at once are all found', async ({ folder }) => {
    const paths = Array.from({ length: 300 }, (_, i) => `group-${i % 30}/project-${i}`).sort()
    for (const path of paths) repository(folder, path)
    expect(await scanProjects(folder)).toEqual({ paths, unreadable: [], complete: true })
  })
})

describe('unreadable folders', () => {
  test('a missing root is an error that names it', async ({ folder }) => {
    await expect(scanProjects(join(folder, 'missing'))).rejects.toThrow(/ENOENT.*missing/)
  })

  test('a root that is a file is an error', async ({ folder }) => {
    await expect(scanProjects(put(join(folder, 'file')))).rejects.toThrow('ENOTDIR')
  })

  test('an unreadable folder is named, and the others are found', async ({ folder }) => {
    repository(folder, 'found')
    // The kernel refuses the whole path for every user, even root.
    const name = 'n'.repeat(250)
    execFileSync('sh', [
      '-c',
      'cd "$1"; for i in $(seq 17); do mkdir "$2"; cd -P "$2"; done',
      '-',
      folder,
      name,
    ])
    const { paths, unreadable, complete } = await scanProjects(folder, {
      ...defaultBounds,
      depthMax: 30,
    })
    expect({ paths, complete }).toEqual({ paths: ['found'], complete: true })
    expect(unreadable).toHaveLength(1)
    expect(unreadable[0]).toMatchObject({ reason: 'ENAMETOOLONG' })
    expect(unreadable[0]?.path.split('/').every((part) => part === name)).toBe(true)
  })

  test('a folder whose name is not UTF-8 is named, because lab cannot open it', async ({
    folder,
  }) => {
    mkdirSync(Buffer.concat([Buffer.from(`${folder}/caf`), Buffer.from([0xe9])]))
    expect((await scanProjects(folder)).unreadable).toEqual([
      { path: 'caf\ufffd', reason: 'ENOENT' },
    ])
  })

  test('folders that come and go during the scan do no harm', async ({ folder }) => {
    repository(folder, 'stays')
    let scanning = true
    const scans = (async () => {
      for (let i = 0; i < 20; i++)
        expect(await scanProjects(folder)).toMatchObject({
          paths: expect.arrayContaining(['stays']) as string[],
          unreadable: [],
          complete: true,
        })
    })().finally(() => (scanning = false))
    while (scanning) {
      const made = mkdtempSync(join(folder, 'comes-'))
      await new Promise(setImmediate)
      rmSync(made, { recursive: true })
    }
    await scans
  })
})
