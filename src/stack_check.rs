//! Whether code has software stack checks.
//!
//! WAMR's LLVM JIT then puts a check in front of every function: `aot_func_internal#N` is the function, and
//! `aot_func#N` only the check (`core/iwasm/compilation/aot_llvm.c`).

use std::io::{Read, Result, Seek, SeekFrom};

use bstr::{ByteSlice, Finder};

use crate::folded::{Line, frames};
use crate::frame::{Frame, Kind};
use crate::line_buffer::LineBuffer;

/// Whether `aot_func#N` is a stack check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StackCheck {
    /// If there is an `aot_func_internal#N` anywhere in the input.
    #[default]
    Auto,
    /// Always.
    On,
    /// Never.
    Off,
}

/// Finds out what [`StackCheck::Auto`] means for `file`, from its position to its end, and seeks back.
///
/// # Errors
///
/// If reading or seeking fails.
pub(crate) fn search(file: &mut (impl Read + Seek)) -> Result<StackCheck> {
    let start = file.stream_position()?;
    let mut lines = LineBuffer::new(&mut *file);
    let found = loop {
        let block = lines.next_lines()?;
        if block.is_empty() {
            break StackCheck::Off;
        }
        if has_internal(block) {
            break StackCheck::On;
        }
    };
    file.seek(SeekFrom::Start(start))?;
    Ok(found)
}

/// Whether a line has a frame `aot_func_internal#N`.
pub(crate) fn has_internal(lines: &[u8]) -> bool {
    find_line(lines, Kind::Internal.marker(), |kind| kind == Kind::Internal).is_some()
}

/// The start of the first line with a frame `aot_func#N` or `aot_func_internal#N`.
pub(crate) fn find_symbol(lines: &[u8]) -> Option<usize> {
    find_line(lines, b"aot_func", |_| true)
}

/// The start of the first line with a WAMR symbol of a wanted kind. Such symbols hold `marker`.
fn find_line(lines: &[u8], marker: &[u8], is_wanted: fn(Kind) -> bool) -> Option<usize> {
    let marker = Finder::new(marker);
    let mut start = 0;
    while let Some(hit) = marker.find(&lines[start..]) {
        let hit = start + hit;
        let line_start = lines[..hit].rfind_byte(b'\n').map_or(0, |newline| newline + 1);
        let line_end = lines[hit..].find_byte(b'\n').map_or(lines.len(), |newline| hit + newline);
        if kinds(&lines[line_start..line_end]).any(is_wanted) {
            return Some(line_start);
        }
        start = line_end;
    }
    None
}

/// The kinds of the WAMR symbols in a line.
fn kinds(line: &[u8]) -> impl Iterator<Item = Kind> {
    let stack = match Line::parse(line) {
        Line::Stack(stack) => stack,
        Line::Ignored | Line::NoCount => b"",
    };
    frames(stack).filter_map(|frame| match Frame::parse(frame) {
        Frame::Wasm(symbol) => Some(symbol.kind),
        Frame::Unreadable | Frame::Other => None,
    })
}
