//! A plain translator of symbols in any text, as close to the words of the specification as regular expressions
//! get. It shares with the program only the reading of wasm files, and with the reference for folded stacks only
//! how a symbol is shown.

use std::cmp::Reverse;
use std::iter::successors;
use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::Regex;

use super::reference::{Checks, Reference, Symbol, bytes_pattern};

/// Translates lines of text with the modules of a [`Reference`].
pub(crate) struct TextReference<'a> {
    reference: Reference<'a>,
    /// `[MODULE]#` at the end, MODULE being a loaded name.
    loaded: Regex,
    /// `[Wasm] ` or `[Wasm] [MODULE] ` at the end.
    translated: Regex,
    /// `[Wasm] [MODULE]`.
    translated_name: Regex,
}

/// A symbol and where in the line it is.
struct Candidate<'a> {
    range: Range<usize>,
    is_loaded: bool,
    symbol: Symbol<'a>,
}

static FUNCTION: LazyLock<Regex> = LazyLock::new(|| {
    bytes_pattern(r"(?-u)(?<kind>aot_func|aot_func_internal)#(?<n>[0-9]+)(?<rest>_wrapper)?")
});
/// What may stand behind a symbol.
static END: LazyLock<Regex> = LazyLock::new(|| bytes_pattern(r"(?s-u)^(?:[^A-Za-z0-9_\x80-\xff]|_\[|$)"));
/// What may stand in front of a symbol without MODULE.
static START: LazyLock<Regex> = LazyLock::new(|| bytes_pattern(r"(?s-u)(?:[^A-Za-z0-9_$.\#\x80-\xff]|^)$"));
/// `[MODULE]#` at the end, for a MODULE that is not loaded.
static UNKNOWN: LazyLock<Regex> = LazyLock::new(|| bytes_pattern(r"(?s-u)\[(?<module>[^\[]+)\]\#$"));
static TRANSLATED_BEHIND: LazyLock<Regex> = LazyLock::new(|| bytes_pattern(r"(?-u)^ \[Wasm\]"));
/// What stands behind a symbol that is itself the name of a module.
static NAME_BEHIND: LazyLock<Regex> = LazyLock::new(|| bytes_pattern(r"(?-u)^\]#aot_func(?:_internal)?#"));

impl<'a> TextReference<'a> {
    pub(crate) fn new(reference: Reference<'a>) -> Self {
        let mut names: Vec<_> = reference.modules.keys().flatten().map(|name| literal(name)).collect();
        names.sort_by_key(|name| Reverse(name.len()));
        // Without a name, this matches nothing.
        names.push(r"[^\s\S]".to_owned());
        let names = names.join("|");
        let loaded = bytes_pattern(&format!(r"(?s-u)\[(?<module>{names})\]\#$"));
        let translated = bytes_pattern(&format!(r"(?s-u)\[Wasm\] (?:\[(?:[^\]]*|{names})\] )?$"));
        let translated_name = bytes_pattern(&format!(r"(?s-u)\[Wasm\] \[(?:{names}|[^\]]*)\]"));
        Self { reference, loaded, translated, translated_name }
    }

    /// The names whose code has stack checks, as a text shows.
    pub(crate) fn find_checks<'l>(&self, lines: impl IntoIterator<Item = &'l [u8]>) -> Checks {
        let symbols = lines.into_iter().flat_map(|line| self.symbols(line));
        let internal = symbols.filter(|candidate| candidate.symbol.kind == b"aot_func_internal");
        Checks::Of(internal.map(|candidate| candidate.symbol.name).collect())
    }

    /// The translation of a line, both without a newline.
    pub(crate) fn translate(&self, line: &[u8], checks: &Checks) -> Vec<u8> {
        let (mut translation, mut done) = (Vec::new(), 0);
        for Candidate { range, symbol, .. } in self.symbols(line) {
            if let Some(translated) = self.reference.symbol(&symbol, checks) {
                translation.extend([&line[done..range.start], &translated].concat());
                done = range.end;
            }
        }
        [&translation, &line[done..]].concat()
    }

    /// The symbols that are to be translated, from left to right.
    fn symbols<'l>(&self, line: &'l [u8]) -> Vec<Candidate<'l>> {
        let mut symbols: Vec<Candidate<'_>> = Vec::new();
        let mut candidates: Vec<_> = FUNCTION
            .captures_iter(line)
            .filter_map(|parts| {
                let function = parts.get(0)?.range();
                let n = std::str::from_utf8(parts.name("n")?.as_bytes()).ok()?.parse().ok()?;
                let rest = parts.name("rest").map_or(&b""[..], |rest| rest.as_bytes());
                let kind = parts.name("kind")?.as_bytes();
                let (start, name, is_loaded) = self.module(&line[..function.start])?;
                let symbol = Symbol { name, kind, n, rest };
                END.is_match(&line[function.end..]).then_some(Candidate {
                    range: start..function.end,
                    is_loaded,
                    symbol,
                })
            })
            .collect();
        // Where two overlap, a loaded name is longer than what stands in it, and else the first one counts.
        candidates.sort_by_key(|candidate| {
            let loaded = candidate.symbol.name.as_ref().filter(|_| candidate.is_loaded);
            let holds_symbol = loaded.filter(|name| FUNCTION.is_match(name));
            (Reverse(holds_symbol.map_or(0, Vec::len)), candidate.range.end)
        });
        for candidate in candidates {
            let range = &candidate.range;
            if symbols.iter().all(|other| other.range.end <= range.start || range.end <= other.range.start) {
                symbols.push(candidate);
            }
        }
        symbols.sort_by_key(|candidate| candidate.range.start);
        symbols.retain(|candidate| !self.is_left_alone(line, &candidate.range));
        symbols
    }

    /// Where the symbol starts that has its function behind `before`, its module name, and whether that is
    /// loaded.
    fn module(&self, before: &[u8]) -> Option<(usize, Option<Vec<u8>>, bool)> {
        for (pattern, is_loaded) in [(&self.loaded, true), (&*UNKNOWN, false)] {
            if let Some(parts) = pattern.captures(before) {
                return Some((parts.get(0)?.start(), Some(parts["module"].to_vec()), is_loaded));
            }
        }
        START.is_match(before).then_some((before.len(), None, false))
    }

    /// Whether the symbol at `range` is part of a translation, or the name of a module that is not loaded.
    fn is_left_alone(&self, line: &[u8], range: &Range<usize>) -> bool {
        let (before, behind) = (&line[..range.start], &line[range.end..]);
        let next = |at| self.translated_name.find_at(line, at);
        let mut names = successors(next(0), |name| next(name.start() + 1));
        self.translated.is_match(before)
            || names.any(|name| name.start() <= range.start && range.end <= name.end())
            || TRANSLATED_BEHIND.is_match(behind)
            || before.ends_with(b"[") && NAME_BEHIND.is_match(behind)
    }
}

/// A regular expression that matches these bytes.
fn literal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!(r"\x{byte:02x}")).collect()
}
