// The question in a dialog on a screen, for the dialogs that no hook can answer. Pure.
import { createHash } from 'node:crypto'
import type { ScreenDialog } from '../../claude/screen-dialog.ts'
import type { Choice, Question, QuestionKind } from '../../core/question.ts'
import { printableLines } from '../../core/text.ts'
import type { Entry } from '../state/entry.ts'

/** Whether a dialog is on the instance's screen, as far as lab knows. */
export function hasDialog({ seen: { registry, dialog, session } }: Entry): boolean {
  if (!session || registry?.parkedJobId) return false
  return registry?.status === 'waiting' || (!registry?.status && dialog !== null)
}

/**
 * The question in a dialog. Its id changes with the dialog's words and with the moment at which the
 * instance began to wait, so that the same dialog asked again is another question.
 */
export function screenQuestion(
  { launch, state, waitingFor: limit, seen: { registry, dialog } }: Entry,
  { text, options }: ScreenDialog,
  { isPlan, now }: { readonly isPlan: boolean; readonly now: number },
): Question {
  const waitingFor = registry?.waitingFor ?? dialog ?? 'dialog open'
  const since = registry?.statusUpdatedAt ?? null
  const hash = createHash('sha256').update(JSON.stringify([launch.id, since, text, options]))
  const kind = kindOf(waitingFor, isPlan)
  return {
    id: `screen-${hash.digest('hex').slice(0, 16)}`,
    kind,
    tool: null,
    // Claude's own words name the limit above the dialog, where lab does not read them.
    title: state === 'limited' ? `is at its ${limit}:` : titleOf(kind, waitingFor),
    detail: printableLines(text),
    change: null,
    choices: choicesOf(options.map(printableLines), kind),
    asks: [],
    answerable: true,
    since: new Date(since ?? now).toISOString(),
  }
}

function kindOf(waitingFor: string, isPlan: boolean): QuestionKind {
  if (isPlan) return 'plan'
  return waitingFor === 'permission prompt' ? 'permission' : 'dialog'
}

function titleOf(kind: QuestionKind, waitingFor: string): string {
  if (kind === 'plan') return 'has a plan'
  if (kind === 'permission') return 'asks for a permission'
  return waitingFor === 'input needed' ? 'asks' : `shows a dialog: ${waitingFor}`
}

/** The options in Claude's words. Of a permission's options the first "No" denies, the first "Yes" allows. */
function choicesOf(options: readonly string[], kind: QuestionKind): readonly Choice[] {
  const all = options.map((label, index) => ({ id: `option-${index + 1}`, label }))
  if (kind !== 'permission') return all
  const deny = all.find(({ label }) => /^No\b/.test(label))
  const allow = all.find(({ label }) => /^Yes\b/.test(label))
  const named = [
    ...(deny ? [{ ...deny, id: 'deny' }] : []),
    ...(allow ? [{ ...allow, id: 'allow' }] : []),
  ]
  return [...named, ...all.filter((choice) => choice !== deny && choice !== allow)]
}
