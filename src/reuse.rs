//! Reuses the translation of the frames that a stack shares with the one before it: a folded profile is
//! sorted, so neighbours begin alike.

use crate::counts::{FrameCounts, Translated};

/// How many bytes of a stack and of its translation are kept at most. Hardly a profile has so long a stack.
const LONGEST: usize = 256 * 1024;

/// The frames of the last stack that can be reused, and their translation.
#[derive(Debug, Default)]
pub struct Reuse {
    /// The last stack, up to the last mark.
    stack: Vec<u8>,
    /// Its translation, up to the same place.
    translation: Vec<u8>,
    marks: Vec<Mark>,
    stopped: bool,
    /// How many stacks were begun.
    stacks: u64,
    /// The frames that were translated, but not those of the marks.
    frames: FrameCounts,
}

/// The end of a translated frame.
#[derive(Debug)]
struct Mark {
    in_stack: usize,
    in_translation: usize,
    frame: Translated,
    /// The number of the stack that had this frame first; all stacks since then have it.
    since: u64,
}

impl Reuse {
    /// Begins a new stack. Appends to `output` the translation of the frames that it shares with the last
    /// one, and returns how many bytes of `stack` these are, and the last of them.
    pub fn begin(&mut self, stack: &[u8], output: &mut Vec<u8>) -> (usize, Option<Translated>) {
        self.stopped = false;
        self.stacks += 1;
        let shared = shared_prefix(&self.stack, stack);
        while let Some(mark) = self.marks.pop_if(|mark| !ends_frame(stack, mark.in_stack, shared)) {
            self.frames.add(mark.frame, self.stacks - mark.since);
        }
        let (in_stack, in_translation, frame) = match self.marks.last() {
            Some(mark) => (mark.in_stack, mark.in_translation, Some(mark.frame)),
            None => (0, 0, None),
        };
        self.stack.truncate(in_stack);
        self.translation.truncate(in_translation);
        output.extend_from_slice(&self.translation);
        (in_stack, frame)
    }

    /// Says that the frames of `stack`, all those of the stack begun last up to `frame`, have this
    /// `translation`.
    pub fn mark(&mut self, stack: &[u8], translation: &[u8], frame: Translated) {
        if self.stopped || stack.len().max(translation.len()) > LONGEST {
            self.frames.add(frame, 1);
            return;
        }
        self.stack.extend_from_slice(&stack[self.stack.len()..]);
        self.translation.extend_from_slice(&translation[self.translation.len()..]);
        self.marks.push(Mark {
            in_stack: stack.len(),
            in_translation: translation.len(),
            frame,
            since: self.stacks,
        });
    }

    /// Forgets the last stack, because its frames have another translation from now on.
    pub fn forget(&mut self) {
        self.frames = self.frames();
        self.stack.clear();
        self.translation.clear();
        self.marks.clear();
    }

    /// How many frames there were in all stacks, those that were reused included.
    #[must_use]
    pub fn frames(&self) -> FrameCounts {
        let mut frames = self.frames.clone();
        for mark in &self.marks {
            frames.add(mark.frame, self.stacks - mark.since + 1);
        }
        frames
    }

    /// Says that what follows in the stack begun last is to be translated anew whenever it comes again.
    pub fn stop(&mut self) {
        self.stopped = true;
    }
}

/// Whether a frame that ends at `end` in a stack does so in `stack`, which shares `shared` bytes with that.
fn ends_frame(stack: &[u8], end: usize, shared: usize) -> bool {
    end <= shared && stack.get(end).is_none_or(|&byte| byte == b';')
}

/// How many bytes `a` and `b` have in common at their beginning.
fn shared_prefix(a: &[u8], b: &[u8]) -> usize {
    let long = 64 * equal_chunks::<64>(a, b);
    let short = long + 8 * equal_chunks::<8>(&a[long..], &b[long..]);
    short + equal_chunks::<1>(&a[short..], &b[short..])
}

/// How many chunks of `N` bytes `a` and `b` have in common at their beginning.
fn equal_chunks<const N: usize>(a: &[u8], b: &[u8]) -> usize {
    a.as_chunks::<N>().0.iter().zip(b.as_chunks::<N>().0).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, Reuse, shared_prefix};
    use crate::counts::Translated;
    use crate::module::ModuleId;

    const FRAME: Translated = Translated { module: ModuleId::FIRST, is_named: true };

    /// Begins `stack` and marks each of its frames, "translated" to upper case. Returns what was reused.
    fn begin_and_mark(reuse: &mut Reuse, stack: &str) -> String {
        let mut output = Vec::new();
        let (done, frame) = reuse.begin(stack.as_bytes(), &mut output);
        assert_eq!(frame.is_some(), done > 0);
        let reused = String::from_utf8(output).unwrap();
        assert_eq!(reused, stack[..done].to_uppercase());
        let ends = stack.match_indices(';').map(|(end, _)| end).chain([stack.len()]);
        for end in ends.filter(|end| *end > done) {
            let (frames, translation) = (&stack[..end], stack[..end].to_uppercase());
            reuse.mark(frames.as_bytes(), translation.as_bytes(), FRAME);
        }
        reused
    }

    #[test]
    fn only_whole_frames_are_reused() {
        for (last, next, reused) in [
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
            let mut reuse = Reuse::default();
            begin_and_mark(&mut reuse, last);
            assert_eq!(begin_and_mark(&mut reuse, next), reused, "{next:?} after {last:?}");
        }
    }

    #[test]
    fn what_follows_a_stop_is_not_reused() {
        let mut reuse = Reuse::default();
        begin_and_mark(&mut reuse, "a;b");
        assert_eq!(reuse.begin(b"a;b;c;d", &mut Vec::new()).0, 3);
        reuse.stop();
        reuse.mark(b"a;b;c;d", b"A;B;C;D", FRAME);
        assert_eq!(begin_and_mark(&mut reuse, "a;b;c;d"), "A;B");
        assert_eq!(begin_and_mark(&mut reuse, "a;b;c;d"), "A;B;C;D");
    }

    #[test]
    fn frames_are_counted_in_each_stack_that_has_them() {
        let mut reuse = Reuse::default();
        let mut frames = 0;
        for stack in ["a;b;c", "a;b;c", "a;b", "a;b;d;e", "x", "x;y", &"long;".repeat(LONGEST / 4), "a"] {
            begin_and_mark(&mut reuse, stack);
            frames += stack.split(';').count() as u64;
            assert_eq!(reuse.frames().of(ModuleId::FIRST).named, frames, "after {stack:.9}");
        }
        reuse.forget();
        assert_eq!(reuse.frames().of(ModuleId::FIRST).named, frames);
    }

    #[test]
    fn what_was_forgotten_is_not_reused() {
        let mut reuse = Reuse::default();
        begin_and_mark(&mut reuse, "a;b");
        reuse.forget();
        assert_eq!(begin_and_mark(&mut reuse, "a;b"), "");
        assert_eq!(begin_and_mark(&mut reuse, "a;b"), "A;B");
    }

    #[test]
    fn a_stack_of_any_length_does_not_cost_its_memory() {
        let stack = "x".repeat(LONGEST);
        let mut reuse = Reuse::default();
        begin_and_mark(&mut reuse, &format!("a;{stack};b"));
        assert_eq!(begin_and_mark(&mut reuse, &format!("a;{stack};b")), "A");
        assert!(reuse.stack.len() <= LONGEST);

        let mut reuse = Reuse::default();
        reuse.begin(b"a", &mut Vec::new());
        reuse.mark(b"a", &vec![b'A'; LONGEST + 1], FRAME);
        assert!(reuse.translation.len() <= LONGEST);
    }

    #[test]
    fn shared_prefixes_of_all_lengths_are_found() {
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
