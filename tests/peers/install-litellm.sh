#!/usr/bin/env bash
# Installs LiteLLM's proxy from PyPI into DIR, in an environment of its own, for the peers tests.
# Usage: tests/peers/install-litellm.sh [DIR]   (default: tests/.peers/litellm)
# Safe to run again: what is there in the pinned version is kept. About 760 MB.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dir=${1:-$here/../.peers/litellm}
# shellcheck source=versions.env
source "$here/versions.env"

if [[ "$(cat "$dir/version" 2>/dev/null || true)" != "$LITELLM_VERSION" ]]; then
    python3 -c 'import venv, ensurepip' 2>/dev/null || {
        echo "install-litellm: python3-venv is missing; install it with: apt-get install python3-venv" >&2
        exit 1
    }
    rm -rf "$dir"
    mkdir -p "$dir"
    python3 -m venv "$dir/venv"
    PIP_DISABLE_PIP_VERSION_CHECK=1 "$dir/venv/bin/pip" install --quiet "litellm[proxy]==$LITELLM_VERSION"
    printf '%s\n' "$LITELLM_VERSION" >"$dir/version"
fi

"$dir/venv/bin/python" -c 'import litellm.proxy.proxy_cli'
echo "litellm: $LITELLM_VERSION in $dir"
