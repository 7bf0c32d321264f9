//! Translates one line at a time.

use std::mem;

use bstr::ByteSlice;

use crate::code::Code;
use crate::folded::{self, Line};
use crate::line_buffer;
use crate::module::{Modules, NameError};
use crate::options::{Format, Options};
use crate::prefix_cache::PrefixCache;
use crate::report::{Cause, Report, TranslatedFrame};
use crate::stack_check::StackChecks;
use crate::symbol::Found;
use crate::text;

/// Translates the lines of a profile.
#[derive(Debug)]
pub struct Translator {
    modules: Modules,
    pub(crate) options: Options,
    checks: StackChecks,
    codes: Vec<Code>,
    /// The code of the last symbol. The next one usually has the same.
    last_code: usize,
    cache: PrefixCache,
    report: Report,
}

impl Translator {
    /// Creates a translator for a profile of `modules`.
    ///
    /// # Errors
    ///
    /// [`NameError::ContainsSymbol`] with [`Format::Text`], if the name of a module contains `aot_func#`,
    /// `aot_func_internal#` or a newline.
    pub fn new(modules: Modules, mut options: Options) -> Result<Self, NameError> {
        if options.format == Format::Text {
            modules.check_names_in_text()?;
        }
        options.annotate &= options.format == Format::Folded;
        Ok(Self {
            checks: StackChecks::new(&modules, options),
            codes: Code::all(&modules, options),
            last_code: 0,
            cache: PrefixCache::default(),
            report: Report::new(&modules, options),
            modules,
            options,
        })
    }

    /// With [`StackCheck::Auto`](crate::StackCheck::Auto), searches `lines`, whole lines with their newlines, for
    /// code that has stack checks: all code with the module name of an `aot_func_internal#N`. Call it with the whole
    /// profile before the first line is translated; [`Filter`](crate::Filter) calls it itself.
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
        let stack = self.stack(line);
        let mut progress = Progress::default();
        if let Some((frame, end)) = self.cache.restore(stack, &mut self.report, output) {
            progress.add(frame);
            progress.end_frame(stack, end, output);
        }
        loop {
            self.translate_known(stack, &mut progress, output);
            match folded::next_frame(stack, progress.at) {
                None => break,
                Some(start) if start > progress.at => {
                    output.extend_from_slice(&stack[progress.at..start]);
                    progress.at = start;
                    progress.last = None;
                }
                Some(_) => self.translate_frame(stack, &mut progress, output),
            }
        }
        self.cache.keep(stack, output);
        output.extend_from_slice(&line[progress.at..]);
        self.report.count_line(progress.module, progress.has_unresolved);
        progress.module
    }

    /// Translates the next frames of `stack` as long as they are known symbols of the last code.
    fn translate_known(&mut self, stack: &[u8], progress: &mut Progress, output: &mut Vec<u8>) {
        let code = &self.codes[self.last_code];
        let has_checks = self.checks.of(self.last_code);
        while let Some((frame, after)) = code.translate_known(&stack[progress.at..], has_checks, output) {
            let end = stack.len() - after.len();
            progress.add_frame(frame, end, output, &mut self.cache, &mut self.report);
            progress.end_frame(stack, end, output);
        }
    }

    /// Translates the next frame of `stack`.
    fn translate_frame(&mut self, stack: &[u8], progress: &mut Progress, output: &mut Vec<u8>) {
        let end = folded::frame_end(stack, progress.at);
        let source = &stack[progress.at..end];
        match folded::parse_frame(source).map(|found| self.translate_found(found, source, output)) {
            Some(Ok(frame)) => progress.add_frame(frame, end, output, &mut self.cache, &mut self.report),
            Some(Err(module)) => progress.add_unresolved(module),
            None => {
                output.extend_from_slice(source);
                progress.last = None;
            }
        }
        progress.end_frame(stack, end, output);
    }

    /// The stack of `line`; empty if it has none.
    fn stack<'a>(&mut self, line: &'a [u8]) -> &'a [u8] {
        match Line::parse(line) {
            Line::Stack(stack) => return stack,
            Line::Ignored => {}
            Line::NoCount => self.report.add(Cause::NoCount, line),
        }
        self.report.search_symbols(line);
        b""
    }

    /// Translates a block of a text: whole lines, the last without its newline. Returns the position of the module
    /// of the last symbol in the last line.
    pub(crate) fn translate_text(&mut self, block: &[u8], output: &mut Vec<u8>) -> Option<usize> {
        self.report.inspect(block);
        self.report.lines += 1;
        let mut progress = Progress::default();
        while let Some((range, found)) = text::next_symbol(block, progress.at, &self.modules) {
            self.copy_text(&block[progress.at..range.start], &mut progress, output);
            progress.at = range.end;
            match self.translate_found(found, &block[range], output) {
                Ok(frame) => {
                    self.report.count_frames(frame, 1);
                    progress.add(frame);
                }
                Err(module) => progress.add_unresolved(module),
            }
        }
        self.copy_text(&block[progress.at..], &mut progress, output);
        self.report.count_line(progress.module, progress.has_unresolved);
        progress.module
    }

    /// Copies `text`, which has no symbols, and counts the lines that end in it.
    fn copy_text(&mut self, text: &[u8], progress: &mut Progress, output: &mut Vec<u8>) {
        output.extend_from_slice(text);
        let mut rest = text;
        while let Some(newline) = rest.find_byte(b'\n') {
            self.report.count_line(progress.module, progress.has_unresolved);
            self.report.lines += 1;
            *progress = Progress { at: progress.at, ..Progress::default() };
            rest = &rest[newline + 1..];
        }
    }

    /// Counts `lines`, whole lines with their newlines. They have no `#`, and so no symbol.
    pub(crate) fn skip(&mut self, lines: &[u8]) {
        self.report.inspect(lines);
        for line in line_buffer::lines(lines) {
            self.report.lines += 1;
            if self.options.format == Format::Folded {
                self.stack(line);
            }
            self.report.count_line(None, false);
        }
    }

    /// Appends the translation of `found`, which was parsed from `source`, or `source` if there is none. Reports
    /// unresolved frames; the error is the module of an index out of range, which is translated nevertheless.
    fn translate_found(
        &mut self,
        found: Found<'_>,
        source: &[u8],
        output: &mut Vec<u8>,
    ) -> Result<TranslatedFrame, Option<usize>> {
        let Found::Symbol(symbol) = found else {
            output.extend_from_slice(source);
            self.report.add(Cause::Malformed, source);
            return Err(None);
        };
        // Most symbols have the same code as the last one.
        let is_last = symbol.module.is_some() && symbol.module == self.codes[self.last_code].name();
        let code = if is_last { Some(self.last_code) } else { self.modules.find_code(symbol.module) };
        let Some(code) = code else {
            output.extend_from_slice(source);
            self.report.add_unknown_module(symbol.module, source);
            return Err(None);
        };
        self.last_code = code;
        let is_check = symbol.may_be_check() && self.checks.of(code);
        let code = &mut self.codes[code];
        code.translate(&symbol, is_check, &self.modules, output).ok_or_else(|| {
            self.report.add_out_of_range(code.module, source);
            Some(code.module)
        })
    }

    /// Whether more lines can reveal stack checks.
    pub(crate) fn seeks_stack_checks(&self) -> bool {
        self.checks.is_open()
    }

    /// The length of the whole lines at the start of `lines` that can be translated now.
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

/// How far a line is translated.
#[derive(Default)]
struct Progress {
    /// Where the next frame starts.
    at: usize,
    /// The last frame, if it is resolved and directly before the next one.
    last: Option<TranslatedFrame>,
    /// The module of the last translated frame.
    module: Option<usize>,
    has_unresolved: bool,
}

impl Progress {
    fn add(&mut self, frame: TranslatedFrame) {
        self.last = Some(frame);
        self.module = Some(frame.module);
    }

    /// Adds an unresolved frame. `module` is its module if its index is out of range.
    fn add_unresolved(&mut self, module: Option<usize>) {
        self.last = None;
        self.module = module.or(self.module);
        self.has_unresolved = true;
    }

    /// Adds a frame that ends at `end`, and whose translation ends `output`. Counts it, and the call to it.
    #[expect(clippy::inline_always, reason = "the hot path: 10 % fewer instructions")]
    #[inline(always)]
    fn add_frame(
        &mut self,
        frame: TranslatedFrame,
        end: usize,
        output: &[u8],
        cache: &mut PrefixCache,
        report: &mut Report,
    ) {
        if let Some(caller) = self.last {
            report.count_call(caller, frame);
        }
        self.add(frame);
        // Nothing is cached after an unresolved frame, which is reported for each line.
        let is_cached = !self.has_unresolved && cache.push(frame, end, output.len());
        if !is_cached {
            report.count_frames(frame, 1);
        }
    }

    /// Moves past the frame of `stack` that ends at `end`, and copies the `;` after it.
    fn end_frame(&mut self, stack: &[u8], end: usize, output: &mut Vec<u8>) {
        self.at = end;
        if end < stack.len() {
            output.push(b';');
            self.at += 1;
        }
    }
}
