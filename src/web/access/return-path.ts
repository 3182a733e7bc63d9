// Which addresses a sign-in may lead on to: paths of lab's own, and nothing that a browser or a proxy
// could read as another site. Pure.

// One slash at the start, then only what stands for itself; no blank, backslash or control character.
const plain = /^\/(?![/\\])[\w\-.~/?&=%+#:@!$'()*,;]*$/
// Encoded slashes, backslashes and control characters: a proxy may decode them.
const disguised = /%(?:2f|5c|[01][\da-f]|7f|25)/i

/** The address, when it is a path of lab's own; else the page. */
export function localPath(address: string | null | undefined): string {
  const path = address ?? ''
  if (path.length > 1024 || !plain.test(path) || disguised.test(path)) return '/'
  // A program that joins paths reads two slashes as another host.
  return path.split(/[?#]/, 1)[0]!.includes('//') ? '/' : path
}

/** The path of an address that a browser named as its own page's, when that lies on lab. */
export function pathOfPage(address: string | undefined, host: string): string {
  if (address === undefined || !URL.canParse(address)) return '/'
  const url = new URL(address)
  return url.host === host ? localPath(url.pathname + url.search) : '/'
}

/** Where to sign in, and to come back from there. */
export function signInPath(next: string): string {
  return `/login?next=${encodeURIComponent(localPath(next))}`
}
