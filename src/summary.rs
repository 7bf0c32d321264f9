//! How much was translated.

use bstr::ByteSlice;

use crate::module::ModuleId;

/// What was read and translated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// Lines read.
    pub lines: u64,
    /// Lines without a frame that is, or looks like, a WAMR symbol.
    pub host_lines: u64,
    /// Lines that are folded stacks; in a text, all lines.
    pub stacks: u64,
    /// One entry for each module, in the order in which they were added.
    pub modules: Vec<ModuleSummary>,
    /// Whether an already translated frame came before any WAMR symbol.
    has_translation: bool,
}

/// What was translated with the names of one module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModuleSummary {
    /// Lines whose last translated frame is of this module.
    pub lines: u64,
    /// Translated frames that show the name of the function.
    pub named_frames: u64,
    /// Translated frames that show only its index.
    pub unnamed_frames: u64,
}

/// A translated frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TranslatedFrame {
    pub(crate) module: ModuleId,
    /// Whether it shows the name of the function, and not only its index.
    pub(crate) is_named: bool,
}

impl Summary {
    pub(crate) fn new(modules: usize) -> Self {
        Self { modules: vec![ModuleSummary::default(); modules], ..Self::default() }
    }

    /// Whether there are stacks but no WAMR frame, translated or not.
    #[must_use]
    pub fn lacks_wamr_frames(&self) -> bool {
        self.stacks > 0 && self.host_lines == self.lines && !self.has_translation
    }

    /// Looks for translated frames in `lines`, until a WAMR frame has been seen.
    pub(crate) fn look_for_translation(&mut self, lines: &[u8]) {
        if self.host_lines == self.lines && !self.has_translation {
            // Faster than to search for all of it.
            let mut starts = lines.find_iter("W");
            self.has_translation =
                starts.any(|at| lines[..at].ends_with(b"[") && lines[at..].starts_with(b"Wasm]"));
        }
    }

    pub(crate) fn count_frame(&mut self, frame: TranslatedFrame) {
        let module = &mut self.modules[frame.module.index()];
        if frame.is_named {
            module.named_frames += 1;
        } else {
            module.unnamed_frames += 1;
        }
    }
}
