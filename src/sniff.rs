//! Guesses what a file is that is no wasm module, so that a message can say what to pass instead.

use std::fmt;

use bstr::BStr;

/// How many of a file's first bytes are worth looking at.
pub const LENGTH: usize = 512;

/// What a file seems to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seems {
    /// A kind of file that is sometimes taken for a wasm module.
    Known(&'static str),
    /// Something else: its first bytes.
    Other(Vec<u8>),
}

/// The first bytes of such files, and what to say of them. The WAMR header is `core/iwasm/aot/aot_runtime.h`.
const KNOWN: &[(&[u8], &str)] = &[
    (b"\0aot", "is a WAMR AOT file: pass the .wasm that it was made from"),
    (b"\x1f\x8b", "is compressed with gzip: unpack it first"),
    (b"\x28\xb5\x2f\xfd", "is compressed with zstd: unpack it first"),
    (b"\xfd7zXZ\0", "is compressed with xz: unpack it first"),
    (b"PK\x03\x04", "is a zip archive: unpack it first"),
    (b"\x7fELF", "is a native program or library (ELF): pass the .wasm that WAMR ran"),
    (b"version https://git-lfs", "is a git LFS pointer, not the file itself: fetch it with git lfs pull"),
];

/// Texts, which may start with white space.
const KNOWN_TEXTS: &[(&[u8], &str)] = &[
    (b"(module", "is WebAssembly text: pass the binary (wat2wasm --debug-names makes it)"),
    (b"(component", "is WebAssembly text: pass the binary of a core module"),
    (b";;", "is WebAssembly text: pass the binary (wat2wasm --debug-names makes it)"),
    (b"(;", "is WebAssembly text: pass the binary (wat2wasm --debug-names makes it)"),
    (b"<!doctype html", "is an HTML page, perhaps a download that failed"),
    (b"<html", "is an HTML page, perhaps a download that failed"),
];

/// Guesses what a file is from its first bytes; [`LENGTH`] of them are enough.
#[must_use]
pub fn sniff(start: &[u8]) -> Seems {
    let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
    let starts_text =
        |known: &[u8]| text.get(..known.len()).is_some_and(|text| text.eq_ignore_ascii_case(known));
    let binary = KNOWN.iter().find(|(known, _)| start.starts_with(known));
    let known = binary.or_else(|| KNOWN_TEXTS.iter().find(|(known, _)| starts_text(known)));
    match known {
        Some((_, message)) => Seems::Known(message),
        None => Seems::Other(start[..start.len().min(16)].to_vec()),
    }
}

impl fmt::Display for Seems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(message) => f.write_str(message),
            Self::Other(start) => write!(f, "is not a wasm module, it begins with {:?}", BStr::new(start)),
        }
    }
}
