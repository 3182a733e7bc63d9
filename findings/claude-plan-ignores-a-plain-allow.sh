#!/bin/bash
# Claude Code shows a plan's dialog although its PermissionRequest hook has answered "allow".
#
# Expected: the decision "allow" of a PermissionRequest hook grants the permission, as it does for a shell command. The
#   tool ExitPlanMode has no input here, so a hook has nothing to put into "updatedInput".
# Seen: for ExitPlanMode a plain "allow" does nothing. The hook ends, the dialog stays open and waits for a key, and
#   nothing says that the decision was ignored. The same decision with an empty "updatedInput" approves the plan,
#   although the tool's input was empty before.
# Versions: Claude Code 2.1.332, in tmux 3.3a.
# Consequence: a program that approves plans for its user adds "updatedInput" to every "allow", and looks whether the
#   dialog has closed before it says that the plan is approved.
#
# The script holds a small API that answers Claude Code on loopback. It needs no account.
set -u
cannot() { echo "CANNOT RUN: $*" >&2; exit 2; }
changed() { echo "CHANGED: $*" >&2; exit 1; }
version=2.1.332
command -v npm >/dev/null || cannot "npm is not installed"
command -v tmux >/dev/null || cannot "tmux is not installed"
dir=$(mktemp -d) || cannot "no temporary folder"
api=
cleanup() {
  tmux -S "$dir/socket" kill-server 2>/dev/null
  kill $api $(jobs -p) 2>/dev/null
  wait
  rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 2' HUP INT TERM

mkdir "$dir/package" "$dir/home" "$dir/project" "$dir/tmp"
(cd "$dir/package" && npm install --prefix . --ignore-scripts --no-audit --no-fund "@anthropic-ai/claude-code@$version") >"$dir/npm.log" 2>&1 ||
  cannot "npm install: $(tail -n 3 "$dir/npm.log")"
bin=$(find "$dir/package/node_modules/@anthropic-ai" -path '*claude-code-*' -name claude -type f | head -n 1)
[ -x "$bin" ] || cannot "the package has no binary for this platform"

# The API answers a prompt with the tool ExitPlanMode, and the tool's result with one sentence.
cat >"$dir/api.mjs" <<'API'
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';

const dir = process.argv[2];
const server = createServer(async (request, response) => {
  let raw = '';
  for await (const chunk of request) raw += chunk;
  if (!request.url.startsWith('/v1/messages?') && request.url !== '/v1/messages') return response.end('{}');
  const { messages, model, stream } = JSON.parse(raw);
  const isResult = messages.some(({ content }) => Array.isArray(content) && content.some(part => part.type === 'tool_result'));
  const block = isResult
    ? { type: 'text', text: 'The plan is approved.' }
    : { type: 'tool_use', id: `toolu_${Date.now()}`, name: 'ExitPlanMode', input: {} };
  const message = { id: `msg_${Date.now()}`, type: 'message', role: 'assistant', model, content: [block] };
  const end = { stop_reason: isResult ? 'end_turn' : 'tool_use', stop_sequence: null };
  const usage = { input_tokens: 1, output_tokens: 1 };
  if (!stream) return response.end(JSON.stringify({ ...message, ...end, usage }));
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const send = event => response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  send({ type: 'message_start', message: { ...message, content: [], stop_reason: null, usage } });
  send({ type: 'content_block_start', index: 0, content_block: isResult ? { type: 'text', text: '' } : { ...block, input: {} } });
  if (isResult) send({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: block.text } });
  else send({ type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: '{}' } });
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

cat >"$dir/home/.claude.json" <<EOF
{"hasCompletedOnboarding":true,"theme":"dark","projects":{"$dir/project":{"hasTrustDialogAccepted":true}}}
EOF
environment=(HOME="$dir/home" TMPDIR="$dir/tmp" PATH="$PATH" TERM=xterm-256color LANG=C.UTF-8
  ANTHROPIC_BASE_URL="http://127.0.0.1:$(cat "$dir/port")" ANTHROPIC_AUTH_TOKEN=none
  DISABLE_AUTOUPDATER=1 CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL=1)
echo "Claude Code here: $(env -i "${environment[@]}" "$bin" --version); seen on: $version. $(tmux -V) here; seen on: tmux 3.3a"

# plan NAME DECISION: runs Claude Code in plan mode with a hook that prints the decision, and prints the screen that follows.
plan() {
  printf '{"hookSpecificOutput":{"hookEventName":"PermissionRequest","decision":%s}}' "$2" >"$dir/$1.json"
  printf '{"hooks":{"PermissionRequest":[{"hooks":[{"type":"command","command":"cat %s; touch %s"}]}]}}' "$dir/$1.json" "$dir/$1.asked" >"$dir/$1.settings"
  tmux -S "$dir/socket" -f /dev/null new-session -d -s "$1" -x 120 -y 40 -c "$dir/project" \
    env -i "${environment[@]}" "$bin" --permission-mode plan --settings "$dir/$1.settings" 'make a plan'
  for _ in $(seq 300); do [ -e "$dir/$1.asked" ] && break; sleep 0.2; done
  [ -e "$dir/$1.asked" ] || cannot "the hook is not asked: $(tmux -S "$dir/socket" capture-pane -p -t "=$1:")"
  # An approved plan continues within a second.
  for _ in $(seq 25); do tmux -S "$dir/socket" capture-pane -p -t "=$1:" | grep -q 'The plan is approved' && break; sleep 0.2; done
  tmux -S "$dir/socket" capture-pane -p -t "=$1:" | grep -v '^ *$' >"$dir/$1.screen"
}

plan plain '{"behavior":"allow"}'
echo "with a plain allow: $(grep -oE 'Exit plan mode\?|The plan is approved\.' "$dir/plain.screen" | tail -n 1)"
plan updated '{"behavior":"allow","updatedInput":{}}'
echo "with updatedInput: $(grep -oE 'Exit plan mode\?|The plan is approved\.' "$dir/updated.screen" | tail -n 1)"
grep -q 'The plan is approved' "$dir/updated.screen" || changed "updatedInput does not approve the plan: $(cat "$dir/updated.screen")"
grep -q 'Exit plan mode?' "$dir/plain.screen" || changed "a plain allow closes the dialog: $(cat "$dir/plain.screen")"
echo 'AS DESCRIBED: a plain "allow" leaves the dialog open, and one with an empty "updatedInput" approves the plan.'
