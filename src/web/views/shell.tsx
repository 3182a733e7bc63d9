// The document around every page, and the page that says what went wrong.
import type { Child } from 'hono/jsx'
import type { AssetPaths } from '../assets/static.ts'
import { htmlOf, Prose } from './parts.tsx'
import type { RenderContext } from './render-context.ts'

/** The document's title: how much needs the operator, what is shown, and on which machine. */
export function titleOfPage(needs: number, shown: string, machine: string): string {
  const count = needs === 0 ? '' : `(${needs}) `
  return `${count}${[shown, 'lab', machine].filter(Boolean).join(' · ')}`
}

/** The page of a failure that belongs to no form. */
export function renderFailure(at: RenderContext, assets: AssetPaths, message: string): string {
  return documentOf(
    // Nothing on it changes, so it needs no script.
    { css: assets.css },
    at,
    <main class="failure">
      <h1>lab</h1>
      <p role="alert">
        <Prose text={message} />
      </p>
      <p>
        <a class="button" href="/">
          Back to the instances
        </a>
      </p>
    </main>,
  )
}

/** Wraps a body into a document, with the scripts that are given. */
export function documentOf(
  assets: Pick<AssetPaths, 'css'> & Partial<AssetPaths>,
  at: RenderContext,
  body: Child,
  title = titleOfPage(0, '', at.machine),
  hasPane = false,
): string {
  const page = (
    <html lang="en" data-now={at.now} data-machine={at.machine}>
      <head>
        <meta charset="utf-8" />
        <title>{title}</title>
        <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
        <meta name="color-scheme" content="light dark" />
        <meta name="theme-color" content="#f6f6f4" media="(prefers-color-scheme: light)" />
        <meta name="theme-color" content="#131417" media="(prefers-color-scheme: dark)" />
        <meta name="apple-mobile-web-app-title" content="lab" />
        <meta name="htmx-config" content='{"includeIndicatorCSS":false}' />
        <link rel="icon" href="/icon.svg" type="image/svg+xml" />
        <link rel="apple-touch-icon" href="/icon-180.png" />
        {/* Behind a sign-on it is had with the cookies of the page alone. */}
        <link rel="manifest" href="/manifest.webmanifest" crossorigin="use-credentials" />
        <link rel="stylesheet" href={assets.css} />
        {assets.terminal === undefined ? null : <link rel="stylesheet" href={assets.terminal} />}
        {assets.htmx === undefined ? null : <script src={assets.htmx} defer />}
        {assets.lab === undefined ? null : <script src={assets.lab} type="module" />}
        {assets.phone === undefined ? null : <script src={assets.phone} type="module" />}
      </head>
      <body data-pane={hasPane || undefined}>{body}</body>
    </html>
  )
  return `<!doctype html>${htmlOf(page)}`
}
