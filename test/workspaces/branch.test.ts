// The branch of real checkouts, and of folders that are none.
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { currentBranch } from '../../src/workspaces/branch.ts'
import { put, test } from '../fixtures/folder.ts'

function git(cwd: string, ...args: string[]): void {
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
    cwd,
    env: { PATH: process.env['PATH'], HOME: cwd, GIT_CONFIG_NOSYSTEM: '1' },
    stdio: 'ignore',
  })
}

describe('currentBranch', () => {
  test('a checkout, a worktree and a detached head are told apart', async ({ folder }) => {
    const main = join(folder, 'main')
    mkdirSync(main)
    git(main, 'init', '-b', 'trunk')
    expect(await currentBranch(main)).toBe('trunk')
    git(main, 'commit', '--allow-empty', '-m', 'first')
    git(main, 'worktree', 'add', '-b', 'feature/ä-1', '../tree')
    expect(await currentBranch(join(folder, 'tree'))).toBe('feature/ä-1')
    expect(await currentBranch(main)).toBe('trunk')
    git(main, 'checkout', '--detach')
    expect(await currentBranch(main)).toBeNull()
  })

  test('a .git file with a relative path, as of a submodule, is followed', async ({ folder }) => {
    put(join(folder, 'sub', '.git'), 'gitdir: ../real.git\n')
    put(join(folder, 'real.git', 'HEAD'), 'ref: refs/heads/main\n')
    expect(await currentBranch(join(folder, 'sub'))).toBe('main')
  })

  test.for([
    ['no HEAD', null],
    ['an empty HEAD', ''],
    ['a commit', `${'0'.repeat(40)}\n`],
    ['a tag', 'ref: refs/tags/v1\n'],
    ["the reftable format's placeholder", 'ref: refs/heads/.invalid\n'],
    ['noise', '\u0000\u0001'],
  ])('%s means no branch', async ([, head], { folder }) => {
    if (head === null) mkdirSync(join(folder, '.git'))
    else put(join(folder, '.git', 'HEAD'), head)
    expect(await currentBranch(folder)).toBeNull()
  })

  test.for([
    ['.git', 'a FIFO'],
    ['.git', '100 MB'],
    ['.git/HEAD', 'a FIFO'],
    ['.git/HEAD', 'a branch name of 30 MB'],
    ['.git/HEAD', 'a link to /dev/zero'],
  ])('reads no branch where %s is %s', async ([name = '', what = ''], { folder }) => {
    const path = put(join(folder, name), 'ref: refs/heads/')
    if (what.endsWith('MB')) truncateSync(path, 100 * 1024 * 1024)
    else rmSync(path)
    if (what === 'a FIFO') execFileSync('mkfifo', [path])
    if (what.endsWith('zero')) symlinkSync('/dev/zero', path)
    if (what.startsWith('a branch')) writeFileSync(path, `ref: refs/heads/${'x'.repeat(30e6)}\n`)
    expect(await currentBranch(folder)).toBeNull()
  })

  test('no repository, no folder, and a pointer that leads nowhere mean no branch', async ({
    folder,
  }) => {
    expect(await currentBranch(folder)).toBeNull()
    expect(await currentBranch(join(folder, 'missing'))).toBeNull()
    put(join(folder, 'a', '.git'), 'gitdir: /nonexistent\n')
    expect(await currentBranch(join(folder, 'a'))).toBeNull()
    put(join(folder, 'b', '.git'), 'no pointer\n')
    expect(await currentBranch(join(folder, 'b'))).toBeNull()
    symlinkSync('.git', put(join(folder, 'c', 'x')).replace(/x$/, '.git'))
    expect(await currentBranch(join(folder, 'c'))).toBeNull()
  })
})
