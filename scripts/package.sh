#!/usr/bin/env bash
# Builds a Debian package (the program, its manual page, completions, licences) into target/debian/, unpacks
# it and runs what is inside. As root on a Debian system it also installs and removes it.
#
# usage: scripts/package.sh
#
# Needs cargo and dpkg-deb; cargo-deb is installed from crates.io into target/deb/ if it is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

for tool in cargo dpkg-deb; do
    command -v $tool > /dev/null || { echo "package.sh: $tool is missing" >&2; exit 1; }
done

made=target/deb
mkdir -p "$made"
export PATH=$PATH:$PWD/$made/bin
command -v cargo-deb > /dev/null || cargo install --quiet --root "$made" cargo-deb

cargo build --quiet --release --locked
for what in bash zsh fish; do
    target/release/wamr-fold-translate --generate "complete-$what" > "$made/complete.$what"
done
target/release/wamr-fold-translate --generate man > "$made/wamr-fold-translate.1"
package=$(cargo deb --no-build --quiet)

# check PROGRAM: it translates a recording
check() {
    "$1" tests/recordings/a1-aot-interp/interp.wasm < tests/recordings/a1-aot-interp/out.folded |
        cmp - tests/recordings/a1-aot-interp/expected/out.translated
}

root=$made/root
rm -rf "$root"
dpkg-deb --extract "$package" "$root"
check "$root/usr/bin/wamr-fold-translate"
for file in man/man1/wamr-fold-translate.1.gz bash-completion/completions/wamr-fold-translate \
    zsh/vendor-completions/_wamr-fold-translate fish/vendor_completions.d/wamr-fold-translate.fish \
    doc/wamr-fold-translate/LICENSE-MIT doc/wamr-fold-translate/LICENSE-APACHE doc/wamr-fold-translate/copyright; do
    [ -s "$root/usr/share/$file" ] || { echo "package.sh: $file is not in $package" >&2; exit 1; }
done
if [ "$(id -u)" = 0 ]; then
    dpkg --install "$package" > /dev/null
    check /usr/bin/wamr-fold-translate
    dpkg --remove wamr-fold-translate > /dev/null
fi
echo "$package"
