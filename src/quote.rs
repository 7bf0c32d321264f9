//! How text from the input is shown in a message: on one line, not too long, harmless to a terminal.

use bstr::{BStr, ByteSlice};

/// How many bytes of a text are shown at most.
const LONGEST: usize = 80;

/// `text` in double quotes, with what is not printable escaped, and cut to a readable length.
#[must_use]
pub fn quoted(text: &[u8]) -> String {
    if text.len() <= LONGEST {
        return escaped(text);
    }
    // A character that the cut would split is left out, so that it is not shown as broken.
    let whole = (LONGEST - 3..=LONGEST).rev().find(|&end| is_char_start(text[end])).unwrap_or(LONGEST);
    escaped(&text[..whole]) + "..."
}

fn escaped(text: &[u8]) -> String {
    format!("{:?}", BStr::new(text)).replace(r"\'", "'")
}

fn is_char_start(byte: u8) -> bool {
    byte & 0b1100_0000 != 0b1000_0000
}

/// The operand that gives the module `name` its file, as it is typed in a shell; without the name, if that
/// is too long to be shown.
#[must_use]
pub fn operand(name: &[u8]) -> String {
    let printable = |char: char| char == ' ' || char.is_alphanumeric() || char.is_ascii_punctuation();
    let operand = match name.to_str() {
        _ if name.len() > LONGEST => "NAME=FILE.wasm".to_owned(),
        Ok(name) if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./:+@%,".contains(&byte)) => {
            format!("{name}=FILE.wasm")
        }
        Ok(name) if name.chars().all(printable) => format!("'{}=FILE.wasm'", name.replace('\'', r"'\''")),
        _ => format!("$'{}=FILE.wasm'", name.iter().map(|&byte| ansi_c(byte)).collect::<String>()),
    };
    // It must not be taken for an option.
    if name.starts_with(b"-") { format!("-- {operand}") } else { operand }
}

/// `byte` between `$'` and `'`, as bash, zsh and ksh read it.
fn ansi_c(byte: u8) -> String {
    match byte {
        b'\'' | b'\\' => format!("\\{}", char::from(byte)),
        b' '..=b'~' => char::from(byte).to_string(),
        _ => format!("\\x{byte:02x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{operand, quoted};

    #[test]
    fn text_is_quoted_escaped_and_cut() {
        for (text, shown) in [
            (&b"main"[..], r#""main""#),
            ("größe-模块".as_bytes(), r#""größe-模块""#),
            (b"a\"b\\c", r#""a\"b\\c""#),
            (br"it's \'", r#""it's \\'""#),
            (b"\x1b[31m\r\n\t\0\x7f", r#""\x1b[31m\r\n\t\0\x7f""#),
            ("\u{85}\u{202e}".as_bytes(), r#""\u{85}\u{202e}""#),
            (b"caf\xe9", r#""caf\xe9""#),
        ] {
            assert_eq!(quoted(text), shown);
        }
        assert_eq!(quoted(&[b'x'; 80]), format!("{:?}", "x".repeat(80)));
        assert_eq!(quoted(&[b'x'; 81]), format!("{:?}...", "x".repeat(80)));
        let faces = |count| format!("x{}", "😀".repeat(count));
        assert_eq!(quoted(faces(40).as_bytes()), format!("{:?}...", faces(19)));
        assert_eq!(quoted("模".repeat(40).as_bytes()), format!("{:?}...", "模".repeat(26)));
    }

    #[test]
    fn an_operand_can_be_typed_in_a_shell() {
        for (name, typed) in [
            (&b"core"[..], "core=FILE.wasm"),
            (b"./dir/mod.wasm", "./dir/mod.wasm=FILE.wasm"),
            (b"my app", "'my app=FILE.wasm'"),
            (b"-d", "-- -d=FILE.wasm"),
            (b"it's", r"'it'\''s=FILE.wasm'"),
            ("größe".as_bytes(), "'größe=FILE.wasm'"),
            (b"a\x1b'\\\xff", r"$'a\x1b\'\\\xff=FILE.wasm'"),
            (&[b'x'; 81], "NAME=FILE.wasm"),
        ] {
            assert_eq!(operand(name), typed);
        }
    }
}
