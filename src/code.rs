//! The code of a module: what its symbols are translated to. Translations are cached, as most symbols recur.

use crate::demangle::demangle;
use crate::label::{label, push_unnamed};
use crate::module::{Module, Modules};
use crate::options::{Options, Tag};
use crate::report::TranslatedFrame;
use crate::symbol::{JIT, Kind, PRECHECK, Symbol, TAG_FIRST, TAG_LAST, split_annotation, split_index};

/// The symbols with one module name, or without one.
#[derive(Debug)]
pub(crate) struct Code {
    /// The position of their module.
    pub(crate) module: usize,
    /// Their start: `[MODULE]#`, or nothing.
    start: Vec<u8>,
    /// The tag before the function name, and after REST.
    prefix: Vec<u8>,
    suffix: Vec<u8>,
    options: Options,
    /// The translations of functions, and of stack checks, by N.
    known: [Vec<Option<Translation>>; 2],
}

/// The translation of a symbol, up to REST.
#[derive(Clone, Debug)]
struct Translation {
    text: Box<[u8]>,
    /// Whether it shows a name rather than `func[IDX]`.
    is_named: bool,
}

impl Code {
    /// All code, as [`Modules::find_code`] numbers it.
    pub(crate) fn all(modules: &Modules, options: Options) -> Vec<Self> {
        let named = modules.iter().enumerate().map(|(module, loaded)| (module, loaded.name()));
        let unnamed = (modules.find(None).unwrap_or(0), None);
        named.chain([unnamed]).map(|(module, name)| Self::new(module, name, options)).collect()
    }

    fn new(module: usize, name: Option<&[u8]>, options: Options) -> Self {
        let name = name.map_or(Vec::new(), |name| [b"[", name, b"]"].concat());
        let [hash, blank]: [&[u8]; 2] = if name.is_empty() { [b"", b""] } else { [b"#", b" "] };
        let (prefix, suffix) = match options.tag {
            Tag::First => ([TAG_FIRST, &name, blank].concat(), Vec::new()),
            Tag::Last => (Vec::new(), [TAG_LAST, blank, &name].concat()),
            Tag::None => (Vec::new(), Vec::new()),
        };
        let start = [&name, hash].concat();
        Self { module, start, prefix, suffix, options, known: Default::default() }
    }

    /// The module name of the symbols.
    pub(crate) fn name(&self) -> Option<&[u8]> {
        self.start.strip_prefix(b"[")?.strip_suffix(b"]#")
    }

    /// Appends the translation of the symbol that `frames` start with, if it was translated before and its frame
    /// ends after N or after `_[j]`, as most do. Also returns what follows it.
    #[inline]
    pub(crate) fn translate_known<'a>(
        &self,
        frames: &'a [u8],
        has_checks: bool,
        output: &mut Vec<u8>,
    ) -> Option<(TranslatedFrame, &'a [u8])> {
        let (kind, number) = Kind::split(frames.strip_prefix(&*self.start)?)?;
        let (index, after) = split_index(number)?;
        let (annotation, after) = after.split_at(if after.starts_with(JIT) { JIT.len() } else { 0 });
        if !matches!(after, [] | [b';', ..]) {
            return None;
        }
        let known = &self.known[usize::from(has_checks && kind == Kind::Func)];
        let translation = known.get(index as usize)?.as_ref()?;
        self.append(&translation.text, b"", annotation, output);
        Some((self.frame(index, translation), after))
    }

    /// Appends the translation of `symbol`. Returns `None` if the index is out of range.
    pub(crate) fn translate(
        &mut self,
        symbol: &Symbol<'_>,
        is_check: bool,
        modules: &Modules,
        output: &mut Vec<u8>,
    ) -> Option<TranslatedFrame> {
        let module = modules.at(self.module);
        let (rest, annotation) = split_annotation(symbol.rest);
        let (table, n) = (usize::from(is_check), symbol.defined_index as usize);
        self.known[table].resize(module.defined_functions(), None);
        if let Some(None) = self.known[table].get(n) {
            self.known[table][n] = Some(self.translation(module, symbol.defined_index, is_check));
        }
        let Some(Some(translation)) = self.known[table].get(n) else {
            self.append_name(None, module.function_index(symbol.defined_index), is_check, output);
            self.append(b"", rest, annotation, output);
            return None;
        };
        self.append(&translation.text, rest, annotation, output);
        Some(self.frame(symbol.defined_index, translation))
    }

    fn frame(&self, defined_index: u32, translation: &Translation) -> TranslatedFrame {
        TranslatedFrame { module: self.module, defined_index, is_named: translation.is_named }
    }

    /// The translation of a function that `module` defines.
    fn translation(&self, module: &Module, defined_index: u32, is_check: bool) -> Translation {
        let index = module.function_index(defined_index);
        let name = usize::try_from(index).ok().and_then(|index| module.shown_name(index, self.options));
        let demangled = name.map(|name| if self.options.demangle { demangle(name) } else { name.into() });
        let label = demangled.and_then(|name| label(&name));
        let mut text = Vec::new();
        self.append_name(label.as_deref(), index, is_check, &mut text);
        Translation { text: text.into(), is_named: label.is_some() }
    }

    /// Appends a tag that comes first, and the label of the function at `index`.
    fn append_name(&self, label: Option<&str>, index: u64, is_check: bool, output: &mut Vec<u8>) {
        output.extend_from_slice(&self.prefix);
        match label {
            Some(label) => output.extend_from_slice(label.as_bytes()),
            None => push_unnamed(index, output),
        }
        output.extend_from_slice(if is_check { PRECHECK } else { b"" });
    }

    /// Appends `name`, REST, a tag that comes last, and the annotation.
    #[inline]
    fn append(&self, name: &[u8], rest: &[u8], annotation: &[u8], output: &mut Vec<u8>) {
        let annotation = if self.options.annotate && annotation.is_empty() { JIT } else { annotation };
        output.extend_from_slice(name);
        for part in [rest, &self.suffix, annotation] {
            if !part.is_empty() {
                output.extend_from_slice(part);
            }
        }
    }
}
