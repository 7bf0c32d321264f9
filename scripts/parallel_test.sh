#!/usr/bin/env bash
# Translates a large profile with one process and, in blocks, with one on each processor, checks that both
# give the same, and prints how long they took.
#
# usage: scripts/parallel_test.sh [MEGABYTES]     1000 MB by default
#
# Needs cargo and GNU parallel.
set -euo pipefail

die() { echo "${0##*/}: $1" >&2; exit "${2:-1}"; }
case ${1-} in
    -h | --help) sed -n '2,/^set /s/^# \?//p' "$0"; exit ;;
esac
[[ $# -le 1 && ${1-1} =~ ^[1-9][0-9]*$ ]] || die "expected MEGABYTES, not: $*" 2
cd "$(dirname "$0")/.."
for tool in cargo parallel; do
    command -v $tool > /dev/null || die "$tool is missing (Debian: apt install parallel; https://rustup.rs)"
done

megabytes=${1:-1000}
work=target/parallel_test
wasm=tests/recordings
modules=("interp=$wasm/a1-aot-interp/interp.wasm" "matrec=$wasm/b3-aot-four-threads/matrec.wasm"
    "cppheavy=$wasm/b3-aot-four-threads/cppheavy.wasm" "rustapp=$wasm/a4-aot-rustapp/rustapp.wasm")
filter=(target/release/wamr-fold-translate --stack-check=off "${modules[@]}")

cargo build --quiet --release --locked --bins --example generate-profile
mkdir -p "$work"
target/release/examples/generate-profile "${megabytes}000000" "${modules[@]}" > "$work/profile.folded"

one() { "${filter[@]}" < "$work/profile.folded"; }
many() { parallel --quote --pipe --block 64M -k "${filter[@]}" < "$work/profile.folded"; }

one > "$work/one"
many > "$work/many"
cmp "$work/one" "$work/many"
echo "ok: $(nproc) processes give what one gives, $(du -m --apparent-size "$work/one" | cut -f 1) MiB"

# seconds FUNCTION: the median of five runs
seconds() {
    for _ in 1 2 3 4 5; do
        { TIMEFORMAT=%R; time "$1" > /dev/null; } 2>&1
    done | sort -n | sed -n 3p
}
a=$(seconds one)
b=$(seconds many)
awk "BEGIN { printf \"one process %.2f s, parallel %.2f s, ratio %.2f\\n\", $a, $b, $b / $a }"
