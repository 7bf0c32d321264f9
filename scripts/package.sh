#!/usr/bin/env bash
# Builds a Debian package (the program, its manual page and completions) into target/debian/, unpacks it, runs
# what is inside, and runs lintian if it is installed. As root, also installs and removes the package, unless
# there is a wamr-fold-translate in /usr/bin.
#
# usage: scripts/package.sh
#
# Needs cargo and dpkg-deb; installs cargo-deb from crates.io into target/deb/ if it is missing.
set -euo pipefail

die() { echo "${0##*/}: $1" >&2; exit "${2:-1}"; }
case ${1-} in
    -h | --help) sed -n '2,/^set /s/^# \?//p' "$0"; exit ;;
esac
[ $# = 0 ] || die "expected no arguments, not: $*" 2
cd "$(dirname "$0")/.."
for tool in cargo dpkg-deb; do
    command -v $tool > /dev/null || die "$tool is missing (Debian: apt install dpkg; https://rustup.rs)"
done

name=wamr-fold-translate
made=target/deb
mkdir -p "$made"
export PATH=$PATH:$PWD/$made/bin
command -v cargo-deb > /dev/null || cargo install --quiet --root "$made" cargo-deb

cargo build --quiet --release --locked
for shell in bash zsh fish; do
    target/release/$name --generate "complete-$shell" > "$made/complete.$shell"
done
target/release/$name --generate man > "$made/$name.1"

# The terms of the package, from LICENSE-MIT; Debian has a copy of the Apache License.
{
    echo "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/"
    echo "Upstream-Name: $name"
    printf '\nFiles: *\n%s\nLicense: MIT or Apache-2.0\n' "$(sed -n '1s/^Copyright (c)/Copyright:/p' LICENSE-MIT)"
    printf '\nLicense: MIT\n'
    sed '1,2d; s/^$/./; s/^/ /' LICENSE-MIT
    printf '\nLicense: Apache-2.0\n See /usr/share/common-licenses/Apache-2.0.\n'
} > "$made/copyright"

# Debian's form of a changelog, for the version in Cargo.toml; CHANGELOG.md says what changed.
setting() { sed -n "s/^$1 = \"\(.*\)\"/\1/p" Cargo.toml; }
cat > "$made/changelog" << END
$name ($(setting version)-$(setting revision)) unstable; urgency=medium

  * Version $(setting version), see changelog.gz.

 -- $(setting maintainer)  $(date --utc --reference=CHANGELOG.md "+%a, %d %b %Y %T +0000")
END

package=$(cargo deb --no-build --quiet)

# check PROGRAM: it translates a recording
check() {
    "$1" tests/recordings/a1-aot-interp/interp.wasm < tests/recordings/a1-aot-interp/out.folded |
        cmp - tests/recordings/a1-aot-interp/expected/out.translated
}

root=$made/root
rm -rf "$root"
dpkg-deb --extract "$package" "$root"
check "$root/usr/bin/$name"
for file in man/man1/$name.1.gz bash-completion/completions/$name zsh/vendor-completions/_$name \
    fish/vendor_completions.d/$name.fish doc/$name/{README.md,changelog.gz,changelog.Debian.gz,copyright}; do
    [ -s "$root/usr/share/$file" ] || die "$file is not in $package"
done
if command -v lintian > /dev/null; then
    lintian --allow-root --fail-on error "$package"
fi
if [ "$(id -u)" = 0 ] && [ ! -e /usr/bin/$name ] && ! dpkg --status $name > /dev/null 2>&1; then
    trap 'dpkg --purge $name > /dev/null' EXIT
    dpkg --install "$package" > /dev/null
    check /usr/bin/$name
fi
echo "$package"
