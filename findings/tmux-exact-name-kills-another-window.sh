#!/bin/sh
# tmux closes the window of another session although "=" asks for an exact name.
#
# Expected: the manual says that "=" before a session name makes tmux accept only an exact match.
#   A session "build-docs" exists and a session "build" does not. Each command with "-t =build" fails.
# Seen: "has-session" and "kill-session" fail as expected. "list-panes" lists the panes of build-docs, and
#   "kill-window" closes its window. Both exit with 0. With the colon ("-t =build:") both fail as expected.
# Versions: tmux 3.2a, 3.3a (Debian 12), 3.4, 3.5a, 3.6b, 3.7c and 3.8.
# Consequence: "=NAME" is safe for commands that take a session. A command that takes a window or a pane
#   needs "=NAME:" or an id ($N, @N, %N). A check with has-session before kill-window does not protect
#   against a session that ends between the two calls.
set -u
cannot() { echo "CANNOT RUN: $*" >&2; exit 2; }
changed() { echo "CHANGED: $*" >&2; exit 1; }
command -v tmux >/dev/null || cannot "tmux is not installed"
unset TMUX TMUX_PANE
dir=$(mktemp -d) || cannot "no temporary folder"
t() { tmux -S "$dir/socket" -f /dev/null "$@"; }
trap 't kill-server 2>/dev/null; rm -rf "$dir"' EXIT
trap 'exit 2' HUP INT TERM

echo "tmux here: $(tmux -V); seen on: tmux 3.3a"
t new-session -d -s keep 'exec sleep 60' && t new-session -d -s build-docs 'exec sleep 60' || cannot "tmux does not start"

# Runs a tmux command, prints it with its exit code and output, and returns the exit code.
try() {
  t "$@" >"$dir/out" 2>&1
  code=$?
  echo "tmux $*: exit $code $(head -n 1 "$dir/out")"
  return "$code"
}
sessions() { t list-sessions -F '#{session_name}' | sort | tr '\n' ' '; }

try has-session -t =build && changed "has-session finds =build"
try kill-session -t =build && changed "kill-session finds =build"
try list-panes -t =build: && changed "list-panes finds =build: with the colon"
try kill-window -t =build: && changed "kill-window finds =build: with the colon"
echo "sessions before: $(sessions)"
[ "$(sessions)" = 'build-docs keep ' ] || changed "a refused command ended a session"

try list-panes -t =build -F 'pane of #{session_name}' || changed "list-panes refuses =build"
[ "$(cat "$dir/out")" = 'pane of build-docs' ] || changed "list-panes lists another session"
try kill-window -t =build || changed "kill-window refuses =build"
echo "sessions after:  $(sessions)"
[ "$(sessions)" = 'keep ' ] || changed "kill-window left the window of build-docs open"
echo "AS DESCRIBED: kill-window -t =build closed the only window of build-docs."
