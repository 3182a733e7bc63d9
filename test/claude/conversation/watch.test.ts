// Watching a transcript on the disk.
import { appendFileSync, mkdirSync, renameSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { execFileSync } from 'node:child_process'
import { describe, expect } from 'vitest'
import type { TranscriptEnd } from '../../../src/claude/conversation/records.ts'
import { watchTranscript } from '../../../src/claude/conversation/watch.ts'
import { put, test as base } from '../../fixtures/folder.ts'
import { agentRecord, said } from '../../fixtures/transcript.ts'
import { until } from '../../fixtures/until.ts'

/** `follow` watches a file until the end of the test and returns what the watch told, in order. */
const test = base.extend<{ follow: (path: string) => TranscriptEnd[] & { arm?: () => void } }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the fixture's needs from this pattern
  follow: async ({}, use) => {
    const watches: ReturnType<typeof watchTranscript>[] = []
    await use((path) => {
      const ends: TranscriptEnd[] & { arm?: () => void } = []
      const watch = watchTranscript(path, (end) => ends.push(end))
      watches.push(watch)
      ends.arm = () => watch.arm()
      return ends
    })
    for (const watch of watches) watch.close()
  },
})

const tells = (ends: readonly TranscriptEnd[], words: string): Promise<unknown> =>
  until(() => ends.at(-1)?.said === words, { what: words })

const answer = (words: string): string => `${agentRecord([said(words)])}\n`

describe('a watched transcript', () => {
  test('tells its end, and each new end without another call', async ({ folder, follow }) => {
    const file = put(join(folder, 'one.jsonl'), answer('One.'))
    const ends = follow(file)
    await tells(ends, 'One.')
    appendFileSync(file, answer('Two.'))
    await tells(ends, 'Two.')
    appendFileSync(file, answer('Three.'))
    await tells(ends, 'Three.')
  })

  test('may come later into a folder that is there', async ({ folder, follow }) => {
    const ends = follow(join(folder, 'one.jsonl'))
    // Another file of the folder tells that the watcher is on the folder by now.
    put(join(folder, 'two.jsonl'), answer('Not this.'))
    appendFileSync(join(folder, 'one.jsonl'), answer('One.'))
    await tells(ends, 'One.')
    appendFileSync(join(folder, 'one.jsonl'), answer('Two.'))
    await tells(ends, 'Two.')
  })

  test('may come later with its folder, after a call', async ({ folder, follow }) => {
    const file = join(folder, 'new', 'one.jsonl')
    const ends = follow(file)
    mkdirSync(join(folder, 'new'))
    put(file, answer('One.'))
    await until(() => (ends.arm?.(), ends.at(-1)?.said === 'One.'), { what: 'One.' })
  })

  test('is followed by its name when another file takes it', async ({ folder, follow }) => {
    const file = put(join(folder, 'one.jsonl'), answer('One.'))
    const ends = follow(file)
    await tells(ends, 'One.')
    renameSync(put(join(folder, 'part'), answer('Two.')), file)
    await tells(ends, 'Two.')
    appendFileSync(file, answer('Three.'))
    await tells(ends, 'Three.')
  })

  test('is read past many long records', async ({ folder, follow }) => {
    const noise = `{"type":"api-request-shape","shape":"${'x'.repeat(80_000)}"}\n`
    const file = put(join(folder, 'one.jsonl'), answer('One.') + noise.repeat(8))
    const ends = follow(file)
    await tells(ends, 'One.')
  })

  test('is nothing while it is no regular file, and is read once it is cut off', async ({
    folder,
    follow,
  }) => {
    execFileSync('mkfifo', [join(folder, 'fifo')])
    const none = follow(join(folder, 'fifo'))
    const file = put(join(folder, 'one.jsonl'), answer('One.'))
    const ends = follow(file)
    await tells(ends, 'One.')
    truncateSync(file, 0)
    await until(() => ends.at(-1)?.said === null, { what: 'an empty file' })
    expect(none).toHaveLength(0)
  })
})
