#!/usr/bin/env bash
# Builds a Debian package (the program, its man page and completions), unpacks it, runs the program, and runs
# lintian if it is installed. As root, also installs and removes the package, unless there is a
# wamr-fold-translate in /usr/bin. Prints the path of the package.
#
# usage: scripts/package.sh
#
# Needs cargo and dpkg-deb; installs cargo-deb from crates.io if it is missing.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
takes 0 "$@"
needs dpkg-deb "Debian: apt install dpkg"
install_program cargo-deb cargo-deb
build --bins

name=wamr-fold-translate
# Cargo.toml has this path, wherever cargo builds.
made=target/deb
mkdir -p $made
for shell in bash zsh fish; do
    "$filter" --generate "complete-$shell" > "$made/complete.$shell"
done
"$filter" --generate man > $made/$name.1

# The terms of the package, from LICENSE-MIT; Debian has a copy of the Apache License.
{
    echo "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/"
    echo "Upstream-Name: $name"
    printf '\nFiles: *\n%s\nLicense: MIT or Apache-2.0\n' "$(sed -n '1s/^Copyright (c)/Copyright:/p' LICENSE-MIT)"
    printf '\nLicense: MIT\n'
    sed '1,2d; s/^$/./; s/^/ /' LICENSE-MIT
    printf '\nLicense: Apache-2.0\n See /usr/share/common-licenses/Apache-2.0.\n'
} > $made/copyright

# Debian's changelog, for the version in Cargo.toml; CHANGELOG.md has the changes.
setting() { sed -n "s/^$1 = \"\(.*\)\"/\1/p" Cargo.toml; }
cat > $made/changelog << END
$name ($(setting version)-$(setting revision)) unstable; urgency=medium

  * Version $(setting version), see changelog.gz.

 -- $(setting maintainer)  $(date --utc --reference=CHANGELOG.md "+%a, %d %b %Y %T +0000")
END

say "building the package"
package=$(cargo deb --no-build --quiet)

# check PROGRAM: it translates a recording
check() {
    "$1" $recordings/a1-aot-interp/interp.wasm < $recordings/a1-aot-interp/out.folded |
        cmp - $recordings/a1-aot-interp/expected/out.translated
}

root=$made/root
rm -rf $root
dpkg-deb --extract "$package" $root
check $root/usr/bin/$name
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
