//! How often frames were translated.

use crate::module::ModuleId;

/// A translated frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Translated {
    /// The module of its function.
    pub module: ModuleId,
    /// Whether it shows the function's name, and not only its index.
    pub is_named: bool,
}

/// How many frames of a module were translated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Frames {
    /// Those that show the function's name.
    pub named: u64,
    /// Those that show its index.
    pub unnamed: u64,
}

/// How many frames of each module were translated.
#[derive(Clone, Debug, Default)]
pub struct FrameCounts(Vec<Frames>);

impl FrameCounts {
    /// Counts `frame` as often as `count` says.
    pub fn add(&mut self, frame: Translated, count: u64) {
        let module = frame.module.index();
        if module >= self.0.len() {
            self.0.resize(module + 1, Frames::default());
        }
        let frames = &mut self.0[module];
        *(if frame.is_named { &mut frames.named } else { &mut frames.unnamed }) += count;
    }

    /// The frames of `module`.
    #[must_use]
    pub fn of(&self, module: ModuleId) -> Frames {
        self.0.get(module.index()).copied().unwrap_or_default()
    }
}
