//! The grammar of WAMR symbols anywhere in a text, such as the output of `perf script` or `perf report`, or a perf
//! map:
//!
//! ```text
//! symbol = ( "[" MODULE "]#" )? KIND "#" N "_wrapper"?
//! ```
//!
//! Symbols are delimited by characters that are not part of a word.

use std::ops::Range;

use bstr::ByteSlice;

use crate::module::Modules;
use crate::symbol::{Found, Kind, Symbol, TAG_FIRST, TAG_LAST, split_index, split_wrapper};

/// The next symbol of `text`, malformed or not, and its range. Symbols that are already translated are skipped. The
/// search starts at `from`, the start or the end of a symbol. No module name may contain a symbol or a newline.
pub(crate) fn next_symbol<'a>(
    text: &'a [u8],
    mut from: usize,
    modules: &Modules,
) -> Option<(Range<usize>, Found<'a>)> {
    loop {
        let (marker, kind) = next_marker(text, from)?;
        let Some((range, symbol)) = symbol(text, from, marker, kind, modules) else {
            return Some((word(text, from, marker + kind.marker().len()), Found::Malformed));
        };
        from = range.end;
        if !is_translated(text, &range) {
            return Some((range, Found::Symbol(symbol)));
        }
    }
}

/// The next marker of a symbol in `text`, from `from` on.
fn next_marker(text: &[u8], from: usize) -> Option<(usize, Kind)> {
    let mut at = from;
    loop {
        at += text[at..].find_byte(b'#')? + 1;
        if let Some(kind) = Kind::at_end(&text[from..at]) {
            return Some((at - kind.marker().len(), kind));
        }
    }
}

/// Parses the symbol whose marker is at `marker`. It starts at `from` or later.
fn symbol<'a>(
    text: &'a [u8],
    from: usize,
    marker: usize,
    kind: Kind,
    modules: &Modules,
) -> Option<(Range<usize>, Symbol<'a>)> {
    let (defined_index, after) = split_index(&text[marker + kind.marker().len()..])?;
    let (rest, after) = split_wrapper(after);
    if !is_end(after) {
        return None;
    }
    let end = text.len() - after.len();
    let (start, module) = match text[from..marker].strip_suffix(b"]#") {
        Some(before) => {
            let name = module_name(before, modules)?;
            (marker - "[]#".len() - name.len(), Some(name))
        }
        None if text[..marker].last().is_some_and(|&byte| joins_symbol(byte)) => return None,
        None => (marker, None),
    };
    Some((start..end, Symbol { module, kind, defined_index, rest }))
}

/// The module name at the end of `before`, after a `[`: the longest name of a loaded module, or else what follows
/// the last `[`.
fn module_name<'a>(before: &'a [u8], modules: &Modules) -> Option<&'a [u8]> {
    let line = before.rfind_byte(b'\n').map_or(before, |newline| &before[newline + 1..]);
    let unknown = || line.rfind_byte(b'[').map(|bracket| &line[bracket + 1..]);
    modules.longest_suffix(line).or_else(unknown).filter(|name| !name.is_empty())
}

/// Whether a symbol can end before `after`.
fn is_end(after: &[u8]) -> bool {
    match after {
        [b'_', next, ..] => *next == b'[',
        [next, ..] => !next.is_ascii_alphanumeric() && next.is_ascii() && *next != b'_',
        [] => true,
    }
}

/// Whether `byte` before a symbol without a module name makes it part of a longer word.
fn joins_symbol(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || !byte.is_ascii() || b"_$.#".contains(&byte)
}

/// Whether the symbol at `range` is already translated: its tag is directly before or after it.
fn is_translated(text: &[u8], range: &Range<usize>) -> bool {
    let before = &text[..range.start];
    text[range.end..].starts_with(TAG_LAST)
        || before.ends_with(TAG_FIRST)
        || before.strip_suffix(b"] ").is_some_and(ends_with_tag)
}

/// Whether `before` ends with `[Wasm] [MODULE`, where MODULE has no `]`.
fn ends_with_tag(before: &[u8]) -> bool {
    before.rfind_byteset(b"]\n").is_some_and(|bracket| {
        before[bracket..].starts_with(b"] [") && before[..bracket + 2].ends_with(TAG_FIRST)
    })
}

/// The word around `marker_end`: from the last white space, but not before `from`, to the end of its letters and
/// digits.
fn word(text: &[u8], from: usize, marker_end: usize) -> Range<usize> {
    let before = text[from..marker_end].iter().rev().take_while(|byte| !byte.is_ascii_whitespace()).count();
    let is_word = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_' || !byte.is_ascii();
    let after = text[marker_end..].iter().take_while(is_word).count();
    marker_end - before..marker_end + after
}

#[cfg(test)]
mod tests {
    use super::next_symbol;
    use crate::module::{Module, Modules};
    use crate::symbol::Found;

    /// The symbols of `line` as `MODULE/N REST`; malformed ones unchanged.
    fn symbols(line: &str, names: &[&str]) -> Vec<String> {
        let mut modules = Modules::default();
        for name in names {
            let name = Some(name.as_bytes().to_vec());
            modules.add(Module::read(name, "x.wasm", &b"\0asm\x01\0\0\0"[..]).unwrap()).unwrap();
        }
        let (mut symbols, mut from) = (Vec::new(), 0);
        while let Some((range, found)) = next_symbol(line.as_bytes(), from, &modules) {
            from = range.end;
            symbols.push(match found {
                Found::Symbol(symbol) => {
                    let [module, rest] =
                        [symbol.module.unwrap_or_default(), symbol.rest].map(String::from_utf8_lossy);
                    assert!(line[range.clone()].ends_with(&*rest) && !line[range].starts_with(' '));
                    format!("{module}/{}{rest}", symbol.defined_index)
                }
                Found::Malformed => line[range].to_owned(),
            });
        }
        symbols
    }

    #[test]
    fn symbols_anywhere() {
        for (line, found) in [
            ("", &[][..]),
            ("aot_func#7", &["/7"]),
            ("aot_func_internal#7", &["/7"]),
            ("41a9e004  10  aot_func#0\r", &["/0"]),
            ("\t  4159221c  [core]#aot_func#4+0x58 (/tmp/perf-1.map)", &["core/4"]),
            ("--18.2%--aot_func#1--aot_func#2", &["/1", "/2"]),
            ("(aot_func#1)<aot_func#2>\"aot_func#3\"", &["/1", "/2", "/3"]),
            ("aot_func#1,aot_func#2;aot_func#3", &["/1", "/2", "/3"]),
            ("aot_func#7_wrapper", &["/7_wrapper"]),
            ("aot_func#7_wrapper_[j]", &["/7_wrapper"]),
            ("aot_func#7_[j]", &["/7"]),
            ("aot_func#7.5", &["/7"]),
            ("aot_func#7#8", &["/7"]),
            ("aot_func#4294967295", &["/4294967295"]),
            ("aot_func#00007", &["/7"]),
            ("]aot_func#7", &["/7"]),
            ("x[a]#aot_func#7", &["a/7"]),
            ("[a]#aot_func#7[b]#aot_func#8", &["a/7", "b/8"]),
        ] {
            assert_eq!(symbols(line, &[]), found, "{line:?}");
        }
    }

    #[test]
    fn parts_of_longer_words_are_malformed() {
        for line in [
            "my_aot_func#7",
            "xaot_func#7",
            "7aot_func#7",
            "$aot_func#7",
            ".aot_func#7",
            "#aot_func#7",
            "]#aot_func#7",
            "[]#aot_func#7",
            "üaot_func#7",
            "aot_func#7x",
            "aot_func#7ü",
            "aot_func#7_",
            "aot_func#7_x",
            "aot_func#7_wrapper_",
            "aot_func#7_wrapper2",
            "aot_func#",
            "aot_func#x",
            "aot_func#-7",
            "aot_func#4294967296",
            "[a]#aot_func#x",
        ] {
            let [found] = &symbols(line, &[])[..] else { panic!("{line:?}") };
            assert!(!found.contains('/') && line.starts_with(found), "{line:?}");
        }
    }

    #[test]
    fn other_words() {
        for line in ["aot_func", "my_aot_func_helper", "[a]#", "a#b", "# AOT_FUNC#1", "aot_func_internal_#1"]
        {
            assert_eq!(symbols(line, &[]), [""; 0], "{line:?}");
        }
    }

    #[test]
    fn module_names() {
        for (line, names, found) in [
            ("[JIT] [my app]#aot_func#1", &[][..], &["my app/1"][..]),
            ("[a]#b]#aot_func#1", &[], &["a]#b/1"]),
            ("[x [a]#aot_func#1", &["a"], &["a/1"]),
            ("[x [a]#aot_func#1", &["a", "x [a"], &["x [a/1"]),
            ("[y [a]#aot_func#1", &["a", "x [a"], &["a/1"]),
            ("[[x]#aot_func#1", &["[x"], &["[x/1"]),
            ("[[x]#aot_func#1", &[], &["x/1"]),
            ("[a]]#aot_func#1", &["a]"], &["a]/1"]),
            ("[größe-模块]#aot_func#1", &["größe-模块"], &["größe-模块/1"]),
            ("[Wasm]#aot_func#1", &["Wasm"], &["Wasm/1"]),
            ("[a\nb]#aot_func#1", &[], &["b]#aot_func#1"]),
            ("[aot_func#7]#aot_func#1", &[], &["/7", "]#aot_func#1"]),
            ("[aot_func#x]#aot_func#1", &[], &["[aot_func#x", "]#aot_func#1"]),
        ] {
            assert_eq!(symbols(line, names), found, "{line:?} {names:?}");
        }
    }

    #[test]
    fn translated_symbols_are_skipped() {
        for line in [
            "[Wasm] aot_func#1",
            "[Wasm] [a]#aot_func#1",
            "[Wasm] [other] aot_func#1",
            "[Wasm] [other] [a]#aot_func#1",
            "aot_func#1 [Wasm]",
            "[a]#aot_func#1_wrapper [Wasm] [a]+0x1c",
        ] {
            assert_eq!(symbols(line, &["a"]), [""; 0], "{line:?}");
        }
        for (line, found) in [
            ("[Wasm]  aot_func#1", &["/1"][..]),
            ("[Wasm] [a]  aot_func#1", &["/1"]),
            ("[Wasm] run aot_func#1", &["/1"]),
            ("[Wasm] [a]b] aot_func#1", &["/1"]),
            ("[Wasm] [a\nb] aot_func#1", &["/1"]),
            ("x] aot_func#1", &["/1"]),
            ("] aot_func#1", &["/1"]),
            ("[Wasm] aot_func#1 aot_func#2", &["/2"]),
            ("aot_func#1+0x1c [Wasm]", &["/1"]),
            ("[Wasm] [aot_func#1", &["/1"]),
        ] {
            assert_eq!(symbols(line, &[]), found, "{line:?}");
        }
    }
}
