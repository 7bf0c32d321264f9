//! Any bytes as text: the filter agrees with the reference of the tests, from a file, from a pipe and in portions.

#![no_main]

mod support;

use libfuzzer_sys::fuzz_target;
use support::agreement::check_agreement;
use support::inputs::modules;
use support::{NAMES, options, sizes};
use wamr_fold_translate::{Format, Modules};

thread_local! {
    /// Names that are hard to find in text.
    static MODULES: Modules = modules(&["", "a", "b]", "a]#b", "[x", "Wasm"], NAMES);
}

fuzz_target!(|text: &[u8]| {
    MODULES.with(|modules| check_agreement(modules, options(Format::Text, text), text, &sizes(text)));
});
