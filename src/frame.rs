//! The grammar of a WAMR frame in a folded stack.
//!
//! WAMR calls a compiled function `aot_func#N`, or `[MODULE]#aot_func#N` if the module has a name
//! (`core/iwasm/aot/aot_perf_map.c`); N is an index among the functions that the module defines. LLVM JIT
//! code also has `aot_func_internal#N`, where it checks the stack in software, and `aot_func#N_wrapper`
//! (`core/iwasm/compilation/aot_llvm.c`). Collapsers and `perf` append to that: `_[j]`, `+0x1c`, `:tid 42`.

use std::ops::Range;

use bstr::ByteSlice;

use crate::folded::is_blank;

/// The start of a translated frame, and what it holds if the name comes first.
pub(crate) const WASM_PREFIX: &[u8] = b"[Wasm] ";
pub(crate) const WASM_SUFFIX: &[u8] = b" [Wasm]";

/// How a frame is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Frame<'a> {
    /// A function of a wasm module.
    Wasm(Symbol<'a>),
    /// A frame that holds `aot_func#` or `aot_func_internal#` but is not a WAMR symbol.
    Unreadable,
    /// Any other frame, or one that is already translated.
    Other,
}

/// The symbol of a wasm function: `[MODULE]#aot_func#N`, and what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Symbol<'a> {
    /// The module name, which is not empty; `None` if the symbol has none.
    pub(crate) module: Option<&'a [u8]>,
    /// Which symbol of the function this is.
    pub(crate) kind: Kind,
    /// The index of the function among those that the module defines.
    pub(crate) defined_index: u32,
    /// What follows: nothing, or text that starts with `_wrapper`, `_[`, `+` or `:`.
    pub(crate) rest: &'a [u8],
}

/// The symbols of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `aot_func#N`: the function; in code with stack checks, only the check in front of it.
    Func,
    /// `aot_func_internal#N`: the function after its stack check.
    Internal,
}

impl Kind {
    pub(crate) const ALL: [Self; 2] = [Self::Func, Self::Internal];

    /// The start of every symbol of this kind, after the module name.
    pub(crate) const fn marker(self) -> &'static [u8] {
        match self {
            Self::Func => b"aot_func#",
            Self::Internal => b"aot_func_internal#",
        }
    }

    /// The kind of the marker that `text` ends with.
    pub(crate) fn at_end(text: &[u8]) -> Option<Self> {
        if text.ends_with(b"aot_func#") {
            Some(Self::Func)
        } else if text.ends_with(b"aot_func_internal#") {
            Some(Self::Internal)
        } else {
            None
        }
    }
}

/// The next frame of `stack` with a `#`, and its range. Every WAMR symbol has a `#`, and few other frames
/// have. `from` is the start or the end of a frame.
#[expect(clippy::inline_always, reason = "the hot path: 3 % fewer instructions")]
#[inline(always)]
pub(crate) fn next_frame(stack: &[u8], from: usize) -> Option<(Range<usize>, Frame<'_>)> {
    let is_separator = |&byte: &u8| byte == b';';
    let hash = from + stack[from..].find_byte(b'#')?;
    let start = stack[from..hash].iter().rposition(is_separator).map_or(from, |at| from + at + 1);
    let end = stack[hash..].iter().position(is_separator).map_or(stack.len(), |at| hash + at);
    Some((start..end, Frame::parse(&stack[start..end])))
}

impl<'a> Frame<'a> {
    /// Parses one frame of a stack.
    pub(crate) fn parse(frame: &'a [u8]) -> Self {
        match Symbol::parse(frame) {
            Some(symbol) if symbol.has_no_blank(frame) => Self::Wasm(symbol),
            _ if is_translated(frame) => Self::Other,
            Some(symbol) => Self::Wasm(symbol),
            None if Kind::ALL.iter().any(|kind| frame.contains_str(kind.marker())) => Self::Unreadable,
            None => Self::Other,
        }
    }
}

impl<'a> Symbol<'a> {
    fn parse(frame: &'a [u8]) -> Option<Self> {
        let blanks = frame.iter().take_while(|&&byte| is_blank(byte)).count();
        let (module, function) = split_module(&frame[blanks..])?;
        let (kind, function) = match function.strip_prefix(Kind::Func.marker()) {
            Some(function) => (Kind::Func, function),
            None => (Kind::Internal, function.strip_prefix(Kind::Internal.marker())?),
        };
        let (defined_index, rest) = split_index(function)?;
        let known = [&b"_wrapper"[..], b"_[", b"+", b":"];
        let readable = rest.is_empty() || known.iter().any(|known| rest.starts_with(known));
        readable.then_some(Self { module, kind, defined_index, rest })
    }

    /// Whether `frame`, of which this is the symbol, has no blank. The rest of the frame cannot have one.
    fn has_no_blank(&self, frame: &[u8]) -> bool {
        let module = self.module.unwrap_or_default();
        frame.first() != Some(&b' ') && !module.contains(&b' ') && !self.rest.contains(&b' ')
    }

    /// Whether this is a stack check if the code has stack checks. A JIT entry (`aot_func#N_wrapper`) is
    /// none.
    pub(crate) fn may_be_check(&self) -> bool {
        self.kind == Kind::Func && !self.rest.starts_with(b"_wrapper")
    }

    /// Splits the annotation off the end of `rest`: `_[k]` kernel, `_[i]` inlined, `_[j]` JIT, `_[w]` waker,
    /// or nothing (flamegraph.pl: `_\[[kwij]\]$`).
    pub(crate) fn split_annotation(&self) -> (&'a [u8], &'a [u8]) {
        let annotation = match self.rest {
            [.., b'_', b'[', b'k' | b'i' | b'j' | b'w', b']'] => 4,
            _ => 0,
        };
        self.rest.split_at(self.rest.len() - annotation)
    }
}

/// Whether `frame` starts with `[Wasm] ` or holds ` [Wasm]`.
fn is_translated(frame: &[u8]) -> bool {
    let holds_suffix = |blank| frame[blank..].contains_str(WASM_SUFFIX);
    frame.starts_with(WASM_PREFIX) || frame.find_byte(b' ').is_some_and(holds_suffix)
}

/// Splits `[MODULE]#SYMBOL` into both parts. A module name may hold `]#aot_func`, so the last one ends it.
fn split_module(frame: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    let Some(named) = frame.strip_prefix(b"[") else {
        return Some((None, frame));
    };
    let mut end = named.rfind_byte(b']')?;
    while !named[end + 1..].starts_with(b"#aot_func") {
        end = named[..end].rfind_byte(b']')?;
    }
    (end > 0).then(|| (Some(&named[..end]), &named[end + 2..]))
}

/// Parses the decimal `u32` at the start of `text`. Also returns what follows it.
pub(crate) fn split_index(text: &[u8]) -> Option<(u32, &[u8])> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let index = text[..digits]
        .iter()
        .try_fold(0_u32, |index, digit| index.checked_mul(10)?.checked_add(u32::from(digit - b'0')))?;
    (digits > 0).then(|| (index, &text[digits..]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Kind::{Func, Internal};
    use super::{Frame, Symbol};

    #[test]
    fn wamr_symbols_are_read() {
        for (frame, module, kind, defined_index, rest) in [
            ("aot_func#7", None, Func, 7, ""),
            ("aot_func_internal#7", None, Internal, 7, ""),
            ("[app]#aot_func#7", Some("app"), Func, 7, ""),
            ("[app]#aot_func_internal#7", Some("app"), Internal, 7, ""),
            ("aot_func#4294967295", None, Func, 4_294_967_295, ""),
            ("aot_func#0000000000000007", None, Func, 7, ""),
            ("aot_func#7_wrapper", None, Func, 7, "_wrapper"),
            ("aot_func#7_[j]", None, Func, 7, "_[j]"),
            ("aot_func#7_[", None, Func, 7, "_["),
            ("aot_func#7+0x1c", None, Func, 7, "+0x1c"),
            ("aot_func#7+28_[j]", None, Func, 7, "+28_[j]"),
            ("aot_func#7:tid 29888", None, Func, 7, ":tid 29888"),
            (" aot_func#7", None, Func, 7, ""),
            ("\t [app]#aot_func#7", Some("app"), Func, 7, ""),
            ("[a]#aot_func#1]#aot_func#2", Some("a]#aot_func#1"), Func, 2, ""),
            ("[aot_func#7]#aot_func#0_[j]", Some("aot_func#7"), Func, 0, "_[j]"),
            ("[[br]]#aot_func#0", Some("[br]"), Func, 0, ""),
            ("[x#y ]#aot_func#0", Some("x#y "), Func, 0, ""),
            ("[Wasm]#aot_func#0", Some("Wasm"), Func, 0, ""),
            ("[größe-模块]#aot_func#3", Some("größe-模块"), Func, 3, ""),
        ] {
            let symbol =
                Symbol { module: module.map(str::as_bytes), kind, defined_index, rest: rest.as_bytes() };
            assert_eq!(Frame::parse(frame.as_bytes()), Frame::Wasm(symbol), "{frame:?}");
        }
    }

    #[test]
    fn almost_a_wamr_symbol_is_unreadable() {
        for frame in [
            "aot_func#",
            "aot_func#x",
            "aot_func#7x",
            "aot_func#7 ",
            "aot_func#-7",
            "aot_func#7_",
            "aot_func#4294967296",
            "aot_func#9999999999999999999999999999999999999999",
            "aot_func_internal#",
            "aot_func#1aot_func#2",
            "aot_func#1]#aot_func#2",
            "my_aot_func#3",
            "[]#aot_func#1",
            "]#aot_func#1",
            "[app]aot_func#1",
            "[app]##aot_func#1",
            "q]#aot_func#0_[i]",
            "[app aot_func#7",
            "[app]#aot_func#7]#aot_func",
            "\u{feff}aot_func#1",
        ] {
            assert_eq!(Frame::parse(frame.as_bytes()), Frame::Unreadable, "{frame:?}");
        }
    }

    #[test]
    fn other_frames_are_left_alone() {
        for frame in [
            "",
            " ",
            "[",
            "[]",
            "main",
            "aot_func",
            "my_aot_func_helper",
            "aot_func_internal",
            "[unknown]",
            "#",
            "a#b",
            "[app]#",
            "[app]#aot_func",
            "[Wasm] foo",
            "[Wasm] aot_func#3",
            " [Wasm] aot_func#3",
            "run [Wasm] [a]#aot_func#3",
            "aot_func#3 [Wasm]_[j]",
            "[Wasm] ]#aot_func#3",
            "AOT_FUNC#1",
            "\u{0}",
        ] {
            assert_eq!(Frame::parse(frame.as_bytes()), Frame::Other, "{frame:?}");
        }
    }

    proptest! {
        #[test]
        fn a_printed_symbol_is_read_back(
            module in prop::option::of("[^;]{1,9}"),
            is_internal: bool,
            defined_index: u32,
            rest in "(_wrapper|_\\[|[+]|:)[^;\\]]{0,9}|",
        ) {
            let kind = if is_internal { Internal } else { Func };
            let marker = std::str::from_utf8(kind.marker()).unwrap();
            let prefix = module.as_ref().map_or(String::new(), |module| format!("[{module}]#"));
            let frame = format!("{prefix}{marker}{defined_index}{rest}");
            let module = module.as_ref().map(String::as_bytes);
            let symbol = Symbol { module, kind, defined_index, rest: rest.as_bytes() };
            prop_assume!(!frame.starts_with("[Wasm] ") && !frame.contains(" [Wasm]"));
            prop_assert_eq!(Frame::parse(frame.as_bytes()), Frame::Wasm(symbol));
        }
    }
}
