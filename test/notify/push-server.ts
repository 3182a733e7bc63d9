// A push service on this machine, with an authority of its own, and a browser's side of Web Push: its
// subscription, and what RFC 8291 and RFC 8292 say of what arrives.
import { execFileSync } from 'node:child_process'
import {
  createDecipheriv,
  createECDH,
  createHmac,
  createPublicKey,
  randomBytes,
  verify,
} from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import { Agent, createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { newContent, type NotifyFile, type Subscription } from '../../src/notify/notify-file.ts'

export interface Pushed {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface PushServer {
  readonly url: string
  /** Trusts the authority of this server, and no other. */
  readonly agent: Agent
  /** The file of its certificate. */
  readonly ca: string
  readonly pushed: Pushed[]
  /** What it answers next, by path; 201 after that. */
  readonly answers: Map<string, { status: number; headers?: Record<string, string> }[]>
  close(): Promise<void>
}

/** Opens the server, with a new certificate in `folder`. */
export async function openPushServer(folder: string): Promise<PushServer> {
  const [key, ca] = [join(folder, 'push.key'), join(folder, 'push.crt')]
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  const argv = ['req', '-x509', ...curve, ...name, '-days', '2', '-keyout', key, '-out', ca]
  execFileSync('openssl', argv, { stdio: 'ignore' })
  const pushed: Pushed[] = []
  const answers: PushServer['answers'] = new Map()
  const pem = { key: readFileSync(key), cert: readFileSync(ca) }
  const server = createServer(pem, (request, response) => {
    void buffer(request).then((body) => {
      const { url: path = '', headers } = request
      pushed.push({ path, headers, body })
      const { status, headers: more } = answers.get(path)?.shift() ?? { status: 201 }
      response.writeHead(status, more).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const agent = new Agent({ ca: pem.cert, lookup: (_, options, done) => done(null, options.all ? [{ address: '127.0.0.1', family: 4 }] : '127.0.0.1', 4) }) // prettier-ignore
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    agent,
    ca,
    pushed,
    answers,
    async close() {
      agent.destroy()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export interface PushBrowser {
  readonly subscription: Subscription
  /** The path of its endpoint. */
  readonly path: string
  /** What the service worker would get; throws for what was not encrypted for this browser. */
  read(pushed: Pushed): Record<string, unknown>
}

/** A browser with a subscription at this server. */
export function createPushBrowser({ url }: Pick<PushServer, 'url'>, name: string): PushBrowser {
  const ecdh = createECDH('prime256v1')
  const own = ecdh.generateKeys()
  const auth = randomBytes(16)
  return {
    path: `/push/${name}`,
    subscription: {
      endpoint: `${url}/push/${name}`,
      keys: { p256dh: own.toString('base64url'), auth: auth.toString('base64url') },
    },
    read({ headers, body }) {
      if (headers['content-encoding'] !== 'aes128gcm') throw new Error('not encrypted')
      const [salt, size, idLength] = [body.subarray(0, 16), body.readUInt32BE(16), body[20] ?? 0]
      const sender = body.subarray(21, 21 + idLength)
      const record = body.subarray(21 + idLength)
      if (record.length > size) throw new Error('RFC 8291 allows one record')
      const info = Buffer.concat([Buffer.from('WebPush: info\0'), own, sender])
      const ikm = expand(hmac(auth, ecdh.computeSecret(sender)), info, 32)
      const prk = hmac(salt, ikm)
      const key = expand(prk, Buffer.from('Content-Encoding: aes128gcm\0'), 16)
      const nonce = expand(prk, Buffer.from('Content-Encoding: nonce\0'), 12)
      const decipher = createDecipheriv('aes-128-gcm', key, nonce)
      decipher.setAuthTag(record.subarray(-16))
      const padded = Buffer.concat([decipher.update(record.subarray(0, -16)), decipher.final()])
      const text = padded.subarray(0, padded.lastIndexOf(2)).toString()
      return JSON.parse(text) as Record<string, unknown>
    },
  }
}

function hmac(key: Buffer, text: Buffer): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

function expand(prk: Buffer, info: Buffer, length: number): Buffer {
  return hmac(prk, Buffer.concat([info, Buffer.of(1)])).subarray(0, length)
}

/** The claims of a push's signature, checked against the key that it names, and that key. */
export function readVapid({ headers }: Pushed): { key: string; claims: Record<string, unknown> } {
  const [, token = '', key = ''] =
    /^vapid t=([^,]+), *k=(.+)$/.exec(headers.authorization ?? '') ?? []
  const point = Buffer.from(key, 'base64url')
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((half) =>
    half.toString('base64url'),
  )
  const jwk = { kty: 'EC', crv: 'P-256', x: x!, y: y! }
  const [head = '', claims = '', signature = ''] = token.split('.')
  const publicKey = createPublicKey({ key: jwk, format: 'jwk' })
  const signed = Buffer.from(`${head}.${claims}`)
  const options = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const
  if (!verify('sha256', signed, options, Buffer.from(signature, 'base64url')))
    throw new Error('a signature of another key')
  return { key, claims: JSON.parse(Buffer.from(claims, 'base64url').toString()) as never }
}

/** The devices and what was told, in memory. */
export function memoryFile(): NotifyFile {
  let content = newContent()
  return {
    content: () => content,
    change: (fields) => void (content = { ...content, ...fields }),
    save: () => Promise.resolve(),
  }
}
