// The lock file: every package is pinned by its content and by no registry's address.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

interface LockEntry {
  readonly integrity?: string
  readonly resolved?: string
  readonly link?: boolean
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8')) as {
  lockfileVersion: number
  packages: Record<string, LockEntry>
}
// The entry without a name is lab itself.
const entries = Object.entries(lock.packages).filter(([path]) => path !== '')

test('every entry of the lock file has an integrity of sha512', () => {
  expect(entries.length).toBeGreaterThan(50)
  const loose = entries.filter(([, { integrity }]) => !integrity?.startsWith('sha512-'))
  expect(loose.map(([path]) => path)).toEqual([])
})

test('no entry of the lock file names a registry', () => {
  const named = entries.filter(([, entry]) => entry.resolved !== undefined || entry.link === true)
  expect(named.map(([path]) => path)).toEqual([])
})

test('every platform of a package is locked, so that a fresh clone installs everywhere', () => {
  // A registry that lacks one version of one platform leaves a hole, over which `npm ci` stumbles.
  const wanted = entries.flatMap(([, entry]) => Object.keys(entry.optionalDependencies ?? {}))
  expect(wanted.length).toBeGreaterThan(50)
  expect(wanted.filter((name) => !lock.packages[`node_modules/${name}`])).toEqual([])
})
