//! The code of a module: what its symbols are translated to. Translations are kept, as most symbols come up again and
//! again.

use std::borrow::Cow;

use crate::demangle::demangle;
use crate::label::{label, unnamed};
use crate::module::{Module, Modules};
use crate::options::{Options, Tag};
use crate::report::TranslatedFrame;
use crate::symbol::{JIT, Kind, PRECHECK, Symbol, TAG_FIRST, TAG_LAST, split_annotation, split_index};

/// The symbols that begin alike: those with one module name, or without one.
#[derive(Debug)]
pub(crate) struct Code {
    /// The position of the module that takes them.
    module: usize,
    /// What they begin with: `[MODULE]#`, or nothing.
    start: Vec<u8>,
    style: Style,
    /// The translations of functions, and of stack checks, by N.
    functions: Vec<Option<Translation>>,
    checks: Vec<Option<Translation>>,
}

/// The translation of a symbol without REST and annotation.
#[derive(Clone, Debug)]
struct Translation {
    text: Box<[u8]>,
    frame: TranslatedFrame,
}

/// How translations look.
#[derive(Debug)]
struct Style {
    /// The tag before the name of the function, and after what follows that.
    prefix: Vec<u8>,
    suffix: Vec<u8>,
    options: Options,
}

/// A symbol that was translated before.
pub(crate) struct Known<'c, 's> {
    code: &'c Code,
    translation: &'c Translation,
    annotation: &'s [u8],
    /// What follows the symbol.
    pub(crate) after: &'s [u8],
}

impl Code {
    /// All code, as [`Modules::find_code`] numbers it.
    pub(crate) fn all(modules: &Modules, options: &Options) -> Vec<Self> {
        let named = modules.iter().enumerate().map(|(module, loaded)| (module, loaded.name()));
        let unnamed = (modules.find(None).unwrap_or(0), None);
        named.chain([unnamed]).map(|(module, name)| Self::new(module, name, options)).collect()
    }

    fn new(module: usize, name: Option<&[u8]>, options: &Options) -> Self {
        let name = name.map_or(Vec::new(), |name| [b"[", name, b"]"].concat());
        let [hash, blank]: [&[u8]; 2] = if name.is_empty() { [b"", b""] } else { [b"#", b" "] };
        let (prefix, suffix) = match options.tag {
            Tag::First => ([TAG_FIRST, &name, blank].concat(), Vec::new()),
            Tag::Last => (Vec::new(), [TAG_LAST, blank, &name].concat()),
            Tag::None => (Vec::new(), Vec::new()),
        };
        let style = Style { prefix, suffix, options: *options };
        Self { module, start: [&name, hash].concat(), style, functions: Vec::new(), checks: Vec::new() }
    }

    /// The symbol that `frames` start with, if it was translated before and looks as most do: its frame ends
    /// after N, or after `_[j]`.
    #[inline]
    pub(crate) fn known<'s>(&self, frames: &'s [u8], has_checks: bool) -> Option<Known<'_, 's>> {
        let (kind, number) = Kind::split(frames.strip_prefix(&*self.start)?)?;
        let (index, after) = split_index(number)?;
        let (annotation, after) = after.split_at(if after.starts_with(JIT) { JIT.len() } else { 0 });
        if !matches!(after, [] | [b';', ..]) {
            return None;
        }
        let known = if has_checks && kind == Kind::Func { &self.checks } else { &self.functions };
        let translation = known.get(index as usize)?.as_ref()?;
        Some(Known { code: self, translation, annotation, after })
    }

    /// Appends the translation of `symbol`.
    pub(crate) fn translate(
        &mut self,
        symbol: &Symbol<'_>,
        is_check: bool,
        modules: &Modules,
        output: &mut Vec<u8>,
    ) -> TranslatedFrame {
        let module = modules.at(self.module);
        let Self { style, functions, checks, .. } = self;
        let known = if is_check { checks } else { functions };
        known.resize(module.defined_functions(), None);
        let mut frame = TranslatedFrame {
            module: self.module,
            defined_index: symbol.defined_index,
            is_named: false,
            is_defined: false,
        };
        let undefined;
        let translation = match known.get_mut(symbol.defined_index as usize) {
            Some(known) => known.get_or_insert_with(|| {
                frame.is_defined = true;
                style.translation(module, frame, is_check)
            }),
            None => {
                undefined = style.translation(module, frame, is_check);
                &undefined
            }
        };
        let (rest, annotation) = split_annotation(symbol.rest);
        style.append(translation, rest, annotation, output);
        translation.frame
    }
}

impl Known<'_, '_> {
    /// Appends the translation of the symbol.
    #[inline]
    pub(crate) fn translate(&self, output: &mut Vec<u8>) -> TranslatedFrame {
        self.code.style.append(self.translation, b"", self.annotation, output);
        self.translation.frame
    }
}

impl Style {
    fn translation(&self, module: &Module, mut frame: TranslatedFrame, is_check: bool) -> Translation {
        let index = module.imported_functions() as u64 + u64::from(frame.defined_index);
        let name = if frame.is_defined { self.label(module, index) } else { None };
        frame.is_named = name.is_some();
        let name = name.unwrap_or_else(|| unnamed(index));
        let check: &[u8] = if is_check { PRECHECK } else { b"" };
        let text = [&self.prefix, name.as_bytes(), check, &self.suffix].concat();
        Translation { text: text.into(), frame }
    }

    /// The name of the function at `index`, which `module` defines.
    fn label(&self, module: &Module, index: u64) -> Option<String> {
        let name = module.shown_name(usize::try_from(index).ok()?, &self.options)?;
        label(&if self.options.demangle { demangle(name) } else { Cow::Borrowed(name) })
    }

    /// Appends `translation` with REST, which stands before the tag at the end, and the annotation after that.
    #[inline]
    fn append(&self, translation: &Translation, rest: &[u8], annotation: &[u8], output: &mut Vec<u8>) {
        if rest.is_empty() {
            output.extend_from_slice(&translation.text);
        } else {
            let (name, suffix) = translation.text.split_at(translation.text.len() - self.suffix.len());
            output.extend_from_slice(name);
            output.extend_from_slice(rest);
            output.extend_from_slice(suffix);
        }
        let annotation = if self.options.annotate && annotation.is_empty() { JIT } else { annotation };
        if !annotation.is_empty() {
            output.extend_from_slice(annotation);
        }
    }
}
