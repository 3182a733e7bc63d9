#!/bin/sh
# Makes a fresh checkout ready to run: Node is new enough, tmux and git are there, the npm packages
# match the lock file. Does nothing, in no time, when all is so.
set -eu
cd "$(dirname "$0")/.."

# NAMES: Debian packages. Installed without asking where that needs no password; named otherwise.
need() {
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq </dev/null
    apt-get install -y -qq --no-install-recommends "$@" </dev/null >/dev/null
  else
    echo "lab needs $*. Install it, for example: sudo apt-get install $*" >&2
    exit 1
  fi
}

if ! node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' 2>/dev/null; then
  echo "lab needs Node 20.19 or newer; this is $(node --version 2>/dev/null || echo "a machine without node")." >&2
  exit 1
fi

missing=""
command -v tmux >/dev/null || missing="$missing tmux"
command -v git >/dev/null || missing="$missing git"
# Unquoted on purpose: each word is a package.
[ -z "$missing" ] || need $missing

# npm writes .package-lock.json last, so its age says whether the packages match the lock file.
if [ ! node_modules/.package-lock.json -nt package-lock.json ]; then
  echo "Installing packages, about a minute…" >&2
  # npm heeds a signal only once it has finished what it began. In a session of its own it can be ended
  # with all that it runs; the half of a folder that it leaves helps nobody.
  $(command -v setsid) npm ci --no-audit --no-fund --loglevel=error </dev/null &
  npm=$!
  interrupted() {
    { kill -s KILL -- "-$npm" || kill -s KILL "$npm" || true; } 2>/dev/null
    wait "$npm" 2>/dev/null || true
    # Out of the way first: whoever begins again must not lose what is new.
    mkdir -p dist && mv node_modules "dist/interrupted.$$" 2>/dev/null && rm -rf "dist/interrupted.$$"
    exit 130
  }
  trap interrupted INT TERM HUP
  wait "$npm"
  trap - INT TERM HUP
fi
