// The package's tarballs really come from the registry, and only what the lock file pins.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect } from 'vitest'
import { put, test } from '../fixtures/folder.ts'
import { bestLib, hasNix } from '../fixtures/nix.ts'

const root = new URL('../..', import.meta.url).pathname
const registry = spawnSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).stdout.trim()
const isReachable =
  hasNix &&
  (await fetch(registry, { method: 'HEAD', signal: AbortSignal.timeout(10_000) }).then(
    () => true,
    () => false,
  ))

// The builder is this machine's own npm, which no sandbox shows. Debian's nix-bin alone makes no group
// for builders, and root's Nix refuses to build without one.
const hasGroup = spawnSync('getent', ['group', 'nixbld']).status === 0
const nixConfig = ['sandbox = false', ...(hasGroup ? [] : ['build-users-group ='])].join('\n')

function build(paths: readonly string[], lock: string) {
  const wanted = paths.map((path) => `t.${JSON.stringify(path)}`).join(' ')
  const expression = `let t = import ${root}test/nix/tarballs.nix { path = builtins.getEnv "PATH"; lock = ${lock}; }; in [ ${wanted} ]`
  // Not in this thread: while it stands still, the runner takes it for dead.
  return execa(
    'nix-build',
    ['-I', `nixpkgs/lib=${bestLib.path}`, '--no-out-link', '--no-substitute', '--expr', expression],
    {
      env: { npm_config_registry: registry, NIX_CONFIG: nixConfig },
      reject: false,
      stdin: 'ignore',
    },
  )
}

describe.skipIf(!isReachable)('with nix-build and a registry', () => {
  test(
    'three tarballs build, byte for byte what the lock file says',
    { timeout: 120_000 },
    async () => {
      const paths = ['node_modules/hono', 'node_modules/htmx.org', 'node_modules/@hono/node-server']
      const { exitCode, stdout, stderr } = await build(paths, join(root, 'package-lock.json'))
      expect(exitCode, stderr).toBe(0)
      expect(stdout.match(/^\/nix\/store\/.*\.tgz$/gm)).toHaveLength(3)
    },
  )

  test('a forged integrity fails', { timeout: 120_000 }, async ({ folder }) => {
    const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { integrity: string }>
    }
    const forged = `sha512-${Buffer.alloc(64, Math.floor(Math.random() * 256)).toString('base64')}`
    lock.packages['node_modules/hono']!.integrity = forged
    const file = put(join(folder, 'package-lock.json'), JSON.stringify(lock))
    const { exitCode, stderr } = await build(['node_modules/hono'], file)
    expect(exitCode).not.toBe(0)
    expect(stderr).toContain('hash mismatch')
  })
})
