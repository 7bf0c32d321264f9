//! Translates one line at a time.

use crate::folded::{Line, frames};
use crate::module::{ModuleId, Modules};
use crate::report::{Cause, Report};
use crate::symbol::{Frame, Kind, Symbol, TRANSLATED};

/// Puts the names of the functions of its modules into folded stacks.
#[derive(Debug)]
pub struct Translator {
    modules: Modules,
    stack_checks: bool,
    line: u64,
    report: Report,
}

impl Translator {
    /// A translator for a profile of `modules` without stack checks.
    #[must_use]
    pub fn new(modules: Modules) -> Self {
        Self { modules, stack_checks: false, line: 0, report: Report::default() }
    }

    /// Says whether `aot_func#N` is only the check in front of a function: then it is shown as `_precheck`.
    pub fn set_stack_checks(&mut self, stack_checks: bool) {
        self.stack_checks = stack_checks;
    }

    /// Appends the translation of `line` to `output`, both without a newline, and returns the module of the
    /// last frame that was translated. What cannot be translated is copied as it is, and reported.
    pub fn translate(&mut self, line: &[u8], output: &mut Vec<u8>) -> Option<ModuleId> {
        self.line += 1;
        let mut module = None;
        let mut stack = &b""[..];
        match Line::parse(line) {
            Line::Stack(frames) => stack = frames,
            Line::Skip => {}
            Line::NoCount => self.report.add(Cause::NoCount, self.line, line),
        }
        if !stack.is_empty() {
            for (at, frame) in frames(stack).enumerate() {
                if at > 0 {
                    output.push(b';');
                }
                module = self.frame(frame, output).or(module);
            }
        }
        output.extend_from_slice(&line[stack.len()..]);
        module
    }

    fn frame(&mut self, frame: &[u8], output: &mut Vec<u8>) -> Option<ModuleId> {
        let cause = match Frame::parse(frame) {
            Frame::Wasm(symbol) => match self.modules.find(symbol.module) {
                Some(module) => {
                    self.symbol(frame, symbol, module, output);
                    return Some(module);
                }
                None => symbol.module.map_or(Cause::NoModule, |name| Cause::UnknownModule(name.to_vec())),
            },
            Frame::Unreadable => Cause::Unreadable,
            Frame::Host => {
                output.extend_from_slice(frame);
                return None;
            }
        };
        self.report.add(cause, self.line, frame);
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
            output.extend_from_slice(crate::label::unnamed(index).as_bytes());
            self.report.add(Cause::PastTheEnd(id), self.line, frame);
        }
        if self.stack_checks && symbol.kind == Kind::Func && !symbol.is_wrapper() {
            output.extend_from_slice(b"_precheck");
        }
        output.extend_from_slice(symbol.rest);
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
