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

/// The next symbol of `line`, or the next word that looks like one, from `from` on. Symbols that are already
/// translated are skipped. Also returns where in `line` it is.
pub(crate) fn next_symbol<'a>(
    line: &'a [u8],
    from: usize,
    modules: &Modules,
) -> Option<(Range<usize>, Frame<'a>)> {
    let mut at = from;
    loop {
        let hash = at + line[at..].find_byte(b'#')?;
        at = hash + 1;
        let Some(kind) = Kind::ALL.into_iter().find(|kind| line[from..at].ends_with(kind.marker())) else {
            continue;
        };
        let text = Text { line, from, modules };
        let start = at - kind.marker().len();
        if let Some(end) = text.translated_name(start) {
            at = end;
            continue;
        }
        match text.symbol(start, kind) {
            Some((range, _)) if text.is_translated(&range) || text.is_module_name(&range) => at = range.end,
            Some((range, symbol)) => return Some((range, Frame::Wasm(symbol))),
            None => return Some((text.word(at), Frame::Unreadable)),
        }
    }
}

/// A line, of which `line[..from]` is done.
struct Text<'a, 'm> {
    line: &'a [u8],
    from: usize,
    modules: &'m Modules,
}

impl<'a> Text<'a, '_> {
    /// The symbol whose function starts at `start`, with `kind`, or the one whose module name holds that.
    fn symbol(&self, start: usize, kind: Kind) -> Option<(Range<usize>, Symbol<'a>)> {
        if let Some(around) = self.symbol_around(start) {
            return Some(around);
        }
        let (defined_index, rest, end) = self.function(start, kind)?;
        let (start, module) = match self.line[self.from..start].strip_suffix(b"]#") {
            Some(before) => {
                let name = self.module_name(self.from + before.len())?;
                (name.start - 1, Some(&self.line[name]))
            }
            None if self.line[..start].last().is_some_and(|&byte| joins_symbol(byte)) => return None,
            None => (start, None),
        };
        Some((start..end, Symbol { module, kind, defined_index, rest }))
    }

    /// The index of the function at `start`, `_wrapper` if that follows, and the end of both.
    fn function(&self, start: usize, kind: Kind) -> Option<(u32, &'a [u8], usize)> {
        const WRAPPER: &[u8] = b"_wrapper";
        let (defined_index, after) = split_index(&self.line[start + kind.marker().len()..])?;
        let (rest, after) = after.split_at(if after.starts_with(WRAPPER) { WRAPPER.len() } else { 0 });
        let is_end = match after {
            [b'_', next, ..] => *next == b'[',
            [next, ..] => !next.is_ascii_alphanumeric() && next.is_ascii() && *next != b'_',
            [] => true,
        };
        is_end.then_some((defined_index, rest, self.line.len() - after.len()))
    }

    /// Where the module name is that ends at `end`: the longest name of a module, or what follows the last
    /// `[`.
    fn module_name(&self, end: usize) -> Option<Range<usize>> {
        let first = self.from.max(end.saturating_sub(self.modules.longest_name() + 1));
        let mut starts = self.line[first..end].find_iter("[").map(|bracket| first + bracket + 1);
        let module = starts.find(|&start| self.modules.find(Some(&self.line[start..end])).is_some());
        let last = || self.line[self.from..end].rfind_byte(b'[').map(|bracket| self.from + bracket + 1);
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
        let function = self.line[start..].strip_prefix(b"[")?.strip_prefix(name)?.strip_prefix(b"]#")?;
        let kind = Kind::ALL.into_iter().find(|kind| function.starts_with(kind.marker()))?;
        let (defined_index, rest, end) = self.function(self.line.len() - function.len(), kind)?;
        let module = Some(&self.line[start + 1..start + 1 + name.len()]);
        Some((start..end, Symbol { module, kind, defined_index, rest }))
    }

    /// Whether the symbol at `range` is part of a translation: the name of a function may hold a symbol.
    fn is_translated(&self, range: &Range<usize>) -> bool {
        let before = &self.line[..range.start];
        self.line[range.end..].starts_with(WASM_SUFFIX)
            || before.ends_with(WASM_PREFIX)
            || before.strip_suffix(b"] ").is_some_and(|before| self.ends_with_module(before))
    }

    /// Whether `before` ends with `[Wasm] [MODULE`.
    fn ends_with_module(&self, before: &[u8]) -> bool {
        let starts =
            |before: &[u8]| before.strip_suffix(b"[").is_some_and(|before| before.ends_with(WASM_PREFIX));
        let bracket = before.rfind_byte(b']').map_or(0, |at| at + 1);
        before[bracket..].starts_with(b" [") && before[..bracket].ends_with(b"[Wasm]")
            || self.modules.odd_names().any(|name| before.strip_suffix(name).is_some_and(starts))
    }

    /// The end of the module name in `[Wasm] [MODULE]`, if that holds `marker`.
    fn translated_name(&self, marker: usize) -> Option<usize> {
        let other = || {
            let name = self.from + self.line[self.from..marker].rfind_byte(b']')? + b"] [".len();
            let starts = self.line[..marker].get(..name)?.ends_with(b"[Wasm] [");
            starts.then(|| self.line[marker..].find_byte(b']').map(|end| marker + end)).flatten()
        };
        let loaded = self.modules.odd_names().find_map(|name| {
            let markers = Kind::ALL.into_iter().flat_map(|kind| name.find_iter(kind.marker()));
            let mut starts = markers.filter_map(|at| marker.checked_sub(at));
            let start = starts.find(|&start| {
                let after = self.line[start..].strip_prefix(name);
                self.line[..start].ends_with(b"[Wasm] [")
                    && after.is_some_and(|after| after.starts_with(b"]"))
            })?;
            Some(start + name.len())
        });
        loaded.or_else(other)
    }

    /// Whether the symbol at `range` is the name of a module that is not loaded.
    fn is_module_name(&self, range: &Range<usize>) -> bool {
        let after = self.line[range.end..].strip_prefix(b"]#");
        self.line[..range.start].ends_with(b"[")
            && after.is_some_and(|after| Kind::ALL.iter().any(|kind| after.starts_with(kind.marker())))
    }

    /// The word around `at`, from the last white space to the end of its letters and digits.
    fn word(&self, at: usize) -> Range<usize> {
        let before =
            self.line[self.from..at].iter().rev().take_while(|byte| !byte.is_ascii_whitespace()).count();
        let is_word = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_' || !byte.is_ascii();
        at - before..at + self.line[at..].iter().take_while(is_word).count()
    }
}

/// Whether `byte` before a symbol makes it part of a longer word.
fn joins_symbol(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || !byte.is_ascii() || b"_$.#".contains(&byte)
}
