#!/bin/sh
# git worktree remove deletes untracked files without --force where git status is configured not to show them.
#
# Expected: the manual says that git removes only clean worktrees, and that untracked files make a worktree unclean.
#   "status.showUntrackedFiles=no" is documented as a setting for the output of git status and git commit.
# Seen: with that setting in the repository's configuration git worktree remove exits with 0, prints nothing, and
#   deletes the folder with the untracked file. Without the setting it refuses with exit code 128.
# Versions: git 2.39.5 (Debian 12).
# Consequence: a program that trusts the refusal loses new files in a repository whose owner has the setting, which
#   is common in large repositories. It passes "-c status.showUntrackedFiles=normal" to git worktree remove.
set -u
cannot() { echo "CANNOT RUN: $*" >&2; exit 2; }
changed() { echo "CHANGED: $*" >&2; exit 1; }
command -v git >/dev/null || cannot "git is not installed"
dir=$(mktemp -d) || cannot "no temporary folder"
trap 'rm -rf "$dir"' EXIT
trap 'exit 2' HUP INT TERM
unset $(git rev-parse --local-env-vars)
export HOME="$dir" GIT_CONFIG_NOSYSTEM=1 XDG_CONFIG_HOME="$dir/config"

echo "git here: $(git --version); seen on: git version 2.39.5"
cd "$dir" || cannot "no temporary folder"
git init -q main 2>"$dir/err" && cd main || cannot "git init: $(cat "$dir/err")"
git -c user.name=name -c user.email=name@example.org commit -q --allow-empty -m first || cannot "git commit fails"
git worktree add -q -b topic ../topic || cannot "git worktree add fails"
echo "a day of work" >../topic/notes.txt

# remove OPTIONS...: runs git worktree remove, prints it with its exit code and output, and returns the exit code.
remove() {
  git "$@" worktree remove ../topic >"$dir/out" 2>&1
  code=$?
  echo "git $* worktree remove ../topic: exit $code $(cat "$dir/out")"
  return "$code"
}

remove && changed "git removes a worktree with an untracked file"
git config status.showUntrackedFiles no
remove -c status.showUntrackedFiles=normal && changed "the option on the command line does not help"
[ -e ../topic/notes.txt ] || changed "a refused removal deleted the file"
remove || changed "git refuses"
[ -e ../topic/notes.txt ] && changed "git keeps the untracked file"
echo "AS DESCRIBED: with status.showUntrackedFiles=no git deleted the worktree and its untracked file."
