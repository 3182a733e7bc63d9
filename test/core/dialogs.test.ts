// The start-up dialogs by name.
import { describe, expect, test } from 'vitest'
import { isStartDialog, startDialogs } from '../../src/core/dialogs.ts'

describe('isStartDialog', () => {
  test.for(startDialogs)('knows "%s"', (name) => {
    expect(isStartDialog(name)).toBe(true)
  })

  test.for([null, '', 'permission prompt', 'toString'])('does not know %j', (name) => {
    expect(isStartDialog(name)).toBe(false)
  })
})
