// Which instance the operator means by a REF: a session name, a label, the beginning of either, or an id.
import { nearest } from '../argv.ts'
import { belongsTo } from '../core/names.ts'
import { isLive, type Instance } from '../core/instance.ts'
import { callApi, fetchInstances, fetchProjects, pathPart } from './api.ts'
import { Failure, Refused } from './command.ts'
import type { Server } from './server.ts'
import { ago } from './text.ts'

/** No instance is what a REF says, or several are. */
export class NotFound extends Failure {}

/** The beginning of an id that lists show, and that names an instance. */
export const idCharsShown = 8

/**
 * The live instance that a REF means, or any instance by its id. lab's own answer to an exact name or id
 * wins over a label, and an exact text over a beginning. @throws Failure with what was meant instead
 */
export async function findInstance(server: Server, ref: string): Promise<Instance> {
  const path = `instances/${pathPart(ref, 'an instance')}`
  try {
    return (await callApi(server, 'GET', path)) as Instance
  } catch (error) {
    if (!(error instanceof Refused) || error.status !== 404) throw error
  }
  const all = await fetchInstances(server)
  const { projects } = await fetchProjects(server)
  const keys = projects.map(({ key }) => key)
  return pickInstance(ref, all, { keys, now: Date.now() })
}

/** The ended instance that a REF means, or a live one, which may need a new link. @throws Failure */
export function pickEnded(ref: string, all: readonly Instance[]): Instance {
  const ended = all.filter(({ state }) => !isLive(state))
  const exact = exactly(ref, ended)
  const found =
    byId(ref, all) ?? one(ref, exact) ?? exactly(ref, all)[0] ?? one(ref, beginning(ref, ended))
  if (found) return found
  throw new NotFound(
    `No ended instance is called ${JSON.stringify(ref)}; ${hintFor(ref, ended, 'lab ls --ended')}`,
  )
}

/** The live instance that a REF means, or any instance by its id, among `all`. @throws Failure */
export function pickInstance(
  ref: string,
  all: readonly Instance[],
  { keys, now }: { readonly keys: readonly string[]; readonly now: number },
): Instance {
  const live = all.filter(({ state }) => isLive(state))
  const found = byId(ref, all) ?? one(ref, exactly(ref, live))
  if (found) return found
  // `foo` means the project foo, never an instance of the project foobar.
  const begun = beginning(ref, live).filter(
    ({ name, label }) => !keys.includes(ref) || belongsTo(name, ref) || label?.startsWith(ref),
  )
  const ended = all.filter(({ state }) => !isLive(state))
  // The operator may not know yet that it ended, and must not reach another one instead.
  const gone = exactly(ref, ended)[0]
  if (gone)
    throw new NotFound(
      `${endedText(gone, now)}${begun[0] ? ` Did you mean ${begun[0].name}?` : ''}`,
    )
  const unique = one(ref, begun)
  if (unique) return unique
  const wasBegun = one(ref, beginning(ref, ended))
  if (wasBegun) throw new NotFound(endedText(wasBegun, now))
  throw new NotFound(
    `No instance is called ${JSON.stringify(ref)}; ${hintFor(ref, live, 'lab ls')}`,
  )
}

/** Says of an ended instance when it ended, why, and what continues it. */
export function endedText({ id, name, endedAt, evidence }: Instance, now: number): string {
  const when = endedAt === null ? 'has ended' : `has ended ${ago(endedAt, now)}`
  const why = evidence ? `: ${evidence.message}` : '.'
  return `${name} ${when}${why} \`lab resume ${id.slice(0, idCharsShown)}\` continues it.`
}

function byId(ref: string, all: readonly Instance[]): Instance | null {
  const isShort = ref.length >= idCharsShown && /^[\da-f-]+$/.test(ref)
  const found = all.filter(({ id }) => id === ref || (isShort && id.startsWith(ref)))
  return one(ref, found)
}

function exactly(ref: string, among: readonly Instance[]): readonly Instance[] {
  const named = among.filter(({ name }) => name === ref)
  return named.length > 0 ? named : among.filter(({ label }) => label === ref)
}

function beginning(ref: string, among: readonly Instance[]): readonly Instance[] {
  if (ref === '') return []
  return among.filter(({ name, label }) => name.startsWith(ref) || label?.startsWith(ref))
}

const namesShownMax = 5

/** The only one of the found, null without any. @throws Failure for several */
function one(ref: string, found: readonly Instance[]): Instance | null {
  if (found.length < 2) return found[0] ?? null
  const isSameName = found.some(({ name }, i) => found.findIndex((f) => f.name === name) !== i)
  const names = found
    .slice(0, namesShownMax)
    .map((f) => (isSameName ? `${f.name} (${f.id})` : f.name))
  const more = found.length > namesShownMax ? ', …' : ''
  throw new NotFound(
    `${JSON.stringify(ref)} means several instances: ${names.join(', ')}${more}. Name one${isSameName ? ' by its id' : ''}.`,
  )
}

function hintFor(ref: string, among: readonly Instance[], place: string): string {
  const names = among.flatMap(({ name, label }) => (label === null ? [name] : [name, label]))
  const near = nearest(ref, names)
  return near === null ? `\`${place}\` shows them.` : `did you mean ${near}?`
}
