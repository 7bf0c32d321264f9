//! Translates one line at a time.

use bstr::ByteSlice;

use crate::folded::Line;
use crate::label;
use crate::module::{ModuleId, Modules};
use crate::report::{Cause, Report};
use crate::reuse::Reuse;
use crate::symbol::{Frame, Kind, Symbol, TRANSLATED};

/// Puts the names of the functions of its modules into folded stacks.
#[derive(Debug)]
pub struct Translator {
    modules: Modules,
    stack_checks: bool,
    line: u64,
    report: Report,
    reuse: Reuse,
}

impl Translator {
    /// A translator for a profile of `modules` without stack checks.
    #[must_use]
    pub fn new(modules: Modules) -> Self {
        Self { modules, stack_checks: false, line: 0, report: Report::default(), reuse: Reuse::default() }
    }

    /// Says whether `aot_func#N` is only the check in front of a function: then it is shown as `_precheck`.
    pub fn set_stack_checks(&mut self, stack_checks: bool) {
        self.stack_checks = stack_checks;
    }

    /// Appends the translation of `line` to `output`, both without a newline, and returns the module of the
    /// last frame that was translated. What cannot be translated is copied as it is, and reported.
    pub fn translate(&mut self, line: &[u8], output: &mut Vec<u8>) -> Option<ModuleId> {
        self.line += 1;
        let (done, module) = match Line::parse(line) {
            Line::Stack(stack) => self.stack(stack, output),
            Line::Skip => (0, None),
            Line::NoCount => {
                self.report.add(Cause::NoCount, self.line, line);
                (0, None)
            }
        };
        output.extend_from_slice(&line[done..]);
        module
    }

    /// Translates `stack` up to its last WAMR frame. Returns how many bytes that are, and the module of the
    /// last translated frame.
    fn stack(&mut self, stack: &[u8], output: &mut Vec<u8>) -> (usize, Option<ModuleId>) {
        let start = output.len();
        let (mut done, mut module) = self.reuse.begin(stack, output);
        let is_separator = |&byte: &u8| byte == b';';
        // A WAMR symbol has a `#`, and few other frames have.
        while let Some(hash) = stack[done..].find_byte(b'#') {
            let hash = done + hash;
            // The frame's ends are near.
            let begin = stack[done..hash].iter().rposition(is_separator).map_or(done, |at| done + at + 1);
            let end = stack[hash..].iter().position(is_separator).map_or(stack.len(), |at| hash + at);
            output.extend_from_slice(&stack[done..begin]);
            if let Some(id) = self.frame(&stack[begin..end], output) {
                self.reuse.mark(&stack[..end], &output[start..], id);
                module = Some(id);
            }
            done = end;
        }
        (done, module)
    }

    fn frame(&mut self, frame: &[u8], output: &mut Vec<u8>) -> Option<ModuleId> {
        match Frame::parse(frame) {
            Frame::Wasm(symbol) => {
                if let Some(module) = self.modules.find(symbol.module) {
                    self.symbol(frame, symbol, module, output);
                    return Some(module);
                }
                let unknown = symbol.module.map(|name| Cause::UnknownModule(name.to_vec()));
                self.found(unknown.unwrap_or(Cause::NoModule), frame);
            }
            Frame::Unreadable => self.found(Cause::Unreadable, frame),
            Frame::Host => {}
        }
        output.extend_from_slice(frame);
        None
    }

    fn symbol(&mut self, frame: &[u8], symbol: Symbol<'_>, id: ModuleId, output: &mut Vec<u8>) {
        output.extend_from_slice(TRANSLATED);
        if let Some(name) = symbol.module {
            output.push(b'[');
            output.extend_from_slice(name);
            output.extend_from_slice(b"] ");
        }
        let module = &mut self.modules[id];
        let index = module.function_index(symbol.number);
        if let Some(label) = module.label(index) {
            output.extend_from_slice(label.as_bytes());
        } else {
            output.extend_from_slice(label::unnamed(index).as_bytes());
            self.found(Cause::PastTheEnd(id), frame);
        }
        if self.stack_checks && symbol.kind == Kind::Func && !symbol.is_wrapper() {
            output.extend_from_slice(b"_precheck");
        }
        output.extend_from_slice(symbol.rest);
    }

    /// Reports a frame. It is to be counted each time, so what follows in this stack is not used again.
    fn found(&mut self, cause: Cause, frame: &[u8]) {
        self.report.add(cause, self.line, frame);
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
}
