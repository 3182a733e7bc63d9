// The JSON API as the commands call it: every failure becomes one line for the operator.
import type { Project, Cap, ForeignSession } from '../core/instance.ts'
import { Failure } from './command.ts'
import type { Server } from './server.ts'

/** The answer of GET /projects. */
export interface Projects {
  readonly projects: readonly Project[]
  readonly foreign: readonly ForeignSession[]
  readonly cap: Cap
}

export type Method = 'GET' | 'POST' | 'DELETE'

// A start may wait for tmux and for a scan; nothing takes half of this.
const answerTimeoutMs = 30_000

/**
 * Calls the API and resolves to the decoded answer, undefined when it has no body. `path` lies below
 * `/api/v1/` and its parts are encoded already. @throws Failure with the server's own reason
 */
export async function callApi(
  server: Server,
  method: Method,
  path: string,
  body?: object,
): Promise<unknown> {
  const url = new URL(`api/v1/${path}`, server.url)
  const headers: Record<string, string> = { accept: 'application/json' }
  if (server.token !== null) headers['authorization'] = `Bearer ${server.token}`
  if (body) headers['content-type'] = 'application/json'
  let response: Response
  let text: string
  try {
    response = await fetch(url, {
      method,
      headers,
      redirect: 'manual',
      signal: AbortSignal.timeout(answerTimeoutMs),
      ...(body && { body: JSON.stringify(body) }),
    })
    text = await response.text()
  } catch (error) {
    throw new Failure(`lab at ${server.url.origin} does not answer: ${reasonOf(error)}.`, {
      cause: error,
    })
  }
  const answer = decode(text)
  if (!response.ok) throw new Failure(refusalOf(answer) ?? strange(server, response.status))
  if (text !== '' && answer === undefined) throw new Failure(strange(server, response.status))
  return answer
}

/** Projects, foreign sessions and cap. @throws Failure */
export async function fetchProjects(server: Server): Promise<Projects> {
  const answer = (await callApi(server, 'GET', 'projects')) as Partial<Projects> | undefined
  if (Array.isArray(answer?.projects) && Array.isArray(answer.foreign) && answer.cap)
    return answer as Projects
  throw new Failure(strange(server, 200))
}

/**
 * One part of a path, encoded. @throws Failure for what a URL would swallow: `stop ..` must never
 * become a call on everything
 */
export function pathPart(text: string, what: string): string {
  if (text === '' || text === '.' || text === '..')
    throw new Failure(`${JSON.stringify(text)} is no ${what}; \`lab ls\` shows them.`)
  return encodeURIComponent(text)
}

function decode(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function refusalOf(answer: unknown): string | null {
  const { error } = (answer ?? {}) as { error?: { message?: unknown } }
  return typeof error?.message === 'string' && error.message !== '' ? error.message : null
}

function strange(server: Server, status: number): string {
  return `${server.url.origin} answered ${status}, but not as lab does; is --url or LAB_URL right?`
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `no answer within ${answerTimeoutMs / 1000} s`
  const cause = error.cause as { code?: string; message?: string } | undefined
  if (cause?.code === 'ECONNREFUSED') return 'the connection was refused'
  return cause?.message || cause?.code || error.message
}
