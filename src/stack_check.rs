//! Whether a profile is one of code with software stack checks, which one frame anywhere in it tells.
//!
//! WAMR's LLVM JIT then puts a check in front of every function: `aot_func_internal#N` is the function and
//! `aot_func#N` only its check (`core/iwasm/compilation/aot_llvm.c`).

use std::io::{Read, Result, Seek, SeekFrom};

use bstr::{ByteSlice, Finder};

use crate::blocks::Blocks;
use crate::folded::{Line, frames};
use crate::symbol::{Frame, Kind};

/// Whether `aot_func#N` is taken for a stack check.
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

/// Finds out what [`StackCheck::Auto`] means for `file`, from where it stands to its end, and leaves it
/// standing where it stood.
///
/// # Errors
///
/// If reading or seeking fails.
pub fn search(file: &mut (impl Read + Seek)) -> Result<StackCheck> {
    let start = file.stream_position()?;
    let mut blocks = Blocks::new(&mut *file);
    let found = loop {
        let block = blocks.next()?;
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
#[must_use]
pub fn has_internal(lines: &[u8]) -> bool {
    find_line(lines, Kind::Internal.marker(), |kind| kind == Kind::Internal).is_some()
}

/// Where the first line starts that has a frame `aot_func#N` or `aot_func_internal#N`.
#[must_use]
pub fn find_symbol(lines: &[u8]) -> Option<usize> {
    find_line(lines, b"aot_func", |_| true)
}

/// Where the first line starts that has a WAMR symbol of a kind that is wanted; such symbols hold `marker`.
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
        Line::Skip | Line::NoCount => b"",
    };
    frames(stack).filter_map(|frame| match Frame::parse(frame) {
        Frame::Wasm(symbol) => Some(symbol.kind),
        Frame::Unreadable | Frame::Host => None,
    })
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::{StackCheck, find_symbol, has_internal, search};

    #[test]
    fn the_first_line_with_a_symbol_is_found() {
        let lines = b"main 1\nmy_aot_func_helper 1\nmain;aot_func#1 1\nmain;aot_func_internal#1;x 1\n";
        assert_eq!(find_symbol(lines), Some(28));
        assert_eq!(find_symbol(&lines[46..]), Some(0));
        assert_eq!(find_symbol(&lines[..28]), None);
        assert_eq!(find_symbol(b""), None);
    }

    #[test]
    fn only_a_frame_of_a_folded_stack_counts() {
        for line in [
            "# aot_func_internal#1 5",
            "aot_func_internal#1",
            "my_aot_func_internal#1 5",
            "aot_func_internal#x 5",
            "[Wasm] aot_func_internal#1 5",
            "[aot_func_internal#1]#aot_func#2 5",
            "aot_func#1 5",
            "a;b 5",
        ] {
            assert!(!has_internal(line.as_bytes()), "{line:?}");
        }
        for line in
            ["aot_func_internal#1 5", "a; [m]#aot_func_internal#1_[j];b 5\r", "x;aot_func_internal#1 3 7"]
        {
            assert!(has_internal(line.as_bytes()), "{line:?}");
        }
    }

    #[test]
    fn a_file_is_searched_from_where_it_stands_and_left_there() {
        let mut file = Cursor::new("aot_func_internal#1 1\naot_func#1 1\n");
        assert_eq!(search(&mut file).unwrap(), StackCheck::On);
        assert_eq!(file.position(), 0);
        file.set_position(22);
        assert_eq!(search(&mut file).unwrap(), StackCheck::Off);
        assert_eq!(file.position(), 22);
    }
}
