#!/usr/bin/env bash
# install.sh DIR: everything that the tests behind the feature `peers` need, under DIR.
#
# Works on a fresh Debian machine as root; what is there already is left alone, so a second run
# takes seconds. Versions are pinned in versions.env beside this file and printed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
dir=$(cd "$1" && pwd)

say() { printf 'peers: %s\n' "$*"; }

# Distribution packages, in one go, only when something is missing.
missing=()
need() { command -v "$1" >/dev/null 2>&1 || missing+=("$2"); }
need python3 python3
need node nodejs
need npm npm
need g++ g++
need make make
need pkg-config pkg-config
python3 -c 'import venv, ensurepip' 2>/dev/null || missing+=(python3-venv)
need git git
need dbus-daemon dbus
need gnome-keyring-daemon gnome-keyring
if [ ${#missing[@]} -gt 0 ]; then
  say "installing ${missing[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    "${missing[@]}" ca-certificates >"$dir/apt.log" 2>&1 ||
    { tail -20 "$dir/apt.log" >&2; exit 1; }
fi

"$here/install-nvim.sh" "$dir/nvim"
"$here/install-code-server.sh" "$dir/code-server"
"$here/install-llama.sh" "$dir/llama"
"$here/install-litellm.sh" "$dir/litellm"
say "all there"
