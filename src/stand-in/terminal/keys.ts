// Parses bytes from the terminal into keys. Pure.

export type Key =
  | { readonly type: 'text' | 'paste'; readonly text: string }
  | {
      readonly type:
        'enter' | 'newline' | 'escape' | 'up' | 'down' | 'left' | 'right' | 'tab' | 'backspace'
    }
  | { readonly type: 'interrupt' | 'eof' | 'erase' }

const pasteStart = '\x1b[200~'
const pasteEnd = '\x1b[201~'
const named: Record<string, Key> = {
  '\r': { type: 'enter' },
  '\n': { type: 'newline' },
  '\t': { type: 'tab' },
  '\x7f': { type: 'backspace' },
  '\b': { type: 'backspace' },
  '\x03': { type: 'interrupt' },
  '\x04': { type: 'eof' },
  '\x15': { type: 'erase' },
}
const arrows: Record<string, Key> = {
  '\x1b[A': { type: 'up' },
  '\x1bOA': { type: 'up' },
  '\x1b[B': { type: 'down' },
  '\x1bOB': { type: 'down' },
  '\x1b[C': { type: 'right' },
  '\x1bOC': { type: 'right' },
  '\x1b[D': { type: 'left' },
  '\x1bOD': { type: 'left' },
}
// oxlint-disable-next-line no-control-regex
const sequence = /^\x1b(?:\[[0-9;:?<>=]*[ -/]*[@-~]|O.|[^[O])/

/**
 * Parses every complete key. `rest` is an incomplete sequence; the caller puts it before the next
 * bytes. A single ESC stays in `rest`, and the caller decides when it is the Escape key.
 */
export function readKeys(input: string): { readonly keys: readonly Key[]; readonly rest: string } {
  const keys: Key[] = []
  let at = 0
  while (at < input.length) {
    const char = input[at] ?? ''
    if (char === '\x1b') {
      const tail = input.slice(at)
      if (tail.startsWith(pasteStart)) {
        const end = tail.indexOf(pasteEnd)
        if (end < 0) return { keys, rest: tail }
        const text = tail.slice(pasteStart.length, end).replace(/\r\n?/g, '\n')
        keys.push({ type: 'paste', text })
        at += end + pasteEnd.length
        continue
      }
      const match = sequence.exec(tail)?.[0]
      if (match === undefined) return { keys, rest: tail }
      const arrow = arrows[match]
      if (arrow) keys.push(arrow)
      // ESC directly before a plain key is the Escape key, then that key.
      else if (match.length === 2 && !match.startsWith('\x1bO')) keys.push({ type: 'escape' })
      at += match.length === 2 && !arrow ? 1 : match.length
      continue
    }
    const key = named[char]
    if (key) {
      keys.push(key)
      at++
      continue
    }
    let end = at
    // oxlint-disable-next-line no-control-regex
    while (end < input.length && !/[\x00-\x1f\x7f]/.test(input[end] ?? '')) end++
    if (end > at) keys.push({ type: 'text', text: input.slice(at, end) })
    at = Math.max(end, at + 1)
  }
  return { keys, rest: '' }
}
