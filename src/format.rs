//! The two kinds of input: where a line may hold symbols, and where the next one is.

use std::ops::Range;

use crate::folded::Line;
use crate::frame::{Frame, next_frame};
use crate::module::Modules;
use crate::text::next_symbol;

/// What the lines of an input are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// Folded stacks.
    #[default]
    Folded,
    /// Any text, in which symbols stand anywhere.
    Text,
}

impl Format {
    /// Parses `line`, which has no newline. Its stack is the part that may hold symbols: in a text, all of it.
    pub(crate) fn parse(self, line: &[u8]) -> Line<'_> {
        match self {
            Self::Folded => Line::parse(line),
            Self::Text => Line::Stack(line),
        }
    }

    /// The next symbol of `text`, and where it is. The search starts at `from`, where the last one ended.
    #[expect(clippy::inline_always, reason = "the hot path: 3 % fewer instructions")]
    #[inline(always)]
    pub(crate) fn next<'a>(
        self,
        text: &'a [u8],
        from: usize,
        modules: &Modules,
    ) -> Option<(Range<usize>, Frame<'a>)> {
        match self {
            Self::Folded => next_frame(text, from),
            Self::Text => next_symbol(text, from, modules),
        }
    }
}
