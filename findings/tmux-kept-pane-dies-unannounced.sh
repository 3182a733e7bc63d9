#!/bin/sh
# tmux sends a control client no notification when a kept pane dies.
#
# Expected: a client in control mode that receives a notification when the process of a pane ends also receives
#   one when "remain-on-exit" keeps the dead pane on the screen.
# Seen: without remain-on-exit tmux sends %unlinked-window-close and %sessions-changed at once. With it tmux
#   sends nothing, while list-panes reports pane_dead=1. A subscription to a format that loops over all panes
#   reports the death, because tmux evaluates subscriptions once a second.
# Versions: tmux 3.2a, 3.3a (Debian 12), 3.4, 3.5a, 3.6b, 3.7c and 3.8.
# Consequence: a driver that keeps dead panes for their last screen must learn of a death elsewhere: from a
#   subscription (up to one second late), from polling, or from a parent process that reports the exit.
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
t new-session -d -s watcher 'exec sleep 60' || cannot "tmux does not start"
mkfifo "$dir/in"
t -C attach-session -t =watcher: <"$dir/in" >"$dir/out" 2>&1 &
exec 3>"$dir/in"
sleep 1
grep -q '^%session-changed' "$dir/out" || cannot "the control client does not attach"

# death NAME on|off: starts a session, ends its process, and leaves the notifications that followed in $dir/news.
death() {
  t new-session -d -s "$1" 'exec sleep 60' ';' set-option -p -t "=$1:" remain-on-exit "$2"
  [ -z "${3-}" ] || echo "refresh-client -B 'death::#{S:#{W:#{P:#{pane_id}=#{pane_dead} }}}'" >&3
  sleep 1.5
  before=$(wc -l <"$dir/out")
  kill -KILL "$(t display-message -p -t "=$1:" '#{pane_pid}')"
  sleep 2.5
  tail -n "+$((before + 1))" "$dir/out" | grep '^%' >"$dir/news"
  echo "remain-on-exit $2${3:+, with a subscription}: notifications after the death: $(tr '\n' ';' <"$dir/news")"
}

death plain off
grep -q '^%unlinked-window-close' "$dir/news" || changed "tmux does not announce a pane that it removes"

death kept on
t list-panes -a -F '#{session_name} pane_dead=#{pane_dead}' | grep '^kept'
[ "$(t list-panes -t =kept: -F '#{pane_dead}')" = 1 ] || cannot "the pane is not kept"
[ -s "$dir/news" ] && changed "tmux announces the death of a kept pane"

t kill-session -t =kept:
death subscribed on yes
grep -q '^%subscription-changed death .*=1' "$dir/news" || changed "the subscription does not report the death"
exec 3>&-
echo "AS DESCRIBED: the death of the kept pane caused no notification, and the subscription reported it."
