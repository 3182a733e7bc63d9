import { expect, test } from 'vitest'
import { readDialog } from '../../src/claude/screen-dialog.ts'

const permission = `
● Some answer before

──────────────────────────────────────────
 Bash command
 Tip: auto mode handles these prompts for you

 mock command
╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌
 touch /srv/x
╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌
 Do you want to proceed?
   1. Yes
 ❯ 2. Yes, and always allow access to /srv from this
      project
   3. No

 Esc to cancel · Tab to amend`

const question = `
──────────────────────────────────────────
 ☐ Colour

Which colour?

❯ 1. Red
     warm
  2. Blue
     cold
  3. Type something.

Enter to select · ↑/↓ to navigate · Esc to cancel`

const trust = `
──────────────────────────────────────────
 Accessing workspace:

 /home/ann/projects/foo

 Is this a project you created or one you trust?

 ❯ No, exit
   Yes, I trust this folder

 Enter to confirm · Esc to cancel`

const read = (screen: string) => readDialog(screen.split('\n'))

test('reads the options of a permission, over wrapped lines, and the marked one', () => {
  expect(read(permission)).toMatchObject({
    options: ['Yes', 'Yes, and always allow access to /srv from this', 'No'],
    selected: 1,
  })
  expect(read(permission)?.text).toContain('mock command\n\ntouch /srv/x\n\nDo you')
  expect(read(permission)?.text).not.toContain('Some answer before')
})

test('reads options with descriptions, and ends at the hint below', () => {
  expect(read(question)).toEqual({
    text: '☐ Colour\n\nWhich colour?',
    options: ['Red', 'Blue', 'Type something.'],
    selected: 0,
    keys: [],
  })
})

test('reads options without numbers', () => {
  expect(read(trust)).toMatchObject({
    options: ['No, exit', 'Yes, I trust this folder'],
    selected: 0,
  })
})

test('reads the keys of a dialog without options', () => {
  const screen = `● Bash(rm -rf build)
────────────────────────────────
  Auto mode can't check actions in this session
  You can stay in auto mode and approve each action that needs the check yourself.

  Enter to stay in auto mode · shift+Tab to leave for accept edits mode and stop · Esc to cancel
`
  expect(read(screen)).toEqual({
    text: "Auto mode can't check actions in this session\nYou can stay in auto mode and approve each action that needs the check yourself.",
    options: ['stay in auto mode', 'leave for accept edits mode and stop', 'cancel'],
    selected: null,
    keys: ['Enter', 'BTab', 'Escape'],
  })
})

test('takes no prompt, draft or answer for a dialog', () => {
  expect(read('● Done\n\n──────\n❯\u00a0do it\n──────\n  ⏸ manual mode on')).toBeNull()
  expect(read('a ❯ b\n❯ only one')).toBeNull()
  expect(read('')).toBeNull()
})
