#!/bin/sh
# tmux-versions.sh VERSION prints a folder to put first on PATH: its `tmux` is that version.
# Pinned versions (tmux-versions.lock) come from Debian's packages on the mirror that apt uses here, and
# are kept under $XDG_CACHE_HOME/lab-tmux. Another version is the caller's: LAB_TMUX_3_4=/path/to/tmux.
# Exit 1 with the reason on stderr when the version cannot be had.
set -eu
lock=$(dirname "$0")/tmux-versions.lock
cache=${XDG_CACHE_HOME:-$HOME/.cache}/lab-tmux

fail() {
  echo "tmux-versions.sh: $1" >&2
  exit 1
}

# rows NAME: the pinned packages of a version, as "PATH SHA256".
rows() { awk -v want="$1" '!/^#/ { n = split($1, names, ","); for (i = 1; i <= n; i++) if (names[i] == want) print $2, $3 }' "$lock"; }

# fetch PATH SHA256 FILE: apt downloads (its mirrors, its proxy) and compares the hash.
fetch() {
  : >"$3.log"
  for site in $sites; do
    /usr/lib/apt/apt-helper download-file "$site/$1" "$3" "SHA256:$2" >>"$3.log" 2>&1 && return
  done
  fail "apt did not get $1 with its pinned hash ($(grep '^E: Failed' "$3.log" | tail -n 1)); where Debian has replaced the file, renew its row in $lock"
}

# unpack NAME DIR: every package of NAME, into one tree.
unpack() {
  mkdir -p "$2"
  rows "$1" | while read -r path sha256; do
    file=$work/${path##*/}
    [ -e "$file" ] || fetch "$path" "$sha256" "$file"
    dpkg-deb -x "$file" "$2"
  done
}

# libraries TREE: where a tree keeps them (before and after Debian merged /lib into /usr/lib).
libraries() { echo "$1/usr/lib/x86_64-linux-gnu:$1/lib/x86_64-linux-gnu"; }
loader() {
  for file in "$1"/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 "$1"/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2; do
    [ ! -e "$file" ] || { echo "$file"; return; }
  done
}

# Prints DIR/bin when its tmux says that it is the version.
checked() {
  said=$("$1/tmux" -V 2>&1) || said="does not run: $said"
  [ "$said" = "tmux $version" ] || fail "$1/tmux is not tmux $version ($said)"
  echo "$1"
}

[ $# = 1 ] || fail "give one version, such as 3.8"
version=$1
name=LAB_TMUX_$(printf %s "$version" | tr -c 'A-Za-z0-9' _)

given=$(printenv "$name" || true)
if [ -n "$given" ]; then
  [ -x "$given" ] || fail "$name names $given, which is not a program"
  mkdir -p "$cache/given/$version"
  ln -sfn "$(realpath "$given")" "$cache/given/$version/tmux"
  checked "$cache/given/$version"
  exit
fi

[ -n "$(rows "$version")" ] ||
  fail "Debian has no package of tmux $version now: build the tag $version of tmux's repository and set $name=/path/to/tmux"
[ "$(dpkg --print-architecture 2>/dev/null)" = amd64 ] && [ -x /usr/lib/apt/apt-helper ] ||
  fail "the pinned packages of tmux $version need Debian on amd64 with apt; set $name=/path/to/tmux"

home=$cache/$version-$(rows "$version" | sha256sum | cut -c1-12)
if [ ! -d "$home" ]; then
  mkdir -p "$cache"
  # The one way to ask for the mirrors that works before the first `apt-get update`, too.
  sites=$(apt-get update --print-uris | sed -n "s,^'\(.*\)/dists/.*,\1,p" | sort -u)
  work=$(mktemp -d "$cache/making.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT TERM HUP
  unpack "$version" "$work/tree"
  unpack patchelf "$work/patchelf"
  mkdir "$work/tree/bin"
  cp "$work/tree/usr/bin/tmux" "$work/tree/bin/tmux"
  # A patched program, not a wrapper that runs the loader: /proc/PID/exe of the server must be tmux.
  inner=$(loader "$work/tree")
  interpreter=$home${inner#"$work/tree"}
  "$(loader "$work/patchelf")" --library-path "$(libraries "$work/patchelf")" "$work/patchelf/usr/bin/patchelf" \
    --set-interpreter "$interpreter" --force-rpath --set-rpath "$(libraries "$home")" "$work/tree/bin/tmux"
  # The loser of two runs at once takes what the winner made.
  mv -T "$work/tree" "$home" 2>/dev/null || [ -d "$home" ]
fi
checked "$home/bin"
