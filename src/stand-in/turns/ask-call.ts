// The tool AskUserQuestion.
import { questionDialog, type Question } from '../terminal/question-dialog.ts'
import type { ToolCall } from './tool-calls.ts'

/** A question with two options. */
export function colourQuestion(n: number, multiSelect: boolean): Question {
  return {
    question: `Which colour ${n}?`,
    header: `Colour${n}`,
    options: [
      { label: 'Red', description: 'like fire' },
      { label: 'Blue', description: 'like sea' },
    ],
    multiSelect,
  }
}

/** AskUserQuestion with these questions. A hook answers it by `updatedInput.answers`. */
export function ask(questions: readonly Question[]): ToolCall {
  const input = { questions }
  const dialog = questionDialog(questions)
  return {
    name: 'AskUserQuestion',
    input,
    permission: {
      dialog,
      decide() {
        const answers = dialog.answers()
        return answers && { ...input, answers }
      },
      hook: 'with input',
    },
    refused: ["● Declined to answer Claude's questions:", ...questions.map(({ question, options }) => `  ⎿  · ${question} (${options.map(({ label }) => label).join(' / ')})`)], // prettier-ignore
    async run(allowed) {
      const answers = Object.fromEntries(
        Object.entries((allowed['answers'] ?? {}) as Record<string, string | readonly string[]>)
          .map(([question, answer]) => [question, [answer].flat().join(', ')]), // prettier-ignore
      )
      const lines = questions.map(({ question }, i) => `  ${i === 0 ? '⎿ ' : '  '} · ${question} → ${answers[question] ?? ''}`) // prettier-ignore
      const said = Object.entries(answers).map(([question, answer]) => `"${question}"="${answer}"`)
      return {
        lines: ["● Answered Claude's questions:", ...lines],
        response: { questions, answers },
        text: `Your questions have been answered: ${said.join(', ')}. You can now continue with these answers in mind.`,
      }
    },
  }
}
