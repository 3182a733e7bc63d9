import { describe, expect, test } from 'vitest'
import { createLab, readAssets } from '../lab.ts'

async function pathsOf(lab: ReturnType<typeof createLab>): Promise<string[]> {
  const html = await (await lab.ask('/')).text()
  return [...html.matchAll(/(?:href|src)="(\/(?:assets\/|icon|manifest)[^"]*)"/g)].map(
    ([, path]) => path!,
  )
}

describe('the files of the page', () => {
  test('are all there, with their types', async () => {
    const lab = createLab()
    const types: Record<string, string> = {
      js: 'text/javascript; charset=utf-8',
      css: 'text/css; charset=utf-8',
      svg: 'image/svg+xml',
      png: 'image/png',
      webmanifest: 'application/manifest+json',
    }
    const paths = await pathsOf(lab)
    expect(paths).toHaveLength(8)
    for (const path of paths) {
      const response = await lab.ask(path)
      expect(response.status).toBe(200)
      expect(response.headers.get('content-type')).toBe(types[path.split('.').at(-1)!])
      expect((await response.arrayBuffer()).byteLength).toBeGreaterThan(300)
    }
  })

  test('with a hash in the name are kept for good, and change the name with their content', async () => {
    const paths = await pathsOf(createLab())
    const hashed = paths.filter((path) => path.startsWith('/assets/'))
    expect(hashed).toHaveLength(5)
    const lab = createLab()
    for (const path of hashed)
      expect((await lab.ask(path)).headers.get('cache-control')).toContain('immutable')
    const changed = createLab({ assets: { ...readAssets(), 'lab.css': 'body{}' } })
    const kept = (await pathsOf(changed)).filter((path) => hashed.includes(path))
    expect(kept).toHaveLength(hashed.length - 1)
  })

  test('with a fixed name are revalidated', async () => {
    const lab = createLab()
    const etag = (await lab.ask('/icon.svg')).headers.get('etag')!
    const again = await lab.ask('/icon.svg', { headers: { 'if-none-match': etag } })
    expect(again.status).toBe(304)
    expect(await again.text()).toBe('')
  })

  test('name no source maps, which nobody serves', async () => {
    const lab = createLab()
    for (const path of await pathsOf(lab))
      if (path.endsWith('.js'))
        expect(await (await lab.ask(path)).text()).not.toContain('sourceMappingURL')
  })

  test('make the page installable', async () => {
    const lab = createLab()
    const manifest = (await (await lab.ask('/manifest.webmanifest')).json()) as {
      start_url: string
      display: string
      icons: { src: string; purpose?: string }[]
    }
    expect(manifest).toMatchObject({ start_url: '/', display: 'standalone' })
    expect(manifest.icons.map(({ purpose }) => purpose)).toContain('maskable')
    for (const { src } of manifest.icons) expect((await lab.ask(src)).status).toBe(200)
  })

  test('of another version are a 404', async () => {
    expect((await createLab().ask('/assets/lab.0123456789abcdef.js')).status).toBe(404)
  })
})
