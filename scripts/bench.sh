#!/usr/bin/env bash
# Measures the filter on large inputs and prints a table: wall time, compared with a process that reads and writes
# as many bytes and does nothing else, instructions per byte of input, peak memory.
#
# usage: scripts/bench.sh [MEGABYTES [ROUNDS]]     300 MB and 15 rounds by default
#
# Needs cargo, perl, gzip and GNU time; counts instructions only if valgrind is installed.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
takes 2 "$@"
needs /usr/bin/time "Debian: apt install time"
needs perl "Debian: apt install perl"

megabytes=${1:-300}
rounds=${2:-15}
bytes=${megabytes}000000
work=$target/bench

one=("=$recordings/a1-aot-interp/interp.wasm")
b3=$recordings/b3-aot-four-threads/out.folded
text=tests/text/perf-script.txt
text_module=tests/text/treecalc.wasm

# The rows of the table: a name, the input, how it is read, and the arguments of the filter.
rows=(
    "one module, --stack-check=off, pipe|one|pipe|-s off ${one[*]}"
    "one module, auto, file|one|file|${one[*]}"
    "one module, auto, pipe|one|pipe|${one[*]}"
    "one module, stack checks, auto, pipe|checks|pipe|${one[*]}"
    "four modules, \`_[j]\`, pipe|four|pipe|-s off ${four_modules[*]}"
    "a recording of four modules, repeated, pipe|b3|pipe|-s off ${four_modules[*]}"
    "the same, lines shuffled, pipe|shuffled|pipe|-s off ${four_modules[*]}"
    "the same, unknown modules, pipe|b3|pipe|-q -s off --allow-unresolved other=${one[0]#=}"
    "no wasm frame, auto, pipe|host|pipe|-q ${one[*]}"
    "\`perf script\`, --text, --stack-check=off, pipe|text|pipe|--text -s off $text_module"
)

# take ROW: sets name, input, how and arguments
take() {
    local words
    IFS='|' read -r name input how words <<< "$1"
    input=$work/$input.in
    read -ra arguments <<< "$words"
}

# run HOW INPUT COMMAND...: from a pipe or a file, into a pipe
run() {
    if [ "$1" = pipe ]; then
        # shellcheck disable=SC2002 # the pipe is measured, too
        cat "$2" | "${@:3}" | cat > /dev/null
    else
        "${@:3}" < "$2" | cat > /dev/null
    fi
}

# move RATIO: reads, and writes RATIO bytes for each byte read, with reads and writes as large as the filter's
move() {
    perl -e '
        my ($ratio, $block, $due) = (shift, "x" x 16384, 0);
        while (my $read = sysread STDIN, my $input, 65536) {
            for ($due += $read * $ratio; $due >= 1; ) {
                $due -= syswrite STDOUT, $block, $due < 16384 ? int $due : 16384;
            }
        }' "$1"
}

# repeated FILE: repeats it up to MEGABYTES
repeated() { seq $((bytes / $(stat -c %s "$1"))) | sed "s|.*|$1|" | xargs cat; }

generate_inputs() {
    mkdir -p "$work"
    "$generate" "$bytes" "${one[@]}" > "$work/one.in"
    "$generate" --annotate "$bytes" "${four_modules[@]}" > "$work/four.in"
    "$generate" --stack-checks "$bytes" "${one[@]}" > "$work/checks.in"
    "$generate" "$bytes" > "$work/host.in"
    repeated $b3 > "$work/b3.in"
    # The same random bytes each time.
    shuf --random-source=<(gzip --stdout "$work/one.in") "$work/b3.in" > "$work/shuffled.in"
    repeated $text > "$work/text.in"
}

# Checks the output against the reference translator of the tests, which is slow: only the first lines.
check() {
    local checked modules
    "$filter" --text -s off $text_module < $text | cmp - $text.translated
    for checked in one four; do
        if [ $checked = one ]; then modules=("${one[@]}"); else modules=("${four_modules[@]}"); fi
        head -n 50000 "$work/$checked.in" > "$work/check.in"
        "$filter" -q -s off "${modules[@]}" < "$work/check.in" > "$work/check.out"
        PROFILE=$work/check.in TRANSLATION=$work/check.out MODULES="${modules[*]}" \
            cargo test --quiet --release --locked --test suite -- --ignored reference > "$work/check.log" 2>&1 ||
            { cat "$work/check.log" >&2; die "the output is wrong"; }
    done
}

# instructions: per byte of input. Counts the difference between 10 MB and 30 MB, which excludes the start and the end.
instructions() {
    command -v valgrind > /dev/null || { echo "-"; return; }
    local part size count most=$((bytes < 30000000 ? bytes : 30000000)) sizes=() counts=()
    for part in 3 1; do
        head -c $((most / part)) "$input" | sed '$d' > "$work/part.in"
        run "$how" "$work/part.in" valgrind --tool=callgrind --callgrind-out-file=/dev/null \
            --log-file="$work/callgrind.log" "$filter" "${arguments[@]}" 2> "$work/messages"
        size=$(stat -c %s "$work/part.in")
        count=$(sed -n 's/.*Collected : //p' "$work/callgrind.log")
        sizes+=("$size")
        counts+=("$count")
    done
    awk "BEGIN { printf \"%.2f\", (${counts[1]} - ${counts[0]}) / (${sizes[1]} - ${sizes[0]}) }"
}

peak_memory() {
    run "$how" "$input" /usr/bin/time -f %M -o "$work/memory" "$filter" "${arguments[@]}" 2> "$work/messages"
    awk '{ printf "%.1f MiB", $1 / 1024 }' "$work/memory"
}

build --bins --example generate-profile
say "generating inputs of $megabytes MB"
generate_inputs
say "comparing the filter with the reference translator, which is built first"
check

say "timing, $rounds rounds"
rm -f "$work"/*.seconds
for round in $(seq "$rounds"); do
    # Every row once in each round, to average out machine noise. Messages are hidden: the generated calls are random,
    # so the filter warns.
    for at in "${!rows[@]}"; do
        take "${rows[at]}"
        if [ "$round" = 1 ]; then
            output=$("$filter" "${arguments[@]}" < "$input" 2> "$work/messages" | wc -c) || die "$(cat "$work/messages")"
            ratios[at]=$(awk "BEGIN { print $output / $(stat -c %s "$input") }")
        fi
        seconds run "$how" "$input" "$filter" "${arguments[@]}" 2> "$work/messages" >> "$work/$at.filter.seconds"
        seconds run "$how" "$input" move "${ratios[at]}" >> "$work/$at.move.seconds"
    done
done

say "counting instructions"
echo "| input of $megabytes MB | filter | reads and writes alone | ratio | instructions per byte | peak memory |"
echo "|---|---|---|---|---|---|"
for at in "${!rows[@]}"; do
    take "${rows[at]}"
    ours=$(median < "$work/$at.filter.seconds")
    theirs=$(median < "$work/$at.move.seconds")
    ratio=$(awk "BEGIN { printf \"%.2f\", $ours / $theirs }")
    printf '| %s | %.2f s | %.2f s | %s | %s | %s |\n' "$name" "$ours" "$theirs" "$ratio" "$(instructions)" "$(peak_memory)"
done
