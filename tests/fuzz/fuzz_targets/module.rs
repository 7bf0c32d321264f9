//! Any bytes as a wasm file: it is refused, or its functions get safe names and its calls can be checked.

#![no_main]

use std::cell::RefCell;
use std::io::{Seek, Write};

use libfuzzer_sys::fuzz_target;
use tempfile::NamedTempFile;
use wamr_fold_translate::{Module, Modules, Options, Translator};

fuzz_target!(|file: &[u8]| {
    let Ok(module) = Module::read(None, "fuzzed.wasm", file) else {
        return;
    };
    let functions = module.imported_functions() + module.defined_functions();
    assert!(functions <= file.len(), "each function takes a byte or more");
    let mut options = Options::default();
    check_names(&module, options);
    options.demangle = true;
    options.export_names = true;
    check_names(&module, options);
    if module.defined_functions() > 4 {
        FILE.with_borrow_mut(|saved| check_calls(file, saved));
    }
});

fn translator(module: Module, options: Options) -> Translator {
    let mut modules = Modules::default();
    modules.add(module).unwrap();
    Translator::new(modules, options).unwrap()
}

fn check_names(module: &Module, options: Options) {
    let mut translator = translator(module.clone(), options);
    for n in 0..module.defined_functions() {
        let mut output = Vec::new();
        translator.translate(format!("aot_func#{n} 1").as_bytes(), &mut output);
        let name = str::from_utf8(&output).unwrap();
        let name = name.strip_prefix("[Wasm] ").and_then(|name| name.strip_suffix(" 1")).unwrap();
        assert!(
            !name.is_empty() && !name.contains(|char: char| char == ';' || char.is_control()),
            "{name:?}"
        );
        assert!(!name.starts_with(' ') && !name.ends_with(' '), "{name:?}");
    }
    assert_eq!(translator.report().unresolved(), 0);
    assert!(translator.report().modules[0].named_functions <= module.defined_functions());
}

thread_local! {
    static FILE: RefCell<NamedTempFile> = RefCell::new(NamedTempFile::new().unwrap());
}

/// Checks all calls between the first functions, most of which are impossible. Calls are read from files only.
fn check_calls(file: &[u8], saved: &mut NamedTempFile) {
    saved.as_file().set_len(0).unwrap();
    saved.rewind().unwrap();
    saved.write_all(file).unwrap();
    let module = Module::open(None, saved.path()).unwrap();
    let functions = module.defined_functions().min(20);
    let mut translator = translator(module, Options::default());
    for caller in 0..functions {
        for callee in 0..functions {
            translator
                .translate(format!("aot_func#{caller};aot_func#{callee} 1").as_bytes(), &mut Vec::new());
        }
    }
    let module = translator.modules().get(0).unwrap();
    if let Some(check) = translator.report().modules[0].check_calls(module) {
        assert_eq!(check.pairs, functions * (functions - 1));
        assert!(check.possible <= check.pairs);
    }
}
