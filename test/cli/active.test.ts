// The active instance of a terminal: `lab switch`, and the commands that mean it when they are given none.
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { instanceOf, serve, test, type FakeLab, type Ran } from '../fixtures/api-server.ts'

const foo = instanceOf({ id: 'foo-id' })
const fix = instanceOf({ id: 'fix-id', name: 'foo~2~fix', label: 'fix it' })

type Run = (...argv: string[]) => Promise<Ran>

/** Runs commands as in one terminal. */
function inTerminal(fakeLab: FakeLab, folder: string, terminal: string): Run {
  return (...argv) => fakeLab.run(argv, { terminal, env: { XDG_RUNTIME_DIR: folder }, isTTY: true })
}

describe('lab switch', () => {
  test('chooses an instance for its own terminal only', async ({ fakeLab, folder }) => {
    serve(fakeLab, [foo, fix])
    const here = inTerminal(fakeLab, folder, 'a')
    const there = inTerminal(fakeLab, folder, 'b')
    expect(await here('switch', 'fix it')).toEqual({ exitCode: 0, out: 'foo~2~fix\n', err: '' })
    expect((await here('open')).out).toContain('https://claude.ai/code/session_1')
    expect(fakeLab.asked.at(-1)?.call).toBe('GET /api/v1/instances/fix-id')
    const { exitCode, err } = await there('open')
    expect(exitCode).toBe(2)
    expect(err).toContain('lab open takes one REF')
    expect(err).toContain('`lab switch REF`')
  })

  test('goes back with -, and prints the chosen one without a word', async ({
    fakeLab,
    folder,
  }) => {
    serve(fakeLab, [foo, fix])
    const lab = inTerminal(fakeLab, folder, 'a')
    expect(await lab('switch')).toMatchObject({ exitCode: 1, out: '' })
    expect(await lab('switch', '-')).toMatchObject({ exitCode: 1, out: '' })
    await lab('switch', 'foo')
    await lab('switch', 'foo~2')
    expect((await lab('switch', '-')).out).toBe('foo\n')
    expect((await lab('switch')).out).toBe('foo\n')
    expect((await lab('switch', '-')).out).toBe('foo~2~fix\n')
  })

  test('keeps its choice when it is repeated', async ({ fakeLab, folder }) => {
    serve(fakeLab, [foo, fix])
    const lab = inTerminal(fakeLab, folder, 'a')
    for (const ref of ['foo', 'fix it', 'fix it']) await lab('switch', ref)
    expect((await lab('switch', '-')).out).toBe('foo\n')
  })

  test('leaves the choice alone when it is refused', async ({ fakeLab, folder }) => {
    serve(fakeLab, [foo, fix])
    const lab = inTerminal(fakeLab, folder, 'a')
    await lab('switch', 'foo')
    expect((await lab('switch', 'nope')).exitCode).toBe(1)
    expect((await lab('switch')).out).toBe('foo\n')
  })

  test('removes what closed terminals had chosen', async ({ fakeLab, folder }) => {
    serve(fakeLab, [foo])
    const lab = inTerminal(fakeLab, folder, 'a')
    await lab('switch', 'foo')
    const closed = join(folder, 'lab-terminals', `00000000.${process.pid}.1`)
    writeFileSync(closed, '{}')
    await lab('switch', 'foo')
    expect(existsSync(closed)).toBe(false)
    expect(readdirSync(join(folder, 'lab-terminals'))).toEqual(['a'])
  })
})

test('lab ls and lab status mark the active instance', async ({ fakeLab, folder }) => {
  serve(fakeLab, [foo, fix])
  const lab = inTerminal(fakeLab, folder, 'a')
  await lab('switch', 'fix it')
  const rows = (await lab('ls')).out.split('\n')
  expect(rows.filter((row) => row.startsWith('* '))).toEqual([
    expect.stringContaining('foo~2~fix') as string,
  ])
  expect((await lab('status')).out).toMatch(/\nThis terminal: foo~2~fix ready for \d+d: fix it\n$/)
  expect((await lab('status', '--format', 'short')).out).toBe('foo~2~fix ready · 2 of 6 running\n')
})

test('an active instance that lab has forgotten is named as such', async ({ fakeLab, folder }) => {
  serve(fakeLab, [foo])
  const lab = inTerminal(fakeLab, folder, 'a')
  await lab('switch', 'foo')
  delete fakeLab.answers['GET /api/v1/instances/foo-id']
  serve(fakeLab, [fix])
  delete fakeLab.answers['GET /api/v1/instances/foo-id']
  const { exitCode, err } = await lab('open')
  expect(exitCode).toBe(1)
  expect(err).toContain('The active instance of this terminal is not there any more')
})

test('a command without a terminal of its own names none', async ({ fakeLab, folder }) => {
  serve(fakeLab, [foo])
  writeFileSync(join(folder, 'lab-terminals'), 'a file in the place of the folder')
  const lab = inTerminal(fakeLab, folder, 'a')
  expect((await lab('ls')).exitCode).toBe(0)
  const { exitCode, err } = await lab('switch', 'foo')
  expect(exitCode).toBe(1)
  expect(err).toContain('lab cannot remember it in')
})
