// The dialog of the tool AskUserQuestion: one question, or several with a page each and a review.
import { accent, dim, type Dialog } from './dialogs.ts'
import type { Line } from './screen.ts'

export interface Question {
  readonly question: string
  readonly header: string
  readonly options: readonly { readonly label: string; readonly description: string }[]
  readonly multiSelect: boolean
}

export interface QuestionDialog extends Dialog {
  /** The labels that the user chose, by the question's text; null while an answer is missing. */
  answers(): Readonly<Record<string, string>> | null
}

interface Row {
  readonly text: string
  /** The number before the text; null for a row without one. */
  readonly digit: number | null
  readonly note?: string
}

/** The pages of the dialog: one per question, and a review where there are several or several answers. */
interface Pages {
  readonly questions: readonly Question[]
  /** The chosen labels of each question. */
  readonly picked: readonly Set<string>[]
  readonly hasReview: boolean
  /** The number of the page, from 0 on. */
  at: number
  isDeclined: boolean
}

/** A dialog that closes with the last answer, or with the review when there is one. */
export function questionDialog(questions: readonly Question[]): QuestionDialog {
  const pages: Pages = {
    questions,
    picked: questions.map(() => new Set()),
    hasReview: questions.length > 1 || questions.some(({ multiSelect }) => multiSelect),
    at: 0,
    isDeclined: false,
  }
  return {
    waitingFor: 'input needed',
    selected: 0,
    numbered: true,
    deaf: false,
    get options() {
      return rowsOf(pages).map(({ text }) => text)
    },
    get digits() {
      return rowsOf(pages).flatMap(({ digit }, i) => (digit === null ? [] : [i]))
    },
    draw: (selected, columns) => draw(pages, selected, columns),
    choose: (choice) => choose(pages, choice),
    turn(step) {
      pages.at = Math.max(0, Math.min(lastPage(pages), pages.at + step))
    },
    answers() {
      const { picked, isDeclined } = pages
      if (isDeclined || picked.some(({ size }) => size === 0)) return null
      return Object.fromEntries(
        questions.map(({ question }, i) => [question, [...(picked[i] ?? [])].join(', ')]),
      )
    },
  }
}

function lastPage({ questions, hasReview }: Pages): number {
  return questions.length - (hasReview ? 0 : 1)
}

function rowsOf({ questions, picked, at }: Pages): readonly Row[] {
  const question = questions[at]
  if (!question)
    return [
      { text: 'Submit answers', digit: 1 },
      { text: 'Cancel', digit: 2 },
    ]
  const { options, multiSelect } = question
  const box = (label: string) => (picked[at]?.has(label) ? '[✔] ' : '[ ] ')
  return [
    ...options.map(({ label, description }, i) => ({
      text: `${multiSelect ? box(label) : ''}${label}`,
      digit: i + 1,
      note: `${multiSelect ? '    ' : ''}${description}`,
    })),
    { text: multiSelect ? '[ ] Type something' : 'Type something.', digit: options.length + 1 },
    ...(multiSelect ? [{ text: 'Submit', digit: null }] : []),
    { text: 'Chat about this', digit: options.length + 2 },
  ]
}

/** Takes a choice. Returns the option to select next, or null, which closes the dialog. */
function choose(pages: Pages, choice: number): number | null {
  const { questions, picked, at } = pages
  const question = questions[at]
  // The last row declines, on each page.
  pages.isDeclined = choice === rowsOf(pages).length - 1
  if (!question || pages.isDeclined) return null
  const { options, multiSelect } = question
  const labels = picked[at] ?? new Set()
  const label = options[choice]?.label ?? 'other'
  if (multiSelect && choice !== options.length + 1) {
    if (!labels.delete(label)) labels.add(label)
    return choice
  }
  if (!multiSelect) {
    labels.clear()
    labels.add(label)
  }
  pages.at += 1
  return pages.at <= lastPage(pages) ? 0 : null
}

function draw(pages: Pages, selected: number, columns: number): readonly Line[] {
  const { questions, picked, hasReview, at } = pages
  const question = questions[at]
  const rule = '─'.repeat(columns)
  const tabs = questions.map(({ header }, i) => `${picked[i]?.size ? '☒' : '☐'} ${header}`)
  const title = hasReview ? `←  ${tabs.join('  ')}  ✔ Submit  →` : ` ${tabs.join('')} `
  const rows = rowsOf(pages)
  const lines: Line[] = []
  for (const [i, { text, digit, note }] of rows.entries()) {
    const shown = `${i === selected ? '❯ ' : '  '}${digit === null ? '   ' : `${digit}. `}${text}`
    if (question && i === rows.length - 1) lines.push(rule)
    lines.push(i === selected ? { text: shown, sgr: accent } : shown)
    if (note) lines.push({ text: `     ${note}`, sgr: dim })
  }
  const move = hasReview ? 'Tab/Arrow keys' : '↑/↓'
  const foot = `Enter to select · ${move} to navigate · Esc to cancel`
  return [
    rule,
    { text: title, sgr: hasReview ? '1' : '7' },
    '',
    ...(question ? [question.question] : ['Review your answers', '', ...review(pages)]),
    '',
    ...lines,
    ...(question ? ['', { text: foot, sgr: dim }] : []),
  ]
}

function review({ questions, picked }: Pages): readonly string[] {
  return questions.flatMap(({ question }, i) => [
    ` ● ${question}`,
    `   → ${[...(picked[i] ?? [])].join(', ')}`,
  ])
}
