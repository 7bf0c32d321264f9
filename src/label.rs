//! What a function is called in the output.

use bstr::ByteSlice;

use crate::folded::is_count;

/// The label of a function without a name.
#[must_use]
pub fn unnamed(index: u64) -> String {
    format!("func[{index}]")
}

/// Makes a name from a wasm file (any bytes) safe, so that it can break neither the line nor a terminal.
/// The result is empty where nothing is left of the name.
///
/// `;`, which separates frames, becomes `:`; each control character becomes `_`; bytes that are not UTF-8,
/// for which inferno refuses the whole input, become U+FFFD; blanks at both ends are dropped; and where a
/// number behind a blank ends the name, which a renderer would read as a sample count, the blank becomes `_`.
#[must_use]
pub fn safe(name: &[u8]) -> String {
    let safe_char = |char: char| match char {
        ';' => ':',
        char if char.is_control() => '_',
        char => char,
    };
    let name: String = name.chars().map(safe_char).collect();
    let name = name.trim_matches(' ');
    match name.rsplit_once(' ') {
        Some((words, number)) if is_count(number.as_bytes()) => format!("{words}_{number}"),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{safe, unnamed};

    #[test]
    fn a_function_without_a_name_shows_its_index() {
        assert_eq!(unnamed(7), "func[7]");
    }

    #[test]
    fn a_name_breaks_neither_the_line_nor_a_terminal() {
        for (name, label) in [
            ("main", "main"),
            ("a b(int, char const*)", "a b(int, char const*)"),
            ("größe 模块", "größe 模块"),
            ("semi;colon;", "semi:colon:"),
            ("tab\there", "tab_here"),
            ("\tlead", "_lead"),
            ("new\nline\r", "new_line_"),
            ("nul\0esc\u{1b}[31mdel\u{7f}", "nul_esc_[31mdel_"),
            ("c1\u{80}\u{85}\u{9f}end", "c1___end"),
            ("no-break\u{a0}space", "no-break\u{a0}space"),
            ("  both ends  ", "both ends"),
            (" ", ""),
            ("", ""),
            ("foo 12", "foo_12"),
            ("foo 12.5", "foo_12.5"),
            ("foo 12 34", "foo 12_34"),
            ("foo  12", "foo _12"),
            ("foo 12 ", "foo_12"),
            ("foo 12x", "foo 12x"),
            ("foo\t12", "foo_12"),
            ("12", "12"),
        ] {
            assert_eq!(safe(name.as_bytes()), label, "{name:?}");
        }
    }

    #[test]
    fn bytes_that_are_not_utf_8_are_replaced() {
        assert_eq!(safe(b"caf\xe9 \xff\xfe;"), "caf\u{fffd} \u{fffd}\u{fffd}:");
    }
}
