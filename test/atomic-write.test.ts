// Replacing a file whole.
import { execFile } from 'node:child_process'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'vitest'
import { replaceFile } from '../src/atomic-write.ts'
import { bundle, put, test } from './fixtures/folder.ts'

test('the new file has the text and the mode, and no other file is left', async ({ folder }) => {
  const path = join(folder, 'a')
  const before = process.umask(0o077)
  try {
    await replaceFile(path, 'one', { mode: 0o640 })
  } finally {
    process.umask(before)
  }
  expect(readFileSync(path, 'utf8')).toBe('one')
  expect(statSync(path).mode & 0o777).toBe(0o640)
  chmodSync(path, 0o666)
  await replaceFile(path, 'two', { mode: 0o600 })
  expect(readFileSync(path, 'utf8')).toBe('two')
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(readdirSync(folder)).toEqual(['a'])
})

test('a symlink stays, and its target is replaced', async ({ folder }) => {
  put(join(folder, 'there', 'real'), 'old')
  symlinkSync('there/real', join(folder, 'link'))
  await replaceFile(join(folder, 'link'), 'new', { mode: 0o600 })
  expect(lstatSync(join(folder, 'link')).isSymbolicLink()).toBe(true)
  expect(readFileSync(join(folder, 'there', 'real'), 'utf8')).toBe('new')
})

test('a disk that takes only a part leaves the old text whole, and the write rejects', async ({
  folder,
}) => {
  const path = put(join(folder, 'a'), 'old')
  const program = bundle(
    `import { replaceFile } from './src/atomic-write.ts'
     await replaceFile(process.argv[2], 'x'.repeat(100_000), { mode: 0o600 })
       .then(() => console.log('resolved'), (error) => console.log(error.code))`,
    join(folder, 'program.mjs'),
  )
  // A limit on the size of files makes the kernel take a part of a write, as a full disk does.
  const script = 'ulimit -f 8; exec "$@"'
  const args = ['-c', script, '-', process.execPath, program, path]
  const { stdout } = await promisify(execFile)('sh', args)
  expect(stdout).toBe('EFBIG\n')
  expect(readFileSync(path, 'utf8')).toBe('old')
  expect(readdirSync(folder).sort()).toEqual(['a', 'program.mjs'])
})

test('a failed rename leaves nothing behind', async ({ folder }) => {
  mkdirSync(join(folder, 'a'))
  await expect(replaceFile(join(folder, 'a'), 'x', { mode: 0o600 })).rejects.toThrow('EISDIR')
  expect(readdirSync(folder)).toEqual(['a'])
})

test('writes at the same moment leave one of the texts', async ({ folder }) => {
  const path = join(folder, 'a')
  const texts = Array.from({ length: 30 }, (_, i) => String(i).repeat(10_000))
  await Promise.all(texts.map((text) => replaceFile(path, text, { mode: 0o600 })))
  expect(texts).toContain(readFileSync(path, 'utf8'))
  expect(readdirSync(folder)).toEqual(['a'])
})
