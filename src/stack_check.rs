//! Which code has software stack checks, and so which lines can be translated.
//!
//! With software stack checks, WAMR's LLVM JIT emits two symbols per function: `aot_func_internal#N` is the
//! function, and `aot_func#N` its stack check (`core/iwasm/compilation/aot_llvm.c`). AOT code in the same process
//! has none, so this is decided per module name, and for all symbols without one.

use std::iter;
use std::mem;
use std::ops::Range;

use bstr::ByteSlice;

use crate::folded::{self, Line};
use crate::module::Modules;
use crate::options::{Format, Options, StackCheck};
use crate::symbol::{Found, Kind, Symbol};
use crate::text;

/// Which code has stack checks. Code is identified as by [`Modules::find_code`].
#[derive(Debug)]
pub(crate) struct StackChecks {
    format: Format,
    /// Whether each code has checks, as far as the input was searched.
    found: Vec<bool>,
    /// What may still turn out to have checks: symbols without a module name, and the number of module names.
    seeks_unnamed: bool,
    sought_names: usize,
    /// The first undecided code in the first line that has to wait, and where its symbol starts.
    waiting: Option<(usize, usize)>,
}

impl StackChecks {
    pub(crate) fn new(modules: &Modules, options: Options) -> Self {
        let is_sought = options.stack_check == StackCheck::Auto;
        let names = modules.iter().filter(|module| module.name().is_some());
        Self {
            format: options.format,
            found: vec![options.stack_check == StackCheck::On; modules.iter().len() + 1],
            seeks_unnamed: is_sought && modules.find_code(None).is_some(),
            sought_names: if is_sought { names.count() } else { 0 },
            waiting: None,
        }
    }

    /// Whether `code` has checks.
    pub(crate) fn of(&self, code: usize) -> bool {
        self.found[code]
    }

    /// Whether more lines can reveal checks.
    pub(crate) fn is_open(&self) -> bool {
        self.seeks_unnamed || self.sought_names > 0
    }

    /// Whether the line at which [`Self::ready`] stopped still has to wait.
    pub(crate) fn is_waiting(&self) -> bool {
        self.waiting.is_some_and(|(code, _)| !self.of(code))
    }

    /// Searches `lines`, whole lines, for code with checks. Returns whether any of it was undecided.
    pub(crate) fn find(&mut self, lines: &[u8], modules: &Modules) -> bool {
        let mut from = 0;
        let mut is_new = false;
        while let Some(line) = self.next_line(Kind::Internal, lines, from) {
            from = line.end;
            for (_, symbol) in symbols(self.format, &lines[line], 0, modules) {
                if symbol.kind == Kind::Internal
                    && let Some(code) = modules.find_code(symbol.module)
                {
                    is_new |= self.add(code);
                }
            }
        }
        is_new
    }

    /// Notes that `code` has checks. Returns whether it was undecided.
    fn add(&mut self, code: usize) -> bool {
        let is_new = !mem::replace(&mut self.found[code], true);
        if code + 1 == self.found.len() {
            self.seeks_unnamed = false;
        } else if is_new {
            self.sought_names -= 1;
        }
        is_new
    }

    /// The length of the whole lines at the start of `lines` that can be translated now. `lines` start with the
    /// line at which the last call stopped, if it did.
    pub(crate) fn ready(&mut self, lines: &[u8], modules: &Modules) -> usize {
        let searched = self.waiting.take().map_or(0, |(_, start)| start);
        let mut from = 0;
        while let Some(line) = self.next_line(Kind::Func, lines, from) {
            let searched = if line.start == 0 { searched } else { 0 };
            self.waiting = self.undecided(&lines[line.clone()], searched, modules);
            if self.waiting.is_some() {
                return line.start;
            }
            from = line.end;
        }
        lines.len()
    }

    /// The first undecided code in `line`, from `from` on, and where its symbol starts.
    fn undecided(&self, line: &[u8], from: usize, modules: &Modules) -> Option<(usize, usize)> {
        symbols(self.format, line, from, modules).find_map(|(start, symbol)| {
            let code = modules.find_code(symbol.module)?;
            (symbol.may_be_check() && !self.of(code)).then_some((code, start))
        })
    }

    /// The next of `lines` with a symbol of this kind whose code may be undecided. The search starts at `from`.
    fn next_line(&self, kind: Kind, lines: &[u8], from: usize) -> Option<Range<usize>> {
        let marker = match (self.seeks_unnamed, self.sought_names) {
            (true, _) => kind.marker(),
            (false, 0) => return None,
            (false, _) => kind.named_marker(),
        };
        let hit = from + lines[from..].find(marker)?;
        let start = lines[..hit].rfind_byte(b'\n').map_or(0, |newline| newline + 1);
        let end = lines[hit..].find_byte(b'\n').map_or(lines.len(), |newline| hit + newline);
        Some(start..end)
    }
}

/// The symbols of `line`, and where they start. The search starts at `from`: 0, or the start of a symbol.
fn symbols<'a>(
    format: Format,
    line: &'a [u8],
    mut from: usize,
    modules: &Modules,
) -> impl Iterator<Item = (usize, Symbol<'a>)> {
    let text = match (format, Line::parse(line)) {
        (Format::Text, _) => line,
        (Format::Folded, Line::Stack(stack)) => stack,
        (Format::Folded, _) => b"",
    };
    iter::from_fn(move || {
        loop {
            let (range, found) = match format {
                Format::Text => text::next_symbol(text, from, modules)?,
                Format::Folded => folded::next_symbol(text, from)?,
            };
            from = range.end;
            if let Found::Symbol(symbol) = found {
                return Some((range.start, symbol));
            }
        }
    })
}
