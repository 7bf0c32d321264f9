#!/usr/bin/env bash
# Runs spark_translate.py in local[2] over many generated files and compares with the filter on one machine.
#
# usage: scripts/spark_test.sh
#
# Needs cargo, python3 with venv and pip, and Java 17; PySpark is installed from PyPI into target/spark/.
set -euo pipefail
cd "$(dirname "$0")/.."

for tool in cargo python3 java; do
    command -v $tool > /dev/null || { echo "spark_test.sh: $tool is missing (Debian: apt install python3-venv openjdk-17-jre-headless)" >&2; exit 1; }
done

work=target/spark_test
wasm=tests/recordings
modules=("interp=$wasm/a1-aot-interp/interp.wasm" "matrec=$wasm/b3-aot-four-threads/matrec.wasm"
    "cppheavy=$wasm/b3-aot-four-threads/cppheavy.wasm" "rustapp=$wasm/a4-aot-rustapp/rustapp.wasm")

if [ ! -x target/spark/bin/spark-submit ]; then
    python3 -m venv target/spark
    target/spark/bin/pip install --quiet 'pyspark==3.5.*'
fi
cargo build --quiet --release --locked --bins --example generate-profile
export PATH=$PWD/target/release:$PATH

spark() {
    # The environment's own Python runs the executors, too.
    PYSPARK_PYTHON=$PWD/target/spark/bin/python target/spark/bin/spark-submit --master 'local[2]' \
        --conf spark.ui.enabled=false --conf spark.ui.showConsoleProgress=false scripts/spark_translate.py "$@" > "$work/log" 2>&1
}

# generate NAME OPTIONS: forty files of a profile
generate() {
    mkdir -p "$work/$1"
    target/release/examples/generate-profile "${@:2}" 8000000 "${modules[@]}" > "$work/$1.folded"
    split --number=l/40 "$work/$1.folded" "$work/$1/part-"
}

expect() {
    if [ "$2" != "$3" ]; then
        echo "spark_test.sh: $1 failed; the log is $work/log" >&2
        exit 1
    fi
    echo "ok: $1"
}

sum() { LC_ALL=C sort "$@" | sha256sum; }

rm -rf "$work"
generate plain --annotate
generate checks --stack-checks
mkdir "$work/odd"
printf '%s\n' '# aot_func_internal#1 5' 'main;[Wasm] y]#aot_func_internal#1 5' \
    'main;[interp]#aot_func#1:tid 29888 5' 'main;[interp]#aot_func#1:tid 29888 7' |
    tee "$work/odd.folded" > "$work/odd/part"

for profile in plain checks odd; do
    wamr-fold-translate "${modules[@]}" < "$work/$profile.folded" > "$work/$profile.translated"
    spark "$work/$profile" "$work/$profile.out" "${modules[@]}"
    expect "$profile: line for line" "$(sum "$work/$profile.out"/part-*)" "$(sum "$work/$profile.translated")"
done

spark --merge "$work/plain" "$work/merged.out" "${modules[@]}" -- --demangle
wamr-fold-translate --demangle "${modules[@]}" < "$work/plain.folded" |
    awk '{ count = $NF; sub(/ [0-9]+$/, ""); sum[$0] += count } END { for (stack in sum) printf "%s %d\n", stack, sum[stack] }' > "$work/merged"
expect "merged: count for count" "$(sum "$work/merged.out"/part-*)" "$(sum "$work/merged")"

spark --merge "$work/odd" "$work/merged_odd.out" "${modules[@]}"
expect "merged: comments are left out, thread ids are no counts" "$(cat "$work/merged_odd.out"/part-*)" \
    "$(sed -n '2p; 4s/ 7$/ 12/p' "$work/odd.translated" | LC_ALL=C sort)"

if spark "$work/plain" "$work/failed.out" "${modules[@]:0:3}"; then status=0; else status=$?; fi
expect "a module that is missing fails the job" "$status" 1
expect "and is named" "$(grep -c 'frames of module "rustapp" not translated' "$work/log" | sed 's/^[1-9][0-9]*$/yes/')" yes
expect "and leaves no output" "$(find "$work/failed.out" -maxdepth 1 -name 'part-*' -o -maxdepth 1 -name _SUCCESS)" ""

spark --allow-unresolved "$work/plain" "$work/allowed.out" "${modules[@]:0:3}"
wamr-fold-translate --allow-unresolved -q "${modules[@]:0:3}" < "$work/plain.folded" > "$work/allowed"
expect "with --allow-unresolved it does not" "$(sum "$work/allowed.out"/part-*)" "$(sum "$work/allowed")"
