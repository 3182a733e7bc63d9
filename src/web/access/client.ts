// The client of a request: its address, host and scheme, by its socket and by a trusted proxy in front.
// Headers of any other proxy do not count.
import { BlockList, isIPv6 } from 'node:net'
import type { MiddlewareHandler } from 'hono'
import { InvalidRequest, LabError } from '../../errors.ts'
import type { Client, WebEnv } from '../env.ts'

export interface Proxies {
  /** Networks as `ADDRESS/BITS`. */
  readonly networks: readonly string[]
  /** The header in which they name the user; null when they name no user. */
  readonly userHeader: string | null
}

/** Sets the client of each request, before any other middleware runs. @throws LabError unguarded_proxy */
export function resolveClient(proxies: Proxies): MiddlewareHandler<WebEnv> {
  const isTrusted = trustOf(proxies.networks)
  return (c, next) => {
    const { remoteAddress, localAddress } = c.env?.incoming?.socket ?? {}
    const { headers } = c.req.raw
    const address = plainAddress(remoteAddress)
    const isProxied = isTrusted(address)
    if (!isProxied) refuseStrangeProxy(headers, address)
    c.set('client', {
      address: isProxied ? forwardedFor(headers, isTrusted, address) : address,
      localAddress: localAddress === undefined ? null : plainAddress(localAddress),
      isProxied,
      scheme: isProxied ? forwardedScheme(headers) : null,
      host: (isProxied ? forwardedHost(headers) : null) ?? headers.get('host') ?? '',
      user: isProxied ? userOf(headers, proxies.userHeader) : null,
    })
    return next()
  }
}

/** Whether an address lies in one of the networks. */
export function trustOf(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', bits] = network.split('/')
    list.addSubnet(address, Number(bits), isIPv6(address) ? 'ipv6' : 'ipv4')
  }
  return (address) => list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}

/** An address as people write it: IPv4 without its IPv6 prefix, IPv6 without a zone. */
export function plainAddress(address = 'unknown'): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '')
}

// `Forwarded` and the `X-Forwarded-` family, and what nginx's older recipes set.
const signsOfProxy = /^(?:forwarded|x-forwarded-.*|x-real-ip)$/

/** Behind an untrusted proxy every client would have the address of the proxy. */
function refuseStrangeProxy(headers: Headers, address: string): void {
  const sign = [...headers.keys()].find((name) => signsOfProxy.test(name))
  if (sign === undefined) return
  throw new LabError(
    'unguarded_proxy',
    `This request came through a proxy (it carries "${sign}") that lab does not trust. If the proxy at ${address} is yours and authenticates every user, start lab with --trusted-proxy ${address}. Otherwise reach lab without the proxy, for example through an SSH tunnel: ssh -L 8080:127.0.0.1:8080 HOST.`,
  )
}

/** The last value of a list: the nearest proxy wrote it. */
function lastOf(value: string | null): string | null {
  return value?.split(',').at(-1)?.trim() || null
}

function forwardedFor(
  headers: Headers,
  isTrusted: (address: string) => boolean,
  proxy: string,
): string {
  const chain = (headers.get('x-forwarded-for') ?? '').split(',').map((part) => part.trim())
  const stranger = chain
    .map((part) => plainAddress(part.replace(/^\[(.*)\](?::\d+)?$/, '$1')))
    .findLast((address) => address !== '' && !isTrusted(address))
  return stranger?.slice(0, 64) ?? proxy
}

function forwardedScheme(headers: Headers): Client['scheme'] {
  const scheme = lastOf(headers.get('x-forwarded-proto'))
  if (scheme === null || scheme === 'http' || scheme === 'https') return scheme
  throw new InvalidRequest('X-Forwarded-Proto is neither http nor https. Correct it in the proxy.')
}

function forwardedHost(headers: Headers): string | null {
  const prefix = lastOf(headers.get('x-forwarded-prefix'))
  if (prefix !== null && prefix !== '/')
    throw new InvalidRequest(
      `lab does not work below a path such as ${prefix}. Give it its own host name or port.`,
    )
  const host = lastOf(headers.get('x-forwarded-host')) ?? headers.get('host')
  const port = lastOf(headers.get('x-forwarded-port'))
  if (host === null || port === null || /:\d+$/.test(host) || !/^\d{1,5}$/.test(port)) return host
  return `${host}:${port}`
}

// No blank, comma or control character: two headers arrive as one with a comma. U+FFFD is what broken
// bytes become, and it would make two users one.
const userPattern = /^[^\p{C}\p{Z},\ufffd]{1,100}$/u

function userOf(headers: Headers, header: string | null): string | null {
  const value = header && headers.get(header)
  if (!value) return null
  // Node reads headers byte by byte; what proxies send is UTF-8.
  const user = Buffer.from(value, 'latin1').toString()
  if (userPattern.test(user)) return user
  throw new InvalidRequest(
    `The header ${header} must have a user name of at most 100 characters, without blanks and commas. Correct it in the proxy.`,
  )
}
