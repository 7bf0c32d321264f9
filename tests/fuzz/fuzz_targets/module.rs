//! Any bytes as a wasm file: they are refused, or the functions they are said to have get safe names.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wamr_fold_translate::{Module, Wasm};

fuzz_target!(|file: &[u8]| {
    let Ok(mut wasm) = Wasm::read(file) else {
        return;
    };
    assert!(wasm.functions() <= file.len(), "each function has its bytes");
    assert!(wasm.imported_functions() <= wasm.functions());
    assert!(wasm.named_functions() <= wasm.functions());
    check_labels(Module::new(None, "fuzzed.wasm", wasm.clone()));
    wasm.set_export_names(true);
    let mut module = Module::new(None, "fuzzed.wasm", wasm);
    module.set_demangle(true);
    check_labels(module);
});

fn check_labels(mut module: Module) {
    let functions = module.wasm().functions() as u64;
    for index in 0..functions {
        let label = module.label(index).expect("it is an index of the module").text();
        assert!(
            !label.is_empty() && !label.contains(|char: char| char == ';' || char.is_control()),
            "{label:?}"
        );
        assert!(!label.starts_with(' ') && !label.ends_with(' '), "{label:?}");
    }
    assert!(module.label(functions).is_none());
}
