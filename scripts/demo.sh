#!/usr/bin/env bash
# Draws flame graphs of a recording of four modules into target/demo/: before.svg, after.svg, and
# rustapp.svg for a single module, from its split file.
#
# usage: scripts/demo.sh
#
# Needs cargo; draws with flamegraph.pl or inferno-flamegraph if one is on PATH, and otherwise installs the
# latter from crates.io into target/demo/.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v cargo > /dev/null || { echo "demo.sh: cargo is missing (https://rustup.rs)" >&2; exit 1; }

demo=target/demo
recordings=tests/recordings
modules=("interp=$recordings/a1-aot-interp/interp.wasm" "matrec=$recordings/b3-aot-four-threads/matrec.wasm"
    "cppheavy=$recordings/b3-aot-four-threads/cppheavy.wasm" "rustapp=$recordings/a4-aot-rustapp/rustapp.wasm")
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
# Stacks that do not begin at a thread's start were cut by perf: they would only be towers beside the others.
grep ';start_thread;' $recordings/b3-aot-four-threads/out.folded > "$demo/out.folded"
target/release/wamr-fold-translate --demangle --annotate --split-dir "$demo/split" "${modules[@]}" \
    < "$demo/out.folded" > "$demo/out.translated"

draw "As perf shows it" before.svg < "$demo/out.folded"
draw "With the names put back" after.svg < "$demo/out.translated"
draw "Only the module rustapp" rustapp.svg < "$demo/split/rustapp.folded"
echo "$demo/before.svg $demo/after.svg $demo/rustapp.svg"
