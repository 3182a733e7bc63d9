// Answers the question of an instance: through the hook that waits for it, or by keys in its terminal.
import { setTimeout as delay } from 'node:timers/promises'
import { decide } from '../../claude/hooks/questions.ts'
import { readDialog } from '../../claude/screen-dialog.ts'
import type { Actor } from '../../core/actor.ts'
import type { Answer, Choice, Question } from '../../core/question.ts'
import { printableLines } from '../../core/text.ts'
import { InvalidRequest, QuestionGone } from '../../errors.ts'
import type { Hooks } from '../questions/hooks.ts'
import type { Questions } from '../questions/questions.ts'
import type { WaitingHook } from '../questions/waiting-hooks.ts'
import type { InstancesDeps } from '../state/deps.ts'
import type { Entry } from '../state/entry.ts'

/** Gives an answer to the question that it names, and to no other. @throws QuestionGone InvalidRequest */
export type GiveAnswer = (entry: Entry, answer: Answer, by: Actor) => Promise<void>

export interface AnswerOptions {
  readonly deps: InstancesDeps
  readonly hooks: Hooks
  readonly questions: Questions
}

export function createAnswer({ deps, hooks, questions }: AnswerOptions): GiveAnswer {
  const { journal, now, log } = deps
  // The first answer to a question closes it for every other answer.
  const answering = new Set<string>()

  async function byHook(
    entry: Entry,
    asked: WaitingHook,
    question: Question,
    answer: Answer,
  ): Promise<void> {
    const decided = decide(question, asked.event, answer)
    if ('refused' in decided) throw new InvalidRequest(decided.refused)
    if (!(await hooks.answer(entry.id, asked.file, decided.json))) throw new QuestionGone()
  }

  async function byKeys(entry: Entry, question: Question, answer: Answer): Promise<void> {
    const choice = question.choices.find(({ id }) => id === answer.choice)
    if (!choice) throw new InvalidRequest(choiceHint(question.choices))
    // Nothing else may type into the pane in between.
    await entry.queue.run(() => choose(entry, question, choice, { deps, questions }))
  }

  return async (entry, answer, by) => {
    const { question } = entry.seen
    const key = `${entry.id} ${answer.question}`
    if (question?.id !== answer.question || answering.has(key)) throw new QuestionGone()
    answering.add(key)
    try {
      const asked = questions.hookOf(entry, question)
      await (asked ? byHook(entry, asked, question, answer) : byKeys(entry, question, answer))
      questions.close(entry, question)
    } catch (error) {
      if (error instanceof QuestionGone) questions.close(entry, question)
      throw error
    } finally {
      answering.delete(key)
    }
    const at = new Date(now()).toISOString()
    const { id, launch } = entry
    const { title, detail, tool } = question
    const said = answer.choice ?? answer.answers ?? answer.text ?? null
    journal.append({ at, id, name: launch.name, what: 'answered', by, title, tool, detail: detail.slice(0, 500), said }) // prettier-ignore
    log.info({ instance: id, name: launch.name, by, title, said }, 'answered')
  }
}

function choiceHint(choices: readonly Choice[]): string {
  const names = choices.map(({ id, label }) => `${id} (${label})`).join(', ')
  return `The question has these choices: ${names}.`
}

// Claude ignores Enter during the first 0.9 s of a dialog.
const chooseMs = 4000
const pauseMs = 120

/** The key that moves the mark one option towards the wanted one, or takes the option that it marks. */
function towards(wanted: number, selected: number): string {
  if (wanted === selected) return 'Enter'
  return wanted > selected ? 'Down' : 'Up'
}

/**
 * Moves the mark to the option with the words of the choice and presses Enter while, and only while, that
 * option is marked in the dialog of the question. Never by number: the numbers differ between versions.
 */
async function choose(
  entry: Entry,
  question: Question,
  choice: Choice,
  { deps, questions }: Pick<AnswerOptions, 'deps' | 'questions'>,
): Promise<void> {
  const { tmux } = deps
  const paneId = entry.seen.session?.paneId
  const deadline = performance.now() + chooseMs
  let hasPressed = false
  for (;;) {
    const shown = paneId ? await questions.readScreen(entry) : null
    if (shown?.id !== question.id) {
      if (hasPressed) return
      throw new QuestionGone()
    }
    const dialog = readDialog(await tmux.capture(paneId!, 60))
    const wanted =
      dialog?.options.findIndex((option) => printableLines(option) === choice.label) ?? -1
    if (!dialog || wanted < 0) throw new QuestionGone()
    const { selected, keys } = dialog
    hasPressed ||= selected === null || selected === wanted
    const key = selected === null ? keys[wanted]! : towards(wanted, selected)
    await tmux.pressKeys(paneId!, [key])
    if (performance.now() > deadline) break
    await delay(pauseMs)
  }
  throw new InvalidRequest(
    'The dialog did not take the answer. Attach a terminal and answer there.',
  )
}
