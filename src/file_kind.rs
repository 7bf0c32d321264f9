//! Detects the kind of a file, other than a wasm file, from its first bytes.

use std::fmt;

use bstr::BStr;

/// How many bytes at the start of a file are inspected.
pub(crate) const START_SIZE: usize = 512;

/// How many of them are kept of an unknown file.
const SHOWN_SIZE: usize = 16;

/// The kind of a file, detected from its first bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileKind {
    /// A WAMR AOT file (`core/iwasm/aot/aot_runtime.h`).
    Aot,
    /// A file compressed with gzip.
    Gzip,
    /// A file compressed with zstd.
    Zstd,
    /// A file compressed with xz.
    Xz,
    /// A zip archive.
    Zip,
    /// A native program or library.
    Elf,
    /// A git LFS pointer.
    GitLfsPointer,
    /// What `perf record` writes (`tools/perf/util/header.c`).
    PerfData,
    /// Text in UTF-16, by its byte order mark.
    Utf16,
    /// WebAssembly text.
    Wat,
    /// WebAssembly text of a component.
    ComponentWat,
    /// An HTML page.
    Html,
    /// XML, such as an SVG.
    Xml,
    /// Any other text.
    Text,
    /// Any other file, which starts with these bytes (at most 16).
    Other(Vec<u8>),
}

const MAGIC_NUMBERS: &[(&[u8], FileKind)] = &[
    (b"\0aot", FileKind::Aot),
    (b"\x1f\x8b", FileKind::Gzip),
    (b"\x28\xb5\x2f\xfd", FileKind::Zstd),
    (b"\xfd7zXZ\0", FileKind::Xz),
    (b"PK\x03\x04", FileKind::Zip),
    (b"\x7fELF", FileKind::Elf),
    (b"version https://git-lfs", FileKind::GitLfsPointer),
    (b"PERFILE2", FileKind::PerfData),
    (b"\xff\xfe", FileKind::Utf16),
    (b"\xfe\xff", FileKind::Utf16),
];

/// The first characters of text files. Case and leading white space are ignored.
const TEXT_STARTS: &[(&[u8], FileKind)] = &[
    (b"(module", FileKind::Wat),
    (b"(component", FileKind::ComponentWat),
    (b";;", FileKind::Wat),
    (b"(;", FileKind::Wat),
    (b"<!doctype html", FileKind::Html),
    (b"<html", FileKind::Html),
    (b"<?xml", FileKind::Xml),
    (b"<!doctype svg", FileKind::Xml),
    (b"<svg", FileKind::Xml),
];

impl FileKind {
    /// The kind of the file that starts with `start`, [`START_SIZE`] bytes if it is longer than that.
    pub(crate) fn of(start: &[u8]) -> Self {
        let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
        let starts_text =
            |known: &[u8]| text.get(..known.len()).is_some_and(|text| text.eq_ignore_ascii_case(known));
        let magic = MAGIC_NUMBERS.iter().find(|(known, _)| start.starts_with(known));
        let known = magic.or_else(|| TEXT_STARTS.iter().find(|(known, _)| starts_text(known)));
        match known {
            Some((_, kind)) => kind.clone(),
            None if start.iter().all(|&byte| is_text(byte)) => Self::Text,
            None => Self::Other(start[..start.len().min(SHOWN_SIZE)].to_vec()),
        }
    }
}

/// Whether `byte` occurs in text files: in any encoding that extends ASCII, with escape sequences for a terminal.
fn is_text(byte: u8) -> bool {
    !byte.is_ascii_control() || byte.is_ascii_whitespace() || byte == b'\x1b'
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aot => "is a WAMR AOT file",
            Self::Gzip => "is compressed with gzip",
            Self::Zstd => "is compressed with zstd",
            Self::Xz => "is compressed with xz",
            Self::Zip => "is a zip archive",
            Self::Elf => "is a native program or library (ELF)",
            Self::GitLfsPointer => "is a git LFS pointer",
            Self::PerfData => "is a perf.data file",
            Self::Utf16 => "is text in UTF-16",
            Self::Wat => "is WebAssembly text",
            Self::ComponentWat => "is WebAssembly text of a component",
            Self::Html => "is an HTML page",
            Self::Xml => "is an XML or SVG file",
            Self::Text => "is text, not a wasm file",
            Self::Other(start) => {
                return write!(f, "is not a wasm file: it starts with {:?}", BStr::new(start));
            }
        })
    }
}
