// Turns request bodies into checked values, once, at the door. Imports errors only.
import type { Context, MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import * as z from 'zod'
import { LabError } from '../errors.ts'
import { modes, type Choices, type SettingsChange } from '../core/settings.ts'
import type { Answer, Ask } from '../core/question.ts'
import type { Message } from '../core/input/message.ts'
import { isWord, type StartSpec } from '../core/start.ts'
import type { WebEnv } from './env.ts'
import { checked, parseJson, readJsonText, readText } from './raw-body.ts'

// A start is a few hundred bytes; this leaves room for the longest label that deserves its own refusal.
const bodyBytesMax = 65_536
// A text for an agent. A megabyte of text is at most 6 MB as JSON, and lab holds it a few times.
const textBytesMax = 8 * 1024 * 1024

function limitedTo(maxSize: number): MiddlewareHandler {
  return bodyLimit({
    maxSize,
    onError: () => {
      throw new LabError(
        'body_too_large',
        `This request is larger than ${maxSize} bytes, the most that lab accepts. Send less.`,
      )
    },
  })
}

const limits = { text: limitedTo(textBytesMax), other: limitedTo(bodyBytesMax) }
const takesText = /^\/(?:api\/v1\/)?instances\/[^/]+\/input$/

/** Refuses a body that is larger than anything that lab expects at its path. */
export const boundedBody: MiddlewareHandler = (c, next) =>
  (takesText.test(c.req.path) ? limits.text : limits.other)(c, next)

const word = z.string().refine(isWord, 'is not a name that lab can pass on')

// Null is how JSON says that there is none, and how an Instance says so of its label. A model that is null
// is Claude's own default; one that is left out is that of the settings.
const startBody = z.strictObject({
  label: z.string().nullish(),
  model: word.nullish(),
  effort: word.nullish(),
  mode: z.enum(modes).nullish(),
  prompt: z.string().nullish(),
  account: z.string().nullish(),
  force: z.boolean().nullish(),
})

const settingsBody = z.strictObject({
  model: word.nullable().exactOptional(),
  effort: word.nullable().exactOptional(),
  mode: z.enum(modes).exactOptional(),
  quickWords: z.record(z.string(), z.array(z.string()).nullable()).exactOptional(),
})

const forceForm = z.strictObject({ force: z.literal('1').exactOptional() })
const resumeForm = forceForm.extend({ blank: z.literal('1').exactOptional() })
// An empty choice is Claude's own default.
const choice = word
  .or(z.literal(''))
  .transform((text) => text || null)
  .exactOptional()
const startForm = forceForm.extend({
  label: z.string().default(''),
  prompt: z.string().default(''),
  model: choice,
  effort: choice,
  mode: z.enum(modes).exactOptional(),
})
const newForm = startForm.extend({ project: z.string().min(1).max(1000) })

const questionId = z.string().min(1).max(200)
const answerBody = z.strictObject({
  question: questionId,
  choice: z.string().min(1).exactOptional(),
  answers: z.record(z.string(), z.union([z.string(), z.array(z.string())])).exactOptional(),
  text: z.string().exactOptional(),
})

// As many as could ever have been running; a longer list is no list of one's own instances.
const ids = z.array(z.string().min(1).max(100)).min(1).max(1000)
const forced = z.boolean().exactOptional()
const resumeBody = z.strictObject({ force: forced, blank: forced })
const idsBody = resumeBody.extend({ ids })

const inputBody = z.strictObject({
  text: z.string(),
  submit: z.boolean().default(true),
  literally: z.boolean().default(false),
})
const keysBody = z.strictObject({ keys: z.array(z.string().max(20)).max(1000) })
const codeBody = z.strictObject({ code: z.string() })
const ticked = z.literal('1').exactOptional()
const inputForm = z.strictObject({ text: z.string(), draft: ticked, literally: ticked })

/** Reads the JSON of a text for an instance. @throws InvalidRequest */
export async function readInput(c: Context<WebEnv>): Promise<Message> {
  return checked(inputBody, parseJson(await readJsonText(c)))
}

/** Reads the form of a text for an instance; `draft` leaves it unsubmitted. @throws InvalidRequest */
export async function readInputForm(c: Context<WebEnv>): Promise<Message> {
  const { text, draft, literally } = checked(inputForm, await readForm(c))
  return { text, submit: draft !== '1', literally: literally === '1' }
}

/** Reads the JSON `{"code":…}` of a login. @throws InvalidRequest */
export async function readCode(c: Context<WebEnv>): Promise<string> {
  return checked(codeBody, parseJson(await readJsonText(c))).code
}

/** Reads the JSON `{"keys":[…]}`. @throws InvalidRequest */
export async function readKeys(c: Context<WebEnv>): Promise<readonly string[]> {
  return checked(keysBody, parseJson(await readJsonText(c))).keys
}

/** Reads a form that names keys, each in a field `keys`. @throws InvalidRequest */
export async function readKeysForm(c: Context<WebEnv>): Promise<readonly string[]> {
  const keys = new URLSearchParams(await readText(c)).getAll('keys')
  return checked(keysBody, { keys }).keys
}

/** Reads the JSON `{"ids":[…]}`. @throws InvalidRequest */
export async function readIds(
  c: Context<WebEnv>,
): Promise<{ ids: readonly string[]; force?: boolean; blank?: boolean }> {
  return checked(idsBody, parseJson(await readJsonText(c)))
}

/** Reads the JSON of a resume; nothing at all is one without force. @throws InvalidRequest */
export async function readResume(
  c: Context<WebEnv>,
): Promise<{ force?: boolean; blank?: boolean }> {
  const text = await readJsonText(c)
  return text === '' ? {} : checked(resumeBody, parseJson(text))
}

/** Reads the JSON of a start; nothing at all is a start without a label. @throws InvalidRequest */
export async function readStart(c: Context<WebEnv>): Promise<Omit<StartSpec, 'project'>> {
  const text = await readJsonText(c)
  if (text === '') return {}
  const { model, effort, ...rest } = checked(startBody, parseJson(text))
  const { label, mode, prompt, account, force } = rest
  return {
    ...(typeof label === 'string' && { label }),
    ...(model !== undefined && { model }),
    ...(effort !== undefined && { effort }),
    ...(mode && { mode }),
    ...(typeof prompt === 'string' && { prompt }),
    ...(typeof account === 'string' && { account }),
    force: force ?? false,
  }
}

/** Reads the JSON of a change of the settings. @throws InvalidRequest */
export async function readSettingsChange(c: Context<WebEnv>): Promise<SettingsChange> {
  return checked(settingsBody, parseJson(await readJsonText(c)))
}

/** Reads the JSON of an answer. @throws InvalidRequest */
export async function readAnswer(c: Context<WebEnv>): Promise<Answer> {
  return checked(answerBody, parseJson(await readJsonText(c)))
}

/**
 * Reads the form of an answer. A field `ask-N` holds an option or the text for the question at N of
 * `asked`, once for each of several options; an empty field is none. Where the question takes one answer,
 * the last counts: a text that was typed outranks an option. @throws InvalidRequest
 */
export async function readAnswerForm(c: Context<WebEnv>, asked: readonly Ask[]): Promise<Answer> {
  const fields = new URLSearchParams(await readText(c))
  const answers = asked.flatMap(({ text, isMultiple }, index): [string, readonly string[]][] => {
    const given = fields.getAll(`ask-${index}`).filter((value) => value.trim() !== '')
    return given.length > 0 ? [[text, isMultiple ? given : given.slice(-1)]] : []
  })
  const [chosen, text] = [fields.get('choice'), fields.get('text')]
  return {
    question: checked(questionId, fields.get('question')),
    ...(chosen && { choice: chosen }),
    ...(text && { text }),
    ...(answers.length > 0 && { answers: Object.fromEntries(answers) }),
  }
}

/** What the form of a start holds. Choices that it leaves out are those of the settings. */
export type StartForm = Required<Pick<StartSpec, 'label' | 'prompt' | 'force'>> & Partial<Choices>

/** Reads the form of a start; an empty label and an empty prompt are none. @throws InvalidRequest */
export async function readStartForm(c: Context<WebEnv>): Promise<StartForm> {
  return startOf(checked(startForm, await readForm(c)))
}

function startOf<T extends { prompt: string; force?: '1' }>({ prompt, force, ...rest }: T) {
  // A browser ends each line of a text area with CR LF.
  return { ...rest, prompt: prompt.replaceAll('\r\n', '\n'), force: force === '1' }
}

/** The same, of a form that names its project. @throws InvalidRequest */
export const readNewForm = async (c: Context<WebEnv>): Promise<StartForm & { project: string }> =>
  startOf(checked(newForm, await readForm(c)))

/** Reads the form of a resume. @throws InvalidRequest */
export async function readResumeForm(
  c: Context<WebEnv>,
): Promise<{ force: boolean; blank: boolean }> {
  const { force, blank } = checked(resumeForm, await readForm(c))
  return { force: force === '1', blank: blank === '1' }
}

/** Reads a form that names instances, each in a field `ids`. @throws InvalidRequest */
export async function readIdsForm(
  c: Context<WebEnv>,
): Promise<{ ids: readonly string[]; force: boolean }> {
  const fields = new URLSearchParams(await readText(c))
  const named = fields.getAll('ids')
  fields.delete('ids')
  const { force } = checked(forceForm, Object.fromEntries(fields))
  return { ids: checked(ids, named), force: force === '1' }
}

/** Reads the fields of a form, the last of each name. @throws InvalidRequest */
export async function readForm(c: Context<WebEnv>): Promise<Readonly<Record<string, string>>> {
  return Object.fromEntries(new URLSearchParams(await readText(c)))
}
