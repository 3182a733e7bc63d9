// The mode of the command line, and the first prompt that follows it.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { test } from '../stage.ts'

describe('--permission-mode', () => {
  test.for([
    ['auto', '⏵⏵ auto mode on (shift+tab to cycle)'],
    ['default', '⏸ manual mode on · ? for shortcuts'],
    ['manual', '⏸ manual mode on · ? for shortcuts'],
    ['plan', '⏸ plan mode on (shift+tab to cycle)'],
  ] as const)('%s is in the footer', async ([mode, footer], { stage }) => {
    const actor = await stage.ready('--permission-mode', mode)
    await actor.shows(new RegExp(footer.replaceAll(/[()+?]/g, '\\$&')))
  })
})

describe('a prompt as an argument', () => {
  test('behind -- is text, whatever it begins with', async ({ stage }) => {
    const actor = await stage.start(['--', '-x SAY dash'])
    await actor.shows(/^● dash$/)
    const other = await stage.start(['--', '!touch bang'])
    await other.shows(/^❯ !touch bang$/)
    await other.is('idle')
    expect(existsSync(join(stage.project, 'bang'))).toBe(false)
  })

  test('that names a command runs it', async ({ stage }) => {
    const actor = await stage.start(['/model'])
    await actor.is('waiting')
    await actor.shows(/Select model/)
  })
})
