#!/usr/bin/env bash
# run.sh SECONDS: lets libFuzzer look for sessions that break the server, for so long.
#
# It works on stable Rust, without cargo-fuzz: the flags are those that it would set. The corpus and
# what was found are kept in the target folder. Needs g++.
set -euo pipefail
cd "$(dirname "$0")"
seconds=${1:?how many seconds to fuzz}
target=$(rustc -vV | sed -n 's/^host: //p')
passes="sancov-module"
llvm=(
  -sanitizer-coverage-level=4
  -sanitizer-coverage-inline-8bit-counters
  -sanitizer-coverage-pc-table
  -sanitizer-coverage-trace-compares
)
flags="--cfg fuzzing -Cpasses=$passes -Ccodegen-units=1"
for flag in "${llvm[@]}"; do flags+=" -Cllvm-args=$flag"; done
# The versions are those of the program; only what the fuzzer itself needs is added.
cp ../../Cargo.lock Cargo.lock
# The target is named so that the flags stay away from build scripts.
RUSTFLAGS="$flags" cargo build --release --quiet --target "$target" --target-dir ../../target/fuzz
mkdir -p ../../target/fuzz/corpus ../../target/fuzz/found
"../../target/fuzz/$target/release/session" ../../target/fuzz/corpus \
  -max_total_time="$seconds" -max_len=1500 -timeout=60 -rss_limit_mb=4096 \
  -artifact_prefix=../../target/fuzz/found/ -print_final_stats=1
