//! The grammar of a WAMR frame: the symbol under which WAMR shows a compiled function to `perf`.
//!
//! WAMR writes `aot_func#N`, or `[MODULE]#aot_func#N` where the module has a name
//! (`core/iwasm/aot/aot_perf_map.c`); N counts the functions that the module defines. Code with software
//! stack checks and LLVM JIT code also has `aot_func_internal#N` and `aot_func#N_wrapper`
//! (`core/iwasm/compilation/aot_llvm.c`). Collapsers and `perf` append to that: `_[j]`, `+0x1c`, `:tid 42`.

use bstr::ByteSlice;

use crate::folded::is_blank;

/// What starts every translated frame.
pub const TRANSLATED: &[u8] = b"[Wasm] ";

/// A frame, as far as WAMR is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// A function of a wasm module.
    Wasm(Symbol<'a>),
    /// A frame that holds `aot_func#` or `aot_func_internal#` and is nevertheless no WAMR symbol.
    Unreadable,
    /// Any other frame, those that were translated before included.
    Host,
}

/// The symbol of a wasm function: `[MODULE]#aot_func#N REST`, without that blank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Symbol<'a> {
    /// The module's name; `None` where the symbol has none, never empty.
    pub module: Option<&'a [u8]>,
    /// Which code of the function this is.
    pub kind: Kind,
    /// The function's number among those that the module defines (imported functions are not counted).
    pub number: u32,
    /// What a collapser or runtime appended: empty, or begins with `_wrapper`, `_[`, `+` or `:`.
    pub rest: &'a [u8],
}

/// Which code of a function a symbol names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `aot_func#N`: the function, or where code has stack checks, the check in front of it.
    Func,
    /// `aot_func_internal#N`: the function behind its stack check.
    Internal,
}

impl Kind {
    /// What every symbol of this kind holds.
    #[must_use]
    pub const fn marker(self) -> &'static [u8] {
        match self {
            Self::Func => b"aot_func#",
            Self::Internal => b"aot_func_internal#",
        }
    }
}

impl<'a> Frame<'a> {
    /// Reads one frame of a stack.
    #[must_use]
    pub fn parse(frame: &'a [u8]) -> Self {
        if frame.starts_with(TRANSLATED) {
            return Self::Host;
        }
        match Symbol::parse(frame) {
            Some(symbol) => Self::Wasm(symbol),
            None if [Kind::Func, Kind::Internal].iter().any(|kind| frame.contains_str(kind.marker())) => {
                Self::Unreadable
            }
            None => Self::Host,
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
        let (number, rest) = split_number(function)?;
        let known = [&b"_wrapper"[..], b"_[", b"+", b":"];
        let readable = rest.is_empty() || known.iter().any(|known| rest.starts_with(known));
        readable.then_some(Self { module, kind, number, rest })
    }

    /// Whether it ends in a mark that renderers know: `_[k]` kernel, `_[i]` inlined, `_[j]` JIT, `_[w]` waker
    /// (flamegraph.pl: `_\[[kwij]\]$`).
    #[must_use]
    pub fn is_annotated(&self) -> bool {
        matches!(self.rest, [.., b'_', b'[', b'k' | b'i' | b'j' | b'w', b']'])
    }

    /// Whether this is a JIT entry into the function: `aot_func#N_wrapper`.
    #[must_use]
    pub fn is_wrapper(&self) -> bool {
        self.rest.starts_with(b"_wrapper")
    }
}

/// Splits `[MODULE]#SYMBOL`, or `SYMBOL`. A module's name may itself hold `]#`, so the last one counts.
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

/// Splits the decimal number from the front of `text`.
fn split_number(text: &[u8]) -> Option<(u32, &[u8])> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = text[..digits]
        .iter()
        .try_fold(0_u32, |number, digit| number.checked_mul(10)?.checked_add(u32::from(digit - b'0')))?;
    (digits > 0).then(|| (number, &text[digits..]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Kind::{Func, Internal};
    use super::{Frame, Symbol};

    #[test]
    fn wamr_symbols_are_read() {
        for (frame, module, kind, number, rest) in [
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
            let symbol = Symbol { module: module.map(str::as_bytes), kind, number, rest: rest.as_bytes() };
            assert_eq!(Frame::parse(frame.as_bytes()), Frame::Wasm(symbol), "{frame:?}");
        }
    }

    #[test]
    fn what_only_looks_like_a_wamr_symbol_is_unreadable() {
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
            " [Wasm] aot_func#3",
            "\u{feff}aot_func#1",
        ] {
            assert_eq!(Frame::parse(frame.as_bytes()), Frame::Unreadable, "{frame:?}");
        }
    }

    #[test]
    fn other_frames_are_the_hosts() {
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
            "[Wasm] ]#aot_func#3",
            "AOT_FUNC#1",
            "\u{0}",
        ] {
            assert_eq!(Frame::parse(frame.as_bytes()), Frame::Host, "{frame:?}");
        }
    }

    proptest! {
        #[test]
        fn a_symbol_that_was_printed_is_read_as_the_same(
            module in prop::option::of("[^;]{1,9}"),
            is_internal: bool,
            number: u32,
            rest in "(_wrapper|_\\[|[+]|:)[^;\\]]{0,9}|",
        ) {
            let kind = if is_internal { Internal } else { Func };
            let marker = std::str::from_utf8(kind.marker()).unwrap();
            let prefix = module.as_ref().map_or(String::new(), |module| format!("[{module}]#"));
            let frame = format!("{prefix}{marker}{number}{rest}");
            let module = module.as_ref().map(String::as_bytes);
            let symbol = Symbol { module, kind, number, rest: rest.as_bytes() };
            prop_assume!(!frame.starts_with("[Wasm] "));
            prop_assert_eq!(Frame::parse(frame.as_bytes()), Frame::Wasm(symbol));
        }
    }
}
