// The page's own files: names with a hash of their content, served from memory and kept for good;
// the few that need a fixed name are revalidated by ETag.
import { createHash } from 'node:crypto'
import { Hono } from 'hono'

/** The files as they are on disk (or embedded in the bundle), each by its own name. */
export interface AssetFiles {
  readonly 'htmx.min.js': string
  readonly 'hx-sse.min.js': string
  readonly 'lab.js': string
  readonly 'lab.css': string
  readonly 'phone.js': string
  readonly 'sw.js': string
  readonly 'icon.svg': string
  readonly 'icon-maskable.svg': string
  readonly 'icon-180.png': Uint8Array<ArrayBuffer>
  readonly 'manifest.webmanifest': string
}

/** Where the page finds its files. */
export interface AssetPaths {
  readonly css: string
  /** The 256 colours of an agent's screen. */
  readonly terminal: string
  /** htmx and its stream extension, a classic script. */
  readonly htmx: string
  /** The page's own behaviour, a module. */
  readonly lab: string
  /** The page about notifications, a module. */
  readonly phone: string
}

interface Served {
  readonly type: string
  readonly body: string | Uint8Array<ArrayBuffer>
  readonly etag: string
  readonly caching: string
}

const forGood = 'public, max-age=31536000, immutable'
const revalidated = 'public, max-age=3600'

function hashOf(body: string | Uint8Array): string {
  return createHash('sha256').update(body).digest('base64url').slice(0, 16)
}

/** Makes the routes that serve the files and the style sheet of a terminal, and the paths under which the page asks for them. */
export function createStatic(
  files: AssetFiles,
  terminalCss: string,
): {
  readonly routes: Hono
  readonly paths: AssetPaths
} {
  const served = new Map<string, Served>()
  const add = (path: string, type: string, caching: string, body: Served['body']): string => {
    served.set(path, { type, body, caching, etag: `"${hashOf(body)}"` })
    return path
  }
  const hashed = (name: string, type: string, body: string): string => {
    const [stem, ending] = name.split('.')
    return add(`/assets/${stem}.${hashOf(body)}.${ending}`, `${type}; charset=utf-8`, forGood, body)
  }
  const paths = {
    htmx: hashed(
      'htmx.js',
      'text/javascript',
      `${files['htmx.min.js']};\n${files['hx-sse.min.js']}`,
    ),
    lab: hashed('lab.js', 'text/javascript', files['lab.js']),
    phone: hashed('phone.js', 'text/javascript', files['phone.js']),
    css: hashed('lab.css', 'text/css', files['lab.css']),
    terminal: hashed('terminal.css', 'text/css', terminalCss),
  }
  add('/icon.svg', 'image/svg+xml', revalidated, files['icon.svg'])
  add('/icon-maskable.svg', 'image/svg+xml', revalidated, files['icon-maskable.svg'])
  add('/icon-180.png', 'image/png', revalidated, files['icon-180.png'])
  // A browser asks for it at each visit, and for the whole page at this path.
  add('/sw.js', 'text/javascript; charset=utf-8', 'no-cache', files['sw.js'])
  const manifest = files['manifest.webmanifest']
  add('/manifest.webmanifest', 'application/manifest+json', revalidated, manifest)

  const routes = new Hono()
  for (const [path, { type, body, etag, caching }] of served) {
    routes.get(path, (c) => {
      const scope = path === '/sw.js' ? { 'service-worker-allowed': '/' } : {}
      const headers = { 'content-type': type, 'cache-control': caching, etag, ...scope }
      if (c.req.header('if-none-match') === etag) return c.body(null, 304, headers)
      return c.body(body, 200, headers)
    })
  }
  return { routes, paths }
}
