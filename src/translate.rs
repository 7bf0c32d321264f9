//! Translates one line at a time.

use bstr::ByteSlice;

use crate::folded::Line;
use crate::frame::{Frame, Kind, Symbol, TRANSLATED};
use crate::label::Label;
use crate::module::{ModuleId, Modules};
use crate::prefix_cache::PrefixCache;
use crate::report::{Cause, Report};
use crate::summary::{Summary, TranslatedFrame};

/// Puts the names of functions into folded stacks, line by line.
#[derive(Debug)]
pub struct Translator {
    modules: Modules,
    stack_checks: bool,
    annotates: bool,
    report: Report,
    summary: Summary,
    cache: PrefixCache,
}

impl Translator {
    /// A translator with the names of `modules`, for code without stack checks.
    #[must_use]
    pub fn new(modules: Modules) -> Self {
        let summary = Summary::new(modules.ids().len());
        Self {
            modules,
            stack_checks: false,
            annotates: false,
            report: Report::default(),
            summary,
            cache: PrefixCache::default(),
        }
    }

    /// Sets whether translated frames without an annotation get `_[j]`, as JIT code has it. By default they
    /// do not.
    pub fn set_annotate(&mut self, annotate: bool) {
        self.annotates = annotate;
        self.cache = PrefixCache::default();
    }

    /// Sets whether `aot_func#N` is only the stack check in front of a function, shown as `NAME_precheck`. By
    /// default it is the function.
    pub fn set_stack_checks(&mut self, stack_checks: bool) {
        self.stack_checks = stack_checks;
        self.cache = PrefixCache::default();
    }

    /// Appends the translation of `line` to `output`, both without a newline. Returns the module of the last
    /// translated frame. What cannot be translated is copied and reported.
    pub fn translate(&mut self, line: &[u8], output: &mut Vec<u8>) -> Option<ModuleId> {
        self.summary.lines += 1;
        let (done, module) = match Line::parse(line) {
            Line::Stack(stack) => self.stack(stack, output),
            Line::Ignored => {
                self.summary.host_lines += 1;
                (0, None)
            }
            Line::NoCount => {
                self.summary.host_lines += 1;
                self.report.add(Cause::NoCount, self.summary.lines, line);
                (0, None)
            }
        };
        output.extend_from_slice(&line[done..]);
        if let Some(module) = module {
            self.summary.modules[module.index()].lines += 1;
        }
        module
    }

    /// Translates `stack` up to its last WAMR frame. Returns the length of that part, and the module of the
    /// last translated frame.
    fn stack(&mut self, stack: &[u8], output: &mut Vec<u8>) -> (usize, Option<ModuleId>) {
        let is_separator = |&byte: &u8| byte == b';';
        let start = output.len();
        let (mut done, cached) = self.cache.restore(stack, output);
        let mut module = cached.last().map(|cached| cached.frame.module);
        let mut is_host = module.is_none();
        for cached in cached {
            self.summary.count_frame(cached.frame);
        }
        // Frames after one that must be reported are not cached, so that it is reported each time.
        let mut can_cache = true;
        // A WAMR symbol has a `#`, and few other frames have.
        while let Some(hash) = stack[done..].find_byte(b'#') {
            let hash = done + hash;
            let begin = stack[done..hash].iter().rposition(is_separator).map_or(done, |at| done + at + 1);
            let end = stack[hash..].iter().position(is_separator).map_or(stack.len(), |at| hash + at);
            output.extend_from_slice(&stack[done..begin]);
            let frame = &stack[begin..end];
            let (translated, cause) = self.frame(frame, output);
            is_host &= translated.is_none() && cause.is_none();
            if let Some(cause) = cause {
                self.report.add(cause, self.summary.lines, frame);
                can_cache = false;
            }
            if let Some(translated) = translated {
                module = Some(translated.module);
                self.summary.count_frame(translated);
                if can_cache {
                    self.cache.push(&stack[..end], &output[start..], translated);
                }
            } else {
                output.extend_from_slice(frame);
            }
            done = end;
        }
        self.summary.host_lines += u64::from(is_host);
        (done, module)
    }

    /// Appends the translation of `frame`, if it has one. Returns what was translated, and what is to be
    /// reported.
    fn frame(&mut self, frame: &[u8], output: &mut Vec<u8>) -> (Option<TranslatedFrame>, Option<Cause>) {
        match Frame::parse(frame) {
            Frame::Wasm(symbol) => match (self.modules.find(symbol.module), symbol.module) {
                (Some(module), _) => {
                    let (translated, cause) = self.symbol(symbol, module, output);
                    (Some(translated), cause)
                }
                (None, Some(name)) => (None, Some(Cause::UnknownModule(name.to_vec()))),
                (None, None) => (None, Some(Cause::NoModule)),
            },
            Frame::Unreadable => (None, Some(Cause::Unreadable)),
            Frame::Other => (None, None),
        }
    }

    /// Appends the translation of `symbol`, a function of `module`.
    fn symbol(
        &mut self,
        symbol: Symbol<'_>,
        module: ModuleId,
        output: &mut Vec<u8>,
    ) -> (TranslatedFrame, Option<Cause>) {
        output.extend_from_slice(TRANSLATED);
        if let Some(name) = symbol.module {
            output.push(b'[');
            output.extend_from_slice(name);
            output.extend_from_slice(b"] ");
        }
        let loaded = self.modules.get_mut(module);
        let index = loaded.function_index(symbol.defined_index);
        let label = loaded.label(index);
        let is_named = label.is_some_and(Label::is_named);
        let cause = label.is_none().then_some(Cause::IndexOutOfRange(module));
        match label {
            Some(label) => output.extend_from_slice(label.text().as_bytes()),
            None => output.extend_from_slice(Label::unnamed(index).text().as_bytes()),
        }
        if self.stack_checks && symbol.kind == Kind::Func && !symbol.is_wrapper() {
            output.extend_from_slice(b"_precheck");
        }
        output.extend_from_slice(symbol.rest);
        if self.annotates && !symbol.is_annotated() {
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
}
