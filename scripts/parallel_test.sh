#!/usr/bin/env bash
# Translates a large profile with one process and, in blocks, with one process on each core under GNU parallel.
# Checks that the output is the same, and prints which was slower.
#
# usage: scripts/parallel_test.sh [MEGABYTES]     1000 MB by default
#
# Needs cargo and GNU parallel.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
takes 1 "$@"
needs parallel "Debian: apt install parallel"

megabytes=${1:-1000}
work=$target/parallel_test
# The generated calls are random, so the filter would warn.
command=("$filter" --quiet --stack-check=off "${four_modules[@]}")

build --bins --example generate-profile
say "generating $megabytes MB"
mkdir -p "$work"
"$generate" "${megabytes}000000" "${four_modules[@]}" > "$work/profile.folded"

one() { "${command[@]}" < "$work/profile.folded"; }
many() { parallel --quote --pipe --block 64M -k "${command[@]}" < "$work/profile.folded"; }

one > "$work/one"
many > "$work/many"
cmp "$work/one" "$work/many"
echo "ok: $(nproc) processes print the same as one"

# median_of_five FUNCTION: its wall time
median_of_five() { for _ in {1..5}; do seconds "$1"; done | median; }
say "timing both"
a=$(median_of_five one)
b=$(median_of_five many)
awk "BEGIN {
    slower = $b > $a ? sprintf(\"parallel is %.1f times slower\", $b / $a) : sprintf(\"one process is %.1f times slower\", $a / $b)
    printf \"one process %.2f s, parallel %.2f s: %s\\n\", $a, $b, slower }"
