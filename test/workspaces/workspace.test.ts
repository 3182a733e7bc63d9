// A shared workspace: the project's own checkout.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { ProjectGone } from '../../src/errors.ts'
import {
  inspectWorkspace,
  prepareWorkspace,
  sharedWorkspace,
} from '../../src/workspaces/workspace.ts'
import { put, test } from '../fixtures/folder.ts'

describe('a shared workspace', () => {
  test('is the folder of the project, which Claude must trust', async ({ folder }) => {
    const workspace = sharedWorkspace({ path: folder })
    expect(workspace).toEqual({ kind: 'shared', cwd: folder })
    expect(await prepareWorkspace(workspace)).toEqual({ trustedFolder: folder })
  })

  test('is prepared without a change in the checkout', async ({ folder }) => {
    put(join(folder, '.git', 'HEAD'), 'ref: refs/heads/main\n')
    await prepareWorkspace(sharedWorkspace({ path: folder }))
    expect(readdirSync(folder)).toEqual(['.git'])
    expect(readdirSync(join(folder, '.git'))).toEqual(['HEAD'])
  })

  test.for(['a missing folder', 'a file', 'a FIFO'])(
    'refuses a launch where the project is %s',
    async (kind, { folder }) => {
      const path = join(folder, 'project')
      if (kind === 'a file') put(path)
      if (kind === 'a FIFO') execFileSync('mkfifo', [path])
      const prepared = prepareWorkspace(sharedWorkspace({ path }))
      await expect(prepared).rejects.toThrow(ProjectGone)
      await expect(prepared).rejects.toThrow(`The folder of this project is gone: ${path}.`)
    },
  )

  test('is on the branch that is checked out, or on none', async ({ folder }) => {
    const workspace = sharedWorkspace({ path: folder })
    expect(await inspectWorkspace(workspace)).toEqual({ branch: null })
    mkdirSync(join(folder, '.git'))
    put(join(folder, '.git', 'HEAD'), 'ref: refs/heads/fix/login\n')
    expect(await inspectWorkspace(workspace)).toEqual({ branch: 'fix/login' })
  })
})
