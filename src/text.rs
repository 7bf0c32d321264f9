//! The grammar of a WAMR symbol that stands anywhere in a text, such as the output of `perf script` or
//! `perf report`, or a perf map:
//!
//! ```text
//! symbol = ( "[" MODULE "]#" )? KIND "#" N "_wrapper"?
//! ```
//!
//! It is not part of a longer word, and a loaded module's name is recognised whatever characters it holds.

use std::ops::Range;

use bstr::ByteSlice;

use crate::frame::{Frame, Kind, Symbol, WASM_PREFIX, WASM_SUFFIX, split_index};
use crate::module::Modules;

/// The next symbol of `text`, or the next word that looks like one, from `from` on. Symbols that are already
/// translated are skipped. Also returns where in `line` it is.
pub(crate) fn next_symbol<'a>(
    text: &'a [u8],
    from: usize,
    modules: &Modules,
) -> Option<(Range<usize>, Frame<'a>)> {
    let mut at = from;
    loop {
        let hash = at + text[at..].find_byte(b'#')?;
        at = hash + 1;
        let Some(kind) = Kind::at_end(&text[from..at]) else {
            continue;
        };
        let start = at - kind.marker().len();
        let from = text[from..start].rfind_byte(b'\n').map_or(from, |newline| from + newline + 1);
        let line = Line { text, from, modules };
        if let Some(end) = line.translated_name(start) {
            at = end;
            continue;
        }
        match line.symbol(start, kind) {
            Some((range, _)) if line.is_translated(&range) || line.is_module_name(&range) => at = range.end,
            Some((range, symbol)) => return Some((range, Frame::Wasm(symbol))),
            None => return Some((line.word(at), Frame::Unreadable)),
        }
    }
}

/// The line of a symbol: from `text[from]` on, as `text[..from]` is done or is other lines.
struct Line<'a, 'm> {
    text: &'a [u8],
    from: usize,
    modules: &'m Modules,
}

impl<'a> Line<'a, '_> {
    /// The symbol whose function starts at `start`, with `kind`, or the one whose module name holds that.
    fn symbol(&self, start: usize, kind: Kind) -> Option<(Range<usize>, Symbol<'a>)> {
        if self.modules.has_odd_names()
            && let Some(around) = self.symbol_around(start)
        {
            return Some(around);
        }
        let (defined_index, rest, end) = self.function(start, kind)?;
        let (start, module) = match self.text[self.from..start].strip_suffix(b"]#") {
            Some(before) => {
                let name = self.module_name(self.from + before.len())?;
                (name.start - 1, Some(&self.text[name]))
            }
            None if self.text[..start].last().is_some_and(|&byte| joins_symbol(byte)) => return None,
            None => (start, None),
        };
        Some((start..end, Symbol { module, kind, defined_index, rest }))
    }

    /// The index of the function at `start`, `_wrapper` if that follows, and the end of both.
    fn function(&self, start: usize, kind: Kind) -> Option<(u32, &'a [u8], usize)> {
        const WRAPPER: &[u8] = b"_wrapper";
        let (defined_index, after) = split_index(&self.text[start + kind.marker().len()..])?;
        let (rest, after) = after.split_at(if after.starts_with(WRAPPER) { WRAPPER.len() } else { 0 });
        let is_end = match after {
            [b'_', next, ..] => *next == b'[',
            [next, ..] => !next.is_ascii_alphanumeric() && next.is_ascii() && *next != b'_',
            [] => true,
        };
        is_end.then_some((defined_index, rest, self.text.len() - after.len()))
    }

    /// Where the module name is that ends at `end`: the longest name of a module, or what follows the last
    /// `[`.
    fn module_name(&self, end: usize) -> Option<Range<usize>> {
        let first = self.from.max(end.saturating_sub(self.modules.longest_name() + 1));
        let mut starts = self.text[first..end].find_iter("[").map(|bracket| first + bracket + 1);
        let module = starts.find(|&start| self.modules.find(Some(&self.text[start..end])).is_some());
        let last = || self.text[self.from..end].rfind_byte(b'[').map(|bracket| self.from + bracket + 1);
        let start = module.or_else(last)?;
        (start < end).then_some(start..end)
    }

    /// The symbol whose module name holds `aot_func#` or `aot_func_internal#` at `marker`.
    fn symbol_around(&self, marker: usize) -> Option<(Range<usize>, Symbol<'a>)> {
        let symbols = self.modules.odd_names().flat_map(|name| {
            let markers = Kind::ALL.into_iter().flat_map(|kind| name.find_iter(kind.marker()));
            let starts =
                markers.filter_map(|at| marker.checked_sub(at + 1)).filter(|&start| start >= self.from);
            starts.filter_map(|start| self.named_symbol(start, name))
        });
        symbols.max_by_key(|(range, symbol)| (symbol.module.map_or(0, <[u8]>::len), range.end))
    }

    /// The symbol of the module `name` that starts at `start`.
    fn named_symbol(&self, start: usize, name: &[u8]) -> Option<(Range<usize>, Symbol<'a>)> {
        let function = self.text[start..].strip_prefix(b"[")?.strip_prefix(name)?.strip_prefix(b"]#")?;
        let kind = Kind::ALL.into_iter().find(|kind| function.starts_with(kind.marker()))?;
        let (defined_index, rest, end) = self.function(self.text.len() - function.len(), kind)?;
        let module = Some(&self.text[start + 1..start + 1 + name.len()]);
        Some((start..end, Symbol { module, kind, defined_index, rest }))
    }

    /// Whether the symbol at `range` is part of a translation: the name of a function may hold a symbol.
    fn is_translated(&self, range: &Range<usize>) -> bool {
        let before = &self.text[..range.start];
        self.text[range.end..].starts_with(WASM_SUFFIX)
            || before.ends_with(WASM_PREFIX)
            || before.strip_suffix(b"] ").is_some_and(|before| self.ends_with_module(before))
    }

    /// Whether `before` ends with `[Wasm] [MODULE`.
    fn ends_with_module(&self, before: &[u8]) -> bool {
        let starts =
            |before: &[u8]| before.strip_suffix(b"[").is_some_and(|before| before.ends_with(WASM_PREFIX));
        let bracket = before.rfind_byte(b']').map_or(0, |at| at + 1);
        let is_name = before[..bracket].ends_with(b"[Wasm]") && !before[bracket..].contains(&b'\n');
        is_name && before[bracket..].starts_with(b" [")
            || self.modules.odd_names().any(|name| before.strip_suffix(name).is_some_and(starts))
    }

    /// The end of the module name in `[Wasm] [MODULE]`, if that holds `marker`.
    fn translated_name(&self, marker: usize) -> Option<usize> {
        let other = || {
            let bracket = self.from + self.text[self.from..marker].rfind_byte(b']')?;
            let name = bracket + b"] [".len();
            if name > marker || !self.text[..name].ends_with(b"[Wasm] [") {
                return None;
            }
            let end = marker + self.text[marker..].find_byteset(b"]\n")?;
            (self.text[end] == b']').then_some(end)
        };
        let odd = if self.modules.has_odd_names() { self.translated_odd_name(marker) } else { None };
        odd.or_else(other)
    }

    fn translated_odd_name(&self, marker: usize) -> Option<usize> {
        self.modules.odd_names().find_map(|name| {
            let markers = Kind::ALL.into_iter().flat_map(|kind| name.find_iter(kind.marker()));
            let mut starts = markers.filter_map(|at| marker.checked_sub(at));
            let start = starts.find(|&start| {
                let after = self.text[start..].strip_prefix(name);
                self.text[..start].ends_with(b"[Wasm] [")
                    && after.is_some_and(|after| after.starts_with(b"]"))
            })?;
            Some(start + name.len())
        })
    }

    /// Whether the symbol at `range` is the name of a module that is not loaded.
    fn is_module_name(&self, range: &Range<usize>) -> bool {
        let after = self.text[range.end..].strip_prefix(b"]#");
        self.text[..range.start].ends_with(b"[")
            && after.is_some_and(|after| Kind::ALL.iter().any(|kind| after.starts_with(kind.marker())))
    }

    /// The word around `at`, from the last white space to the end of its letters and digits.
    fn word(&self, at: usize) -> Range<usize> {
        let before =
            self.text[self.from..at].iter().rev().take_while(|byte| !byte.is_ascii_whitespace()).count();
        let is_word = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_' || !byte.is_ascii();
        at - before..at + self.text[at..].iter().take_while(is_word).count()
    }
}

/// Whether `byte` before a symbol makes it part of a longer word.
fn joins_symbol(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || !byte.is_ascii() || b"_$.#".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::next_symbol;
    use crate::frame::Frame;
    use crate::module::{Module, Modules};
    use crate::wasm::Wasm;

    /// The symbols of `line`, each with its module name, index and rest, and the words that look like one as
    /// they are.
    fn symbols(line: &str, names: &[&str]) -> Vec<String> {
        let mut modules = Modules::default();
        for name in names {
            let wasm = Wasm::read(&b"\0asm\x01\0\0\0"[..]).unwrap();
            modules.add(Module::new(Some(name.as_bytes().to_vec()), "x.wasm", wasm)).unwrap();
        }
        let (mut symbols, mut at) = (Vec::new(), 0);
        while let Some((range, frame)) = next_symbol(line.as_bytes(), at, &modules) {
            at = range.end;
            symbols.push(match frame {
                Frame::Wasm(symbol) => {
                    let [module, rest] =
                        [symbol.module.unwrap_or_default(), symbol.rest].map(String::from_utf8_lossy);
                    assert!(line[range.clone()].ends_with(&*rest) && !line[range].starts_with(' '));
                    format!("{module}/{}{rest}", symbol.defined_index)
                }
                _ => line[range].to_owned(),
            });
        }
        symbols
    }

    #[test]
    fn symbols_are_found_wherever_they_stand() {
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
    fn a_part_of_a_longer_word_is_unreadable() {
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
    fn other_words_are_no_symbols() {
        for line in ["aot_func", "my_aot_func_helper", "[a]#", "a#b", "# AOT_FUNC#1", "aot_func_internal_#1"]
        {
            assert_eq!(symbols(line, &[]), [""; 0], "{line:?}");
        }
    }

    #[test]
    fn the_longest_loaded_name_is_the_module_or_else_what_follows_the_last_bracket() {
        for (line, names, found) in [
            ("[JIT] [my app]#aot_func#1", &[][..], &["my app/1"][..]),
            ("[a]#b]#aot_func#1", &[], &["a]#b/1"]),
            ("[x [a]#aot_func#1", &["a"], &["a/1"]),
            ("[x [a]#aot_func#1", &["a", "x [a"], &["x [a/1"]),
            ("[[x]#aot_func#1", &["[x"], &["[x/1"]),
            ("[[x]#aot_func#1", &[], &["x/1"]),
            ("[a]]#aot_func#1", &["a]"], &["a]/1"]),
            ("[größe-模块]#aot_func#1", &["größe-模块"], &["größe-模块/1"]),
            ("[Wasm]#aot_func#1", &["Wasm"], &["Wasm/1"]),
            ("[aot_func#7]#aot_func#1", &["aot_func#7"], &["aot_func#7/1"]),
            ("[aot_func#7]#aot_func#1", &[], &["aot_func#7/1"]),
            ("[b]#aot_func#7]#aot_func#1_wrapper", &["b", "b]#aot_func#7"], &["b]#aot_func#7/1_wrapper"]),
            ("[b]#aot_func#7]#aot_func#1", &["b"], &["b/7", "]#aot_func#1"]),
            ("[b]#aot_func#x]#aot_func#1", &["b]#aot_func#x"], &["b]#aot_func#x/1"]),
        ] {
            assert_eq!(symbols(line, names), found, "{line:?} {names:?}");
        }
    }

    #[test]
    fn a_translation_is_left_alone() {
        for (line, names) in [
            ("[Wasm] aot_func#1", &[][..]),
            ("[Wasm] [a]#aot_func#1", &[]),
            ("[Wasm] [other] aot_func#1", &[]),
            ("[Wasm] [other] [a]#aot_func#1", &[]),
            ("[Wasm] [a]b] aot_func#1", &["a]b"]),
            ("aot_func#1 [Wasm]", &[]),
            ("[a]#aot_func#1_wrapper [Wasm] [a]+0x1c", &[]),
            ("[Wasm] [aot_func#7] run", &["aot_func#7"]),
            ("[Wasm] [aot_func#7] aot_func#1", &[]),
            ("run [Wasm] [x aot_func#7 y]+0x1c", &["x aot_func#7 y"]),
            ("[Wasm] [b]#aot_func#7] run", &["b]#aot_func#7"]),
            ("[Wasm] [b] c aot_func#7] run", &["b] c aot_func#7"]),
        ] {
            assert_eq!(symbols(line, names), [""; 0], "{line:?} {names:?}");
        }
        for (line, found) in [
            ("[Wasm]  aot_func#1", &["/1"][..]),
            ("[Wasm] [a]  aot_func#1", &["/1"]),
            ("[Wasm] run aot_func#1", &["/1"]),
            ("[Wasm] [a]b] aot_func#1", &["/1"]),
            ("[Wasm] aot_func#1 aot_func#2", &["/2"]),
            ("aot_func#1+0x1c [Wasm]", &["/1"]),
            ("[Wasm] [aot_func#1", &["/1"]),
        ] {
            assert_eq!(symbols(line, &[]), found, "{line:?}");
        }
    }

    #[test]
    fn a_long_line_takes_time_in_proportion() {
        for part in
            ["[Wasm] aot_func#1 ", "[Wasm] [aot_func#1 ", "[aot_func#1 ", "aot_func#x", "]#aot_func#1"]
        {
            let line = part.repeat(100_000) + "]";
            symbols(&line, &["b]#aot_func#7", "aot_func#1"]);
        }
    }
}
