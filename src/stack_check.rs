//! Which code has software stack checks. Decided for each module name.
//!
//! LLVM JIT code of a WAMR that checks the stack in software has two symbols for a function:
//! `aot_func_internal#N` is the function, and `aot_func#N` only the check in front of it
//! (`core/iwasm/compilation/aot_llvm.c`). AOT code in the same process has no checks.

use bstr::ByteSlice;

use crate::folded::Line;
use crate::format::Format;
use crate::frame::{Frame, Kind, Symbol};
use crate::module::{ModuleId, Modules};

/// Whether `aot_func#N` is a stack check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StackCheck {
    /// If an `aot_func_internal#N` with the same module name, or also without one, is in the input.
    #[default]
    Auto,
    /// Always.
    On,
    /// Never.
    Off,
}

/// The module name of a symbol that a loaded module takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CodeName {
    /// The name of this module.
    Module(ModuleId),
    /// No module name.
    None,
}

impl CodeName {
    /// The name of `symbol`, which `module` takes.
    pub(crate) fn of(symbol: &Symbol<'_>, module: ModuleId) -> Self {
        if symbol.module.is_some() { Self::Module(module) } else { Self::None }
    }
}

/// Which module names have code with stack checks, as far as known.
#[derive(Clone, Debug)]
pub(crate) struct StackChecks {
    /// The answer for names without evidence; `None` while unknown.
    others: Option<bool>,
    unnamed: bool,
    modules: Vec<bool>,
    /// Whether frames without a module name, and how many modules, can still turn out to have checks.
    seeks_unnamed: bool,
    sought_modules: usize,
}

impl StackChecks {
    /// With [`StackCheck::Auto`], no name has checks at first.
    pub(crate) fn new(stack_check: StackCheck, modules: &Modules) -> Self {
        let is_sought = stack_check == StackCheck::Auto;
        let named = modules.ids().filter(|id| modules[*id].name().is_some());
        Self {
            others: Some(stack_check == StackCheck::On),
            unnamed: false,
            modules: vec![false; modules.ids().len()],
            seeks_unnamed: is_sought && modules.find(None).is_some(),
            sought_modules: if is_sought { named.count() } else { 0 },
        }
    }

    /// Starts a new input: names that can turn out to have checks are unknown.
    pub(crate) fn start_input(&mut self) {
        if self.is_open() {
            self.others = None;
        }
    }

    /// Ends the input: names without evidence have no checks.
    pub(crate) fn end_input(&mut self) {
        self.others.get_or_insert(false);
    }

    /// Whether code of `name` has checks; `None` if that is not known yet.
    pub(crate) fn of(&self, name: CodeName) -> Option<bool> {
        let found = match name {
            CodeName::Module(module) => self.modules[module.index()],
            CodeName::None => self.unnamed,
        };
        if found { Some(true) } else { self.others }
    }

    /// Records that code of `name` has checks. Returns whether that is new.
    pub(crate) fn add(&mut self, name: CodeName) -> bool {
        let found = match name {
            CodeName::Module(module) => &mut self.modules[module.index()],
            CodeName::None => &mut self.unnamed,
        };
        if *found {
            return false;
        }
        *found = true;
        match name {
            CodeName::Module(_) => self.sought_modules -= 1,
            CodeName::None => self.seeks_unnamed = false,
        }
        true
    }

    /// Whether lines may have to wait.
    pub(crate) fn may_wait(&self) -> bool {
        self.others.is_none()
    }

    /// Whether more lines can reveal checks.
    pub(crate) fn is_open(&self) -> bool {
        self.evidence().is_some()
    }

    /// Finds the names with checks in `lines`, which are whole lines. Returns whether there are new ones.
    pub(crate) fn find(&mut self, lines: &[u8], format: Format, modules: &Modules) -> bool {
        let mut done = 0;
        let mut is_new = false;
        while let Some(evidence) = self.evidence()
            && let Some(hit) = lines[done..].find(evidence)
        {
            let hit = done + hit;
            let start = lines[..hit].rfind_byte(b'\n').map_or(0, |newline| newline + 1);
            done = lines[hit..].find_byte(b'\n').map_or(lines.len(), |newline| hit + newline);
            is_new |= self.find_in_line(&lines[start..done], format, modules);
        }
        is_new
    }

    fn find_in_line(&mut self, line: &[u8], format: Format, modules: &Modules) -> bool {
        let Line::Stack(text) = format.parse(line) else {
            return false;
        };
        let mut done = 0;
        let mut is_new = false;
        while let Some((range, frame)) = format.next(text, done, modules) {
            done = range.end;
            if let Frame::Wasm(symbol) = frame
                && symbol.kind == Kind::Internal
                && let Some(module) = modules.find(symbol.module)
            {
                is_new |= self.add(CodeName::of(&symbol, module));
            }
        }
        is_new
    }

    /// What every symbol holds that can reveal checks; `None` if there is nothing to reveal.
    fn evidence(&self) -> Option<&'static str> {
        if self.seeks_unnamed {
            Some("aot_func_internal#")
        } else if self.sought_modules > 0 {
            Some("]#aot_func_internal#")
        } else {
            None
        }
    }
}
