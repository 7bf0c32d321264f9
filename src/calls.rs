//! Whether a module fits a profile: adjacent frames of one module are a caller and its callee, and the module's
//! code shows which calls are possible.

use crate::wasm::CallGraph;

/// The maximum number of pairs that are collected for a module.
const MAX_PAIRS: usize = 1_000;

/// The minimum number of pairs to judge a module by.
const MIN_PAIRS: usize = 20;

/// The lowest percentage of possible pairs in a module that fits.
const MIN_POSSIBLE_PERCENT: usize = 85;

/// How many of the calls in a profile are possible in a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallCheck {
    /// The number of distinct pairs of caller and callee: at least 20, and at most the first 1,000.
    pub pairs: usize,
    /// The number of them that are possible.
    pub possible: usize,
}

impl CallCheck {
    /// Whether the module fits the profile: at least 85 of 100 pairs are possible.
    #[must_use]
    pub fn fits(&self) -> bool {
        self.possible * 100 >= self.pairs * MIN_POSSIBLE_PERCENT
    }
}

/// The slots of a hash table of pairs: a power of two, at least twice [`MAX_PAIRS`].
const SLOTS: usize = 2_048;

/// A free slot. It equals no pair, as the functions of a pair differ.
const FREE: [u32; 2] = [0, 0];

/// The first distinct pairs of caller and callee in a module.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pairs {
    /// A hash table with linear probing; empty before the first pair.
    slots: Vec<[u32; 2]>,
    count: usize,
}

impl Pairs {
    /// Adds a pair of indices among the defined functions. Ignores a function that calls itself.
    pub(crate) fn add(&mut self, caller: u32, callee: u32) {
        let hash = caller.wrapping_mul(0x9e37_79b1).wrapping_add(callee.wrapping_mul(0x85eb_ca77));
        let slot = (hash >> (u32::BITS - SLOTS.ilog2())) as usize;
        // Nearly every pair is there already.
        if self.slots.get(slot) != Some(&[caller, callee]) {
            self.probe([caller, callee], slot);
        }
    }

    /// Adds `pair` to the first free slot from `slot` on, if it is not there.
    #[cold]
    fn probe(&mut self, pair: [u32; 2], mut slot: usize) {
        if pair[0] == pair[1] || self.count == MAX_PAIRS {
            return;
        }
        self.slots.resize(SLOTS, FREE);
        while self.slots[slot] != FREE {
            if self.slots[slot] == pair {
                return;
            }
            slot = (slot + 1) % SLOTS;
        }
        self.slots[slot] = pair;
        self.count += 1;
    }

    /// Counts the pairs that are possible in the call graph. Reads it only if there are enough pairs.
    pub(crate) fn check(&self, read_graph: impl FnOnce() -> Option<CallGraph>) -> Option<CallCheck> {
        if self.count < MIN_PAIRS {
            return None;
        }
        let pairs: Vec<_> = self.slots.iter().copied().filter(|&pair| pair != FREE).collect();
        Some(CallCheck { pairs: pairs.len(), possible: read_graph()?.count_possible(&pairs) })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::wasm::Wasm;

    fn pairs(pairs: impl IntoIterator<Item = (u32, u32)>) -> Pairs {
        let mut collected = Pairs::default();
        for (caller, callee) in pairs {
            collected.add(caller, callee);
        }
        collected
    }

    fn sorted(pairs: &Pairs) -> Vec<(u32, u32)> {
        let used = pairs.slots.iter().filter(|&&pair| pair != FREE);
        let mut sorted: Vec<_> = used.map(|&[caller, callee]| (caller, callee)).collect();
        sorted.sort_unstable();
        assert_eq!(sorted.len(), pairs.count);
        sorted
    }

    #[test]
    fn pairs_are_distinct_and_of_two_functions() {
        assert!(pairs([(0, 0), (5, 5)]).slots.is_empty());
        let all = [(1, 2), (2, 1), (1, 2), (0, 0), (3, 3), (0, u32::MAX), (1, 2)];
        assert_eq!(sorted(&pairs(all)), [(0, u32::MAX), (1, 2), (2, 1)]);
    }

    #[test]
    fn the_first_thousand_pairs_are_kept() {
        let first = (0..1_000).map(|caller| (caller, 1_000 + caller % 7));
        let more = (0..5_000).map(|callee| (7_777, callee));
        assert_eq!(sorted(&pairs(first.clone().chain(first.clone()).chain(more))), first.collect::<Vec<_>>());
    }

    #[test]
    fn a_module_fits_from_85_percent() {
        for (possible, pairs, fits) in [
            (17, 20, true),
            (16, 20, false),
            (85, 100, true),
            (84, 100, false),
            (850, 1_000, true),
            (849, 1_000, false),
        ] {
            assert_eq!(CallCheck { pairs, possible }.fits(), fits, "{possible} of {pairs}");
        }
    }

    /// 40 functions, each of which calls the next.
    fn chain() -> Vec<u8> {
        let functions: String = (1..40).map(|callee| format!("(func call {callee})")).collect();
        wat::parse_str(format!("(module {functions} (func))")).unwrap()
    }

    #[test]
    fn check_needs_20_pairs() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("app.wasm");
        fs::write(&path, chain()).unwrap();
        let wasm = Wasm::open(&path).unwrap();
        let check = |pairs: &Pairs| pairs.check(|| wasm.call_graph(&path));
        let forward = |pairs| (0..pairs).map(|caller| (caller, caller + 1));
        assert_eq!(check(&pairs(forward(19))), None);
        assert_eq!(check(&pairs(forward(20))), Some(CallCheck { pairs: 20, possible: 20 }));
        let backward = forward(10).map(|(caller, callee)| (callee, caller));
        assert_eq!(check(&pairs(forward(20).chain(backward))), Some(CallCheck { pairs: 30, possible: 20 }));
    }

    #[test]
    fn only_the_file_that_was_read_is_judged() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("app.wasm");
        let pairs = pairs((0..30).map(|caller| (caller, caller + 1)));
        fs::write(&path, chain()).unwrap();
        let wasm = Wasm::open(&path).unwrap();
        let copy = dir.path().join("copy.wasm");
        fs::copy(&path, &copy).unwrap();
        assert!(pairs.check(|| wasm.call_graph(&path)).is_some());
        assert_eq!(pairs.check(|| wasm.call_graph(&copy)), None, "another file");
        fs::write(&path, [chain(), b"\0\x01\0".to_vec()].concat()).unwrap();
        assert_eq!(pairs.check(|| wasm.call_graph(&path)), None, "changed");
        fs::remove_file(&path).unwrap();
        assert_eq!(pairs.check(|| wasm.call_graph(&path)), None, "removed");
        let stream = Wasm::read(&*chain()).unwrap();
        assert_eq!(pairs.check(|| stream.call_graph(&copy)), None, "read from a stream");
    }
}
