//! Function names as shown in frames.

use bstr::ByteSlice;

/// The label of a function with this name (any bytes), safe in a line and on a terminal. `None` if the name is blank.
///
/// `;`, which separates frames, becomes `:`. Control characters and white space other than U+0020 become `_`.
/// Invalid UTF-8, which makes inferno reject the whole input, becomes U+FFFD. Blanks at both ends are dropped.
/// Renderers read a number at the end as a sample count (flamegraph.pl's `\s` and `\d` are Unicode's), so the
/// blank before it becomes `_`, and a name that is only a number gets a leading `_`. So does one that starts with
/// `#`, which could make the line a comment.
pub(crate) fn label(name: &[u8]) -> Option<String> {
    let safe_char = |char: char| match char {
        ';' => ':',
        ' ' => ' ',
        char if char.is_control() || char.is_whitespace() => '_',
        char => char,
    };
    let name: String = name.chars().map(safe_char).collect();
    let name = name.trim_matches(' ');
    if name.is_empty() {
        return None;
    }
    let (start, number) = name.rsplit_once(' ').unwrap_or(("", name));
    let name = if is_number(number) { format!("{start}_{number}") } else { name.to_owned() };
    Some(if name.starts_with('#') { format!("_{name}") } else { name })
}

/// Appends the label of the function at `index` without a name: `func[IDX]`.
pub(crate) fn push_unnamed(index: u64, output: &mut Vec<u8>) {
    for part in ["func[", &index.to_string(), "]"] {
        output.extend_from_slice(part.as_bytes());
    }
}

/// Whether renderers read `text` as a number: numeric characters, optionally a point and more of them.
fn is_number(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    !whole.is_empty() && whole.chars().chain(fraction.chars()).all(char::is_numeric)
}

#[cfg(test)]
mod tests {
    use super::label;

    #[test]
    fn labels_are_safe() {
        for (name, expected) in [
            ("main", "main"),
            ("#", "_#"),
            ("# x", "_# x"),
            ("# 12", "_#_12"),
            (" #x", "_#x"),
            ("a b(int, char const*)", "a b(int, char const*)"),
            ("größe 模块", "größe 模块"),
            ("semi;colon;", "semi:colon:"),
            ("tab\there", "tab_here"),
            ("\tlead", "_lead"),
            ("new\nline\r", "new_line_"),
            ("nul\0esc\u{1b}[31mdel\u{7f}", "nul_esc_[31mdel_"),
            ("c1\u{80}\u{85}\u{9f}end", "c1___end"),
            ("no-break\u{a0}space", "no-break_space"),
            ("line\u{2028}separator", "line_separator"),
            ("  both ends  ", "both ends"),
            ("\u{a0}no blank\u{a0}", "_no blank_"),
            ("\u{a0}", "_"),
            ("foo 12", "foo_12"),
            ("foo 12.5", "foo_12.5"),
            ("foo 12 34", "foo 12_34"),
            ("foo  12", "foo _12"),
            ("foo 12 ", "foo_12"),
            ("foo 12x", "foo 12x"),
            ("foo\t12", "foo_12"),
            ("12", "_12"),
            ("12.5", "_12.5"),
            (" 12. ", "_12."),
            ("12.5.6", "12.5.6"),
            (".5", ".5"),
            (".", "."),
            ("12a", "12a"),
            ("foo\u{a0}12", "foo_12"),
            ("foo 5\u{a0}", "foo 5_"),
            ("foo \u{661}\u{662}", "foo_\u{661}\u{662}"),
            ("\u{661}", "_\u{661}"),
            ("foo \u{2167}", "foo_\u{2167}"),
            ("foo \u{bd}.\u{b2}", "foo_\u{bd}.\u{b2}"),
        ] {
            assert_eq!(label(name.as_bytes()).as_deref(), Some(expected), "{name:?}");
        }
    }

    #[test]
    fn blank_names_have_no_label() {
        for name in ["", " ", "   "] {
            assert_eq!(label(name.as_bytes()), None, "{name:?}");
        }
    }

    #[test]
    fn invalid_utf_8_is_replaced() {
        assert_eq!(label(b"caf\xe9 \xff\xfe;").as_deref(), Some("caf\u{fffd} \u{fffd}\u{fffd}:"));
    }
}
