//! The grammar of a folded stack: `STACK COUNT`, or `STACK COUNT COUNT` in a differential profile.
//!
//! No standard defines it; this is what the renderers accept. flamegraph.pl splits a line with
//! `^(.*)\s+?(\d+(?:\.\d*)?)$`, and again for the second count of a differential profile. inferno
//! (`flamegraph/merge.rs`) also accepts a carriage return before the newline, and skips blank lines and lines
//! that start with `# `. perf's own collapser with `--srcline` ends frames with `:tid PID`; that number is no
//! count if another number follows.

/// How renderers read a line.
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

#[cfg(test)]
mod tests {
    use super::Line::{self, Ignored, NoCount};

    #[test]
    fn a_line_is_a_stack_with_counts() {
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
    fn a_line_without_a_count_is_not_a_stack() {
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
    fn blank_lines_and_comments_are_ignored() {
        for line in ["", " ", "\t", "\r", " \t \r", "# x", "# x 5", "# ", "# aot_func#1 5"] {
            assert_eq!(Line::parse(line.as_bytes()), Ignored, "{line:?}");
        }
    }
}
