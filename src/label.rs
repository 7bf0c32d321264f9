//! How a function is shown.

use bstr::ByteSlice;

/// The text shown for a function. Never empty, without `;` and control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    text: Box<str>,
    is_named: bool,
}

impl Label {
    /// The label of the function at `index` with the name `name` (any bytes); `func[INDEX]` if nothing is
    /// left of the name.
    #[must_use]
    pub fn new(name: &[u8], index: u64) -> Self {
        let name = safe(name);
        if name.is_empty() { Self::unnamed(index) } else { Self { text: name.into(), is_named: true } }
    }

    /// The label of the function at `index` without a name.
    #[must_use]
    pub fn unnamed(index: u64) -> Self {
        Self { text: format!("func[{index}]").into(), is_named: false }
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the text is the name of the function, and not only its index.
    #[must_use]
    pub fn is_named(&self) -> bool {
        self.is_named
    }
}

/// Makes `name` (any bytes) safe for a line and a terminal.
///
/// `;`, which separates frames, becomes `:`. Control characters and white space other than U+0020 become `_`.
/// Invalid UTF-8, for which inferno refuses the whole input, becomes U+FFFD. Blanks at both ends are dropped.
/// Renderers read a number at the end as a sample count (flamegraph.pl's `\s` and `\d` are Unicode's), so the
/// blank before it becomes `_`, and a name that is only a number gets a leading `_`.
fn safe(name: &[u8]) -> String {
    let safe_char = |char: char| match char {
        ';' => ':',
        ' ' => ' ',
        char if char.is_control() || char.is_whitespace() => '_',
        char => char,
    };
    let name: String = name.chars().map(safe_char).collect();
    let name = name.trim_matches(' ');
    match name.rsplit_once(' ') {
        Some((words, number)) if is_number(number) => format!("{words}_{number}"),
        None if is_number(name) => format!("_{name}"),
        _ => name.to_owned(),
    }
}

/// Whether renderers read `text` as a number: numeric characters, optionally a point and more of them.
fn is_number(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    !whole.is_empty() && whole.chars().chain(fraction.chars()).all(char::is_numeric)
}

#[cfg(test)]
mod tests {
    use super::{Label, safe};

    #[test]
    fn a_function_without_a_name_shows_its_index() {
        let unnamed = Label { text: "func[7]".into(), is_named: false };
        assert_eq!(Label::unnamed(7), unnamed);
        assert_eq!(Label::new(b" ", 7), unnamed);
        assert_eq!(Label::new(b"run", 7), Label { text: "run".into(), is_named: true });
    }

    #[test]
    fn a_name_breaks_neither_a_line_nor_a_terminal() {
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
            ("no-break\u{a0}space", "no-break_space"),
            ("line\u{2028}separator", "line_separator"),
            ("  both ends  ", "both ends"),
            ("\u{a0}no blank\u{a0}", "_no blank_"),
            ("\u{a0}", "_"),
            (" ", ""),
            ("", ""),
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
            assert_eq!(safe(name.as_bytes()), label, "{name:?}");
        }
    }

    #[test]
    fn bytes_that_are_not_utf_8_are_replaced() {
        assert_eq!(safe(b"caf\xe9 \xff\xfe;"), "caf\u{fffd} \u{fffd}\u{fffd}:");
    }
}
