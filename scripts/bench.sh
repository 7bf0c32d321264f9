#!/usr/bin/env bash
# Measures the filter on generated input and prints a table: wall time against `cat`, instructions per byte of
# input, peak memory.
#
# usage: scripts/bench.sh [MEGABYTES [ROUNDS]]     300 MB and 15 rounds by default
#
# Needs cargo, hyperfine and GNU time; counts instructions only if valgrind is installed.
set -euo pipefail

die() { echo "${0##*/}: $1" >&2; exit "${2:-1}"; }
case ${1-} in
    -h | --help) sed -n '2,/^set /s/^# \?//p' "$0"; exit ;;
esac
number='^[1-9][0-9]*$'
[[ $# -le 2 && ${1-1} =~ $number && ${2-1} =~ $number ]] || die "expected MEGABYTES and ROUNDS, not: $*" 2
cd "$(dirname "$0")/.."
for tool in cargo hyperfine /usr/bin/time; do
    command -v "$tool" > /dev/null || die "$tool is missing (Debian: apt install hyperfine time; https://rustup.rs)"
done

megabytes=${1:-300}
rounds=${2:-15}
work=target/bench
filter=target/release/wamr-fold-translate
wasm=tests/recordings
one=("=$wasm/a1-aot-interp/interp.wasm")
many=("interp=$wasm/a1-aot-interp/interp.wasm" "matrec=$wasm/b3-aot-four-threads/matrec.wasm"
    "cppheavy=$wasm/b3-aot-four-threads/cppheavy.wasm" "rustapp=$wasm/a4-aot-rustapp/rustapp.wasm")

text=tests/text/perf-script.txt
text_module=tests/text/treecalc.wasm

# The cases: what the table calls them, the input, how it is read, options and modules.
cases=(
    "one module, --stack-check=off, pipe|one|pipe|-s off ${one[*]}"
    "one module, auto, file|one|file|${one[*]}"
    "one module, auto, pipe|one|pipe|${one[*]}"
    "four named modules, \`_[j]\`, pipe|many|pipe|-s off ${many[*]}"
    "one module, stack checks, auto, pipe|checks|pipe|${one[*]}"
    "no wasm frame, auto, pipe|host|pipe|-q ${one[*]}"
    "\`perf script\`, --text, --stack-check=off, pipe|text|pipe|-s off --text $text_module"
)

generate() {
    mkdir -p "$work"
    rm -f "$work"/*.out
    local make=target/release/examples/generate-profile bytes=$((megabytes * 1000 * 1000))
    "$make" "$bytes" "${one[@]}" > "$work/one.in"
    "$make" --annotate "$bytes" "${many[@]}" > "$work/many.in"
    "$make" --stack-checks "$bytes" "${one[@]}" > "$work/checks.in"
    "$make" "$bytes" > "$work/host.in"
    seq $((bytes / $(stat -c %s $text))) | sed "s|.*|$text|" | xargs cat > "$work/text.in"
}

# run INPUT pipe|file OPTIONS: the command whose wall time is measured
run() {
    case $2 in
        pipe) echo "cat $work/$1.in | $filter $3 | cat > /dev/null" ;;
        file) echo "$filter $3 < $work/$1.in | cat > /dev/null" ;;
    esac
}

# The filter prints what the plain translator in the tests does, for as many lines as that reads in seconds.
check() {
    local profile modules
    "$filter" -s off --text $text_module < $text | cmp - $text.translated
    for profile in one many; do
        if [ $profile = one ]; then modules=("${one[@]}"); else modules=("${many[@]}"); fi
        head -n 50000 "$work/$profile.in" > "$work/check.in"
        "$filter" -s off "${modules[@]}" < "$work/check.in" > "$work/check.out"
        PROFILE=$work/check.in TRANSLATION=$work/check.out MODULES="${modules[*]}" \
            cargo test --quiet --release --test suite -- --ignored reference > "$work/check.log" 2>&1 ||
            { cat "$work/check.log" >&2; exit 1; }
    done
}

# instructions INPUT pipe|file OPTIONS: per byte of input, without those of the start
instructions() {
    command -v valgrind > /dev/null || { echo "-"; return; }
    local size start all
    head -c 100000000 "$work/$1.in" | sed '$d' > "$work/part.in"
    size=$(stat -c %s "$work/part.in")
    start=$(count_instructions "$filter $3 < /dev/null")
    if [ "$2" = pipe ]; then
        all=$(count_instructions "cat $work/part.in | $filter $3")
    else
        all=$(count_instructions "$filter $3 < $work/part.in")
    fi
    awk "BEGIN { printf \"%.2f\", ($all - $start) / $size }"
}

count_instructions() {
    sh -c "${1/$filter/valgrind --tool=callgrind --callgrind-out-file=/dev/null $filter}" 2>&1 > /dev/null |
        sed -n 's/.*Collected : //p'
}

# peak_memory INPUT pipe|file OPTIONS
peak_memory() {
    local timed
    timed=$(run "$1" "$2" "$3")
    sh -c "${timed/$filter//usr/bin/time -v -o $work/time.log $filter}"
    awk '/Maximum resident set size/ { printf "%.1f MiB", $NF / 1024 }' "$work/time.log"
}

# Times every command once in each round, so that they meet the same state of the machine.
time_all() {
    local round commands=()
    for case in "${cases[@]}"; do
        IFS='|' read -r _ profile how options <<< "$case"
        commands+=("$(run "$profile" "$how" "$options")" "cat $work/$profile.out | cat | cat > /dev/null")
    done
    rm -f "$work"/round-*.csv
    for round in $(seq "$rounds"); do
        hyperfine --style none --runs 1 --export-csv "$work/round-$round.csv" "${commands[@]}" 2> /dev/null
    done
}

# median N: of the Nth command in all rounds, in seconds
median() {
    awk -F, -v line="$(($1 + 1))" 'FNR == line { print $(NF - 6) }' "$work"/round-*.csv | sort -n |
        awk '{ time[NR] = $1 } END { print time[int((NR + 1) / 2)] }'
}

cargo build --quiet --release --locked --bins --example generate-profile
generate
check
for case in "${cases[@]}"; do
    IFS='|' read -r _ profile _ options <<< "$case"
    # The options are words.
    # shellcheck disable=SC2086
    [ -e "$work/$profile.out" ] || "$filter" $options < "$work/$profile.in" > "$work/$profile.out"
done
time_all

echo "| input of $megabytes MB | filter | \`cat OUT \\| cat \\| cat\` | ratio | instructions per byte | peak memory |"
echo "|---|---|---|---|---|---|"
at=1
for case in "${cases[@]}"; do
    IFS='|' read -r name profile how options <<< "$case"
    ours=$(median $at)
    cat=$(median $((at + 1)))
    awk "BEGIN { printf \"| %s | %.2f s | %.2f s | %.2f | %s | %s |\\n\", \"$name\", $ours, $cat, $ours / $cat,
        \"$(instructions "$profile" "$how" "$options")\", \"$(peak_memory "$profile" "$how" "$options")\" }"
    at=$((at + 2))
done
