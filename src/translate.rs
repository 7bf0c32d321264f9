//! Translates one line at a time.

use std::mem;

use bstr::ByteSlice;

use crate::code::Code;
use crate::folded::{self, Line};
use crate::module::{Modules, NameError};
use crate::options::{Format, Options};
use crate::prefix_cache::PrefixCache;
use crate::report::{Cause, Report, TranslatedFrame};
use crate::stack_check::StackChecks;
use crate::symbol::{Found, Symbol, holds_symbol};
use crate::text;

/// Translates the lines of a profile.
#[derive(Debug)]
pub struct Translator {
    modules: Modules,
    options: Options,
    checks: StackChecks,
    codes: Vec<Code>,
    /// The code of the last symbol. The next one is mostly of the same.
    last_code: usize,
    cache: PrefixCache,
    report: Report,
}

impl Translator {
    /// Creates a translator for a profile of `modules`.
    ///
    /// # Errors
    ///
    /// [`NameError::HoldsSymbol`] with [`Format::Text`], if the name of a module holds `aot_func#`,
    /// `aot_func_internal#` or a newline.
    pub fn new(modules: Modules, options: Options) -> Result<Self, NameError> {
        let holds_symbol = |name: &&[u8]| holds_symbol(name) || name.contains(&b'\n');
        if options.format == Format::Text
            && let Some(name) = modules.iter().filter_map(|module| module.name()).find(holds_symbol)
        {
            return Err(NameError::HoldsSymbol(name.to_vec()));
        }
        Ok(Self {
            checks: StackChecks::new(&modules, &options),
            codes: Code::all(&modules, &options),
            last_code: 0,
            cache: PrefixCache::default(),
            report: Report::new(&modules, &options),
            modules,
            options,
        })
    }

    /// With [`StackCheck::Auto`](crate::StackCheck::Auto), finds the code that has stack checks: all code with the
    /// module name of an `aot_func_internal#N` in `lines`, which are whole lines with their newlines. Call it
    /// with the whole profile before the first line is translated; [`Filter`](crate::Filter) does so itself.
    pub fn find_stack_checks(&mut self, lines: &[u8]) {
        if self.checks.find(lines, &self.modules) {
            mem::take(&mut self.cache).count(&mut self.report);
        }
    }

    /// Appends the translation of `line` to `output`. Neither has a newline. Unresolved frames are copied and
    /// reported. Returns the position of the module of the last translated frame.
    pub fn translate(&mut self, line: &[u8], output: &mut Vec<u8>) -> Option<usize> {
        match self.options.format {
            Format::Folded => self.translate_stack(line, output),
            Format::Text => self.translate_text(line, output),
        }
    }

    /// Translates a line of folded stacks.
    fn translate_stack(&mut self, line: &[u8], output: &mut Vec<u8>) -> Option<usize> {
        self.report.inspect(line);
        self.report.lines += 1;
        let Some(stack) = self.stack(line) else {
            output.extend_from_slice(line);
            self.report.count_line(None, false);
            return None;
        };
        let start = output.len();
        let mut symbols = LineSymbols::default();
        let mut at = self.restore(stack, &mut symbols, output);
        loop {
            at = self.translate_known(stack, at, start, &mut symbols, output);
            match folded::next_frame(stack, at) {
                None => break,
                Some(frame) if frame > at => {
                    output.extend_from_slice(&stack[at..frame]);
                    symbols.last = None;
                    at = frame;
                }
                Some(_) => at = self.translate_frame(stack, at, start, &mut symbols, output),
            }
        }
        self.cache.keep(stack, &output[start..]);
        output.extend_from_slice(&line[at..]);
        self.report.count_line(symbols.module, symbols.any);
        symbols.module
    }

    /// Appends the translation of the frames that `stack` shares with the one before. Returns where the next frame
    /// starts.
    fn restore(&mut self, stack: &[u8], symbols: &mut LineSymbols, output: &mut Vec<u8>) -> usize {
        let end = self.cache.restore(stack, &mut self.report, output);
        match self.cache.last() {
            Some(last) => {
                symbols.add(Some(last));
                push_separator(stack, end, output)
            }
            None => 0,
        }
    }

    /// Translates frames of `stack` as long as their symbols were translated before, and are of the same code as the
    /// last one. The first one starts at `at`, and the translation of the stack at `output[start]`. Returns where the next frame starts.
    fn translate_known(
        &mut self,
        stack: &[u8],
        mut at: usize,
        start: usize,
        symbols: &mut LineSymbols,
        output: &mut Vec<u8>,
    ) -> usize {
        let code = &self.codes[self.last_code];
        let has_checks = self.checks.of(self.last_code);
        while let Some(known) = code.known(&stack[at..], has_checks) {
            let end = stack.len() - known.after.len();
            let frame = known.translate(output);
            symbols.add_frame(frame, (end, output.len() - start), &mut self.cache, &mut self.report);
            at = push_separator(stack, end, output);
        }
        at
    }

    /// Translates the frame of `stack` that starts at `at`. The translation of the stack starts at `output[start]`.
    /// Returns where the next frame starts.
    fn translate_frame(
        &mut self,
        stack: &[u8],
        at: usize,
        start: usize,
        symbols: &mut LineSymbols,
        output: &mut Vec<u8>,
    ) -> usize {
        let end = folded::frame_end(stack, at);
        let source = &stack[at..end];
        match folded::parse_frame(source) {
            Some(found) => match self.translate_found(found, source, output) {
                Some(frame) => {
                    let ends = (end, output.len() - start);
                    symbols.add_frame(frame, ends, &mut self.cache, &mut self.report);
                }
                None => symbols.add(None),
            },
            None => {
                output.extend_from_slice(source);
                symbols.last = None;
            }
        }
        push_separator(stack, end, output)
    }

    /// The stack of `line`, if it has one.
    fn stack<'a>(&mut self, line: &'a [u8]) -> Option<&'a [u8]> {
        match Line::parse(line) {
            Line::Stack(stack) => return Some(stack),
            Line::Ignored => {}
            Line::NoCount => self.report.add(Cause::NoCount, line),
        }
        None
    }

    /// Translates a block of a text: whole lines, the last without its newline. Returns the position of the module
    /// of the last symbol in the last line.
    pub(crate) fn translate_text(&mut self, block: &[u8], output: &mut Vec<u8>) -> Option<usize> {
        self.report.inspect(block);
        self.report.lines += 1;
        let mut symbols = LineSymbols::default();
        let mut done = 0;
        while let Some((range, found)) = text::next_symbol(block, done, &self.modules) {
            let before = &block[done..range.start];
            self.count_newlines(before, &mut symbols);
            output.extend_from_slice(before);
            done = range.end;
            let frame = self.translate_found(found, &block[range], output);
            symbols.add(frame);
            if let Some(frame) = frame {
                self.report.count_frames(frame, 1);
            }
        }
        self.count_newlines(&block[done..], &mut symbols);
        output.extend_from_slice(&block[done..]);
        self.report.count_line(symbols.module, symbols.any);
        symbols.module
    }

    /// Counts the lines that end in `text`, which has no symbols. `symbols` are those of the current line.
    fn count_newlines(&mut self, text: &[u8], symbols: &mut LineSymbols) {
        let mut rest = text;
        while let Some(newline) = rest.find_byte(b'\n') {
            let line = mem::take(symbols);
            self.report.count_line(line.module, line.any);
            self.report.lines += 1;
            rest = &rest[newline + 1..];
        }
    }

    /// Counts `lines`, whole lines with their newlines. They have no `#`, and so no symbol.
    pub(crate) fn skip(&mut self, lines: &[u8]) {
        self.report.inspect(lines);
        for line in lines.lines_with_terminator() {
            self.report.lines += 1;
            if self.options.format == Format::Folded {
                self.stack(line.strip_suffix(b"\n").unwrap_or(line));
            }
            self.report.count_line(None, false);
        }
    }

    /// Appends the translation of `found`, which reads `source`. If it has none, appends `source` and reports why.
    fn translate_found(
        &mut self,
        found: Found<'_>,
        source: &[u8],
        output: &mut Vec<u8>,
    ) -> Option<TranslatedFrame> {
        let frame = match found {
            Found::Symbol(symbol) => self.translate_symbol(&symbol, source, output),
            Found::Unreadable => {
                self.report.add(Cause::Unreadable, source);
                None
            }
        };
        if frame.is_none() {
            output.extend_from_slice(source);
        }
        frame
    }

    fn translate_symbol(
        &mut self,
        symbol: &Symbol<'_>,
        source: &[u8],
        output: &mut Vec<u8>,
    ) -> Option<TranslatedFrame> {
        let Some(code) = self.modules.find_code(symbol.module) else {
            match symbol.module {
                Some(name) => self.report.add_unknown_module(name, source),
                None => self.report.add(Cause::NoModule, source),
            }
            return None;
        };
        let is_check = symbol.may_be_check() && self.checks.of(code);
        self.last_code = code;
        let frame = self.codes[code].translate(symbol, is_check, &self.modules, output);
        if !frame.is_defined {
            self.report.add(Cause::IndexOutOfRange(frame.module), source);
        }
        Some(frame)
    }

    /// The format of the input.
    pub(crate) fn format(&self) -> Format {
        self.options.format
    }

    /// Whether more lines can reveal stack checks.
    pub(crate) fn seeks_stack_checks(&self) -> bool {
        self.checks.is_open()
    }

    /// The length of the whole lines at the start of `lines` that no stack check found later can change.
    pub(crate) fn ready(&mut self, lines: &[u8]) -> usize {
        self.checks.ready(lines, &self.modules)
    }

    /// Whether the line at which [`Self::ready`] stopped still has to wait.
    pub(crate) fn is_waiting(&self) -> bool {
        self.checks.is_waiting()
    }

    /// The modules.
    #[must_use]
    pub fn modules(&self) -> &Modules {
        &self.modules
    }

    /// What was translated so far, and what was not.
    #[must_use]
    pub fn report(&self) -> Report {
        let mut report = self.report.clone();
        self.cache.count(&mut report);
        report
    }

    /// Whether code with the module name `name`, or without one, is known to have stack checks.
    #[must_use]
    pub fn has_stack_checks(&self, name: Option<&[u8]>) -> bool {
        self.modules.find_code(name).is_some_and(|code| self.checks.of(code))
    }
}

/// Appends the `;` after the frame of `stack` that ends at `end`, if another frame follows. Returns where that starts.
fn push_separator(stack: &[u8], end: usize, output: &mut Vec<u8>) -> usize {
    if end == stack.len() {
        return end;
    }
    output.push(b';');
    end + 1
}

/// The symbols of a line so far.
struct LineSymbols {
    any: bool,
    all_resolved: bool,
    /// The last one, if it is resolved, and directly before what is translated next.
    last: Option<TranslatedFrame>,
    /// The module of the last one that is translated.
    module: Option<usize>,
}

impl Default for LineSymbols {
    fn default() -> Self {
        Self { any: false, all_resolved: true, last: None, module: None }
    }
}

impl LineSymbols {
    /// Adds a symbol, with its frame if it is translated.
    fn add(&mut self, frame: Option<TranslatedFrame>) {
        self.any = true;
        self.last = frame.filter(|frame| frame.is_defined);
        self.all_resolved &= self.last.is_some();
        self.module = frame.map(|frame| frame.module).or(self.module);
    }

    /// Adds a frame of a stack, which ends at these lengths of the stack and its translation. Counts it, and the call
    /// to it.
    fn add_frame(
        &mut self,
        frame: TranslatedFrame,
        (stack_end, translation_end): (usize, usize),
        cache: &mut PrefixCache,
        report: &mut Report,
    ) {
        let caller = self.last;
        self.add(Some(frame));
        if let (Some(caller), Some(callee)) = (caller, self.last) {
            report.count_call(caller, callee);
        }
        // An unresolved frame is not cached, nor are those after it, so that it is reported for each line.
        let is_cached = self.all_resolved && cache.push(frame, stack_end, translation_end);
        if !is_cached {
            report.count_frames(frame, 1);
        }
    }
}
