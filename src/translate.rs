//! Translates one line at a time.

use bstr::ByteSlice;

use crate::counts::Translated;
use crate::folded::Line;
use crate::label::Label;
use crate::module::{ModuleId, Modules};
use crate::report::{Cause, Report};
use crate::reuse::Reuse;
use crate::summary::{ModuleSummary, Summary};
use crate::symbol::{Frame, Kind, Symbol, TRANSLATED};

/// Puts the names of the functions of its modules into folded stacks.
#[derive(Debug)]
pub struct Translator {
    modules: Modules,
    stack_checks: bool,
    annotates: bool,
    lines: u64,
    host_lines: u64,
    module_lines: Vec<u64>,
    report: Report,
    reuse: Reuse,
}

/// What became of a frame.
enum Outcome {
    Translated(Translated),
    Unresolved(Cause),
    Host,
}

impl Translator {
    /// A translator for a profile of `modules` without stack checks.
    #[must_use]
    pub fn new(modules: Modules) -> Self {
        Self {
            module_lines: vec![0; modules.ids().count()],
            modules,
            stack_checks: false,
            annotates: false,
            lines: 0,
            host_lines: 0,
            report: Report::default(),
            reuse: Reuse::default(),
        }
    }

    /// The same translator, which marks frames without an annotation as JIT code (`_[j]`).
    #[must_use]
    pub fn annotating(self) -> Self {
        Self { annotates: true, ..self }
    }

    /// Says whether `aot_func#N` is only the check in front of a function: then it is shown as `_precheck`.
    pub fn set_stack_checks(&mut self, stack_checks: bool) {
        self.stack_checks = stack_checks;
        self.reuse.forget();
    }

    /// Appends the translation of `line` to `output`, both without a newline, and returns the module of the
    /// last frame that was translated. What cannot be translated is copied as it is, and reported.
    pub fn translate(&mut self, line: &[u8], output: &mut Vec<u8>) -> Option<ModuleId> {
        self.lines += 1;
        let (done, module) = match Line::parse(line) {
            Line::Stack(stack) => self.stack(stack, output),
            Line::Skip => {
                self.host_lines += 1;
                (0, None)
            }
            Line::NoCount => {
                self.host_lines += 1;
                self.report.add(Cause::NoCount, self.lines, line);
                (0, None)
            }
        };
        output.extend_from_slice(&line[done..]);
        if let Some(module) = module {
            self.module_lines[module.index()] += 1;
        }
        module
    }

    /// Translates `stack` up to its last WAMR frame. Returns how many bytes that are, and the module of the
    /// last translated frame.
    fn stack(&mut self, stack: &[u8], output: &mut Vec<u8>) -> (usize, Option<ModuleId>) {
        let is_separator = |&byte: &u8| byte == b';';
        let start = output.len();
        let (mut done, last) = self.reuse.begin(stack, output);
        let mut module = last.map(|frame| frame.module);
        let mut is_host = module.is_none();
        // A WAMR symbol has a `#`, and few other frames have.
        while let Some(hash) = stack[done..].find_byte(b'#') {
            let hash = done + hash;
            // The frame's ends are near.
            let begin = stack[done..hash].iter().rposition(is_separator).map_or(done, |at| done + at + 1);
            let end = stack[hash..].iter().position(is_separator).map_or(stack.len(), |at| hash + at);
            output.extend_from_slice(&stack[done..begin]);
            let frame = &stack[begin..end];
            match self.frame(frame, output) {
                Outcome::Translated(translated) => {
                    self.reuse.mark(&stack[..end], &output[start..], translated);
                    module = Some(translated.module);
                    is_host = false;
                }
                Outcome::Unresolved(cause) => {
                    self.found(cause, frame);
                    output.extend_from_slice(frame);
                    is_host = false;
                }
                Outcome::Host => output.extend_from_slice(frame),
            }
            done = end;
        }
        self.host_lines += u64::from(is_host);
        (done, module)
    }

    /// Appends the translation of `frame`, if it has one.
    fn frame(&mut self, frame: &[u8], output: &mut Vec<u8>) -> Outcome {
        match Frame::parse(frame) {
            Frame::Wasm(symbol) => match (self.modules.find(symbol.module), symbol.module) {
                (Some(module), _) => Outcome::Translated(self.symbol(frame, symbol, module, output)),
                (None, Some(name)) => Outcome::Unresolved(Cause::UnknownModule(name.to_vec())),
                (None, None) => Outcome::Unresolved(Cause::NoModule),
            },
            Frame::Unreadable => Outcome::Unresolved(Cause::Unreadable),
            Frame::Host => Outcome::Host,
        }
    }

    fn symbol(&mut self, frame: &[u8], symbol: Symbol<'_>, id: ModuleId, output: &mut Vec<u8>) -> Translated {
        output.extend_from_slice(TRANSLATED);
        if let Some(name) = symbol.module {
            output.push(b'[');
            output.extend_from_slice(name);
            output.extend_from_slice(b"] ");
        }
        let module = &mut self.modules[id];
        let index = module.function_index(symbol.number);
        let label = module.label(index);
        let is_named = label.is_some_and(Label::is_named);
        if let Some(label) = label {
            output.extend_from_slice(label.text().as_bytes());
        } else {
            output.extend_from_slice(Label::unnamed(index).text().as_bytes());
            self.found(Cause::PastTheEnd(id), frame);
        }
        if self.stack_checks && symbol.kind == Kind::Func && !symbol.is_wrapper() {
            output.extend_from_slice(b"_precheck");
        }
        output.extend_from_slice(symbol.rest);
        if self.annotates && !symbol.is_annotated() {
            output.extend_from_slice(b"_[j]");
        }
        Translated { module: id, is_named }
    }

    /// Reports a frame. It is to be counted each time, so what follows in this stack is not used again.
    fn found(&mut self, cause: Cause, frame: &[u8]) {
        self.report.add(cause, self.lines, frame);
        self.reuse.stop();
    }

    /// The modules that it translates.
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
    pub fn summary(&self) -> Summary {
        let frames = self.reuse.frames();
        let summary =
            |id: ModuleId| ModuleSummary { lines: self.module_lines[id.index()], frames: frames.of(id) };
        Summary {
            lines: self.lines,
            host_lines: self.host_lines,
            modules: self.modules.ids().map(summary).collect(),
            unresolved: self.report.unresolved(),
            stack_checks: self.stack_checks,
        }
    }
}
