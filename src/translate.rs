//! Translates one line at a time.

use bstr::ByteSlice;

use crate::folded::Line;
use crate::format::Format;
use crate::frame::{Frame, Kind, Symbol, WASM_PREFIX, WASM_SUFFIX};
use crate::label::Label;
use crate::module::{ModuleId, Modules};
use crate::prefix_cache::PrefixCache;
use crate::report::{Cause, Report};
use crate::stack_check::{CodeName, StackCheck, StackChecks};
use crate::summary::{Summary, TranslatedFrame};

/// Translates lines.
#[derive(Debug)]
pub struct Translator {
    modules: Modules,
    format: Format,
    annotates: bool,
    name_first: bool,
    stack_check: StackCheck,
    checks: StackChecks,
    report: Report,
    summary: Summary,
    cache: PrefixCache,
    /// The line that waits for a stack check.
    waiting: Option<Waiting>,
}

/// A partly translated line, which waits until it is known whether code of `name` has stack checks.
#[derive(Debug)]
struct Waiting {
    name: CodeName,
    progress: Progress,
    translation: Vec<u8>,
}

/// The progress within a line.
#[derive(Debug)]
struct Progress {
    /// The length of the part that is translated.
    done: usize,
    /// The module of the last translated frame.
    module: Option<ModuleId>,
    has_symbol: bool,
    /// An unresolved frame is not cached, nor are those after it, so that it is counted each time.
    can_cache: bool,
}

/// What a frame stands for.
enum Resolved<'a> {
    Function(Function<'a>),
    Unknown(Cause),
    Other,
}

/// A function that a symbol names.
#[derive(Clone, Copy)]
struct Function<'a> {
    symbol: Symbol<'a>,
    module: ModuleId,
    /// Whether this is only the stack check of the function.
    is_check: bool,
}

/// The result of translating a line.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Translated; the module of its last translated frame.
    Done(Option<ModuleId>),
    /// Waits until its stack checks are found, or the input ends.
    Waits,
}

impl Translator {
    /// A translator with the names of `modules`.
    #[must_use]
    pub fn new(modules: Modules) -> Self {
        let stack_check = StackCheck::default();
        let summary = Summary::new(modules.ids().len());
        Self {
            format: Format::default(),
            annotates: false,
            name_first: false,
            stack_check,
            checks: StackChecks::new(stack_check, &modules),
            report: Report::default(),
            summary,
            cache: PrefixCache::default(),
            waiting: None,
            modules,
        }
    }

    /// Sets the format of the input. By default it is folded stacks.
    pub fn set_format(&mut self, format: Format) {
        self.format = format;
    }

    /// Sets whether translated frames without an annotation get `_[j]`, the mark of JIT code. By default they
    /// do not.
    pub fn set_annotate(&mut self, annotate: bool) {
        self.annotates = annotate;
        self.cache = PrefixCache::default();
    }

    /// Sets whether frames are shown as `NAME [Wasm] [MODULE]`. By default they are `[Wasm] [MODULE] NAME`.
    pub fn set_name_first(&mut self, name_first: bool) {
        self.name_first = name_first;
        self.cache = PrefixCache::default();
    }

    /// Sets which `aot_func#N` are only stack checks, shown as `NAME_precheck`. By default those of module
    /// names for which [`Self::find_stack_checks`] has found checks.
    pub fn set_stack_check(&mut self, stack_check: StackCheck) {
        self.stack_check = stack_check;
        self.checks = StackChecks::new(stack_check, &self.modules);
        self.cache = PrefixCache::default();
    }

    /// With [`StackCheck::Auto`], records the module names whose code has stack checks: those with an
    /// `aot_func_internal#N` in `lines`, which are whole lines with their newlines. Call it with the whole
    /// input before the first line is translated; [`Filter`](crate::Filter) does that itself.
    pub fn find_stack_checks(&mut self, lines: &[u8]) {
        if self.checks.find(lines, self.format, &self.modules) {
            self.cache = PrefixCache::default();
        }
    }

    /// Starts a new input, whose lines [`Self::advance`] translates.
    pub(crate) fn start_input(&mut self) {
        self.set_stack_check(self.stack_check);
        self.checks.start_input();
        self.waiting = None;
    }

    /// Ends the input: no line must wait any more.
    pub(crate) fn end_input(&mut self) {
        self.checks.end_input();
    }

    /// Whether more lines could reveal stack checks.
    pub(crate) fn seeks_stack_checks(&self) -> bool {
        self.checks.is_open()
    }

    /// Whether the line for which [`Self::advance`] returned [`Outcome::Waits`] must still wait.
    pub(crate) fn is_waiting(&self) -> bool {
        self.waiting.as_ref().is_some_and(|waiting| self.checks.of(waiting.name).is_none())
    }

    /// Appends the translation of `line` to `output`. Neither has a newline. Returns the module of the last
    /// translated frame. Unresolved frames are copied and reported.
    pub fn translate(&mut self, line: &[u8], output: &mut Vec<u8>) -> Option<ModuleId> {
        loop {
            match self.advance(line, output) {
                Outcome::Done(module) => return module,
                Outcome::Waits => self.end_input(),
            }
        }
    }

    /// Whether [`Self::advance`] takes any number of lines at once: those of a text of which none must wait.
    pub(crate) fn takes_many_lines(&self) -> bool {
        self.format == Format::Text && !self.checks.may_wait()
    }

    /// Like [`Self::translate`], but may return [`Outcome::Waits`] with nothing appended. The next call must
    /// be for the same line, and continues where this one stopped. `line` may be several lines if
    /// [`Self::takes_many_lines`].
    pub(crate) fn advance(&mut self, line: &[u8], output: &mut Vec<u8>) -> Outcome {
        let parsed = self.format.parse(line);
        let Line::Stack(text) = parsed else {
            self.skip_line(line, parsed);
            output.extend_from_slice(line);
            return Outcome::Done(None);
        };
        let start = output.len();
        let mut progress = match self.waiting.take() {
            Some(waiting) => {
                output.extend_from_slice(&waiting.translation);
                waiting.progress
            }
            None => self.start(text, output),
        };
        if let Err(name) = self.symbols(text, &mut progress, start, output) {
            self.waiting = Some(Waiting { name, progress, translation: output.split_off(start) });
            return Outcome::Waits;
        }
        output.extend_from_slice(&line[progress.done..]);
        let module = progress.module;
        if self.format == Format::Text {
            self.count_lines(&line[progress.done..], &mut progress);
        }
        self.end_line(&progress);
        if !progress.has_symbol {
            self.summary.look_for_translation(line);
        }
        Outcome::Done(module)
    }

    /// Counts the lines of a text that end in `text`, where no symbol is.
    fn count_lines(&mut self, text: &[u8], progress: &mut Progress) {
        let mut newlines = 0;
        let mut rest = text;
        while let Some(newline) = rest.find_byte(b'\n') {
            newlines += 1;
            rest = &rest[newline + 1..];
        }
        if newlines > 0 {
            self.end_line(progress);
            self.summary.lines += newlines;
            self.summary.stacks += newlines;
            self.summary.host_lines += newlines - 1;
            *progress = Progress { done: progress.done, module: None, has_symbol: false, can_cache: false };
        }
    }

    /// Counts the line that ends.
    fn end_line(&mut self, progress: &Progress) {
        self.summary.host_lines += u64::from(!progress.has_symbol);
        if let Some(module) = progress.module {
            self.summary.modules[module.index()].lines += 1;
        }
    }

    /// Counts `lines`, whole lines with their newlines. They have no `#`, and so no symbol.
    pub(crate) fn skip_lines(&mut self, lines: &[u8]) {
        for line in lines.lines_with_terminator() {
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            self.skip_line(line, self.format.parse(line));
        }
        self.summary.look_for_translation(lines);
    }

    fn skip_line(&mut self, line: &[u8], parsed: Line<'_>) {
        self.summary.lines += 1;
        self.summary.host_lines += 1;
        match parsed {
            Line::Stack(_) => self.summary.stacks += 1,
            Line::Ignored => {}
            Line::NoCount => self.report.add(Cause::NoCount, self.summary.lines, line),
        }
    }

    /// Starts a new line: appends the translation of the frames that it shares with the one before.
    fn start(&mut self, text: &[u8], output: &mut Vec<u8>) -> Progress {
        self.summary.lines += 1;
        self.summary.stacks += 1;
        if self.format == Format::Text {
            return Progress { done: 0, module: None, has_symbol: false, can_cache: false };
        }
        let (done, cached) = self.cache.restore(text, output);
        for cached in cached {
            self.summary.count_frame(cached.frame);
        }
        let module = cached.last().map(|cached| cached.frame.module);
        Progress { done, module, has_symbol: module.is_some(), can_cache: true }
    }

    /// Translates the symbols of `text`. The translation of the line starts at `output[start]`. Stops with a
    /// module name if it must first be known whether code of that name has stack checks.
    fn symbols(
        &mut self,
        text: &[u8],
        progress: &mut Progress,
        start: usize,
        output: &mut Vec<u8>,
    ) -> Result<(), CodeName> {
        while let Some((range, frame)) = self.format.next(text, progress.done, &self.modules) {
            let resolved = self.resolve(frame)?;
            if self.format == Format::Text {
                self.count_lines(&text[progress.done..range.start], progress);
            }
            let source = &text[range.clone()];
            output.extend_from_slice(&text[progress.done..range.start]);
            progress.done = range.end;
            progress.has_symbol |= !matches!(resolved, Resolved::Other);
            let cause = match resolved {
                Resolved::Function(function) => {
                    let (frame, cause) = self.function(function, output);
                    self.summary.count_frame(frame);
                    progress.module = Some(frame.module);
                    progress.can_cache &= cause.is_none();
                    if progress.can_cache {
                        self.cache.push(&text[..range.end], &output[start..], frame);
                    }
                    cause
                }
                Resolved::Unknown(cause) => {
                    output.extend_from_slice(source);
                    progress.can_cache = false;
                    Some(cause)
                }
                Resolved::Other => {
                    output.extend_from_slice(source);
                    None
                }
            };
            if let Some(cause) = cause {
                self.report.add(cause, self.summary.lines, source);
            }
        }
        Ok(())
    }

    /// Resolves `frame`, or returns the module name of which the stack checks must be known first.
    fn resolve<'a>(&mut self, frame: Frame<'a>) -> Result<Resolved<'a>, CodeName> {
        let symbol = match frame {
            Frame::Wasm(symbol) => symbol,
            Frame::Unreadable => return Ok(Resolved::Unknown(Cause::Unreadable)),
            Frame::Other => return Ok(Resolved::Other),
        };
        let Some(module) = self.modules.find(symbol.module) else {
            let unknown = |name: &[u8]| Cause::UnknownModule(name.to_vec());
            return Ok(Resolved::Unknown(symbol.module.map_or(Cause::NoModule, unknown)));
        };
        let name = CodeName::of(&symbol, module);
        let has_checks = self.checks.of(name);
        if symbol.kind == Kind::Internal && has_checks.is_none() {
            self.checks.add(name);
        }
        let is_check = symbol.may_be_check() && has_checks.ok_or(name)?;
        Ok(Resolved::Function(Function { symbol, module, is_check }))
    }

    /// Appends the translation of `function`. Returns the frame, and why it is unresolved, if it is.
    fn function(&mut self, function: Function<'_>, output: &mut Vec<u8>) -> (TranslatedFrame, Option<Cause>) {
        let Function { symbol, module, is_check } = function;
        let loaded = self.modules.get_mut(module);
        let index = loaded.function_index(symbol.defined_index);
        let label = loaded.label(index);
        let is_named = label.is_some_and(Label::is_named);
        let cause = label.is_none().then_some(Cause::IndexOutOfRange(module));
        if !self.name_first {
            output.extend_from_slice(WASM_PREFIX);
            if let Some(name) = symbol.module {
                output.push(b'[');
                output.extend_from_slice(name);
                output.extend_from_slice(b"] ");
            }
        }
        match label {
            Some(label) => output.extend_from_slice(label.text().as_bytes()),
            None => output.extend_from_slice(Label::unnamed(index).text().as_bytes()),
        }
        if is_check {
            output.extend_from_slice(b"_precheck");
        }
        if self.name_first {
            push_name_first_rest(&symbol, output);
        } else if !symbol.rest.is_empty() {
            output.extend_from_slice(symbol.rest);
        }
        if self.annotates && symbol.split_annotation().1.is_empty() {
            output.extend_from_slice(b"_[j]");
        }
        (TranslatedFrame { module, is_named }, cause)
    }

    /// The modules.
    #[must_use]
    pub fn modules(&self) -> &Modules {
        &self.modules
    }

    /// What could not be translated so far.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// How much was translated so far.
    #[must_use]
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Whether code with the module name `name`, or without one, is known to have stack checks.
    #[must_use]
    pub fn has_stack_checks(&self, name: Option<&[u8]>) -> bool {
        let code_name = |module| if name.is_some() { CodeName::Module(module) } else { CodeName::None };
        let known = self.modules.find(name).and_then(|module| self.checks.of(code_name(module)));
        known.unwrap_or(false)
    }
}

/// Appends what follows the name of a function that comes first: `REST [Wasm] [MODULE]`, and the annotation.
fn push_name_first_rest(symbol: &Symbol<'_>, output: &mut Vec<u8>) {
    let (rest, annotation) = symbol.split_annotation();
    output.extend_from_slice(rest);
    output.extend_from_slice(WASM_SUFFIX);
    if let Some(name) = symbol.module {
        output.extend_from_slice(b" [");
        output.extend_from_slice(name);
        output.push(b']');
    }
    output.extend_from_slice(annotation);
}
