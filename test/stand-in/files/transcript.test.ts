import { describe, expect, test } from 'vitest'
import { mungeCwd } from '../../../src/stand-in/files/transcript.ts'

describe('mungeCwd', () => {
  test('replaces every character but letters and digits by a dash', () => {
    expect(mungeCwd('/tmp/cmp_x/proj.y')).toBe('-tmp-cmp-x-proj-y')
  })
})
