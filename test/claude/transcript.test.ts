// Whether a conversation has a transcript.
import { mkdirSync, renameSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { claudePaths } from '../../src/claude/paths.ts'
import { findTranscript } from '../../src/claude/transcript.ts'
import { put, test } from '../fixtures/folder.ts'

const stateOf = async (folder: string) => (await findTranscript(pathsOf(folder), 'one')).state
const pathsOf = (folder: string) => claudePaths({ configDir: folder, home: '/nonexistent' })

test('a conversation has a transcript once any project has its file, and never another’s', async ({
  folder,
}) => {
  expect(await stateOf(folder)).toBe('none')
  mkdirSync(join(folder, 'projects', '-p-empty'), { recursive: true })
  put(join(folder, 'projects', 'a file'))
  put(join(folder, 'projects', '-p-foo', 'two.jsonl'))
  expect(await stateOf(folder)).toBe('none')
  const path = put(join(folder, 'projects', '-p-foo', 'one.jsonl'))
  expect(await findTranscript(pathsOf(folder), 'one')).toEqual({ state: 'there', path })
})

test('an unreadable folder does not mean that there is none', async ({ folder }) => {
  // Root reads everything: a link in a circle is refused to everybody.
  symlinkSync('projects', join(folder, 'projects'))
  expect(await stateOf(folder)).toBe('unreadable')
})

test('a broken link does not mean that there is none', async ({ folder }) => {
  symlinkSync('elsewhere', join(folder, 'projects'))
  expect(await stateOf(folder)).toBe('unreadable')
  mkdirSync(join(folder, 'elsewhere'))
  expect(await stateOf(folder)).toBe('none')
  renameSync(join(folder, 'elsewhere'), join(folder, 'gone'))
  expect(await stateOf(folder)).toBe('unreadable')
})

test('an unreadable project hides its own transcripts only', async ({ folder }) => {
  mkdirSync(join(folder, 'projects'))
  symlinkSync('circle', join(folder, 'projects', 'circle'))
  expect(await stateOf(folder)).toBe('unreadable')
  put(join(folder, 'projects', '-p-foo', 'one.jsonl'))
  expect(await stateOf(folder)).toBe('there')
})
