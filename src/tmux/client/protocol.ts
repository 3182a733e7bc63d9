// Reads what a control-mode client prints: blocks that answer commands, notices between them. Pure.

export interface Block {
  /** Whether it answers a command that came through this client's standard input. */
  readonly isAnswer: boolean
  readonly isError: boolean
  readonly lines: readonly string[]
}

export interface ProtocolEvents {
  onBlock(block: Block): void
  /** A notice's name, such as `sessions-changed`, and the rest of its line. */
  onNotice(name: string, rest: string): void
  /** A line that belongs to nothing: what follows cannot be trusted. */
  onStray(line: string): void
}

/**
 * Makes a reader that takes the output piece by piece. What a block holds is verbatim, pane text
 * included, so only an end with the same time, number and flags as its beginning closes it.
 */
export function createReader(events: ProtocolEvents): (chunk: string) => void {
  let rest = ''
  let open: { readonly id: string; readonly lines: string[] } | null = null

  function take(line: string): void {
    if (open) {
      const isEnd = line === `%end ${open.id}`
      if (!isEnd && line !== `%error ${open.id}`) {
        open.lines.push(line)
        return
      }
      const { id, lines } = open
      open = null
      events.onBlock({ isAnswer: !id.endsWith(' 0'), isError: !isEnd, lines })
      return
    }
    const [, name, after = ''] = /^%([a-z-]+)(?: (.*))?$/s.exec(line) ?? []
    if (name === 'begin') open = { id: after, lines: [] }
    else if (name === undefined || name === 'end' || name === 'error') events.onStray(line)
    else events.onNotice(name, after)
  }

  return (chunk) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) take(line)
  }
}
