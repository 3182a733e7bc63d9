import { describe, expect, test } from 'vitest'
import { parseOptions } from '../../../src/stand-in/startup/options.ts'

describe('parseOptions', () => {
  test('takes a value after a space or an equals sign, and needs none for --remote-control', () => {
    const parsed = parseOptions(['--name=foo', '--remote-control', '--model', 'opus', 'SAY hi'])
    expect(parsed).toMatchObject({
      ok: true,
      options: { name: 'foo', remoteControl: '', model: 'opus', prompt: 'SAY hi' },
    })
  })
})
