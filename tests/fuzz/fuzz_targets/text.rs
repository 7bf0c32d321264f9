//! Any bytes as a text with symbols: the filter does what the plain reference of the tests does, also where it
//! comes in portions, and translating twice changes nothing where no function name holds a symbol.

#![no_main]

mod support;

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use support::reference::{Checks, Reference};
use support::text_reference::TextReference;
use support::{Options, Reused, hold_limit, lines, portions, translated};
use wamr_fold_translate::{Format, StackCheck, Wasm};

/// Names that are hard to read out of a text. Behind a translation with the name first, `#aot_func#1` would be
/// a symbol of the last one.
const NAMES: [Option<&str>; 7] =
    [None, Some("a"), Some("b"), Some("b]#aot_func#7"), Some("aot_func#7"), Some("[x"), Some("Wasm")];

struct Fuzzed {
    reference: TextReference<'static>,
    auto: Reused,
    on: Reused,
    off: Reused,
    without_symbols: Reused,
}

impl Fuzzed {
    fn new(name_first: bool) -> Self {
        let wasm = Wasm::read(&include_bytes!("../seeds/module/names.wasm")[..]).unwrap();
        let named = NAMES.map(|name| (name, wasm.clone()));
        let filter =
            |stack_check| Reused::new(&named, Options { format: Format::Text, stack_check, name_first });
        let (auto, on, off) = (filter(StackCheck::Auto), filter(StackCheck::On), filter(StackCheck::Off));
        let without_symbols = Wasm::read(&include_bytes!("../../text/fibq.wasm")[..]).unwrap();
        let named = NAMES.map(|name| (name, without_symbols.clone()));
        let options = Options { format: Format::Text, stack_check: StackCheck::Auto, name_first };
        let without_symbols = Reused::new(&named[..NAMES.len() - 1], options);
        let wasm: &Wasm = Box::leak(Box::new(wasm));
        let modules = NAMES.map(|name| (name.map(|name| name.as_bytes().to_vec()), wasm)).into();
        let reference = TextReference::new(Reference { modules, name_first });
        Self { reference, auto, on, off, without_symbols }
    }

    fn check(&mut self, text: &[u8]) {
        let limit = hold_limit(text);
        let expected = |checks: &Checks| translated(text, |line| self.reference.translate(line, checks));
        let auto = expected(&self.reference.find_checks(lines(text)));
        assert_eq!(self.auto.run(text, limit), auto);
        assert_eq!(self.auto.run(portions(text), limit), auto, "in portions");
        if text.len() % 4 < 2 {
            assert_eq!(self.on.run(text, limit), expected(&Checks::All));
        } else {
            assert_eq!(self.off.run(portions(text), limit), expected(&Checks::NONE));
        }
        let once = self.without_symbols.run(text, limit);
        assert_eq!(self.without_symbols.run(&*once, limit), once, "twice");
    }
}

thread_local! {
    static FUZZED: RefCell<[Fuzzed; 2]> = RefCell::new([false, true].map(Fuzzed::new));
}

fuzz_target!(|text: &[u8]| {
    FUZZED.with_borrow_mut(|fuzzed| fuzzed[text.len() % 2].check(text));
});
