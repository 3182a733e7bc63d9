#!/bin/sh
# git diff and git describe --dirty rewrite the index although --no-optional-locks forbids it.
#
# Expected: the manual says that --no-optional-locks (and GIT_OPTIONAL_LOCKS=0) keeps git from side work that takes a
#   lock, such as the refresh of the index. git status obeys.
# Seen: a file has a new timestamp and its old content. "git --no-optional-locks status" leaves the index alone.
#   "git --no-optional-locks diff" and "git --no-optional-locks describe --dirty" take index.lock and write a new index.
#   "-c diff.autoRefreshIndex=false" stops diff. git diff-index and git rev-list write nothing.
# Versions: git 2.39.5 (Debian 12).
# Consequence: a program that polls a checkout with git diff can make a commit there fail with "index.lock: File exists".
#   Such a program polls with git status or with the plumbing commands.
set -u
cannot() { echo "CANNOT RUN: $*" >&2; exit 2; }
changed() { echo "CHANGED: $*" >&2; exit 1; }
command -v git >/dev/null || cannot "git is not installed"
dir=$(mktemp -d) || cannot "no temporary folder"
trap 'rm -rf "$dir"' EXIT
trap 'exit 2' HUP INT TERM
unset $(git rev-parse --local-env-vars) GIT_OPTIONAL_LOCKS
export HOME="$dir" GIT_CONFIG_NOSYSTEM=1 XDG_CONFIG_HOME="$dir/config"

echo "git here: $(git --version); seen on: git version 2.39.5"
cd "$dir" || cannot "no temporary folder"
git init -q repository 2>"$dir/err" && cd repository || cannot "git init: $(cat "$dir/err")"
seq 100 >notes.txt
git add notes.txt
git -c user.name=name -c user.email=name@example.org commit -q -m first || cannot "git commit fails"
git -c user.name=name -c user.email=name@example.org tag -a -m one one

# writes COMMAND...: makes the timestamp of the file new to git, runs the command, and reports whether the index is a new file.
minutes=60
writes() {
  minutes=$((minutes + 1))
  touch -d "$minutes minutes ago" notes.txt
  before=$(ls -i .git/index; cksum <.git/index)
  "$@" >"$dir/out" 2>&1 || cannot "$*: $(cat "$dir/out")"
  if [ "$before" = "$(ls -i .git/index; cksum <.git/index)" ]; then answer="leaves the index"; else answer="writes the index"; fi
  echo "$*: $answer"
  [ "$answer" = "writes the index" ]
}

writes git status || cannot "git status does not refresh the index here"
writes git --no-optional-locks status && changed "git status ignores the option"
writes git --no-optional-locks rev-list --count HEAD && changed "git rev-list writes the index"
writes git --no-optional-locks -c diff.autoRefreshIndex=false diff && changed "diff.autoRefreshIndex=false does not help"
writes git --no-optional-locks diff || changed "git diff obeys the option"
writes git --no-optional-locks describe --dirty || changed "git describe --dirty obeys the option"
writes env GIT_OPTIONAL_LOCKS=0 git diff || changed "git diff obeys the variable"
echo "AS DESCRIBED: git diff and git describe --dirty wrote the index in spite of --no-optional-locks."
