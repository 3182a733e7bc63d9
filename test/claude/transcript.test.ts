// Whether a conversation has a transcript.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { claudePaths } from '../../src/claude/paths.ts'
import { hasTranscript } from '../../src/claude/transcript.ts'
import { put, test } from '../fixtures/folder.ts'

test('a conversation has one as soon as it stands in any project, and never another one’s', ({
  folder,
}) => {
  const paths = claudePaths({ configDir: folder, home: '/nonexistent' })
  expect(hasTranscript(paths, 'one')).toBe(false)
  mkdirSync(join(folder, 'projects', '-p-empty'), { recursive: true })
  put(join(folder, 'projects', 'a file'))
  put(join(folder, 'projects', '-p-foo', 'two.jsonl'))
  expect(hasTranscript(paths, 'one')).toBe(false)
  put(join(folder, 'projects', '-p-foo', 'one.jsonl'))
  expect(hasTranscript(paths, 'one')).toBe(true)
})
