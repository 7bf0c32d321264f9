//! Filters that run on many inputs, and the plain references of the tests.
#![allow(dead_code, reason = "each target uses a part of it")]

#[path = "../../../suite/support/portions.rs"]
pub(crate) mod portions;
#[path = "../../../suite/support/reference.rs"]
pub(crate) mod reference;
#[path = "../../../suite/support/text_reference.rs"]
pub(crate) mod text_reference;

use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::mem;
use std::rc::Rc;

use wamr_fold_translate::{Filter, Format, Module, Modules, StackCheck, Translator, Wasm};

/// Modules with their names: `None` is the one that takes symbols without a module name.
pub(crate) type Named<'a> = [(Option<&'a str>, Wasm)];

/// How a filter translates.
#[derive(Clone, Copy)]
pub(crate) struct Options {
    pub(crate) format: Format,
    pub(crate) stack_check: StackCheck,
    pub(crate) name_first: bool,
}

/// A filter whose modules are loaded once.
pub(crate) struct Reused {
    filter: Filter<Output>,
    output: Output,
}

#[derive(Clone, Default)]
struct Output(Rc<RefCell<Vec<u8>>>);

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Reused {
    pub(crate) fn new(named: &Named<'_>, options: Options) -> Self {
        let mut modules = Modules::default();
        for (name, wasm) in named {
            let name = name.map(|name| name.as_bytes().to_vec());
            modules.add(Module::new(name, "fuzzed.wasm", wasm.clone())).unwrap();
        }
        let mut translator = Translator::new(modules);
        translator.set_format(options.format);
        translator.set_stack_check(options.stack_check);
        translator.set_name_first(options.name_first);
        let output = Output::default();
        Self { filter: Filter::new(translator, output.clone()), output }
    }

    /// What the filter makes of `input`, of which it holds so many bytes in memory.
    pub(crate) fn run(&mut self, input: impl Read, hold_limit: usize) -> Vec<u8> {
        self.filter.set_hold_limit(hold_limit);
        self.filter.run(input).unwrap();
        mem::take(&mut self.output.0.borrow_mut())
    }
}

/// The lines of `text` without their newlines.
pub(crate) fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split_inclusive(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\n").unwrap_or(line))
}

/// `lines`, each translated and with a newline.
pub(crate) fn translated(text: &[u8], translate: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    lines(text).flat_map(|line| [translate(line), b"\n".to_vec()]).flatten().collect()
}

/// `text` in portions whose sizes differ with its length.
pub(crate) fn portions(text: &[u8]) -> impl Read {
    portions::Portions::of_sizes(text, &[7, 1 + text.len() % 64])
}

/// A limit that some texts exceed, which makes a temporary file, and most do not.
pub(crate) fn hold_limit(text: &[u8]) -> usize {
    if text.len() % 16 < 2 { 64 } else { 4096 }
}
