// The JSON API as the commands call it: every failure becomes one line for the operator.
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import type { Cap, ForeignSession, Instance, Project } from '../core/instance.ts'
import { Failure, Refused } from './command.ts'
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
  { timeoutMs = answerTimeoutMs }: { readonly timeoutMs?: number } = {},
): Promise<unknown> {
  let response: { readonly status: number; readonly text: string }
  try {
    response = await send(server, { method, path, timeoutMs }, body && JSON.stringify(body))
  } catch (error) {
    throw unanswered(server, error, timeoutMs)
  }
  const { status, text } = response
  const answer = decode(text)
  if (status < 200 || status > 299)
    throw new Refused(refusalOf(answer) ?? strange(server, status), status)
  if (text !== '' && answer === undefined) throw new Failure(strange(server, status))
  return answer
}

/** Calls the API for a plain text. @throws Failure with the server's own reason */
export async function fetchText(server: Server, path: string): Promise<string> {
  const asked = { method: 'GET', path, timeoutMs: answerTimeoutMs } as const
  const { status, text } = await send(server, asked, undefined).catch((error: unknown) => {
    throw unanswered(server, error)
  })
  if (status === 200) return text
  throw new Refused(refusalOf(decode(text)) ?? strange(server, status), status)
}

/** Projects, foreign sessions and cap. @throws Failure */
export async function fetchProjects(server: Server): Promise<Projects> {
  const answer = (await callApi(server, 'GET', 'projects')) as Partial<Projects> | undefined
  if (Array.isArray(answer?.projects) && Array.isArray(answer.foreign) && answer.cap)
    return answer as Projects
  throw new Failure(strange(server, 200))
}

/** Every instance that lab knows: the live ones, then the ended ones, the latest end first. @throws Failure */
export async function fetchInstances(server: Server): Promise<readonly Instance[]> {
  const answer = (await callApi(server, 'GET', 'instances?ended=1')) as { instances?: Instance[] }
  if (!Array.isArray(answer?.instances)) throw new Failure(strange(server, 200))
  return answer.instances
}

/** The ended instances, latest first. @throws Failure */
export async function fetchEnded(server: Server): Promise<readonly Instance[]> {
  // lab sorts them by the sequence of their ends; the dates mislead after a clock went back.
  return (await fetchInstances(server)).filter(({ endedAt }) => endedAt !== null)
}

/**
 * One part of a path, encoded. @throws Failure for what a URL would swallow: `stop ..` must never
 * become a call on everything
 */
export function pathPart(text: string, what: string): string {
  if (text === '' || text === '.' || text === '..')
    throw new Failure(`${JSON.stringify(text)} is not ${what}; \`lab ls\` shows them.`)
  return encodeURIComponent(text)
}

async function send(
  server: Server,
  { method, path, timeoutMs }: { method: Method; path: string; timeoutMs: number },
  body: string | undefined,
): Promise<{ status: number; text: string }> {
  const signal = AbortSignal.timeout(timeoutMs)
  const response = await openResponse(server, { method, path, body, signal })
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += String(chunk)
  return { status: response.statusCode ?? 0, text }
}

/**
 * Asks the API and resolves as soon as the headers of its answer are there. Rejects with the system's own
 * error. No redirect is followed.
 */
export async function openResponse(
  server: Server,
  request: {
    readonly method: Method
    readonly path: string
    readonly body?: string | undefined
    readonly signal: AbortSignal
  },
): Promise<IncomingMessage> {
  const { method, path, body, signal } = request
  const url = new URL(`api/v1/${path}`, server.url)
  const headers: OutgoingHttpHeaders = { accept: 'application/json', 'lab-actor': server.actor }
  if (server.token !== null) headers['authorization'] = `Bearer ${server.token}`
  if (body !== undefined) headers['content-type'] = 'application/json'
  // Not fetch: loading it alone takes longer than Node itself needs to start.
  const { request: open } = await (url.protocol === 'https:'
    ? import('node:https')
    : import('node:http'))
  return new Promise((done, fail) => {
    open(url, { method, headers, signal }, done).on('error', fail).end(body)
  })
}

/** The failure to say of a request that got no answer. */
export function unanswered(server: Server, error: unknown, timeoutMs = answerTimeoutMs): Failure {
  return new Failure(
    `lab at ${server.url.origin} does not answer: ${reasonOf(error, timeoutMs)}.`,
    {
      cause: error,
    },
  )
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

function reasonOf(error: unknown, timeoutMs: number): string {
  const { name, code, message } = error as NodeJS.ErrnoException
  // Nothing but the timeout ever aborts a request.
  if (name === 'AbortError') return `no answer within ${timeoutMs / 1000} s`
  return code === 'ECONNREFUSED' ? 'the connection was refused' : message || (code ?? name)
}
