//! The grammar of folded stacks.
//!
//! A line is `STACK COUNT`, or `STACK COUNT COUNT` in a differential profile. No standard defines it; this is
//! what the renderers accept. flamegraph.pl splits a line with `^(.*)\s+?(\d+(?:\.\d*)?)$`, and again for the
//! second count. inferno (`flamegraph/merge.rs`) also accepts a carriage return before the newline, and skips
//! blank lines and lines that start with `# `. perf's own collapser with `--srcline` ends frames with `:tid PID`,
//! which is not a count if a number follows.
//!
//! STACK is frames separated by `;`. A WAMR frame is
//!
//! ```text
//! blanks? ( "[" MODULE "]#" )? KIND "#" N REST
//! ```
//!
//! REST is what WAMR, perf and collapsers append, such as `_wrapper`, `+0x1c` or `_[j]`.

use std::ops::Range;

use bstr::ByteSlice;

use crate::symbol::{Found, Symbol, contains_symbol, is_translated};

/// A parsed line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// A stack, without its one or two sample counts and the blanks before them: frames separated by `;`, not
    /// all blank.
    Stack(&'a [u8]),
    /// A blank line or a comment.
    Ignored,
    /// A line without a sample count, which renderers drop.
    NoCount,
}

impl<'a> Line<'a> {
    /// Parses `line`, which has no newline but may end with a carriage return.
    pub(crate) fn parse(line: &'a [u8]) -> Self {
        let text = trim_end(line.strip_suffix(b"\r").unwrap_or(line), is_blank);
        if text.is_empty() || line.starts_with(b"# ") {
            return Self::Ignored;
        }
        match strip_count(text) {
            Some(stack) => {
                let first = strip_count(stack).filter(|stack| !stack.ends_with(b":tid"));
                Self::Stack(first.unwrap_or(stack))
            }
            None => Self::NoCount,
        }
    }
}

/// Strips the count at the end of `text` and the blanks before it. `None` if there is no count, or nothing
/// before it.
fn strip_count(text: &[u8]) -> Option<&[u8]> {
    let before = trim_count_end(text);
    if before.len() == text.len() || !before.last().is_some_and(|&byte| is_blank(byte)) {
        return None;
    }
    Some(trim_end(before, is_blank)).filter(|stack| !stack.is_empty())
}

/// Strips the count at the end of `text`, if any.
fn trim_count_end(text: &[u8]) -> &[u8] {
    let before = trim_end(text, |byte| byte.is_ascii_digit());
    match before {
        [whole @ .., b'.'] if whole.last().is_some_and(u8::is_ascii_digit) => {
            trim_end(whole, |byte| byte.is_ascii_digit())
        }
        _ => before,
    }
}

/// Whether `byte` is a blank: a space or a tab.
pub(crate) fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

fn trim_end(mut text: &[u8], is_trimmed: impl Fn(u8) -> bool) -> &[u8] {
    while let [rest @ .., last] = text
        && is_trimmed(*last)
    {
        text = rest;
    }
    text
}

/// The next symbol of `stack`, malformed or not, and the range of its frame. The search starts at `from`,
/// the start or the end of a frame.
pub(crate) fn next_symbol(stack: &[u8], mut from: usize) -> Option<(Range<usize>, Found<'_>)> {
    loop {
        let start = next_frame(stack, from)?;
        from = frame_end(stack, start);
        if let Some(found) = parse_frame(&stack[start..from]) {
            return Some((start..from, found));
        }
    }
}

/// Where the next frame of `stack` starts that has a `#`. Every WAMR symbol has a `#`; few other frames do. The
/// search starts at `from`, the start or the end of a frame.
pub(crate) fn next_frame(stack: &[u8], from: usize) -> Option<usize> {
    let hash = from + stack.get(from..)?.find_byte(b'#')?;
    let separator = stack[from..hash].iter().rposition(|&byte| byte == b';');
    Some(separator.map_or(from, |at| from + at + 1))
}

/// Where the frame of `stack` that starts at `start` ends.
pub(crate) fn frame_end(stack: &[u8], start: usize) -> usize {
    stack[start..].iter().position(|&byte| byte == b';').map_or(stack.len(), |at| start + at)
}

/// Parses a frame. `None` if it is already translated, or contains neither `aot_func#` nor `aot_func_internal#`.
pub(crate) fn parse_frame(frame: &[u8]) -> Option<Found<'_>> {
    if is_translated(frame) {
        return None;
    }
    let blanks = frame.iter().take_while(|&&byte| is_blank(byte)).count();
    match Symbol::parse(&frame[blanks..]) {
        Some(symbol) => Some(Found::Symbol(symbol)),
        None => contains_symbol(frame).then_some(Found::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Line::{self, Ignored, NoCount};
    use super::parse_frame;
    use crate::symbol::Kind::{Func, Internal};
    use crate::symbol::{Found, Symbol};

    #[test]
    fn stacks_lose_their_counts() {
        for (line, stack) in [
            ("a;b 5", "a;b"),
            ("a 5", "a"),
            ("a;b  5", "a;b"),
            ("a;b\t5", "a;b"),
            ("a;b 5 ", "a;b"),
            ("a;b 5 \t", "a;b"),
            ("a;b 5\r", "a;b"),
            ("a;b 5 \r", "a;b"),
            ("a;b 5.75", "a;b"),
            ("a;b 5.", "a;b"),
            ("a;b 3 7", "a;b"),
            ("a;b 3.5\t7.25", "a;b"),
            ("a;foo 1 3 7", "a;foo 1"),
            ("3 7", "3"),
            ("1 3 7", "1"),
            (" 3 7", " 3"),
            (" a;b 5", " a;b"),
            ("a;;b 5", "a;;b"),
            ("a;b; 5", "a;b;"),
            ("; 5", ";"),
            ("#x 5", "#x"),
            ("a# b 5", "a# b"),
            ("a 1234567890123456789012345678901234567890", "a"),
            ("a;b:tid 29888 5", "a;b:tid 29888"),
            ("a;b:tid 29888 3 7", "a;b:tid 29888"),
            ("a;b:tid 5", "a;b:tid"),
        ] {
            assert_eq!(Line::parse(line.as_bytes()), Line::Stack(stack.as_bytes()), "{line:?}");
        }
    }

    #[test]
    fn lines_without_a_count() {
        for line in [
            "a;b",
            "5",
            " 5",
            "\t5",
            "a;b 5x",
            "a;b -3",
            "a;b +3",
            "a;b .5",
            "a;b 1e3",
            "a;b 5..",
            "a;b 5.0.0",
            "a;b 5\r\r",
            "a;b 5\r ",
            "a;b5",
            ";",
            "#5",
            "a;b 5\u{a0}",
            "a;b\u{b}5",
        ] {
            assert_eq!(Line::parse(line.as_bytes()), NoCount, "{line:?}");
        }
    }

    #[test]
    fn blank_lines_and_comments() {
        for line in ["", " ", "\t", "\r", " \t \r", "# x", "# x 5", "# ", "# aot_func#1 5"] {
            assert_eq!(Line::parse(line.as_bytes()), Ignored, "{line:?}");
        }
    }

    #[test]
    fn wamr_frames() {
        for (frame, module, kind, defined_index, rest) in [
            ("aot_func#7", None, Func, 7, ""),
            ("aot_func_internal#7", None, Internal, 7, ""),
            ("[app]#aot_func#7", Some("app"), Func, 7, ""),
            ("[app]#aot_func_internal#7", Some("app"), Internal, 7, ""),
            ("aot_func#4294967295", None, Func, 4_294_967_295, ""),
            ("aot_func#0000000000000007", None, Func, 7, ""),
            ("aot_func#7_wrapper", None, Func, 7, "_wrapper"),
            ("aot_func#7_[j]", None, Func, 7, "_[j]"),
            ("aot_func#7_[", None, Func, 7, "_["),
            ("aot_func#7+0x1c", None, Func, 7, "+0x1c"),
            ("aot_func#7+28_[j]", None, Func, 7, "+28_[j]"),
            ("aot_func#7:tid 29888", None, Func, 7, ":tid 29888"),
            ("aot_func#7.cold", None, Func, 7, ".cold"),
            ("aot_func#7.5", None, Func, 7, ".5"),
            ("[app]#aot_func#7@plt", Some("app"), Func, 7, "@plt"),
            (" aot_func#7", None, Func, 7, ""),
            ("\t [app]#aot_func#7", Some("app"), Func, 7, ""),
            ("[a]#aot_func#1]#aot_func#2", Some("a]#aot_func#1"), Func, 2, ""),
            ("[aot_func#7]#aot_func#0_[j]", Some("aot_func#7"), Func, 0, "_[j]"),
            ("[[br]]#aot_func#0", Some("[br]"), Func, 0, ""),
            ("[x#y ]#aot_func#0", Some("x#y "), Func, 0, ""),
            ("[Wasm]#aot_func#0", Some("Wasm"), Func, 0, ""),
            ("[größe-模块]#aot_func#3", Some("größe-模块"), Func, 3, ""),
        ] {
            let symbol =
                Symbol { module: module.map(str::as_bytes), kind, defined_index, rest: rest.as_bytes() };
            assert_eq!(parse_frame(frame.as_bytes()), Some(Found::Symbol(symbol)), "{frame:?}");
        }
    }

    #[test]
    fn malformed_frames() {
        for frame in [
            "aot_func#",
            "aot_func#x",
            "aot_func#7x",
            "aot_func#7 ",
            "aot_func#-7",
            "aot_func#7_",
            "aot_func#4294967296",
            "aot_func#9999999999999999999999999999999999999999",
            "aot_func_internal#",
            "aot_func#1aot_func#2",
            "aot_func#1]#aot_func#2",
            "my_aot_func#3",
            "[]#aot_func#1",
            "]#aot_func#1",
            "[app]aot_func#1",
            "[app]##aot_func#1",
            "q]#aot_func#0_[i]",
            "[app aot_func#7",
            "[app]#aot_func#7]#aot_func",
            "\u{feff}aot_func#1",
        ] {
            assert_eq!(parse_frame(frame.as_bytes()), Some(Found::Malformed), "{frame:?}");
        }
    }

    #[test]
    fn other_frames() {
        for frame in [
            "",
            " ",
            "[",
            "[]",
            "main",
            "aot_func",
            "my_aot_func_helper",
            "aot_func_internal",
            "[unknown]",
            "#",
            "a#b",
            "[app]#",
            "[app]#aot_func",
            "[Wasm] foo",
            "[Wasm] aot_func#3",
            " [Wasm] aot_func#3",
            "\t [Wasm]#aot_func#3",
            "aot_func#3:tid\t [Wasm]",
            "[a [Wasm] b]#aot_func#3",
            "run [Wasm] [a]#aot_func#3",
            "aot_func#3 [Wasm]_[j]",
            "[Wasm] ]#aot_func#3",
            "AOT_FUNC#1",
            "\u{0}",
        ] {
            assert_eq!(parse_frame(frame.as_bytes()), None, "{frame:?}");
        }
    }

    proptest! {
        #[test]
        fn printed_symbols_are_read_back(
            module in prop::option::of("[^;]{1,9}"),
            is_internal: bool,
            defined_index: u32,
            rest in "(_wrapper|_\\[|[+:.@])[^;\\]]{0,9}|",
        ) {
            let kind = if is_internal { Internal } else { Func };
            let marker = std::str::from_utf8(kind.marker()).unwrap();
            let prefix = module.as_ref().map_or(String::new(), |module| format!("[{module}]#"));
            let frame = format!("{prefix}{marker}{defined_index}{rest}");
            let module = module.as_ref().map(String::as_bytes);
            let symbol = Symbol { module, kind, defined_index, rest: rest.as_bytes() };
            prop_assume!(!frame.starts_with("[Wasm] ") && !frame.contains(" [Wasm]"));
            prop_assert_eq!(parse_frame(frame.as_bytes()), Some(Found::Symbol(symbol)));
        }
    }
}
