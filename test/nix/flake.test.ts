// The flake: every file is Nix, the lock fits the input, the outputs are what they should be.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { bestLib, evaluate, hasNix, libs } from '../fixtures/nix.ts'

const root = new URL('../..', import.meta.url).pathname
const files = ['nix', 'test/nix']
  .flatMap((folder) =>
    readdirSync(`${root}/${folder}`, { recursive: true, encoding: 'utf8' }).map(
      (file) => `${folder}/${file}`,
    ),
  )
  .concat('flake.nix')
  .filter((file) => file.endsWith('.nix'))

describe.skipIf(!hasNix)('with nix-instantiate', () => {
  test.each(files)('%s parses', (file) => {
    execFileSync('nix-instantiate', ['--parse', file], { cwd: root, stdio: 'pipe' })
  })

  test('flake.lock locks the one input that the flake has, at the branch it names', () => {
    const { inputs } = evaluate(bestLib, 'removeAttrs (import ./flake.nix) [ "outputs" ]') as {
      inputs: Record<string, { url: string }>
    }
    const lock = JSON.parse(readFileSync(`${root}/flake.lock`, 'utf8')) as Lock
    expect(lock.version).toBe(7)
    expect(Object.keys(lock.nodes).sort()).toEqual(['nixpkgs', lock.root].sort())
    expect(lock.nodes[lock.root]?.inputs).toEqual({ nixpkgs: 'nixpkgs' })
    const { original, locked } = lock.nodes['nixpkgs'] ?? {}
    expect(Object.keys(inputs)).toEqual(['nixpkgs'])
    expect(inputs['nixpkgs']?.url).toBe(
      `github:${original?.owner}/${original?.repo}/${original?.ref}`,
    )
    expect(locked).toMatchObject({ owner: original?.owner, repo: original?.repo, type: 'github' })
    expect(locked?.rev).toMatch(/^[0-9a-f]{40}$/)
    expect(locked?.narHash).toMatch(/^sha256-[A-Za-z0-9+/]{43}=$/)
  })
})

interface Lock {
  version: number
  root: string
  nodes: Record<
    string,
    { inputs?: Record<string, string>; original?: Reference; locked?: Reference }
  >
}
interface Reference {
  owner: string
  repo: string
  ref?: string
  rev?: string
  narHash?: string
}

const runs = libs.length > 0 ? libs : [bestLib]

describe.skipIf(libs.length === 0).each(runs)('with $name', (lib) => {
  let flake: Outputs
  beforeAll(() => {
    flake = evaluate(lib, 'import ./test/nix/outputs.nix') as Outputs
  })
  const systems = ['aarch64-linux', 'x86_64-linux']

  test('the flake has its outputs on both platforms', () => {
    expect(flake.outputs).toEqual(
      ['checks', 'devShells', 'formatter', 'nixosConfigurations', 'nixosModules', 'overlays', 'packages'], // prettier-ignore
    )
    expect(Object.keys(flake.package)).toEqual(systems)
    for (const system of systems)
      expect(flake.checks[system]).toEqual(['fw', 'module', 'package', 'vm'])
    expect(flake.overlay).toBe('lab')
  })

  test('the package runs the tests, has its sources and the version of package.json', () => {
    const { version } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as {
      version: string
    }
    for (const system of systems)
      expect(flake.package[system]).toMatchObject(
        { pname: 'lab', version, doCheck: true, hasSource: true, isDefault: true }, // prettier-ignore
      )
  })

  test('the package fetches each entry of the lock file that its platform runs, by integrity', () => {
    const lock = JSON.parse(readFileSync(`${root}/package-lock.json`, 'utf8')) as {
      packages: Record<string, { integrity: string; os?: string[]; cpu?: string[] }>
    }
    const entries = Object.entries(lock.packages).filter(([path]) => path !== '')
    for (const [system, cpu] of [
      ['x86_64-linux', 'x64'],
      ['aarch64-linux', 'arm64'],
    ] as const) {
      const tarballs = flake.package[system]?.tarballs ?? {}
      const anywhere = entries.filter(([, { os, cpu: cpus }]) => !os && !cpus)
      expect(Object.keys(tarballs)).toEqual(expect.arrayContaining(anywhere.map(([path]) => path)))
      for (const [path, hash] of Object.entries(tarballs))
        expect(lock.packages[path]?.integrity).toBe(hash)
      expect(tarballs).toHaveProperty([`node_modules/@esbuild/linux-${cpu}`])
      const foreign = Object.keys(tarballs).filter((path) => /darwin|win32|musl|riscv/.test(path))
      expect(foreign).toEqual([])
    }
  })

  test('the example host evaluates, as its own user, with nothing refused', () => {
    expect(flake.fw).toMatchObject({ user: 'you', refused: [] })
  })
})

interface Outputs {
  outputs: string[]
  checks: Record<string, string[]>
  overlay: string
  package: Record<string, { tarballs: Record<string, string> }>
  fw: { user: string; refused: string[] }
}
