// Whether a host is this machine's loopback. Pure.

const octet = '(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)'
const loopback = new RegExp(`^(?:localhost|::1|\\[::1\\]|127(?:\\.${octet}){3})$`)

/** Whether a host name or an address, as a URL or a socket writes it, reaches this machine alone. */
export function isLoopback(host: string): boolean {
  return loopback.test(host)
}
