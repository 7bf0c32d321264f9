//! The code of a module: what its symbols are translated to.

use std::borrow::Cow;

use crate::demangle::demangle;
use crate::label::{label, unnamed};
use crate::module::{Module, Modules};
use crate::options::{Options, Tag};
use crate::report::TranslatedFrame;
use crate::symbol::{JIT, PRECHECK, Symbol, TAG_FIRST, TAG_LAST, split_annotation};

/// The symbols with one module name, or without one.
#[derive(Debug)]
pub(crate) struct Code {
    /// The position of the module that takes them.
    module: usize,
    options: Options,
    /// The tag before the name of the function, and after what follows that.
    prefix: Vec<u8>,
    suffix: Vec<u8>,
}

impl Code {
    /// All code, as [`Modules::find_code`] numbers it.
    pub(crate) fn all(modules: &Modules, options: &Options) -> Vec<Self> {
        let named = modules.iter().enumerate().map(|(module, loaded)| (module, loaded.name()));
        let unnamed = (modules.find(None).unwrap_or(0), None);
        named.chain([unnamed]).map(|(module, name)| Self::new(module, name, options)).collect()
    }

    fn new(module: usize, name: Option<&[u8]>, options: &Options) -> Self {
        let name = name.map_or(Vec::new(), |name| [b"[", name, b"]"].concat());
        let blank: &[u8] = if name.is_empty() { b"" } else { b" " };
        let (prefix, suffix) = match options.tag {
            Tag::First => ([TAG_FIRST, &name, blank].concat(), Vec::new()),
            Tag::Last => (Vec::new(), [TAG_LAST, blank, &name].concat()),
            Tag::None => (Vec::new(), Vec::new()),
        };
        Self { module, options: *options, prefix, suffix }
    }

    /// Appends the translation of `symbol`.
    pub(crate) fn translate(
        &self,
        symbol: &Symbol<'_>,
        is_check: bool,
        modules: &Modules,
        output: &mut Vec<u8>,
    ) -> TranslatedFrame {
        let module = modules.at(self.module);
        let is_defined = (symbol.defined_index as usize) < module.defined_functions();
        let label = if is_defined { self.label(module, symbol.defined_index) } else { None };
        let is_named = label.is_some();
        let index = module.imported_functions() as u64 + u64::from(symbol.defined_index);
        let label = label.unwrap_or_else(|| unnamed(index));
        let (rest, annotation) = split_annotation(symbol.rest);
        output.extend_from_slice(&self.prefix);
        output.extend_from_slice(label.as_bytes());
        output.extend_from_slice(if is_check { PRECHECK } else { b"" });
        output.extend_from_slice(rest);
        output.extend_from_slice(&self.suffix);
        let annotates = self.options.annotate && annotation.is_empty();
        output.extend_from_slice(if annotates { JIT } else { annotation });
        TranslatedFrame { module: self.module, defined_index: symbol.defined_index, is_named, is_defined }
    }

    fn label(&self, module: &Module, defined_index: u32) -> Option<String> {
        let index = module.imported_functions() + defined_index as usize;
        let name = module.shown_name(index, &self.options)?;
        label(&if self.options.demangle { demangle(name) } else { Cow::Borrowed(name) })
    }
}
