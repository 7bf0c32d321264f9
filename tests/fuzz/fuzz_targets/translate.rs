//! Any bytes as a profile: the filter does what the plain reference of the tests does, also where it comes in
//! portions, and translating twice changes nothing.

#![no_main]

mod support;

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use support::reference::{Checks, Reference};
use support::{Options, Reused, hold_limit, lines, portions, translated};
use wamr_fold_translate::{Format, StackCheck, Wasm};

struct Fuzzed {
    reference: Reference<'static>,
    auto: Reused,
    on: Reused,
    off: Reused,
}

impl Fuzzed {
    fn new(name_first: bool) -> Self {
        let wasm = Wasm::read(&include_bytes!("../seeds/module/names.wasm")[..]).unwrap();
        let named = [None, Some("a"), Some("b]#aot_func#7")].map(|name| (name, wasm.clone()));
        let filter =
            |stack_check| Reused::new(&named, Options { format: Format::Folded, stack_check, name_first });
        let (auto, on, off) = (filter(StackCheck::Auto), filter(StackCheck::On), filter(StackCheck::Off));
        let wasm: &Wasm = Box::leak(Box::new(wasm));
        let modules = named.map(|(name, _)| (name.map(|name| name.as_bytes().to_vec()), wasm)).into();
        Self { reference: Reference { modules, name_first }, auto, on, off }
    }

    fn check(&mut self, profile: &[u8]) {
        let limit = hold_limit(profile);
        let expected = |checks: &Checks| translated(profile, |line| self.reference.translate(line, checks));
        let once = expected(&Reference::find_checks(lines(profile)));
        assert_eq!(self.auto.run(profile, limit), once);
        assert_eq!(self.auto.run(portions(profile), limit), once, "in portions");
        assert_eq!(self.auto.run(&*once, limit), once, "twice");
        if profile.len() % 4 < 2 {
            assert_eq!(self.on.run(profile, limit), expected(&Checks::All));
        } else {
            assert_eq!(self.off.run(portions(profile), limit), expected(&Checks::NONE));
        }
    }
}

thread_local! {
    static FUZZED: RefCell<[Fuzzed; 2]> = RefCell::new([false, true].map(Fuzzed::new));
}

fuzz_target!(|profile: &[u8]| {
    FUZZED.with_borrow_mut(|fuzzed| fuzzed[profile.len() % 2].check(profile));
});
