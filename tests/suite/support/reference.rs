//! A plain translator, frame by frame and as close to the words of the grammar as regular expressions get.
//! It knows nothing of speed, and shares no code with the program but the reading of wasm files.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::bytes::{Captures, Regex};
use wamr_fold_translate::Wasm;

/// The modules by their names, `None` for the module that frames without a name belong to.
pub(crate) struct Reference<'a> {
    pub(crate) modules: BTreeMap<Option<Vec<u8>>, &'a Wasm>,
    pub(crate) stack_checks: bool,
    line: Regex,
    frame: Regex,
}

impl<'a> Reference<'a> {
    pub(crate) fn new(modules: BTreeMap<Option<Vec<u8>>, &'a Wasm>, stack_checks: bool) -> Self {
        let line =
            Regex::new(r"(?s-u)^([ \t]*[^ \t].*?)((?:[ \t]+[0-9]+(?:\.[0-9]*)?){1,2}[ \t]*\r?)$").unwrap();
        let frame = Regex::new(
            r"(?xs-u)^[\ \t]* (?:\[(?<module>.+)\]\#)? (?<kind>aot_func|aot_func_internal)\#(?<n>[0-9]+)
              (?<rest>(?:_wrapper|_\[|\+|:).*)?$",
        )
        .unwrap();
        Self { modules, stack_checks, line, frame }
    }

    /// The translation of a line, both without a newline.
    pub(crate) fn translate(&self, line: &[u8]) -> Vec<u8> {
        match self.line.captures(line) {
            Some(parts) if !line.starts_with(b"# ") => {
                let frames: Vec<_> =
                    parts[1].split(|&byte| byte == b';').map(|frame| self.frame(frame)).collect();
                [&frames.join(&b';'), &parts[2]].concat()
            }
            _ => line.to_vec(),
        }
    }

    fn frame(&self, frame: &[u8]) -> Vec<u8> {
        let symbol = self.frame.captures(frame).filter(|_| !frame.starts_with(b"[Wasm] "));
        symbol.and_then(|symbol| self.symbol(&symbol)).unwrap_or_else(|| frame.to_vec())
    }

    fn symbol(&self, symbol: &Captures<'_>) -> Option<Vec<u8>> {
        let module = symbol.name("module").map(|module| module.as_bytes());
        let rest = symbol.name("rest").map_or(&b""[..], |rest| rest.as_bytes());
        if module.is_some() && String::from_utf8_lossy(rest).contains("]#aot_func") {
            return None;
        }
        let wasm = self.modules.get(&module.map(<[u8]>::to_vec))?;
        let number: u32 = String::from_utf8_lossy(&symbol["n"]).parse().ok()?;
        let index = u64::from(number) + wasm.imported_functions() as u64;
        let name = match safe(wasm.name(usize::try_from(index).unwrap())) {
            name if name.is_empty() => format!("func[{index}]"),
            name => name,
        };
        let is_check = self.stack_checks && &symbol["kind"] == b"aot_func" && !rest.starts_with(b"_wrapper");
        let mut translation = b"[Wasm] ".to_vec();
        if let Some(module) = module {
            translation.extend([b"[", module, b"] "].concat());
        }
        translation.extend(name.bytes());
        translation.extend_from_slice(if is_check { b"_precheck" } else { b"" });
        translation.extend_from_slice(rest);
        Some(translation)
    }
}

fn safe(name: &[u8]) -> String {
    static CONTROL: LazyLock<regex::Regex> = LazyLock::new(|| pattern(r"[\x{0}-\x{1f}\x{7f}-\x{9f}]"));
    static BLANKS_AT_THE_ENDS: LazyLock<regex::Regex> = LazyLock::new(|| pattern("^ +| +$"));
    static COUNT: LazyLock<regex::Regex> = LazyLock::new(|| pattern(r" ([0-9]+(?:\.[0-9]*)?)$"));
    let name = String::from_utf8_lossy(name).replace(';', ":");
    let name = CONTROL.replace_all(&name, "_");
    let name = BLANKS_AT_THE_ENDS.replace_all(&name, "");
    COUNT.replace(&name, "_$1").into_owned()
}

fn pattern(text: &str) -> regex::Regex {
    regex::Regex::new(text).unwrap()
}
