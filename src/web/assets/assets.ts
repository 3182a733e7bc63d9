// The page's files, embedded into the bundle by esbuild. Only main imports this: Node itself cannot
// load these imports, so everything else takes the files as a value.
import htmx from 'htmx.org/dist/htmx.min.js' with { type: 'text' }
import htmxSse from 'htmx.org/dist/ext/hx-sse.min.js' with { type: 'text' }
import labJs from '../../../public/lab.js' with { type: 'text' }
import labCss from '../../../public/lab.css' with { type: 'text' }
import phoneJs from '../../../public/phone.js' with { type: 'text' }
import swJs from '../../../public/sw.js' with { type: 'text' }
import icon from '../../../public/icon.svg' with { type: 'text' }
import iconMaskable from '../../../public/icon-maskable.svg' with { type: 'text' }
import icon180 from '../../../public/icon-180.png' with { type: 'bytes' }
import manifest from '../../../public/manifest.webmanifest' with { type: 'text' }
import type { AssetFiles } from './static.ts'

/** Every file the page needs. */
export const assets: AssetFiles = {
  'htmx.min.js': htmx,
  'hx-sse.min.js': htmxSse,
  'lab.js': labJs,
  'lab.css': labCss,
  'phone.js': phoneJs,
  'sw.js': swJs,
  'icon.svg': icon,
  'icon-maskable.svg': iconMaskable,
  'icon-180.png': icon180,
  'manifest.webmanifest': manifest,
}
