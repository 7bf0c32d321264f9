#!/usr/bin/env bash
# Fuzzes the translation of stacks, the translation of text and the reader of wasm files, and prints how many
# inputs were run.
#
# usage: scripts/fuzz.sh [SECONDS [RUNS]]     60 seconds by default, and any number of runs
#
# Each of the three targets ends after SECONDS or RUNS, whichever comes first.
#
# Needs a nightly Rust toolchain, a C++ compiler and cargo-fuzz.
set -euo pipefail

die() { echo "${0##*/}: $1" >&2; exit "${2:-1}"; }
case ${1-} in
    -h | --help) sed -n '2,/^set /s/^# \?//p' "$0"; exit ;;
esac
number='^[1-9][0-9]*$'
[[ $# -le 2 && ${1-1} =~ $number && ${2-1} =~ $number ]] || die "expected SECONDS and RUNS, not: $*" 2
cd "$(dirname "$0")/.."
cargo +nightly --version > /dev/null 2>&1 || die "a nightly toolchain is missing (rustup toolchain install nightly)"
cargo fuzz --version > /dev/null 2>&1 || die "cargo-fuzz is missing (cargo install cargo-fuzz)"

for target in translate text module; do
    # What is found goes to the first directory; the seeds stay as they are.
    mkdir -p "target/fuzz/$target"
    log=target/fuzz/$target.log
    echo "$target:"
    dictionary=()
    [ "$target" = module ] || dictionary=(-dict=tests/fuzz/symbols.dict)
    # Traced comparisons inside of regex and the address sanitizer would take most of the time.
    cargo +nightly fuzz run --fuzz-dir tests/fuzz --sanitizer none --no-trace-compares "$target" "target/fuzz/$target" "tests/fuzz/seeds/$target" -- \
        -max_total_time="${1:-60}" -runs="${2:--1}" -max_len=4096 -timeout=5 -rss_limit_mb=512 -print_final_stats=1 \
        "${dictionary[@]}" \
        > "$log" 2>&1 || { tail -n 40 "$log" >&2; die "$target failed; the log is $log"; }
    grep '^stat::' "$log"
done
awk '/^stat::number_of_executed_units/ { runs += $2 } END { print "runs of all targets: " runs }' target/fuzz/*.log
