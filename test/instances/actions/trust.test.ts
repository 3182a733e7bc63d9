// An agent in a linked worktree does not get Claude's question whether it may trust the folder.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect } from 'vitest'
import { test, type TestLab } from '../../fixtures/lab.ts'

function git(lab: TestLab, ...args: readonly string[]): void {
  const config = ['-c', 'user.name=t', '-c', 'user.email=t@example.org']
  execFileSync('git', [...config, '-C', lab.dir, ...args], { stdio: 'pipe', env: lab.env })
}

test('a start in a worktree of a checkout or of a bare repository asks for no trust', async ({
  lab,
}) => {
  git(lab, 'init', '-q', 'elsewhere')
  git(lab, '-C', 'elsewhere', 'commit', '-q', '--allow-empty', '-m', 'first')
  git(lab, '-C', 'elsewhere', 'worktree', 'add', '-q', '-b', 'one', join(lab.root, 'one'))
  git(lab, 'clone', '-q', '--bare', 'elsewhere', 'bare.git')
  git(lab, '-C', 'bare.git', 'worktree', 'add', '-q', '-b', 'two', join(lab.root, 'two'))
  await lab.boot()
  for (const key of ['one', 'two']) {
    const { id } = await lab.start(key)
    expect(await lab.reaches(id, 'ready')).toMatchObject({ waitingFor: null })
  }
})
