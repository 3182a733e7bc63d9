// The keys that lab can send to an agent, by the names that tmux gives them. Pure.

const namedKeys = [
  'Enter', 'Escape', 'Tab', 'BTab', 'Space', 'BSpace', 'Up', 'Down', 'Left', 'Right', 'Home', 'End',
  'PageUp', 'PageDown', 'Insert', 'Delete', 'F1', 'F2', 'F3', 'F4', 'F5', 'F6', 'F7', 'F8', 'F9',
  'F10', 'F11', 'F12',
] as const // prettier-ignore
const letters = 'abcdefghijklmnopqrstuvwxyz'.split('')

/** Every key: the named ones, ASCII letters and digits, and control with a letter (`C-c`). */
export const keys: readonly string[] = [
  ...namedKeys,
  ...'0123456789'.split(''),
  ...letters,
  ...letters.map((letter) => letter.toUpperCase()),
  ...letters.map((letter) => `C-${letter}`),
]

const known = new Set(keys)

/** Whether lab sends this key. lab refuses other names, because tmux would type them as text. */
export function isKey(name: string): boolean {
  return known.has(name)
}
