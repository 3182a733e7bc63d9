// Limits on one client: connections, time to send, lengths. lab answers a request over a limit with its
// code, counts it, and still serves the other clients. (The limits on streams are in live/streams.ts.)
import type { Server, ServerOptions } from 'node:http'
import type { Socket } from 'node:net'
import type { MiddlewareHandler } from 'hono'
import { isLoopback } from '../../core/loopback.ts'
import { LabError } from '../../errors.ts'
import type { WebEnv } from '../env.ts'
import { plainAddress } from './client.ts'

/** How often each refusal was given since lab started, by its code. */
export interface Counts {
  add(code: string): void
  all(): Readonly<Record<string, number>>
}

/** Makes a count of nothing yet. */
export function createCounts(): Counts {
  const counts = new Map<string, number>()
  return {
    add: (code) => void counts.set(code, (counts.get(code) ?? 0) + 1),
    all: () => Object.fromEntries(counts),
  }
}

/** For Node's server: it refuses requests that are slower or longer than any real one. */
export const serverLimits = {
  maxHeaderSize: 16_384,
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 2_000,
} satisfies ServerOptions

export interface ConnectionLimits {
  readonly connectionsMax: number
  readonly connectionsPerClientMax: number
  /** A connection on which nothing moves for that long is ended; streams beat more often. */
  readonly idleMs: number
}

// A browser asks within milliseconds: a connection that is silent longer gives way to a new one.
const silentMs = 1000

const limitsDefault: ConnectionLimits = {
  connectionsMax: 2000,
  connectionsPerClientMax: 200,
  idleMs: 60_000,
}

/**
 * Bounds a server's connections. Trusted proxies, and loopback with its tunnels, bring many clients: only
 * the bound for all counts for them. Where that is reached, connections that say nothing give way.
 */
export function limitConnections(
  server: Server,
  isTrusted: (address: string) => boolean,
  counts: Counts,
  overrides: Partial<ConnectionLimits> = {},
): void {
  const limits = { ...limitsDefault, ...overrides }
  const open = new Map<string, number>()
  /** Connections on which no request has come yet, the oldest first, and since when they stand. */
  const silent = new Map<Socket, number>()
  const counted = new Set<Socket>()

  /** Ends the oldest connection that had its time to say something and has not. */
  function makeRoom(): void {
    const [oldest] = silent
    if (!oldest || performance.now() - oldest[1] < silentMs) return
    const [socket] = oldest
    silent.delete(socket)
    counts.add('silent_connection')
    counted.delete(socket)
    socket.destroy()
  }

  /** Counts a connection until it ends; whether there is room for it. */
  function admit(socket: Socket): boolean {
    const address = plainAddress(socket.remoteAddress)
    const own = (open.get(address) ?? 0) + 1
    open.set(address, own)
    if (counted.size >= limits.connectionsMax) makeRoom()
    counted.add(socket)
    silent.set(socket, performance.now())
    socket.once('close', () => {
      silent.delete(socket)
      counted.delete(socket)
      const left = (open.get(address) ?? 1) - 1
      if (left > 0) open.set(address, left)
      else open.delete(address)
    })
    if (counted.size > limits.connectionsMax) return false
    return own <= limits.connectionsPerClientMax || isLoopback(address) || isTrusted(address)
  }

  server.on('request', ({ socket }) => void silent.delete(socket))
  // In front of Node's own listener: lab reads nothing of a connection that it refuses.
  const serve = server.listeners('connection')
  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) => {
    if (admit(socket)) return serve.forEach((listener): unknown => listener.call(server, socket))
    counts.add('too_many_connections')
    refuse(
      socket,
      '429 Too Many Requests',
      'too_many_connections',
      'Too many connections are open. Close some, and try again.',
    )
  })
  server.setTimeout(limits.idleMs)
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const [status, code, message] = answers[error.code ?? ''] ?? malformed
    // A client that went away needs no answer and does not count.
    if (error.code === 'ECONNRESET' || !socket.writable) return socket.destroy()
    counts.add(code)
    return isAnswered(socket) ? socket.destroy() : refuse(socket, status, code, message)
  })
}

const malformed = [
  '400 Bad Request',
  'invalid_request',
  'lab cannot read this request as HTTP.',
] as const
const answers: Readonly<Record<string, readonly [string, string, string]>> = {
  HPE_HEADER_OVERFLOW: [
    '431 Request Header Fields Too Large',
    'headers_too_large',
    `The address and the headers are larger than ${serverLimits.maxHeaderSize} bytes, the most that lab accepts.`,
  ],
  ERR_HTTP_REQUEST_TIMEOUT: [
    '408 Request Timeout',
    'request_timeout',
    'The request did not arrive in time. Send it again.',
  ],
}

/** Whether an answer has begun on that connection, so that another would be taken for a part of it. */
function isAnswered(socket: Socket): boolean {
  const { _httpMessage: answer } = socket as { _httpMessage?: { headersSent: boolean } | null }
  return answer?.headersSent === true
}

// Long enough for the answer to arrive, short enough to keep no place from other connections.
const lingerMs = 1000

function refuse(socket: Socket, status: string, code: string, message: string): void {
  const body = JSON.stringify({ error: { code, message } })
  socket.on('error', () => {})
  // Read and drop the rest of the request: closing with unread bytes would lose the answer.
  socket.resume()
  socket.end(
    `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
  )
  setTimeout(() => socket.destroy(), lingerMs).unref()
}

// The longest that means something is a name of some hundred characters, each written as three.
const urlCharsMax = 4096

/** Refuses an address that is longer than any of lab's. */
export function boundedUrl(): MiddlewareHandler<WebEnv> {
  return (c, next) => {
    if ((c.env?.incoming?.url ?? c.req.url).length <= urlCharsMax) return next()
    throw new LabError(
      'url_too_long',
      `This address is longer than ${urlCharsMax} characters, the most that lab accepts.`,
    )
  }
}
