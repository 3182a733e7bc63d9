// Parses a prompt into the steps of a turn. Pure. ` ;; ` separates steps, ` ++ ` two tools of one message.
// SAY text | SLOW n text | THINK n text | HANG | ERR 500|429|401… [reset seconds [limit]] | TOOL bash CMD |
// TOOL bg CMD | TOOL read|edit|write FILE | TOOL ask (one question) | TOOL multiask (two; the second takes
// several options) | TOOL plan (in plan mode) | TOOL enterplan | TOOL raw mcp__SERVER__TOOL {json} |
// DIE n | DIE SIGNAL | LINK lose|rotate|connect | CHILDREN [setsid nohup subshell stubborn]

export type Step =
  | { readonly kind: 'say'; readonly text: string }
  | { readonly kind: 'slow' | 'think'; readonly seconds: number; readonly text: string }
  | { readonly kind: 'hang' }
  | {
      readonly kind: 'error'
      readonly status: number
      readonly seconds: number | null
      /** Claude's name of the limit of a 429; missing for the five-hour limit. */
      readonly limit?: string
    }
  | { readonly kind: 'tool'; readonly tool: string; readonly argument: string }
  | { readonly kind: 'die'; readonly how: string }
  | { readonly kind: 'link'; readonly what: string }
  | { readonly kind: 'children'; readonly kinds: readonly string[] }

const directive = /(?:^|\s)((?:SAY|SLOW|THINK|HANG0?|CUT|ERR|TOOL|DIE|LINK|CHILDREN)\b[^\n]*)/g

/** The steps of a turn. The last line with a directive counts, and an answer is the last step. */
export function parsePrompt(prompt: string): readonly Step[] {
  const last = [...prompt.matchAll(directive)].pop()?.[1]
  if (last === undefined)
    return [{ kind: 'say', text: `ok: ${prompt.trim().slice(0, 60).replaceAll('\n', ' ')}` }]
  const steps: Step[] = []
  for (const text of last.trim().split(/\s*(?:;;|\s\+\+\s)\s*/)) {
    const step = parseStep(text)
    steps.push(step)
    if (isAnswer(step)) return steps
  }
  return [...steps, { kind: 'say', text: 'done' }]
}

function isAnswer(step: Step): boolean {
  return ['say', 'slow', 'think', 'hang', 'error', 'die'].includes(step.kind)
}

function parseStep(text: string): Step {
  const [word = '', first = '', ...others] = text.split(' ')
  const rest = others.join(' ')
  const seconds = Number.parseFloat(first)
  switch (word) {
    case 'SLOW':
    case 'THINK':
      return {
        kind: word === 'SLOW' ? 'slow' : 'think',
        seconds: Number.isNaN(seconds) ? 1 : seconds,
        text: rest || 'mock answer',
      }
    case 'HANG':
    case 'HANG0':
      return { kind: 'hang' }
    case 'ERR':
      return {
        kind: 'error',
        status: Number.parseInt(first, 10) || 500,
        seconds: rest ? Number(others[0]) : null,
        ...(others[1] !== undefined && { limit: others[1] }),
      }
    case 'TOOL':
      return { kind: 'tool', tool: first, argument: rest }
    case 'DIE':
      return { kind: 'die', how: first || '1' }
    case 'LINK':
      return { kind: 'link', what: first }
    case 'CHILDREN':
      return { kind: 'children', kinds: text.split(' ').slice(1).filter(Boolean) }
    default:
      return { kind: 'say', text: text.replace(/^SAY ?/, '') || 'mock answer' }
  }
}
