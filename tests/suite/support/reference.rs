//! A plain translator, frame by frame, as close to the words of the specification as regular expressions get.
//! It shares no code with the program but the reading of wasm files.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::bytes::{Captures, Regex};
use wamr_fold_translate::Wasm;

/// A module name; `None` for frames without one.
pub(crate) type Name = Option<Vec<u8>>;

/// Translates lines with these modules.
pub(crate) struct Reference<'a> {
    pub(crate) modules: BTreeMap<Name, &'a Wasm>,
    pub(crate) name_first: bool,
}

/// Which code has stack checks.
#[derive(Clone, Debug)]
pub(crate) enum Checks {
    All,
    Of(BTreeSet<Name>),
}

impl Checks {
    pub(crate) const NONE: Self = Self::Of(BTreeSet::new());

    fn of(&self, name: &Name) -> bool {
        match self {
            Self::All => true,
            Self::Of(names) => names.contains(name),
        }
    }
}

static LINE: LazyLock<Regex> = LazyLock::new(|| {
    bytes_pattern(
        r"(?s-u)^(.*?:tid[ \t]+[0-9]+(?:\.[0-9]*)?|[ \t]*[^ \t].*?)((?:[ \t]+[0-9]+(?:\.[0-9]*)?){1,2})[ \t]*\r?$",
    )
});
static FRAME: LazyLock<Regex> = LazyLock::new(|| {
    bytes_pattern(
        r"(?xs-u)^[\ \t]* (?:\[(?<module>.+)\]\#)? (?<kind>aot_func|aot_func_internal)\#(?<n>[0-9]+)
          (?<rest>(?:_wrapper|_\[|\+|:).*)?$",
    )
});
static TRANSLATED: LazyLock<Regex> = LazyLock::new(|| bytes_pattern(r"(?s-u)^\[Wasm\] | \[Wasm\]"));
static ANNOTATED: LazyLock<Regex> = LazyLock::new(|| bytes_pattern(r"(?s-u)^(.*?)(_\[[kijw]\])?$"));

/// A WAMR symbol, in parts.
pub(crate) struct Symbol<'a> {
    pub(crate) name: Name,
    pub(crate) kind: &'a [u8],
    pub(crate) n: u32,
    pub(crate) rest: &'a [u8],
}

impl Reference<'_> {
    /// The names whose code has stack checks, as a profile shows.
    pub(crate) fn find_checks<'l>(lines: impl IntoIterator<Item = &'l [u8]>) -> Checks {
        let mut names = BTreeSet::new();
        for line in lines {
            let symbols = stack(line).into_iter().flat_map(|(stack, _)| frames(stack)).filter_map(symbol);
            names.extend(
                symbols.filter(|symbol| symbol.kind == b"aot_func_internal").map(|symbol| symbol.name),
            );
        }
        Checks::Of(names)
    }

    /// The translation of a line, both without a newline.
    pub(crate) fn translate(&self, line: &[u8], checks: &Checks) -> Vec<u8> {
        let Some((stack, counts)) = stack(line) else {
            return line.to_vec();
        };
        let frames: Vec<_> = frames(stack).map(|frame| self.frame(frame, checks)).collect();
        [&frames.join(&b';'), counts].concat()
    }

    fn frame(&self, frame: &[u8], checks: &Checks) -> Vec<u8> {
        symbol(frame).and_then(|symbol| self.symbol(&symbol, checks)).unwrap_or_else(|| frame.to_vec())
    }

    /// The translation of a symbol; `None` if no module takes it.
    pub(crate) fn symbol(&self, symbol: &Symbol<'_>, checks: &Checks) -> Option<Vec<u8>> {
        let wasm = self.modules.get(&symbol.name)?;
        let index = u64::from(symbol.n) + wasm.imported_functions() as u64;
        let label = match safe(wasm.name(usize::try_from(index).unwrap())) {
            name if name.is_empty() => format!("func[{index}]"),
            name => name,
        };
        let is_check =
            symbol.kind == b"aot_func" && !symbol.rest.starts_with(b"_wrapper") && checks.of(&symbol.name);
        let precheck: &[u8] = if is_check { b"_precheck" } else { b"" };
        let module = symbol.name.as_ref().map_or(Vec::new(), |name| [b"[", &name[..], b"]"].concat());
        let name = [label.as_bytes(), precheck].concat();
        let blank: &[u8] = if module.is_empty() { b"" } else { b" " };
        if self.name_first {
            let parts = ANNOTATED.captures(symbol.rest).unwrap();
            let annotation = parts.get(2).map_or(&b""[..], |annotation| annotation.as_bytes());
            Some([&name, &parts[1], b" [Wasm]", blank, &module, annotation].concat())
        } else {
            Some([b"[Wasm] ", &module[..], blank, &name, symbol.rest].concat())
        }
    }
}

/// The stack and the counts of a line that has both.
fn stack(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let parts = LINE.captures(line).filter(|_| !line.starts_with(b"# "))?;
    Some((parts.get(1)?.as_bytes(), parts.get(2).map(|_| &line[parts.get(1).unwrap().end()..])?))
}

fn frames(stack: &[u8]) -> impl Iterator<Item = &[u8]> {
    stack.split(|&byte| byte == b';')
}

fn symbol(frame: &[u8]) -> Option<Symbol<'_>> {
    let parts: Captures<'_> = FRAME.captures(frame).filter(|_| !TRANSLATED.is_match(frame))?;
    let name = parts.name("module").map(|module| module.as_bytes().to_vec());
    let rest = parts.name("rest").map_or(&b""[..], |rest| rest.as_bytes());
    let n = std::str::from_utf8(parts.name("n")?.as_bytes()).ok()?.parse().ok()?;
    let ends_later = name.is_some() && String::from_utf8_lossy(rest).contains("]#aot_func");
    (!ends_later).then_some(Symbol { name, kind: parts.name("kind")?.as_bytes(), n, rest })
}

/// A name as a label, by the rules of the specification one after the other.
fn safe(name: &[u8]) -> String {
    static SPACE: LazyLock<regex::Regex> =
        LazyLock::new(|| pattern(r"[\x{0}-\x{1f}\x{7f}-\x{9f}]|[\s--\x{20}]"));
    static BLANKS_AT_THE_ENDS: LazyLock<regex::Regex> = LazyLock::new(|| pattern("^ +| +$"));
    static NUMBER_AT_THE_END: LazyLock<regex::Regex> =
        LazyLock::new(|| pattern(r"(?:^| )([\p{Nd}\p{Nl}\p{No}]+(?:\.[\p{Nd}\p{Nl}\p{No}]*)?)$"));
    let name = String::from_utf8_lossy(name).replace(';', ":");
    let name = SPACE.replace_all(&name, "_");
    let name = BLANKS_AT_THE_ENDS.replace_all(&name, "");
    NUMBER_AT_THE_END.replace(&name, "_$1").into_owned()
}

fn pattern(text: &str) -> regex::Regex {
    regex::Regex::new(text).unwrap()
}

pub(crate) fn bytes_pattern(text: &str) -> Regex {
    Regex::new(text).unwrap()
}
