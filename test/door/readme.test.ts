// What the README promises about the door can be looked up.
import { existsSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const top = new URL('../../', import.meta.url)
const readme = readFileSync(new URL('README.md', top), 'utf8')

it('every threat names tests that are there', () => {
  const [, table = ''] = /\| threat \|[^\n]*\n\|[-|]+\n((?:\|.*\n)+)/.exec(readme) ?? []
  const rows = table.trim().split('\n')
  expect(rows.length).toBeGreaterThan(10)
  for (const row of rows) {
    const tests = [...row.matchAll(/`(test\/[\w/.-]+)`/g)].map(([, path]) => path!)
    expect(tests, row).not.toEqual([])
    for (const path of tests) expect(existsSync(new URL(path, top)), path).toBe(true)
  }
})
