//! The reference of the tests, and what the targets share.
#![allow(dead_code, reason = "each target uses a part of it")]

#[path = "../../../suite/support/agreement.rs"]
pub(crate) mod agreement;
#[path = "../../../suite/support/inputs.rs"]
pub(crate) mod inputs;
#[path = "../../../suite/support/reference.rs"]
pub(crate) mod reference;
#[path = "../../../suite/support/text_reference.rs"]
pub(crate) mod text_reference;

use wamr_fold_translate::{Filter, Format, Modules, Options, StackCheck, Tag, Translator};

/// A wasm file with names that are unsafe in a line or on a terminal.
pub(crate) const NAMES: &[u8] = include_bytes!("../../seeds/module/names.wasm");

/// Options that differ with the length of the input, so that the input itself can be any bytes.
pub(crate) fn options(format: Format, input: &[u8]) -> Options {
    let pick = input.len();
    let mut options = Options::default();
    options.format = format;
    options.tag = [Tag::First, Tag::Last, Tag::None][pick % 3];
    options.stack_check = [StackCheck::Auto, StackCheck::Auto, StackCheck::On, StackCheck::Off][pick / 3 % 4];
    options.export_names = pick / 12 % 2 == 0;
    options.annotate = format == Format::Folded && pick / 24 % 2 == 0;
    options
}

/// Sizes of the portions in which an input comes.
pub(crate) fn sizes(input: &[u8]) -> [usize; 2] {
    [7, 1 + input.len() % 64]
}

/// The filter's output for `input`.
pub(crate) fn translate(modules: &Modules, options: Options, input: &[u8]) -> Vec<u8> {
    let (mut translator, mut output) = (Translator::new(modules.clone(), options).unwrap(), Vec::new());
    Filter::new(&mut translator, &mut output).run(input).unwrap();
    output
}
