#!/bin/bash
# Claude Code runs a background session with the environment of another shell.
#
# Expected: "claude --bg" starts a session with the environment of the shell that runs it, as "claude" and "claude -p" do.
# Seen: the first "claude --bg" starts a daemon, and the daemon starts the sessions of all later calls. A session from
#   a second shell has the second shell's folder and the first shell's environment variables. No message says so.
# Versions: Claude Code 2.1.332.
# Consequence: a variable that a shell exports for its project (a virtual environment, a target system, a marker that a
#   supervisor searches in /proc) reaches the hooks and tools of a background session only if that shell started the
#   daemon. A value under "env" in the project's .claude/settings.json reaches them in each case.
#
# The script holds a small API that answers Claude Code on loopback. It needs no account.
set -u
cannot() { echo "CANNOT RUN: $*" >&2; exit 2; }
changed() { echo "CHANGED: $*" >&2; exit 1; }
version=2.1.332
command -v npm >/dev/null || cannot "npm is not installed"
dir=$(mktemp -d) || cannot "no temporary folder"
api=
# The daemon and its sessions are no children of this script. Their HOME, which no other process has, tells them.
started() { grep -lsz "^HOME=$dir/home$" /proc/[0-9]*/environ | cut -d / -f 3; }
cleanup() {
  [ -z "$api" ] || claude daemon stop --any >/dev/null 2>&1
  for _ in $(seq 40); do [ -z "$(started)" ] && break; sleep 0.5; done
  kill -KILL $(started) 2>/dev/null
  [ -z "$api" ] || kill "$api"
  wait
  rm -rf "$dir"
  rmdir "/tmp/cc-daemon-$(id -u)" 2>/dev/null # the daemon's socket folder, if the daemon made it
}
trap cleanup EXIT
trap 'exit 2' HUP INT TERM

mkdir -p "$dir/package" "$dir/home/.claude" "$dir/first" "$dir/second" "$dir/tmp"
(cd "$dir/package" && npm install --prefix . --ignore-scripts --no-audit --no-fund "@anthropic-ai/claude-code@$version") >"$dir/npm.log" 2>&1 ||
  cannot "npm install: $(tail -n 3 "$dir/npm.log")"
bin=$(find "$dir/package/node_modules/@anthropic-ai" -path '*claude-code-*' -name claude -type f | head -n 1)
[ -x "$bin" ] || cannot "the package has no binary for this platform"

# The API answers each request with one sentence.
cat >"$dir/api.mjs" <<'API'
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';

const dir = process.argv[2];

const server = createServer(async (request, response) => {
  let raw = '';
  for await (const chunk of request) raw += chunk;
  if (!request.url.startsWith('/v1/messages?') && request.url !== '/v1/messages') return response.end('{}');
  const { model, stream } = JSON.parse(raw);
  const message = { id: `msg_${Date.now()}`, type: 'message', role: 'assistant', model, content: [{ type: 'text', text: 'Done.' }] };
  const end = { stop_reason: 'end_turn', stop_sequence: null };
  const usage = { input_tokens: 1, output_tokens: 1 };
  if (!stream) return response.end(JSON.stringify({ ...message, ...end, usage }));
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const send = event => response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  send({ type: 'message_start', message: { ...message, content: [], stop_reason: null, usage } });
  send({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } });
  send({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Done.' } });
  send({ type: 'content_block_stop', index: 0 });
  send({ type: 'message_delta', delta: end, usage });
  send({ type: 'message_stop' });
  response.end();
});
server.listen(0, '127.0.0.1', () => writeFileSync(`${dir}/port`, String(server.address().port)));
API
node "$dir/api.mjs" "$dir" &
api=$!
for _ in $(seq 50); do [ -s "$dir/port" ] && break; sleep 0.1; done
[ -s "$dir/port" ] || cannot "the API does not start"

cat >"$dir/home/.claude.json" <<JSON
{
  "hasCompletedOnboarding": true,
  "projects": { "$dir/first": { "hasTrustDialogAccepted": true }, "$dir/second": { "hasTrustDialogAccepted": true } }
}
JSON
cat >"$dir/home/.claude/settings.json" <<JSON
{
  "hooks": {
    "UserPromptSubmit": [{ "hooks": [{ "type": "command", "command": "echo \"folder \${PWD##*/}, STAGE \$STAGE\" >>'$dir/hooks'" }] }]
  }
}
JSON
claude() {
  env -i HOME="$dir/home" TMPDIR="$dir/tmp" PATH="$PATH" TERM=xterm STAGE="${STAGE-}" \
    ANTHROPIC_BASE_URL="http://127.0.0.1:$(cat "$dir/port")" ANTHROPIC_AUTH_TOKEN=none \
    DISABLE_AUTOUPDATER=1 CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL=1 \
    timeout 120 "$bin" "$@" </dev/null
}
echo "Claude Code here: $(claude --version); seen on: $version"

# both OPTION: runs Claude Code in each of the two folders, and leaves in $dir/hooks a line from the hook of each session.
both() {
  : >"$dir/hooks"
  for name in first second; do
    (cd "$dir/$name" && STAGE=$name claude "$1" hello) >"$dir/out" 2>&1 || cannot "claude $1: $(cat "$dir/out")"
  done
  for _ in $(seq 60); do [ "$(wc -l <"$dir/hooks")" -ge 2 ] && break; sleep 0.5; done
  echo "hooks after claude $1 in two shells:"
  sort "$dir/hooks"
}

expected=$(printf 'folder first, STAGE first\nfolder second, STAGE second')
described=$(printf 'folder first, STAGE first\nfolder second, STAGE first')
both -p
[ "$(sort "$dir/hooks")" = "$expected" ] || cannot "the hooks of claude -p do not report the environment"
both --bg
[ "$(sort "$dir/hooks")" = "$described" ] || changed "the background sessions have another environment"
echo "AS DESCRIBED: the second background session has the environment of the first shell."
