#!/usr/bin/env bash
# Draws flame graphs of a recording of four modules into target/demo/: before.svg, after.svg, and rustapp.svg
# for a single module, from its split file.
#
# usage: [BLESS=1] scripts/demo.sh     with BLESS=1, also replaces the pictures in README.md
#
# Needs cargo. Draws with flamegraph.pl or inferno-flamegraph, and installs the latter from crates.io if both
# are missing.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
takes 0 "$@"

demo=$target/demo
recording=$recordings/b3-aot-four-threads

# render OPTIONS: folded stacks to a picture. With --flamechart, flamegraph.pl keeps the order of the stacks, and
# inferno-flamegraph reverses it. Frames below 0.7 % are omitted; flamegraph.pl takes that in pixels.
if command -v flamegraph.pl > /dev/null; then
    render() { flamegraph.pl --hash --minwidth 7.56 "$@"; }
else
    install_program inferno inferno-flamegraph
    render() { tac | inferno-flamegraph --deterministic --minwidth 0.7 "$@"; }
fi

# draw TITLE FILE: from folded stacks
draw() { render --flamechart --colors java --width 1100 --title "$1" > "$demo/$2"; }

build --bins
mkdir -p "$demo"
# Drops truncated stacks. The others are sorted before they are translated, so that a frame is at the same place
# in all pictures.
grep ';start_thread;' $recording/out.folded | tr ';' '\1' | LC_ALL=C sort | tr '\1' ';' > "$demo/out.folded"
"$filter" -Cat last --split-dir "$demo/split" "${four_modules[@]}" < "$demo/out.folded" > "$demo/all.folded"

draw "As perf reports it" before.svg < "$demo/out.folded"
draw "With wamr-fold-translate -Cat last" after.svg < "$demo/all.folded"
draw "Module rustapp" rustapp.svg < "$demo/split/rustapp.folded"
[ -z "${BLESS-}" ] || cp "$demo/before.svg" "$demo/after.svg" $recording
echo "$demo/before.svg $demo/after.svg $demo/rustapp.svg"
