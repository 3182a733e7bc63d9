// How lab's sessions look in a terminal: a colour per project and one status line, on lab's own server only.
import { describe, expect } from 'vitest'
import type { Instance } from '../../src/core/instance.ts'
import { createTestLab, test } from '../fixtures/lab.ts'
import { until } from '../fixtures/until.ts'

describe('a session of lab', () => {
  test('has the colour of its project and the counts in its status line', async ({ lab }) => {
    await lab.boot()
    const started: Instance[] = []
    for (const project of ['foo', 'foo', 'bar']) started.push(await lab.start(project))
    const optionOf = (name: string, option: string): Promise<string> =>
      lab.tmux('show-options', '-v', '-t', `=${name}:`, option)
    const styles = await until(
      async () => {
        const found = await Promise.all(started.map(({ name }) => optionOf(name, 'status-style')))
        return found.every((style) => /^bg=colour\d+,fg=colour255$/.test(style)) && found
      },
      { what: 'three colours' },
    )
    expect(styles[0]).toBe(styles[1])
    expect(styles[0]).not.toBe(styles[2])
    const right = (): Promise<string> =>
      lab.tmux('display-message', '-p', '-t', `=${started[0]!.name}:`, '#{E:status-right}')
    await until(async () => (await right()).trim() === '3 of 6 running', { what: 'the counts' })
    await lab.call('DELETE', '/api/v1/instances')
    await Promise.all(started.slice(1).map(({ id }) => lab.reaches(id, 'stopped')))
    const { name } = await lab.start('bar')
    await until(
      async () =>
        (await lab.tmux('display-message', '-p', '-t', `=${name}:`, '#{E:status-right}')).trim() ===
        '1 of 6 running',
      { what: 'the new counts' },
    )
    await lab.end()
    expect(
      (await lab.tmux('display-message', '-p', '-t', `=${name}:`, '#{E:status-right}')).trim(),
    ).toBe('lab is down')
  })

  test("on the operator's own server keeps the operator's looks", async () => {
    const lab = await createTestLab({ socket: 'default' })
    try {
      await lab.tmux('new-session', '-d', '-s', 'mine')
      await lab.boot()
      const { id, name } = await lab.start('foo')
      await lab.reaches(id, 'ready')
      expect(await lab.tmux('show-options', '-t', `=${name}:`)).not.toContain('status')
      expect(await lab.tmux('show-options', '-g')).not.toContain('@lab_status')
    } finally {
      await lab.dispose()
    }
  })
})
