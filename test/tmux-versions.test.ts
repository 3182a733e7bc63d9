// Which tmux a run of the tests uses: by version, pinned by hash, and never another one in silence.
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { put, test } from './fixtures/folder.ts'

const script = new URL('tmux-versions.sh', import.meta.url).pathname

function versions(version: string, env: Record<string, string>, at = script) {
  const { status, stdout, stderr } = spawnSync('sh', [at, version], {
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', ...env },
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

const fakeTmux = (path: string, says: string) => put(path, `#!/bin/sh\necho "${says}"\n`, 0o755)

describe('tmux-versions.sh', () => {
  test('prints a folder with the tmux of the caller', ({ folder }) => {
    const own = fakeTmux(join(folder, 'own'), 'tmux 9.9')
    const env = { XDG_CACHE_HOME: join(folder, 'cache'), LAB_TMUX_9_9: own }
    const { status, stdout } = versions('9.9', env)
    expect(status).toBe(0)
    expect(execFileSync(join(stdout.trim(), 'tmux'), ['-V'], { encoding: 'utf8' })).toBe('tmux 9.9\n') // prettier-ignore
  })

  test('refuses a tmux that is another version, and prints no folder', ({ folder }) => {
    const own = fakeTmux(join(folder, 'own'), 'tmux 9.8')
    const { status, stdout, stderr } = versions('9.9', { HOME: folder, LAB_TMUX_9_9: own })
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr).toContain('is not tmux 9.9 (tmux 9.8)')
  })

  test('explains how to get a version without pinned packages', ({ folder }) => {
    const { status, stdout, stderr } = versions('9.9', { HOME: folder })
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/build the tag 9\.9.*LAB_TMUX_9_9=\/path\/to\/tmux/)
  })

  const hasApt = spawnSync('sh', ['-c', 'test "$(dpkg --print-architecture)" = amd64 && test -x /usr/lib/apt/apt-helper && command -v apt-get']).status === 0 // prettier-ignore

  test.skipIf(!hasApt)('refuses a package whose hash is not the pinned one', ({ folder }) => {
    const tree = join(folder, 'tree')
    fakeTmux(join(tree, 'usr/bin/tmux'), 'tmux 9.9')
    put(
      join(tree, 'DEBIAN/control'),
      'Package: tmux\nVersion: 9.9\nArchitecture: all\nMaintainer: lab <lab@example.net>\nDescription: a test\n',
    )
    mkdirSync(join(folder, 'mirror/pool'), { recursive: true })
    const deb = join(folder, 'mirror/pool/tmux.deb')
    execFileSync('dpkg-deb', ['--root-owner-group', '-b', tree, deb], { stdio: 'pipe' })

    // An apt of this test's own: its one mirror is a folder.
    put(join(folder, 'sources'), `deb [trusted=yes] file:${folder}/mirror stable main\n`)
    const apt = put(
      join(folder, 'apt.conf'),
      `Dir::Etc::sourcelist "${folder}/sources";\nDir::Etc::sourceparts "-";\n`,
    )
    mkdirSync(join(folder, 'test'))
    const at = join(folder, 'test/tmux-versions.sh')
    copyFileSync(script, at)
    const pin = (sha256: string) =>
      writeFileSync(join(folder, 'test/tmux-versions.lock'), `9.9 pool/tmux.deb ${sha256}\n`)
    const env = { HOME: folder, APT_CONFIG: apt }

    pin('0'.repeat(64))
    const refused = versions('9.9', env, at)
    expect([refused.status, refused.stdout]).toEqual([1, ''])
    expect(refused.stderr).toContain('apt did not get pool/tmux.deb with its pinned hash')

    // With the right hash the same package is taken; this one has no program to patch.
    pin(createHash('sha256').update(readFileSync(deb)).digest('hex'))
    expect(versions('9.9', env, at).stderr).not.toContain('pinned hash')
  })
})
