// The documents of the repository: their links, the files that they name, and the tables that a test
// elsewhere does not compare with the code.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { commands } from '../src/cli/commands.ts'

const top = join(import.meta.dirname, '..')

const documents = [
  'README.md',
  'CONTRIBUTING.md',
  ...['findings', 'nix', 'src', 'test'].flatMap((folder) =>
    readdirSync(join(top, folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.md'))
      .map((path) => join(folder, path)),
  ),
]
const textOf = (document: string): string => readFileSync(join(top, document), 'utf8')
const proseOf = (document: string): string => textOf(document).replaceAll(/^```[^]*?^```$/gm, '')

/** The anchors of a document's headings: lower case, with blanks as dashes, without other punctuation. */
const anchorsOf = (document: string): readonly string[] =>
  [...proseOf(document).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )

describe('documents', () => {
  test.each(documents)('%s links to files and headings that exist', (document) => {
    const links = [...proseOf(document).matchAll(/\]\(([^)]+)\)/g)].map(([, link = '']) => link)
    const broken = links
      .filter((link) => !/^https?:/.test(link))
      .filter((link) => {
        const [path = '', anchor] = link.split('#')
        const target = path === '' ? document : join(dirname(document), path)
        if (!existsSync(join(top, target))) return true
        return anchor !== undefined && !anchorsOf(target).includes(anchor)
      })
    expect(broken).toEqual([])
  })

  test.each(documents)('%s names files that exist', (document) => {
    const paths = [...proseOf(document).matchAll(/`((?:findings|nix|public|src|test)\/[^\s`]*)/g)]
    const missing = paths.map(([, path = '']) => path).filter((path) => !isThere(path))
    expect(missing).toEqual([])
  })

  test('are reachable from the README', () => {
    const reached = new Set(['README.md'])
    for (const document of reached)
      for (const [, link = ''] of proseOf(document).matchAll(/\]\(([^)#]+\.md)/g))
        reached.add(join(dirname(document), link))
    expect(documents.filter((document) => !reached.has(document))).toEqual([])
  })
})

describe('README.md', () => {
  test('has a row for every command but serve', () => {
    const rows = [...textOf('README.md').matchAll(/^\| `lab ([a-z]+)/gm)].map(([, name]) => name)
    const named = Object.keys(commands).filter((name) => name !== 'serve')
    expect([...new Set(rows)].toSorted()).toEqual(named.toSorted())
  })
})

describe('CONTRIBUTING.md', () => {
  test('shows every room of src in its picture', () => {
    const picture = /^```\n([^]*?)^```/m.exec(textOf('CONTRIBUTING.md'))?.[1] ?? ''
    const words = picture.split(/[^\w./-]+/)
    const rooms = readdirSync(join(top, 'src'), { withFileTypes: true }).map((entry) =>
      entry.isDirectory() ? `${entry.name}/` : entry.name.replace(/\.ts$/, ''),
    )
    expect(rooms.filter((room) => !words.includes(room) && room !== 'main')).toEqual([])
  })
})

describe('the threat table', () => {
  test('names a test for every threat', () => {
    const access = textOf('src/web/access/README.md')
    const [, table = ''] = /\| threat \|[^\n]*\n\|[-|]+\n((?:\|.*\n)+)/.exec(access) ?? []
    const rows = table.trim().split('\n')
    expect(rows.length).toBeGreaterThan(10)
    expect(rows.filter((row) => !/`test\/[\w/.-]+\.test\.ts`/.test(row))).toEqual([])
  })
})

/** Whether a path exists; one with a `*` when its folder does. */
function isThere(path: string): boolean {
  return existsSync(join(top, path.includes('*') ? dirname(path) : path))
}
