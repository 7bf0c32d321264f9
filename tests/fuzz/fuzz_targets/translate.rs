//! Any bytes as a profile: the filter does what the plain reference of the tests does, translating twice
//! changes nothing, and a pipe that gives few bytes at a time gives the same.

#![no_main]

#[path = "../../suite/reference.rs"]
mod reference;

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use reference::Reference;
use wamr_fold_translate::{Filter, Module, Modules, StackCheck, Translator, Wasm};

/// The modules, with their names: `None` is the one that frames without a module's name belong to.
static MODULES: LazyLock<BTreeMap<Option<Vec<u8>>, Wasm>> = LazyLock::new(|| {
    let file = include_bytes!("../seeds/module/names.wasm");
    [None, Some("a"), Some("b]#aot_func#7")]
        .map(|name: Option<&str>| {
            (name.map(|name| name.as_bytes().to_vec()), Wasm::read(&mut &file[..]).unwrap())
        })
        .into()
});

static REFERENCES: LazyLock<[Reference<'static>; 2]> = LazyLock::new(|| {
    [false, true].map(|stack_checks| {
        let modules = MODULES.iter().map(|(name, wasm)| (name.clone(), wasm)).collect();
        Reference::new(modules, stack_checks)
    })
});

fn filter(profile: impl Read, stack_check: StackCheck) -> Vec<u8> {
    let mut modules = Modules::default();
    for (name, wasm) in &*MODULES {
        modules.add(Module::new(name.clone(), "fuzzed.wasm".into(), wasm.clone())).unwrap();
    }
    let mut output = Vec::new();
    Filter::new(Translator::new(modules), &mut output, None).run(profile, stack_check, 64).unwrap();
    output
}

/// Gives few bytes at a time.
struct Trickle<'a>(&'a [u8]);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = buffer.len().min(7);
        self.0.read(&mut buffer[..size])
    }
}

fuzz_target!(|profile: &[u8]| {
    for (stack_check, reference) in [StackCheck::Off, StackCheck::On].into_iter().zip(&*REFERENCES) {
        let lines = profile.strip_suffix(b"\n").unwrap_or(profile).split(|&byte| byte == b'\n');
        let mut expected = Vec::new();
        if !profile.is_empty() {
            lines.for_each(|line| expected.extend([reference.translate(line), b"\n".to_vec()].concat()));
        }
        assert_eq!(filter(profile, stack_check), expected);
    }
    let once = filter(profile, StackCheck::Auto);
    assert_eq!(filter(Trickle(profile), StackCheck::Auto), once);
    assert_eq!(filter(&*once, StackCheck::Auto), once);
});
