// What an agent does or said last, with a real lab, real tmux and the stand-in's transcripts.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { test, type TestLab } from '../../fixtures/lab.ts'
import { clear, readyFoo, stop, type } from '../../fixtures/life.ts'
import { until } from '../../fixtures/until.ts'

function does(lab: TestLab, id: string, doing: string | null): Promise<unknown> {
  return until(async () => (await lab.get(id)).doing === doing, { what: `doing ${doing}` })
}

describe('doing', () => {
  test('is the prompt, then the tool that runs, then the last sentence, and nothing after the end', async ({
    lab,
  }) => {
    const foo = await readyFoo(lab)
    expect(foo.doing).toBeNull()
    await type(lab, foo.name, 'fix the total HANG')
    await does(lab, foo.id, 'fix the total HANG')
    await lab.tmux('send-keys', '-t', `=${foo.name}:`, 'Escape')
    await lab.reaches(foo.id, 'ready')
    await lab.tmux('send-keys', '-t', `=${foo.name}:`, 'C-u')
    await type(lab, foo.name, 'TOOL bash tail -f /dev/null')
    await does(lab, foo.id, 'Bash tail -f /dev/null')
    await lab.tmux('send-keys', '-t', `=${foo.name}:`, 'Escape')
    await does(lab, foo.id, 'TOOL bash tail -f /dev/null')
    await type(lab, foo.name, 'SAY I looked. All 12 tests pass.')
    await does(lab, foo.id, 'All 12 tests pass.')
    expect((await stop(lab, foo.id)).doing).toBeNull()
  })

  test('names the file that a tool waits to change, within the project', async ({ lab }) => {
    lab.behave({ permissions: 'manual' })
    const foo = await readyFoo(lab)
    mkdirSync(join(lab.root, 'foo', 'src'))
    await type(lab, foo.name, 'TOOL write src/total.ts')
    await lab.reaches(foo.id, 'waiting')
    await does(lab, foo.id, 'Write src/total.ts')
  })

  test('is known to a lab that starts later, and gone with the conversation', async ({ lab }) => {
    const foo = await readyFoo(lab)
    await type(lab, foo.name, 'SAY Done.')
    await does(lab, foo.id, 'Done.')
    await lab.end()
    await lab.boot()
    await does(lab, foo.id, 'Done.')
    await type(lab, foo.name, 'SAY More.')
    await does(lab, foo.id, 'More.')
    await clear(lab, foo)
    await does(lab, foo.id, null)
    await type(lab, foo.name, 'SAY Again.')
    await does(lab, foo.id, 'Again.')
  })
})
