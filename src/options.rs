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
    /// Which `aot_func#N` are only stack checks.
    pub stack_check: StackCheck,
    /// Where a translated frame says that it is wasm.
    pub tag: Tag,
    /// Shows Rust names demangled and without hashes.
    pub demangle: bool,
    /// Shows a function without a name by the name of its first export.
    pub export_names: bool,
    /// Appends `_[j]`, `FlameGraph`'s mark for JIT code, to translated frames that have no such mark. Ignored
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
    /// Those whose module name (or lack of one) some `aot_func_internal#N` in the input has, too.
    #[default]
    Auto,
    /// All.
    On,
    /// None.
    Off,
}

/// Where a translated frame has its tag: `[Wasm]`, or `[Wasm] [MODULE]` if the symbol names a module.
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
