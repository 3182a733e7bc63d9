import { describe, expect, test } from 'vitest'
import { needsPermission } from '../../../src/stand-in/turns/tools.ts'

describe('needsPermission', () => {
  test('is false only for a command that changes nothing', () => {
    for (const command of ['sleep 3; echo done', 'ls -l | wc', 'git status'])
      expect(needsPermission(command), command).toBe(false)
    for (const command of ['touch x', 'echo hi > x', 'sleep 1 & rm x', 'echo $(rm x)', 'ls; rm x'])
      expect(needsPermission(command), command).toBe(true)
  })
})
