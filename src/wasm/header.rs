//! The header of a wasm file: is it a core module, and if not, what is it?

use std::fmt;
use std::io::Read;

use bstr::BStr;

use super::WasmError;

const MAGIC: &[u8] = b"\0asm";
const VERSION_1: &[u8] = b"\x01\0\0\0";

/// The size of the header: magic number and version.
pub(super) const SIZE: u64 = 8;

/// How many bytes are read to detect the kind of a file.
const START_SIZE: u64 = 520;

/// The kind of a file that is not a wasm file, detected from its first bytes.
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
    /// WebAssembly text.
    Wat,
    /// WebAssembly text of a component.
    ComponentWat,
    /// An HTML page.
    Html,
    /// Another file, which starts with these bytes (at most 16).
    Other(Vec<u8>),
}

const BINARY_FILES: &[(&[u8], FileKind)] = &[
    (b"\0aot", FileKind::Aot),
    (b"\x1f\x8b", FileKind::Gzip),
    (b"\x28\xb5\x2f\xfd", FileKind::Zstd),
    (b"\xfd7zXZ\0", FileKind::Xz),
    (b"PK\x03\x04", FileKind::Zip),
    (b"\x7fELF", FileKind::Elf),
    (b"version https://git-lfs", FileKind::GitLfsPointer),
];

/// Text files. Case and leading white space are ignored.
const TEXT_FILES: &[(&[u8], FileKind)] = &[
    (b"(module", FileKind::Wat),
    (b"(component", FileKind::ComponentWat),
    (b";;", FileKind::Wat),
    (b"(;", FileKind::Wat),
    (b"<!doctype html", FileKind::Html),
    (b"<html", FileKind::Html),
];

/// Reads the header of a core module (core specification, chapter 5.5.16) from the start of `input`.
///
/// # Errors
///
/// If reading fails, or if the file is not a core module.
pub(super) fn read(input: &mut impl Read) -> Result<(), WasmError> {
    let mut start = Vec::new();
    input.take(SIZE).read_to_end(&mut start).map_err(WasmError::Io)?;
    if start.is_empty() {
        return Err(WasmError::Empty);
    }
    if start.len() < 8 && [MAGIC, VERSION_1].concat().starts_with(&start) {
        return Err(WasmError::Truncated { offset: 0 });
    }
    match start.strip_prefix(MAGIC) {
        Some(VERSION_1) => Ok(()),
        Some(&[_, _, 1, 0]) => Err(WasmError::Component),
        Some(&[a, b, c, d]) => Err(WasmError::Version(u32::from_le_bytes([a, b, c, d]))),
        _ => {
            input.take(START_SIZE - SIZE).read_to_end(&mut start).map_err(WasmError::Io)?;
            Err(WasmError::NotWasm(FileKind::of(&start)))
        }
    }
}

impl FileKind {
    fn of(start: &[u8]) -> Self {
        let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
        let is_text =
            |known: &[u8]| text.get(..known.len()).is_some_and(|text| text.eq_ignore_ascii_case(known));
        let binary = BINARY_FILES.iter().find(|(known, _)| start.starts_with(known));
        let known = binary.or_else(|| TEXT_FILES.iter().find(|(known, _)| is_text(known)));
        known.map_or_else(|| Self::Other(start[..start.len().min(16)].to_vec()), |(_, kind)| kind.clone())
    }
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
            Self::Wat => "is WebAssembly text",
            Self::ComponentWat => "is WebAssembly text of a component",
            Self::Html => "is an HTML page",
            Self::Other(start) => {
                return write!(f, "is not a wasm file: it starts with {:?}", BStr::new(start));
            }
        })
    }
}
