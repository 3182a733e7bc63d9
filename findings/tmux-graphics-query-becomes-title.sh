#!/bin/sh
# tmux takes a program's question about kitty graphics for a new pane title.
#
# Expected: the kitty graphics protocol tells a program to send a query (ESC _ G ... ESC \) and to conclude from
#   the missing answer that the terminal has no graphics. A terminal without the protocol ignores the query.
# Seen: tmux reads every ESC _ sequence as a title. The pane title changes from the program's own title to the
#   text of the query ("Gi=31,s=1,..."), and stays so until the program sets a title again.
# Versions: tmux 3.2a, 3.3a (Debian 12), 3.4, 3.5a, 3.6b, 3.7c and 3.8. Claude Code 2.1.332 sends
#   the query at its start (TERM=tmux-256color).
# Consequence: a program that reads pane_title for a state ignores titles that begin with "Gi=". A program that
#   probes for graphics sets its title after the probe.
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
cat >"$dir/program" <<'PROGRAM'
printf '\033]2;editing notes.txt\033\\'
tmux wait-for -S titled
tmux wait-for query
printf '\033_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\033\\'
exec sleep 60
PROGRAM
t new-session -d -s program "sh '$dir/program'" || cannot "tmux does not start"
title() { t display-message -p -t =program: '#{pane_title}'; }

t wait-for titled
sleep 0.5
before=$(title)
t wait-for -S query
sleep 1
after=$(title)
echo "title before the query: $before"
echo "title after the query:  $after"
[ "$before" = 'editing notes.txt' ] || cannot "tmux does not show the program's own title"
[ "$after" = 'Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA' ] || changed "the title is not the query"
echo "AS DESCRIBED: the query replaced the title."
