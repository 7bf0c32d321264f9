#!/usr/bin/env bash
# Draws flame graphs of a recording of four modules into target/demo/: before.svg, after.svg, and rustapp.svg
# for a single module, from its split file.
#
# usage: [BLESS=1] scripts/demo.sh     with BLESS=1, also replaces the pictures that README.md shows
#
# Needs cargo; draws with flamegraph.pl or inferno-flamegraph, or else installs the latter from crates.io into
# target/demo/.
set -euo pipefail

die() { echo "${0##*/}: $1" >&2; exit "${2:-1}"; }
case ${1-} in
    -h | --help) sed -n '2,/^set /s/^# \?//p' "$0"; exit ;;
esac
[ $# = 0 ] || die "expected no arguments, not: $*" 2
cd "$(dirname "$0")/.."
command -v cargo > /dev/null || die "cargo is missing (https://rustup.rs)"

demo=target/demo
recordings=tests/recordings
recording=$recordings/b3-aot-four-threads
modules=("interp=$recordings/a1-aot-interp/interp.wasm" "matrec=$recording/matrec.wasm"
    "cppheavy=$recording/cppheavy.wasm" "rustapp=$recordings/a4-aot-rustapp/rustapp.wasm")
mkdir -p "$demo"

if command -v flamegraph.pl > /dev/null; then
    renderer=(flamegraph.pl --hash)
elif command -v inferno-flamegraph > /dev/null; then
    renderer=(inferno-flamegraph --deterministic)
else
    cargo install --quiet --root "$demo" inferno --bin inferno-flamegraph
    renderer=("$demo/bin/inferno-flamegraph" --deterministic)
fi

# draw TITLE FILE: from folded stacks
draw() {
    "${renderer[@]}" --colors java --width 1100 --minwidth 0.7 --title "$1" > "$demo/$2"
}

cargo build --quiet --release --locked
# perf cut the stacks that do not begin at a thread's start: they would only be towers beside the others.
grep ';start_thread;' $recording/out.folded > "$demo/out.folded"
target/release/wamr-fold-translate --demangle --annotate --name-first --split-dir "$demo/split" "${modules[@]}" \
    < "$demo/out.folded" > "$demo/out.translated"

draw "As perf shows it" before.svg < "$demo/out.folded"
draw "With the names put back" after.svg < "$demo/out.translated"
draw "Only the module rustapp" rustapp.svg < "$demo/split/rustapp.folded"
[ -z "${BLESS-}" ] || cp "$demo/before.svg" "$demo/after.svg" $recording
echo "$demo/before.svg $demo/after.svg $demo/rustapp.svg"
