//! Demangles Rust names, and drops their hashes.

use std::borrow::Cow;

use bstr::ByteSlice;

/// The maximum length of a name that is demangled, in bytes. Demangling takes quadratic time.
const MAX_LEN: usize = 8 * 1024;

/// What `rustc_demangle` prints for a part that it cannot read.
const PLACEHOLDERS: [&str; 4] =
    ["{invalid syntax}", "{recursion limit reached}", "{size limit reached}", "punycode{"];

/// The name of a Rust function as in the source, without hashes. Other names are returned unchanged, including those
/// of C++, which wasm-ld demangles.
pub(crate) fn demangle(name: &[u8]) -> Cow<'_, [u8]> {
    match name.to_str().ok().and_then(demangle_rust) {
        Some(demangled) => demangled.into_bytes().into(),
        None => without_hashes(name).into(),
    }
}

/// Demangles `name` if it is a mangled Rust name, legacy or v0.
fn demangle_rust(name: &str) -> Option<String> {
    // rustc_demangle also accepts names without an underscore, such as `RC4_init`.
    let is_v0 = name.starts_with("_R") || name.starts_with("__R");
    let is_legacy = (name.starts_with("_ZN") || name.starts_with("__ZN")) && has_legacy_hash(name);
    if name.len() > MAX_LEN || !(is_v0 || is_legacy) {
        return None;
    }
    let demangled = format!("{:#}", rustc_demangle::try_demangle(name).ok()?);
    let is_whole = !PLACEHOLDERS.iter().any(|placeholder| demangled.contains(placeholder));
    (is_whole && !demangled.is_empty()).then_some(demangled)
}

/// Whether `name` ends with the hash of the legacy scheme, `17h` and 16 hex digits, and `E`. A suffix such as
/// `.llvm.123` may follow.
fn has_legacy_hash(name: &str) -> bool {
    name.as_bytes().find_iter("17h").any(|at| match name.as_bytes()[at + 3..].split_at_checked(16) {
        Some((hash, after)) => {
            hash.iter().all(u8::is_ascii_hexdigit) && (after == b"E" || after.starts_with(b"E."))
        }
        None => false,
    })
}

/// Removes the hashes from a name that the compiler has demangled: `::h` and 16 digits at its end, and 13 to 16
/// digits in brackets after the name of a crate. Nothing is removed if nothing would be left.
fn without_hashes(name: &[u8]) -> Vec<u8> {
    let name = strip_hash(name);
    let mut kept = Vec::with_capacity(name.len());
    let mut at = 0;
    while let Some(bracket) = name[at..].find_byte(b'[') {
        let bracket = at + bracket;
        kept.extend_from_slice(&name[at..bracket]);
        at = bracket + crate_hash_len(&name[..bracket], &name[bracket..]);
        if at == bracket {
            kept.push(b'[');
            at += 1;
        }
    }
    kept.extend_from_slice(&name[at..]);
    kept
}

/// Strips `::h` and 16 digits.
fn strip_hash(name: &[u8]) -> &[u8] {
    match name.split_last_chunk::<19>() {
        Some((start, [b':', b':', b'h', hash @ ..]))
            if !start.is_empty() && hash.iter().copied().all(is_hash_digit) =>
        {
            start
        }
        _ => name,
    }
}

/// The length of the crate hash in brackets that `text` starts with, after the name of the crate; 0 if there is none.
fn crate_hash_len(before: &[u8], text: &[u8]) -> usize {
    let digits = text[1..].iter().take_while(|&&byte| is_hash_digit(byte)).count();
    let is_hash = ends_with_word(before) && (13..=16).contains(&digits);
    if is_hash && text.get(digits + 1) == Some(&b']') { digits + 2 } else { 0 }
}

fn is_hash_digit(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

/// Whether `text` ends with a letter, a digit or `_`.
fn ends_with_word(text: &[u8]) -> bool {
    text.chars().next_back().is_some_and(|char| char.is_alphanumeric() || char == '_')
}

#[cfg(test)]
mod tests {
    use bstr::ByteSlice;

    use super::demangle;

    #[test]
    fn rust_names_lose_mangling_and_hashes() {
        for (name, demangled) in [
            ("_ZN4core3fmt5write17h1234567890abcdefE", "core::fmt::write"),
            (
                "_ZN5alloc7raw_vec11finish_grow17h829f663781c993ffE.llvm.16649763804711572579",
                "alloc::raw_vec::finish_grow",
            ),
            (
                "_ZN4core3ptr48drop_in_place$LT$core..str..error..Utf8Error$GT$17hdf5a9172517f279eE",
                "core::ptr::drop_in_place<core::str::error::Utf8Error>",
            ),
            ("_RNvCskwGfYPst2Cb_3foo16example_function", "foo::example_function"),
            ("_RNvMNtCs7nLi1lxRxNW_4core3numj8from_str", "<usize>::from_str"),
            ("__ZN4core3fmt5write17h1234567890abcdefE", "core::fmt::write"),
            ("__RNvCskwGfYPst2Cb_3foo16example_function", "foo::example_function"),
        ] {
            assert_eq!(demangle(name.as_bytes()).as_bstr(), demangled, "{name}");
        }
    }

    #[test]
    fn demangled_names_lose_hashes() {
        for (name, shown) in [
            ("core::fmt::write::h1234567890abcdef", "core::fmt::write"),
            ("prisma[0123456789abcdef]::run", "prisma::run"),
            ("<a[0123456789abc] as b_[0123456789abcd]>::f::h1234567890abcdef", "<a as b_>::f"),
            ("größe[0123456789abc]", "größe"),
            ("a[0123456789abc][0123456789abc]", "a[0123456789abc]"),
        ] {
            assert_eq!(demangle(name.as_bytes()).as_bstr(), shown, "{name}");
        }
    }

    #[test]
    fn other_names_stay() {
        let long = format!("_ZN9000{}17h1234567890abcdefE", "x".repeat(9000));
        for name in [
            "main",
            "",
            "core::fmt::write",
            "core::fmt::write::h1234567890ABCDEF",
            "f::h1234567890abcdef::g",
            "f::h1234567890abcde",
            "::h1234567890abcdef",
            "[0123456789abcdef]",
            "a [0123456789abcdef]",
            "a[0123456789ab]",
            "a[0123456789abcdef0]",
            "a[0123456789abcdeF]",
            "a[0123456789abcdef",
            "a[",
            // C++
            "_Z3addii",
            "_ZN4geom6VectorC2Ev",
            "_ZN3foo17h1234567890abcdefEv",
            // Accepted by rustc_demangle
            "RC4_init",
            "ZN3fooE",
            "_ZN3fooE",
            "_ZN17h1234567890abcdefE",
            "_R",
            "_Rust",
            // Demangled with placeholders
            "_RNvB_1a",
            long.as_str(),
        ] {
            assert_eq!(demangle(name.as_bytes()).as_bstr(), name);
        }
        assert_eq!(*demangle(b"_ZN3foo17h1234567890abcdefE\xff"), *b"_ZN3foo17h1234567890abcdefE\xff");
    }
}
