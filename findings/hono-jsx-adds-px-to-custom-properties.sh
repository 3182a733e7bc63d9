#!/bin/sh
# Hono's JSX writes "px" after a number in a CSS custom property.
#
# Expected: hono/jsx takes a style object as React does. React appends "px" to a number in a property that takes a length,
#   and appends nothing in a property without a unit (opacity, order) and in a custom property, because only the
#   stylesheet knows the unit of a custom property.
# Seen: hono/jsx renders style={{ '--columns': 3 }} as "--columns:3px". The ordinary properties come out
#   as in React. A browser then ignores "repeat(var(--columns), 1fr)" or "opacity: var(--fade)" without an error,
#   since 3px is not a number. hono/jsx leaves a string ('3') unchanged.
# Versions: hono 4.13.19; for comparison react-dom 19.2.0.
# Consequence: a component that moves from React to Hono loses its layout, and no error says so. Its author writes the
#   number in a custom property as a string.
set -u
cannot() { echo "CANNOT RUN: $*" >&2; exit 2; }
command -v npm >/dev/null || cannot "npm is not installed"
dir=$(mktemp -d) || cannot "no temporary folder"
trap 'rm -rf "$dir"' EXIT
trap 'exit 2' HUP INT TERM
cd "$dir" || cannot "no temporary folder"
npm install --prefix . --ignore-scripts --no-audit --no-fund hono@4.13.19 react@19.2.0 react-dom@19.2.0 >npm.log 2>&1 ||
  cannot "npm install: $(tail -n 3 npm.log)"

cat >example.mjs <<'EXAMPLE'
import { readFileSync } from 'node:fs';
import { jsx } from 'hono/jsx';
import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';

const { version } = JSON.parse(readFileSync('node_modules/hono/package.json', 'utf8'));
console.log(`hono here: ${version}; seen on: 4.13.19`);
const check = (ok, sentence) => {
  if (ok) return;
  console.error(`CHANGED: ${sentence}`);
  process.exit(3);
};

const hono = style => String(jsx('ul', { style }));
const react = style => renderToStaticMarkup(createElement('ul', { style }));
const show = style => {
  console.log(`style   ${JSON.stringify(style)}\n  hono  ${hono(style)}\n  react ${react(style)}`);
  return [hono(style), react(style)];
};

let [ours, theirs] = show({ marginTop: 8, opacity: 0.5, order: 1 });
check(ours === theirs, 'ordinary properties differ');
[ours, theirs] = show({ '--columns': '3' });
check(ours === theirs, 'a string in a custom property differs');
[ours, theirs] = show({ '--columns': 3 });
check(theirs === '<ul style="--columns:3"></ul>', 'React writes a unit');
check(ours === '<ul style="--columns:3px"></ul>', 'Hono writes no px');
console.log('AS DESCRIBED: Hono wrote 3px for the number 3, and React wrote 3.');
EXAMPLE
node example.mjs
case $? in # node exits with 1 on an exception, so the example exits with 3 when the behaviour has changed
  0) ;;
  3) exit 1 ;;
  *) cannot "the example ends with an exception" ;;
esac
