// Start-up dialogs, as the real program draws them.
import { describe, expect, test } from 'vitest'
import { recogniseDialog } from '../../src/claude/dialogs.ts'

const screens: Record<string, string> = {
  trust: `
────────────────────────────────────────────
 Accessing workspace:
 /srv/p
 Quick safety check: Is this a project you created or one you trust? (Like your own code, a well-known
 open source project, or work from your team). If not, take a moment to review what's in this folder first.
 Claude Code'll be able to read, edit, and execute files here.
 Security guide
 ❯ No, exit
   Yes, I trust this folder
 Enter to confirm · Esc to cancel`,
  'MCP approval': `
  New MCP server found in this project: x
  MCP servers may execute code or access system resources. All tool calls require approval.
    Use this MCP server
  ❯ Continue without using this MCP server
  Enter to confirm · Esc to cancel`,
  'resume picker': `
  Resume session
  ╭───────────────────────────────╮
  │ ⌕ Search…                     │
  ╰───────────────────────────────╯
  No sessions in this project yet`,
  onboarding: `
 Let's get started.
 Choose the text style that looks best with your terminal
 To change this later, run /theme`,
  login: `
 Select login method:
 ❯ 1. Claude account with subscription`,
}

describe('a start-up dialog', () => {
  test.for(Object.entries(screens))('is recognised by its words: %s', ([name, screen]) => {
    expect(recogniseDialog(screen.split('\n'))).toBe(name)
  })

  test.for(Object.entries(screens))(
    'is recognised in a pane of 30 columns: %s',
    ([name, screen]) => {
      const narrow = screen
        .replace(/[ \n]+/g, ' ')
        .replace(/(.{1,30})( |$)/g, '$1\n')
        .split('\n')
      expect(recogniseDialog(narrow)).toBe(name)
    },
  )

  test.for([
    'Resume session ',
    'Security notes: ',
    'Is this a project you created or one you trust? ',
  ])('takes no longer on a long screen full of "%s"', (words) => {
    // Printed by whatever runs in the pane; joined lines may be as long as the whole history.
    const lines = Array.from({ length: 60 }, () => words.repeat(2000))
    const began = performance.now()
    expect(recogniseDialog(lines)).toBeNull()
    // Quadratic, it takes minutes.
    expect(performance.now() - began).toBeLessThan(2000)
  })

  test('is recognised only when its words are in order', () => {
    expect(recogniseDialog(['⌕', 'Resume session '])).toBeNull()
    expect(recogniseDialog(['Resume session (1 of 5)', '', '⌕ Search'])).toBe('resume picker')
  })

  test('is not seen on an ordinary prompt, a shell or an empty screen', () => {
    const prompt = [
      '❯ ',
      '────',
      '  ⏵⏵ auto mode on (shift+tab to cycle) · Not logged in · Run /login',
    ]
    for (const lines of [prompt, ['$ claude --resume'], [], ['']])
      expect(recogniseDialog(lines)).toBeNull()
  })
})
