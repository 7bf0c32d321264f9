//! Caches the translated prefix that a stack shares with the one before. A folded profile is sorted, so adjacent
//! stacks often share one.
//!
//! Cached frames are counted when they leave the cache, for all stacks at once.

use crate::report::{Report, TranslatedFrame};

/// The maximum length of a cached stack, and of its translation, in bytes.
const MAX_LEN: usize = 256 * 1024;

/// The translated frames of the last stack.
#[derive(Debug, Default)]
pub(crate) struct PrefixCache {
    /// The last stack, up to its last cached frame.
    stack: Vec<u8>,
    /// Its translation, up to the same frame.
    translation: Vec<u8>,
    frames: Vec<CachedFrame>,
    /// The number of stacks that have ended.
    stacks: u64,
    /// Where the translation of the current stack starts in the output.
    start: usize,
}

#[derive(Debug)]
struct CachedFrame {
    stack_end: usize,
    translation_end: usize,
    frame: TranslatedFrame,
    /// The number of stacks before the first one with this frame.
    stacks_before: u64,
}

impl PrefixCache {
    /// Starts a new stack: appends the cached translation of the frames that `stack` shares with the last one to
    /// `output`, and counts the others in `report`. Returns the last shared frame, and where it ends in `stack`.
    pub(crate) fn restore(
        &mut self,
        stack: &[u8],
        report: &mut Report,
        output: &mut Vec<u8>,
    ) -> Option<(TranslatedFrame, usize)> {
        let shared = shared_prefix(&self.stack, stack);
        while let Some(cached) = self.frames.pop_if(|frame| !ends_frame(stack, frame.stack_end, shared)) {
            report.count_frames(cached.frame, self.stacks - cached.stacks_before);
        }
        self.start = output.len();
        let (stack_end, translation_end) = self.ends();
        self.stack.truncate(stack_end);
        self.translation.truncate(translation_end);
        output.extend_from_slice(&self.translation);
        self.frames.last().map(|last| (last.frame, last.stack_end))
    }

    /// Caches the next frame of the stack, which ends at `stack_end`. Its translation ends at `output_end` of the
    /// output. Returns `false` if it is too long.
    pub(crate) fn push(&mut self, frame: TranslatedFrame, stack_end: usize, output_end: usize) -> bool {
        let translation_end = output_end - self.start;
        let fits = stack_end.max(translation_end) <= MAX_LEN;
        if fits {
            self.frames.push(CachedFrame { stack_end, translation_end, frame, stacks_before: self.stacks });
        }
        fits
    }

    /// Counts the cached frames in `report`.
    pub(crate) fn count(&self, report: &mut Report) {
        for cached in &self.frames {
            report.count_frames(cached.frame, self.stacks - cached.stacks_before);
        }
    }

    /// Ends the stack: keeps it and its translation at the end of `output`, up to the last cached frame.
    pub(crate) fn keep(&mut self, stack: &[u8], output: &[u8]) {
        self.stacks += 1;
        let (stack_end, translation_end) = self.ends();
        self.stack.extend_from_slice(&stack[self.stack.len()..stack_end]);
        let new = self.start + self.translation.len()..self.start + translation_end;
        self.translation.extend_from_slice(&output[new]);
    }

    /// Where the last cached frame ends, in the stack and in its translation.
    fn ends(&self) -> (usize, usize) {
        self.frames.last().map_or((0, 0), |last| (last.stack_end, last.translation_end))
    }
}

/// Whether a frame that ends at `end` in the last stack also ends there in `stack`. Their first `shared`
/// bytes are equal.
fn ends_frame(stack: &[u8], end: usize, shared: usize) -> bool {
    end <= shared && stack.get(end).is_none_or(|&byte| byte == b';')
}

/// The length of the common prefix of `a` and `b`.
fn shared_prefix(a: &[u8], b: &[u8]) -> usize {
    let long = 64 * equal_chunks::<64>(a, b);
    let short = long + 8 * equal_chunks::<8>(&a[long..], &b[long..]);
    short + equal_chunks::<1>(&a[short..], &b[short..])
}

/// The number of chunks of `N` bytes in the common prefix of `a` and `b`.
fn equal_chunks<const N: usize>(a: &[u8], b: &[u8]) -> usize {
    a.as_chunks::<N>().0.iter().zip(b.as_chunks::<N>().0).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::{MAX_LEN, PrefixCache, shared_prefix};
    use crate::module::{Module, Modules};
    use crate::options::Options;
    use crate::report::{Report, TranslatedFrame};

    const FRAME: TranslatedFrame = TranslatedFrame { module: 0, defined_index: 0, is_named: true };

    fn report() -> Report {
        let mut modules = Modules::default();
        modules.add(Module::read(None, "x.wasm", &b"\0asm\x01\0\0\0"[..]).unwrap()).unwrap();
        Report::new(&modules, Options::default())
    }

    /// Caches the frames of `stack`, "translated" to upper case. Returns what was restored.
    fn cache(cache: &mut PrefixCache, stack: &str, report: &mut Report) -> String {
        let mut output = Vec::new();
        let done = cache.restore(stack.as_bytes(), report, &mut output).map_or(0, |(_, end)| end);
        let restored = String::from_utf8(output).unwrap();
        assert_eq!(restored, stack[..done].to_uppercase());
        let ends = stack.match_indices(';').map(|(end, _)| end).chain([stack.len()]);
        for end in ends.filter(|end| *end > done) {
            cache.push(FRAME, end, end);
        }
        cache.keep(stack.as_bytes(), stack.to_uppercase().as_bytes());
        restored
    }

    #[test]
    fn frames_are_counted_for_each_stack() {
        let (mut prefix_cache, mut report) = (PrefixCache::default(), report());
        let mut frames = 0;
        for stack in ["a;b", "a;b;c", "a;b", "a", "x", "x;y", "x;y"] {
            cache(&mut prefix_cache, stack, &mut report);
            frames += stack.split(';').count() as u64;
            let mut report = report.clone();
            prefix_cache.count(&mut report);
            assert_eq!(report.modules[0].frames, frames, "{stack:?}");
        }
    }

    #[test]
    fn whole_frames_are_restored() {
        for (last, next, restored) in [
            ("a;b;c", "a;b;d", "A;B"),
            ("a;b;c", "a;b;c;d", "A;B;C"),
            ("a;b;c", "a;b;c", "A;B;C"),
            ("a;b;c", "a;b", "A;B"),
            ("a;b;c", "a;bb;c", "A"),
            ("a;f#1", "a;f#12", "A"),
            ("a;f#12", "a;f#1", "A"),
            ("a;f#1;x", "a;f#1_[j];x", "A"),
            ("a;f#1", "a;f", "A"),
            ("a;;b", "a;;c", "A;"),
            ("a;b", "b;a", ""),
            ("a;b", "", ""),
            ("a", "ab", ""),
        ] {
            let mut prefix_cache = PrefixCache::default();
            cache(&mut prefix_cache, last, &mut report());
            assert_eq!(cache(&mut prefix_cache, next, &mut report()), restored, "{next:?} after {last:?}");
        }
    }

    #[test]
    fn long_stacks_are_not_cached() {
        let stack = format!("a;{};b", "x".repeat(MAX_LEN));
        let mut prefix_cache = PrefixCache::default();
        cache(&mut prefix_cache, &stack, &mut report());
        assert_eq!(cache(&mut prefix_cache, &stack, &mut report()), "A");
        assert!(prefix_cache.stack.len() <= MAX_LEN);

        let mut prefix_cache = PrefixCache::default();
        prefix_cache.restore(b"a", &mut report(), &mut Vec::new());
        assert!(!prefix_cache.push(FRAME, 1, MAX_LEN + 1));
        prefix_cache.keep(b"a", &vec![b'A'; MAX_LEN + 1]);
        assert!(prefix_cache.translation.len() <= MAX_LEN);
    }

    #[test]
    fn shared_prefixes_of_all_lengths() {
        let text: Vec<u8> = (0..200).collect();
        for shared in 0..text.len() {
            let mut other = text.clone();
            other[shared] = 255;
            assert_eq!(shared_prefix(&text, &other), shared);
            assert_eq!(shared_prefix(&text, &text[..shared]), shared);
            assert_eq!(shared_prefix(&text[..shared], &text), shared);
        }
    }
}
