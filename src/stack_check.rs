//! Which code has software stack checks, decided for each module name.
//!
//! LLVM JIT code of a WAMR that checks the stack in software has two symbols for a function:
//! `aot_func_internal#N` is the function, and `aot_func#N` only the check in front of it
//! (`core/iwasm/compilation/aot_llvm.c`). AOT code in the same process has no checks.

use crate::frame::Symbol;
use crate::module::{ModuleId, Modules};

/// Whether `aot_func#N` is a stack check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StackCheck {
    /// If there is an `aot_func_internal#N` with the same module name, or also without one.
    #[default]
    Auto,
    /// Always.
    On,
    /// Never.
    Off,
}

/// The module name of a symbol, if a module takes it.
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

/// The module names whose code has stack checks, as far as that is known.
#[derive(Clone, Debug)]
pub(crate) struct StackChecks {
    /// The answer for other names; `None` while it is not known.
    others: Option<bool>,
    unnamed: bool,
    modules: Vec<bool>,
    /// Whether frames without a module name can still turn out to have checks, and how many modules can.
    seeks_unnamed: bool,
    sought_modules: usize,
}

impl StackChecks {
    /// The names with checks as `stack_check` says. With [`StackCheck::Auto`] there are none at first.
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

    /// Starts a new input: nothing is known of names that can turn out to have checks.
    pub(crate) fn start_input(&mut self) {
        if self.evidence().is_some() {
            self.others = None;
        }
    }

    /// Ends the input: no other name has checks.
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

    /// Notes that code of `name` has checks. Returns whether that is new.
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

    /// What every symbol holds that can tell more; `None` if none can.
    pub(crate) fn evidence(&self) -> Option<&'static [u8]> {
        if self.seeks_unnamed {
            Some(b"aot_func_internal#")
        } else if self.sought_modules > 0 {
            Some(b"]#aot_func_internal#")
        } else {
            None
        }
    }
}
