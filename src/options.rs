//! How a profile is translated.

/// The options of a [`Translator`](crate::Translator).
///
/// ```
/// let mut options = wamr_fold_translate::Options::default();
/// options.demangle = true;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// The format of the input.
    pub format: Format,
    /// Which `aot_func#N` are stack checks.
    pub stack_check: StackCheck,
    /// The position of the tag.
    pub tag: Tag,
    /// Demangles Rust names and drops their hashes.
    pub demangle: bool,
    /// Uses the first export name for functions without a name.
    pub export_names: bool,
    /// Appends `_[j]`, `FlameGraph`'s annotation for JIT code, to translated frames without an annotation. Ignored
    /// with [`Format::Text`].
    pub annotate: bool,
}

/// The format of an input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// Folded stacks.
    #[default]
    Folded,
    /// Any text, with symbols anywhere in it.
    Text,
}

/// Which `aot_func#N` are stack checks, shown as `NAME_precheck`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StackCheck {
    /// Those with the same module name as an `aot_func_internal#N` in the input, or like it without one.
    #[default]
    Auto,
    /// All.
    On,
    /// None.
    Off,
}

/// The position of the tag of a translated frame: of `[Wasm]`, or of `[Wasm] [MODULE]` if the symbol names a module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tag {
    /// Before the name.
    #[default]
    First,
    /// After the name and what follows it, so that narrow boxes in a flame graph show the name.
    Last,
    /// Nowhere.
    None,
}
