//! WAMR's symbols, and the tags of translated frames.
//!
//! WAMR calls a compiled function `aot_func#N`, or `[MODULE]#aot_func#N` if the module has a name
//! (`core/iwasm/aot/aot_perf_map.c`). N is the index of the function among those that the module defines. LLVM
//! JIT code also has `aot_func_internal#N`, where it checks the stack in software, and `aot_func#N_wrapper`
//! (`core/iwasm/compilation/aot_llvm.c`).

use bstr::ByteSlice;

/// The tag of a translated frame, at its start and elsewhere.
pub(crate) const TAG_FIRST: &[u8] = b"[Wasm] ";
pub(crate) const TAG_LAST: &[u8] = b" [Wasm]";

/// What is appended to the name of a stack check.
pub(crate) const PRECHECK: &[u8] = b"_precheck";

/// `FlameGraph`'s annotation for JIT code.
pub(crate) const JIT: &[u8] = b"_[j]";

const FUNC: &[u8] = b"aot_func#";
const INTERNAL: &[u8] = b"aot_func_internal#";
const NAMED_FUNC: &[u8] = b"]#aot_func#";
const NAMED_INTERNAL: &[u8] = b"]#aot_func_internal#";
const WRAPPER: &[u8] = b"_wrapper";

/// A frame or word that contains `aot_func#` or `aot_func_internal#`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found<'a> {
    /// A function of a wasm module.
    Symbol(Symbol<'a>),
    /// A malformed symbol.
    Malformed,
}

/// A WAMR symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Symbol<'a> {
    /// The module name, which is not empty.
    pub(crate) module: Option<&'a [u8]>,
    pub(crate) kind: Kind,
    /// The index of the function among those that the module defines.
    pub(crate) defined_index: u32,
    /// What follows N and stays after the name.
    pub(crate) rest: &'a [u8],
}

/// Which symbol of a function this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `aot_func#N`: the function or, in code with stack checks, its stack check.
    Func,
    /// `aot_func_internal#N`: the function, without its stack check.
    Internal,
}

impl Kind {
    /// The start of every symbol of this kind, after the module name.
    pub(crate) const fn marker(self) -> &'static [u8] {
        match self {
            Self::Func => FUNC,
            Self::Internal => INTERNAL,
        }
    }

    /// The kind of the symbol that starts with `text`, and what follows its marker.
    pub(crate) fn split(text: &[u8]) -> Option<(Self, &[u8])> {
        match text.strip_prefix(FUNC) {
            Some(number) => Some((Self::Func, number)),
            None => Some((Self::Internal, text.strip_prefix(INTERNAL)?)),
        }
    }

    /// The kind of the marker that `text` ends with.
    pub(crate) fn at_end(text: &[u8]) -> Option<Self> {
        [Self::Func, Self::Internal].into_iter().find(|kind| text.ends_with(kind.marker()))
    }

    /// What every symbol of this kind contains if it names a module.
    pub(crate) const fn named_marker(self) -> &'static [u8] {
        match self {
            Self::Func => NAMED_FUNC,
            Self::Internal => NAMED_INTERNAL,
        }
    }
}

impl<'a> Symbol<'a> {
    /// Parses `text` as a symbol and REST: nothing, or what WAMR, perf and collapsers append. `None` if it is
    /// malformed.
    pub(crate) fn parse(text: &'a [u8]) -> Option<Self> {
        let (module, function) = split_module(text)?;
        let (kind, number) = Kind::split(function)?;
        let (defined_index, rest) = split_index(number)?;
        let starts_rest = |start: &&[u8]| rest.starts_with(start);
        let is_rest = rest.is_empty() || [WRAPPER, b"_[", b"+", b":", b".", b"@"].iter().any(starts_rest);
        is_rest.then_some(Self { module, kind, defined_index, rest })
    }

    /// Whether this is a stack check if the code has stack checks. A JIT entry (`aot_func#N_wrapper`) is not.
    pub(crate) fn may_be_check(&self) -> bool {
        self.kind == Kind::Func && !self.rest.starts_with(WRAPPER)
    }
}

/// Whether `text` contains `aot_func#` or `aot_func_internal#`.
pub(crate) fn contains_symbol(text: &[u8]) -> bool {
    // Few bytes of a profile are a `#`.
    text.find_byte(b'#').is_some() && (text.contains_str(FUNC) || text.contains_str(INTERNAL))
}

/// Whether `text` contains `[Wasm]`.
pub(crate) fn contains_tag(text: &[u8]) -> bool {
    // Few bytes of a profile are a `W`.
    text.find_iter("W").any(|at| text[..at].ends_with(b"[") && text[at..].starts_with(b"Wasm]"))
}

/// Whether `frame` is already translated: it starts with `[Wasm] ` or contains ` [Wasm]`.
pub(crate) fn is_translated(frame: &[u8]) -> bool {
    let contains_tag = |blank: usize| frame[blank..].contains_str(TAG_LAST);
    frame.starts_with(TAG_FIRST) || frame.find_byte(b' ').is_some_and(contains_tag)
}

/// Splits `[MODULE]#SYMBOL`. A module name may contain `]#aot_func`; the last occurrence ends it.
fn split_module(text: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    let Some(named) = text.strip_prefix(b"[") else {
        return Some((None, text));
    };
    let mut end = named.rfind_byte(b']')?;
    while !named[end + 1..].starts_with(b"#aot_func") {
        end = named[..end].rfind_byte(b']')?;
    }
    (end > 0).then(|| (Some(&named[..end]), &named[end + 2..]))
}

/// Parses the decimal N at the start of `text`, at most 4294967295. Also returns what follows it.
pub(crate) fn split_index(text: &[u8]) -> Option<(u32, &[u8])> {
    const TOO_LARGE: u64 = 1 << 32;
    let mut index = 0;
    let mut rest = text;
    while let [digit @ b'0'..=b'9', after @ ..] = rest {
        index = (10 * index + u64::from(digit - b'0')).min(TOO_LARGE);
        rest = after;
    }
    (rest.len() < text.len()).then_some((u32::try_from(index).ok()?, rest))
}

/// Splits `_wrapper` off the start of `text`, or nothing.
pub(crate) fn split_wrapper(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(if text.starts_with(WRAPPER) { WRAPPER.len() } else { 0 })
}

/// Splits the annotation off the end of `rest`, or nothing: `_[k]` kernel, `_[i]` inlined, `_[j]` JIT, `_[w]`
/// waker (flamegraph.pl: `_\[[kwij]\]$`).
pub(crate) fn split_annotation(rest: &[u8]) -> (&[u8], &[u8]) {
    let annotation = match rest {
        [.., b'_', b'[', b'k' | b'i' | b'j' | b'w', b']'] => 4,
        _ => 0,
    };
    rest.split_at(rest.len() - annotation)
}
