//! Any bytes as a wasm file: they are refused, or the functions they are said to have get safe names.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wamr_fold_translate::{Module, Wasm};

fuzz_target!(|file: &[u8]| {
    let Ok(wasm) = Wasm::read(&mut &*file) else {
        return;
    };
    assert!(wasm.functions() <= file.len(), "each function has its bytes");
    assert!(wasm.imported_functions() <= wasm.functions() as u64);
    assert!(wasm.named_functions() <= wasm.functions());
    let functions = wasm.functions() as u64;
    let mut module = Module::new(None, "fuzzed.wasm".into(), wasm);
    for index in 0..functions {
        let label = module.label(index).expect("it is an index of the module");
        assert!(
            !label.is_empty() && !label.contains(|char: char| char == ';' || char.is_control()),
            "{label:?}"
        );
        assert!(!label.starts_with(' ') && !label.ends_with(' '), "{label:?}");
    }
    assert!(module.label(functions).is_none());
});
