# shellcheck shell=bash
# shellcheck disable=SC2034 # the scripts use the variables
# Sourced by the scripts: their --help, errors, paths and builds.

say() { echo "${0##*/}: $1" >&2; }
die() { say "$1"; exit "${2:-1}"; }

case ${1-} in
    -h | --help) sed -n '2,/^set /s/^# \?//p' "$0"; exit ;;
esac
cd "$(dirname "$0")/.." || exit

target=${CARGO_TARGET_DIR:-target}
mkdir -p "$target"
filter=$target/release/wamr-fold-translate
generate=$target/release/examples/generate-profile
# Where install_program puts programs.
PATH=$PATH:$(realpath "$target")/tools/bin

recordings=tests/recordings
four_modules=("interp=$recordings/a1-aot-interp/interp.wasm" "matrec=$recordings/b3-aot-four-threads/matrec.wasm"
    "cppheavy=$recordings/b3-aot-four-threads/cppheavy.wasm" "rustapp=$recordings/a4-aot-rustapp/rustapp.wasm")

# takes MAXIMUM ARGUMENT...: exits unless the arguments are at most MAXIMUM positive integers
takes() {
    local argument
    [ $(($# - 1)) -le "$1" ] || die "too many arguments; see --help" 2
    for argument in "${@:2}"; do
        [[ $argument =~ ^[1-9][0-9]*$ ]] || die "not a positive integer: $argument" 2
    done
}

# needs PROGRAM HINT: exits unless PROGRAM is installed
needs() { command -v "$1" > /dev/null || die "$1 is missing ($2)"; }

# install_program CRATE PROGRAM: from crates.io, unless PROGRAM is installed
install_program() {
    command -v "$2" > /dev/null && return
    say "installing $1, which takes minutes"
    cargo install --quiet --locked --root "$target/tools" "$1" --bin "$2"
}

# build OPTIONS: the filter, and what OPTIONS of cargo name
build() {
    needs cargo https://rustup.rs
    say "building in $target/release"
    cargo build --quiet --release --locked "$@"
}

# seconds COMMAND...: how long it takes, its output discarded
seconds() {
    local TIMEFORMAT=%3R
    { time "$@" > /dev/null 2>&3; } 3>&2 2>&1
}

median() { sort -n | awk '{ number[NR] = $1 } END { print number[int((NR + 1) / 2)] }'; }
