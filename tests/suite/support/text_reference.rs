//! The grammar of symbols in text, for the reference. Written from the specification.

use std::ops::Range;

use bstr::ByteSlice;

use super::reference::{Found, KINDS, Symbol, function_number};

/// The symbols of a line that are not translated yet, and malformed ones, from left to right. `loaded` are the
/// names of the modules.
pub(crate) fn find<'l>(line: &'l [u8], loaded: &[&[u8]]) -> Vec<(Range<usize>, Found<'l>)> {
    let mut found = Vec::new();
    let mut before = 0;
    while let Some(start) = KINDS.iter().filter_map(|kind| line[before..].find(format!("{kind}#"))).min() {
        let start = before + start;
        if let Some((range, symbol)) = symbol(line, before, start, loaded) {
            before = range.end;
            if !is_translation(line, &range) {
                found.push((range, Found::Symbol(symbol)));
            }
        } else {
            // A word is reported once, however many KINDs it contains.
            before = start + line[start..].find_byte(b'#').unwrap() + 1;
            before += line[before..].iter().take_while(|byte| is_word(**byte)).count();
            found.push((start..before, Found::Malformed));
        }
    }
    found
}

/// `( "[" MODULE "]#" )? KIND "#" N "_wrapper"?` with KIND at `start`, not before `before`.
fn symbol<'l>(
    line: &'l [u8],
    before: usize,
    start: usize,
    loaded: &[&[u8]],
) -> Option<(Range<usize>, Symbol<'l>)> {
    let (kind, n, rest) = function_number(&line[start..])?;
    let (rest, after) = rest.split_at(if rest.starts_with(b"_wrapper") { 8 } else { 0 });
    if after.first().is_some_and(|&byte| is_word(byte)) && !after.starts_with(b"_[") {
        return None;
    }
    let end = line.len() - after.len();
    if let Some(named) = line[before..start].strip_suffix(b"]#") {
        let name = module_name(named, loaded)?;
        let start = before + named.len() - name.len() - 1;
        return Some((start..end, Symbol { module: Some(name), kind, n, rest }));
    }
    let is_joined = line[..start].last().is_some_and(|byte| is_word(*byte) || b"$.#".contains(byte));
    (!is_joined).then_some((start..end, Symbol { module: None, kind, n, rest }))
}

/// Whether `byte` is a letter, a digit, `_`, or part of a character beyond ASCII.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte > 0x7f
}

/// The longest name of a loaded module that `text` ends with, after a `[`; or else what follows the last `[`.
fn module_name<'l>(text: &'l [u8], loaded: &[&[u8]]) -> Option<&'l [u8]> {
    let names = || text.find_iter("[").map(|bracket| &text[bracket + 1..]);
    names().find(|name| loaded.contains(name)).or_else(|| names().last()).filter(|name| !name.is_empty())
}

/// Whether `[Wasm] ` or `[Wasm] [M] ` is directly before `range`, or ` [Wasm]` directly after it.
fn is_translation(line: &[u8], range: &Range<usize>) -> bool {
    let (before, after) = (&line[..range.start], &line[range.end..]);
    let is_module = |before: &[u8]| {
        let name = before.rfind_byte(b']').map_or(0, |bracket| bracket + 1);
        before[..name].ends_with(b"[Wasm]") && before[name..].starts_with(b" [")
    };
    before.ends_with(b"[Wasm] ")
        || before.strip_suffix(b"] ").is_some_and(is_module)
        || after.starts_with(b" [Wasm]")
}
