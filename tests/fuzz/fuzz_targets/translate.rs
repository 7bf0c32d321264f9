//! Any bytes as a profile: the filter agrees with the reference of the tests, from a file, from a pipe and in
//! portions, and translating twice changes nothing.

#![no_main]

mod support;

use libfuzzer_sys::fuzz_target;
use support::agreement::check_agreement;
use support::inputs::modules;
use support::{NAMES, options, sizes, translate};
use wamr_fold_translate::{Format, Modules, Tag};

thread_local! {
    static MODULES: Modules = modules(&["", "a", "b]#aot_func#7"], NAMES);
}

fuzz_target!(|profile: &[u8]| {
    MODULES.with(|modules| {
        let options = options(Format::Folded, profile);
        let once = check_agreement(modules, options, profile, &sizes(profile)).output;
        if options.tag != Tag::None {
            assert_eq!(translate(modules, options, &once), once, "twice");
        }
    });
});
