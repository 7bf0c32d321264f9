#!/usr/bin/env bash
# Fuzzes the translation of folded stacks, the translation of text and the reader of wasm files, and prints how
# many inputs were run.
#
# usage: scripts/fuzz.sh [SECONDS [RUNS]]     60 seconds by default, and any number of runs
#
# Each of the three targets ends after SECONDS or RUNS, whichever comes first.
#
# Needs a nightly Rust toolchain, a C++ compiler and cargo-fuzz.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
takes 2 "$@"
cargo +nightly --version > /dev/null 2>&1 || die "a nightly toolchain is missing (rustup toolchain install nightly)"
needs cargo-fuzz "cargo install cargo-fuzz"

for fuzzed in translate text module; do
    found=$target/fuzz/$fuzzed
    mkdir -p "$found"
    dictionary=()
    [ $fuzzed = module ] || dictionary=(-dict=tests/fuzz/symbols.dict)
    say "building and fuzzing $fuzzed; the log is $found.log"
    # New inputs go to the first directory. Traced comparisons in regex and the address sanitizer would take
    # most of the time.
    cargo +nightly fuzz run --fuzz-dir tests/fuzz --sanitizer none --no-trace-compares $fuzzed "$found" tests/fuzz/seeds/$fuzzed -- \
        -max_total_time="${1:-60}" -runs="${2:--1}" -max_len=4096 -timeout=5 -rss_limit_mb=512 -print_final_stats=1 \
        "${dictionary[@]}" > "$found.log" 2>&1 || { tail -n 40 "$found.log" >&2; die "$fuzzed failed"; }
    echo "$fuzzed:"
    grep '^stat::' "$found.log"
done
awk '/^stat::number_of_executed_units/ { runs += $2 } END { print "runs of all targets: " runs }' "$target"/fuzz/*.log
