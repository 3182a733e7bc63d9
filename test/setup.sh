#!/bin/sh
# Makes a fresh checkout ready to run: the npm packages, tmux and git. Does nothing when all is there.
set -eu
cd "$(dirname "$0")/.."

missing=""
command -v tmux >/dev/null || missing="$missing tmux"
command -v git >/dev/null || missing="$missing git"
if [ -n "$missing" ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing >/dev/null
  else
    echo "lab needs$missing. Install it, for example: sudo apt-get install$missing" >&2
    exit 1
  fi
fi

# npm writes .package-lock.json last, so its age says whether the packages match the lock file.
if [ ! node_modules/.package-lock.json -nt package-lock.json ]; then
  npm ci --no-audit --no-fund --loglevel=error
fi
