#!/usr/bin/env bash
# Runs spark_translate.py with two executors (local[2]) on profiles in many files and compares its output with
# that of one process.
#
# usage: scripts/spark_test.sh
#
# Needs cargo, python3 with venv and pip, and Java 17; installs PySpark from PyPI into target/spark/.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
takes 0 "$@"
needs python3 "Debian: apt install python3-venv"
needs java "Debian: apt install openjdk-17-jre-headless"

work=$target/spark_test
environment=$(realpath "$target")/spark

if [ ! -x "$environment/bin/spark-submit" ]; then
    say "installing PySpark"
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet 'pyspark==3.5.*'
fi
build --bins --example generate-profile
PATH=$(realpath "$target/release"):$PATH

spark() {
    # Executors must run the same Python.
    PYSPARK_PYTHON=$environment/bin/python "$environment/bin/spark-submit" --master 'local[2]' \
        --conf spark.ui.enabled=false --conf spark.ui.showConsoleProgress=false scripts/spark_translate.py "$@" > "$work/log" 2>&1
}

# cut_up NAME: cuts a profile into 40 files
cut_up() {
    mkdir "$work/$1"
    split --number=l/40 "$work/$1.folded" "$work/$1/part-"
}

expect() {
    [ "$2" = "$3" ] || die "$1: failed; the log is $work/log"
    echo "ok: $1"
}

sum() { LC_ALL=C sort "$@" | sha256sum; }

# compare NAME OPTIONS: Spark prints what one process prints; the modules are in the array "modules"
compare() {
    wamr-fold-translate --quiet "${@:2}" "${modules[@]}" < "$work/$1.folded" > "$work/$1.translated"
    rm -rf "$work/$1.out"
    spark "$work/$1" "$work/$1.out" "${modules[@]}" -- "${@:2}" || :
    expect "$*: line for line" "$(sum "$work/$1.out"/part-*)" "$(sum "$work/$1.translated")"
}

rm -rf "$work"
mkdir -p "$work"

modules=("${four_modules[@]}")
"$generate" --annotate 8000000 "${modules[@]}" > "$work/plain.folded"
cut_up plain
compare plain
"$generate" --stack-checks 8000000 "${modules[@]}" > "$work/checks.folded"
cut_up checks
compare checks
printf '%s\n' '# aot_func_internal#1 5' 'main;[Wasm] y]#aot_func_internal#1 5' \
    'main;[interp]#aot_func#1:tid 29888 5' 'main;[interp]#aot_func#1:tid 29888 7' > "$work/odd.folded"
cut_up odd
compare odd

# late NAME RECORDING: a profile with evidence of stack checks only in the last files; sets "modules"
late() {
    local folder=$recordings/$2
    mapfile -t modules < <(sed -E "s|^([^=]*=)?|&$folder/|" "$folder/modules.txt")
    {
        for _ in {1..20}; do
            sed 's/;aot_func_internal#[0-9]*//g' "$folder/out.folded"
        done
        cat "$folder/out.folded"
    } > "$work/$1.folded"
    cut_up "$1"
}

late jit d2-jit-eager-stackcheck-matrec
compare jit

# AOT code without checks beside JIT code with checks.
late mixed h2-mixed-aot-jit-stackcheck
compare mixed
expect "mixed: partitions without a WAMR frame print no warning" "$(grep -c '^wamr-fold-translate' "$work/log")" 0
for file in "$work/mixed"/part-*; do
    wamr-fold-translate --quiet "${modules[@]}" < "$file"
done > "$work/mixed.alone"
expect "mixed: single partitions give another output" "$(cmp -s "$work/mixed.alone" "$work/mixed.translated" || echo differs)" differs
compare mixed -Cat last
compare mixed --stack-check=on

# A module without functions, module names that need quoting, and text that is not folded.
printf '\0asm\1\0\0\0' > "$work/empty.wasm"
strange="it's \"a\" [b]#c \$d ü%20+ "
modules=("$strange=${four_modules[0]#*=}" "x=${four_modules[1]#*=}" "=$work/empty.wasm")
{
    for _ in {1..60}; do printf 'iwasm;[%s]#aot_func#1;[x]#aot_func#2 3\n' "$strange"; done
    printf 'iwasm;[%s]#aot_func_internal#1 3\n' "$strange"
} > "$work/names.folded"
cp "$work/names.folded" "$work/text.folded"
sed -i 's/^iwasm;/\t7f00 /; s/ 3$/+0x1 (map)/' "$work/text.folded"
cut_up names
cut_up text
compare names
compare text --text

modules=("${four_modules[@]}")
spark --merge "$work/plain" "$work/merged.out" "${modules[@]}" -- --demangle
wamr-fold-translate --quiet --demangle "${modules[@]}" < "$work/plain.folded" |
    awk '{ count = $NF; sub(/ [0-9]+$/, ""); sum[$0] += count } END { for (stack in sum) printf "%s %d\n", stack, sum[stack] }' > "$work/merged"
expect "merged: count for count" "$(sum "$work/merged.out"/part-*)" "$(sum "$work/merged")"

spark --merge "$work/odd" "$work/merged_odd.out" "${modules[@]}"
expect "merged: comments are dropped, thread ids are not counts" "$(cat "$work/merged_odd.out"/part-*)" \
    "$(sed -n '2p; 4s/ 7$/ 12/p' "$work/odd.translated" | LC_ALL=C sort)"

if spark "$work/plain" "$work/failed.out" "${modules[@]:0:3}"; then status=0; else status=$?; fi
expect "a missing module fails the job" "$status" 1
expect "and is named" "$(grep -q '^wamr-fold-translate: .*rustapp' "$work/log" && echo yes)" yes
expect "and leaves no output" "$(find "$work/failed.out" -maxdepth 1 -name 'part-*' -o -maxdepth 1 -name _SUCCESS)" ""

spark --allow-unresolved "$work/plain" "$work/allowed.out" "${modules[@]:0:3}"
wamr-fold-translate --allow-unresolved -q "${modules[@]:0:3}" < "$work/plain.folded" > "$work/allowed"
expect "--allow-unresolved lets it succeed" "$(sum "$work/allowed.out"/part-*)" "$(sum "$work/allowed")"

for option in --split-dir=x -Cvt; do
    if spark "$work/plain" "$work/refused.out" "${modules[@]}" -- $option last; then status=0; else status=$?; fi
    expect "$option needs the whole profile and is refused" "$status" 2
done
if python3 scripts/spark_translate.py --help > /dev/null; then status=0; else status=$?; fi
expect "--help needs no PySpark" "$status" 0
