#!/bin/bash
# Claude Code drops a saved turn from a conversation that two processes had open, and says nothing.
#
# Expected: process A holds a conversation, process B runs one turn with "--resume" of the same id and ends, and A
#   runs one more turn. The documentation says that both write to one file and that a later resume shows the messages
#   of both.
# Seen: B is not refused, and prints no warning. Both processes append to one transcript file. A later "--resume" sends
#   only the turns of A, which wrote last. The turn of B is still in the file and never reaches the model.
# Versions: Claude Code 2.1.332.
# Consequence: the exit code, the transcript and the order of the turns do not show the loss. A program that resumes
#   a conversation first makes sure that no process has it open, or resumes with "--fork-session".
#
# The script holds a small API that answers Claude Code on loopback. It needs no account.
set -u
cannot() { echo "CANNOT RUN: $*" >&2; exit 2; }
changed() { echo "CHANGED: $*" >&2; exit 1; }
version=2.1.332
command -v npm >/dev/null || cannot "npm is not installed"
dir=$(mktemp -d) || cannot "no temporary folder"
api=
cleanup() {
  exec 3>&-
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

# The API answers each request with one sentence, and writes the prompts of the request to a log.
cat >"$dir/api.mjs" <<'API'
import { appendFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';

const dir = process.argv[2];
const text = ({ content }) => (typeof content === 'string' ? content : content.map(part => part.text ?? '').join(' '));

const server = createServer(async (request, response) => {
  let raw = '';
  for await (const chunk of request) raw += chunk;
  if (!request.url.startsWith('/v1/messages?') && request.url !== '/v1/messages') return response.end('{}');
  const { messages, model, stream } = JSON.parse(raw);
  const prompts = messages.filter(({ role }) => role === 'user').map(message => /turn \w+/.exec(text(message))?.[0]);
  appendFileSync(`${dir}/requests`, `${prompts.filter(Boolean).join(', ')}\n`);

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

echo '{"hasCompletedOnboarding":true}' >"$dir/home/.claude.json"
claude() {
  env -i HOME="$dir/home" TMPDIR="$dir/tmp" PATH="$PATH" \
    ANTHROPIC_BASE_URL="http://127.0.0.1:$(cat "$dir/port")" ANTHROPIC_AUTH_TOKEN=none \
    DISABLE_AUTOUPDATER=1 CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL=1 \
    timeout 120 "$bin" "$@"
}
id=11111111-1111-4111-8111-111111111111
cd "$dir/project" || cannot "no project folder"
echo "Claude Code here: $(claude --version); seen on: $version"

# say TEXT N: sends a prompt to process A and waits for its Nth result.
say() {
  printf '{"type":"user","message":{"role":"user","content":"%s"}}\n' "$1" >&3
  for _ in $(seq 300); do [ "$(grep -c '"type":"result"' "$dir/a")" -ge "$2" ] && return; sleep 0.2; done
  cannot "process A does not answer: $(tail -n 3 "$dir/a")"
}

mkfifo "$dir/prompts"
claude -p --session-id "$id" --input-format stream-json --output-format stream-json --verbose <"$dir/prompts" >"$dir/a" 2>&1 &
a=$!
exec 3>"$dir/prompts"
say 'turn one' 1
claude -p 'turn two' --resume "$id" >"$dir/b" 2>&1 || changed "Claude Code refuses the second process: $(cat "$dir/b")"
echo "process B prints: $(cat "$dir/b")"
say 'turn three' 2
exec 3>&-
wait "$a" || cannot "process A fails: $(tail -n 3 "$dir/a")"
claude -p 'turn four' --resume "$id" >"$dir/c" 2>&1 || changed "a later resume fails: $(cat "$dir/c")"

transcript=$(find "$dir/home/.claude/projects" -name "$id.jsonl")
echo "prompts in the transcript: $(grep -o '"content":"turn [a-z]*"' "$transcript" | grep -o 'turn [a-z]*' | uniq | tr '\n' ';')"
echo "prompts sent with the later resume: $(tail -n 1 "$dir/requests")"
grep -q '"content":"turn two"' "$transcript" || cannot "the turn of B is not in the transcript"
[ "$(tail -n 1 "$dir/requests")" = 'turn one, turn three, turn four' ] || changed "the later resume sends other turns"
echo "AS DESCRIBED: the turn of process B is in the transcript, and the resumed conversation does not have it."
