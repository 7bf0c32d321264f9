#!/usr/bin/env bash
# Fuzzes the filter and the reader of wasm files, each for a time, and prints what was run.
#
# usage: scripts/fuzz.sh [SECONDS]     60 for each target, if not given
#
# Needs a nightly Rust toolchain, a C++ compiler, and cargo-fuzz.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo +nightly --version > /dev/null 2>&1 || { echo "fuzz.sh: a nightly toolchain is missing (rustup toolchain install nightly)" >&2; exit 1; }
cargo fuzz --version > /dev/null 2>&1 || { echo "fuzz.sh: cargo-fuzz is missing (cargo install cargo-fuzz)" >&2; exit 1; }

for target in translate module; do
    # What is found goes to the first directory; the seeds stay as they are.
    mkdir -p "target/fuzz/$target"
    echo "$target:"
    cargo +nightly fuzz run --fuzz-dir tests/fuzz "$target" "target/fuzz/$target" "tests/fuzz/seeds/$target" -- \
        -max_total_time="${1:-60}" -max_len=4096 -timeout=5 -rss_limit_mb=512 -print_final_stats=1 2>&1 |
        grep -E "^stat::|ERROR|panicked|SUMMARY|^Done|artifact"
done
