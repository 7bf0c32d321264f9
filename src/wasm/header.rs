//! The header of a wasm file: magic number and version (core specification, chapter 5.5.16).

use std::io::Read;

use super::WasmError;
use crate::file_kind::{self, FileKind};

const MAGIC: &[u8] = b"\0asm";
const VERSION_1: &[u8] = b"\x01\0\0\0";

/// The size of the header, in bytes.
pub(super) const SIZE: u64 = 8;

/// Reads the header of a core module from the start of `input`.
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
        return Err(WasmError::TruncatedHeader);
    }
    match start.strip_prefix(MAGIC) {
        Some(VERSION_1) => Ok(()),
        Some(&[_, _, 1, 0]) => Err(WasmError::Component),
        Some(&[a, b, c, d]) => Err(WasmError::Version(u32::from_le_bytes([a, b, c, d]))),
        _ => {
            let rest = file_kind::START_SIZE as u64 - SIZE;
            input.take(rest).read_to_end(&mut start).map_err(WasmError::Io)?;
            Err(WasmError::NotWasm(FileKind::of(&start)))
        }
    }
}
