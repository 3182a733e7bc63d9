// Answers the question of an instance: through the hook that waits for it, or by keys in its terminal.
import { setTimeout as delay } from 'node:timers/promises'
import { decide } from '../../claude/hooks/questions.ts'
import type { ScreenDialog } from '../../claude/screen-dialog.ts'
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
    // A text may hold a secret.
    const said = answer.choice ?? (answer.answers ? 'answers' : 'a text')
    journal.append({ at, id, name: launch.name, what: 'answered', by, title, tool, detail: detail.slice(0, 500), said }) // prettier-ignore
    log.info({ instance: id, name: launch.name, by, title, said }, 'answered')
  }
}

function choiceHint(choices: readonly Choice[]): string {
  const names = choices.map(({ id, label }) => `${id} (${label})`).join(', ')
  return `The question has these choices: ${names}.`
}

const chooseMs = 8000
// Claude ignores Enter during the first 0.9 s of a dialog.
const takeMs = 1200
const pauseMs = 60

/**
 * Moves the mark to the option with the words of the choice and presses Enter while, and only while, that
 * option is marked in the dialog of the question. Never by number: the numbers differ between versions. lab
 * presses a key only after it has seen the effect of the one before, because the marks go round at the ends.
 */
async function choose(
  entry: Entry,
  question: Question,
  choice: Choice,
  { deps, questions }: Pick<AnswerOptions, 'deps' | 'questions'>,
): Promise<void> {
  const paneId = entry.seen.session?.paneId
  if (!paneId) throw new QuestionGone()
  const read = (): Promise<ScreenDialog | null> => questions.readDialog(entry, question)
  const deadline = performance.now() + chooseMs
  let hasChosen = false
  let dialog = await read()
  while (performance.now() < deadline) {
    if (dialog === null) {
      if (hasChosen) return
      throw new QuestionGone()
    }
    const wanted = dialog.options.findIndex((option) => printableLines(option) === choice.label)
    if (wanted < 0) throw new QuestionGone()
    const { selected, keys } = dialog
    const key = selected === null ? keys[wanted]! : towards(wanted, selected)
    // A second Escape or Tab would act on what comes after the dialog.
    if (hasChosen && key !== 'Enter') break
    await deps.tmux.pressKeys(paneId, [key])
    hasChosen ||= selected === null || selected === wanted
    const before = dialog
    dialog = await changed(read, before, key === 'Enter' ? takeMs : deadline - performance.now())
    if (key !== 'Enter' && dialog?.selected === before.selected) break
  }
  throw new InvalidRequest(
    'The dialog did not take the answer. Attach a terminal and answer there.',
  )
}

/** The dialog once it differs from the one before, or as it is after `ms`. */
async function changed(
  read: () => Promise<ScreenDialog | null>,
  before: ScreenDialog,
  ms: number,
): Promise<ScreenDialog | null> {
  const end = performance.now() + ms
  for (;;) {
    await delay(pauseMs)
    const now = await read()
    if (now?.selected !== before.selected || now === null || performance.now() > end) return now
  }
}

/** The key that moves the mark one option towards the wanted one, or takes the option that it marks. */
function towards(wanted: number, selected: number): string {
  if (wanted === selected) return 'Enter'
  return wanted > selected ? 'Down' : 'Up'
}
