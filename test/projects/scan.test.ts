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

describe('what is found', () => {
  test('a folder with a .git directory or a .git file is a project', async ({ folder }) => {
    repository(folder, 'normal')
    put(join(folder, 'worktree', '.git'), 'gitdir: /elsewhere\n')
    mkdirSync(join(folder, 'no-repository'))
    expect(await scanProjects(folder)).toEqual({
      paths: ['normal', 'worktree'],
      unreadable: [],
      complete: true,
    })
  })

  test('nothing inside a project is a project of its own', async ({ folder }) => {
    repository(folder, 'outer')
    repository(folder, 'outer', 'vendor', 'inner')
    repository(folder, 'outer', '.git', 'modules', 'inner')
    expect((await scanProjects(folder)).paths).toEqual(['outer'])
  })

  test('a root that is a repository itself is no project, what lies below it is', async ({
    folder,
  }) => {
    repository(folder)
    repository(folder, '.git', 'modules', 'hidden')
    repository(folder, 'below')
    expect((await scanProjects(folder)).paths).toEqual(['below'])
  })

  test('an empty root is an empty list', async ({ folder }) => {
    expect(await scanProjects(folder)).toEqual({ paths: [], unreadable: [], complete: true })
  })

  test('paths are sorted and relative to the root, however it was written', async ({ folder }) => {
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
  ])('a folder name with %s is taken as it is', async ([, name], { folder }) => {
    repository(folder, name!)
    repository(folder, 'group', name!)
    const { paths } = await scanProjects(folder)
    expect(new Set(paths)).toEqual(new Set([name, `group/${name}`]))
  })
})

describe('symlinks', () => {
  test('none is followed, neither out of the root nor within it', async ({ folder }) => {
    const root = join(folder, 'root')
    repository(folder, 'outside')
    repository(root, 'inside')
    symlinkSync('../outside', join(root, 'out'))
    symlinkSync('inside', join(root, 'alias'))
    symlinkSync('..', join(root, 'up'))
    expect((await scanProjects(root)).paths).toEqual(['inside'])
  })

  test('a loop ends', async ({ folder }) => {
    repository(folder, 'a', 'b')
    symlinkSync('..', join(folder, 'a', 'loop'))
    symlinkSync('self', join(folder, 'self'))
    expect(await scanProjects(folder)).toMatchObject({ paths: ['a/b'], complete: true })
  })

  test('the root itself may be one', async ({ folder }) => {
    repository(folder, 'real', 'a')
    symlinkSync('real', join(folder, 'link'))
    expect((await scanProjects(join(folder, 'link'))).paths).toEqual(['a'])
  })
})

describe('bounds', () => {
  test('folders below the depth are not looked into', async ({ folder }) => {
    repository(folder, '1/2/3')
    repository(folder, '1/2/x/4')
    const { paths } = await scanProjects(folder, { ...defaultBounds, depthMax: 3 })
    expect(paths).toEqual(['1/2/3'])
  })

  test('host, organisation, group and repository lie within the default depth', async ({
    folder,
  }) => {
    repository(folder, 'host/organisation/group/subgroup/repository')
    expect((await scanProjects(folder)).paths).toHaveLength(1)
  })

  test('more folders than are read at once are all seen', async ({ folder }) => {
    const paths = Array.from({ length: 300 }, (_, i) => `group-${i % 30}/project-${i}`).sort()
    for (const path of paths) repository(folder, path)
    expect(await scanProjects(folder)).toEqual({ paths, unreadable: [], complete: true })
  })
})

describe('what cannot be read', () => {
  test('a missing root is an error that names it', async ({ folder }) => {
    await expect(scanProjects(join(folder, 'missing'))).rejects.toThrow(/ENOENT.*missing/)
  })

  test('a root that is a file is an error', async ({ folder }) => {
    await expect(scanProjects(put(join(folder, 'file')))).rejects.toThrow('ENOTDIR')
  })

  test('a folder that cannot be read is named, the others are found', async ({ folder }) => {
    repository(folder, 'found')
    // The kernel refuses the whole path, whoever asks; even root.
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

  test('a folder whose name is no UTF-8 is named, as nobody could open it', async ({ folder }) => {
    mkdirSync(Buffer.concat([Buffer.from(`${folder}/caf`), Buffer.from([0xe9])]))
    expect((await scanProjects(folder)).unreadable).toEqual([
      { path: 'caf\ufffd', reason: 'ENOENT' },
    ])
  })

  test('folders that come and go meanwhile are no trouble', async ({ folder }) => {
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
