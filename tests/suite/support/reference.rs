//! A plain translator of one line at a time, written from the specification. It shares no code with the library but
//! the reading of wasm files.

use std::collections::BTreeSet;
use std::ops::Range;

use bstr::{BString, ByteSlice};
use wamr_fold_translate::{Cause, Format, Module, Modules, Options, Report, StackCheck, Tag};

use super::text_reference;

/// Translates with the library's modules and options.
pub(crate) struct Reference<'a> {
    pub(crate) modules: &'a Modules,
    pub(crate) options: Options,
}

/// The expected result for an input.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Expected {
    pub(crate) output: BString,
    /// For each line, the module of its last translated frame.
    pub(crate) last_modules: Vec<Option<usize>>,
    pub(crate) counts: Counts,
}

/// The counts of a [`Report`].
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Counts {
    lines: u64,
    lines_without_symbols: u64,
    /// Cause, count and first line.
    findings: Vec<(Cause, u64, u64)>,
    /// Of each module: functions with names; frames, those of them without a name, and lines.
    modules: Vec<(usize, u64, u64, u64)>,
    lacks_symbols: bool,
}

/// A WAMR symbol, or a malformed one.
#[derive(Clone, Copy)]
pub(crate) enum Found<'l> {
    Symbol(Symbol<'l>),
    Malformed,
}

#[derive(Clone, Copy)]
pub(crate) struct Symbol<'l> {
    pub(crate) module: Option<&'l [u8]>,
    pub(crate) kind: &'l str,
    pub(crate) n: u32,
    pub(crate) rest: &'l [u8],
}

pub(crate) const KINDS: [&str; 2] = ["aot_func", "aot_func_internal"];

impl Counts {
    pub(crate) fn of(report: &Report) -> Self {
        let findings = report.findings.iter();
        let modules = report.modules.iter();
        Self {
            lines: report.lines,
            lines_without_symbols: report.lines_without_symbols,
            findings: findings.map(|it| (it.cause.clone(), it.count, it.first_line)).collect(),
            modules: modules.map(|it| (it.named_functions, it.frames, it.unnamed_frames, it.lines)).collect(),
            lacks_symbols: report.lacks_symbols(),
        }
    }

    /// "Each distinct cause is reported once", and "of unknown modules ten are named, the rest is counted together".
    fn add(&mut self, cause: Cause) {
        let known = |cause: &Cause| self.findings.iter().position(|(other, ..)| other == cause);
        let is_unknown = |(cause, ..): &&(Cause, u64, u64)| matches!(cause, Cause::UnknownModule(_));
        let cause = match cause {
            Cause::UnknownModule(_)
                if known(&cause).is_none() && self.findings.iter().filter(is_unknown).count() == 10 =>
            {
                Cause::MoreUnknownModules
            }
            cause => cause,
        };
        match known(&cause) {
            Some(known) => self.findings[known].1 += 1,
            None => self.findings.push((cause, 1, self.lines)),
        }
    }
}

impl Reference<'_> {
    pub(crate) fn translate(&self, input: &[u8]) -> Expected {
        let mut expected = Expected::default();
        let named_functions = |module: &Module| {
            let functions = module.imported_functions()..;
            functions
                .take(module.defined_functions())
                .filter(|&index| self.name(module, index).is_some())
                .count()
        };
        expected.counts.modules =
            self.modules.iter().map(|module| (named_functions(module), 0, 0, 0)).collect();
        let lines: Vec<_> =
            input.lines_with_terminator().map(|line| line.trim_end_with(|char| char == '\n')).collect();
        let checks = self.find_checks(&lines);
        for line in &lines {
            self.line(line, &checks, &mut expected);
            expected.output.push(b'\n');
        }
        let holds = |word: &str| input.contains_str(word);
        expected.counts.lacks_symbols = lines.iter().any(|line| !is_blank_or_comment(line))
            && !["aot_func#", "aot_func_internal#", "[Wasm]"].into_iter().any(holds);
        expected
    }

    /// The module names whose code has stack checks, for [`StackCheck::Auto`].
    fn find_checks<'l>(&self, lines: &[&'l [u8]]) -> BTreeSet<Option<&'l [u8]>> {
        let found = lines.iter().flat_map(|line| self.find(line).unwrap_or_default());
        found
            .filter_map(|(_, found)| match found {
                Found::Symbol(symbol) if symbol.kind == "aot_func_internal" => Some(symbol.module),
                _ => None,
            })
            .collect()
    }

    /// The symbols of a line; `None` if the line has no count where it needs one.
    fn find<'l>(&self, line: &'l [u8]) -> Option<Vec<(Range<usize>, Found<'l>)>> {
        match self.options.format {
            Format::Text => {
                let names: Vec<_> = self.modules.iter().filter_map(Module::name).collect();
                Some(text_reference::find(line, &names))
            }
            _ => find_in_stack(line),
        }
    }

    fn line(&self, line: &[u8], checks: &BTreeSet<Option<&[u8]>>, expected: &mut Expected) {
        let counts = &mut expected.counts;
        counts.lines += 1;
        let found = self.find(line).unwrap_or_else(|| {
            counts.add(Cause::NoCount);
            Vec::new()
        });
        counts.lines_without_symbols += u64::from(found.is_empty());
        let (mut done, mut last_module) = (0, None);
        for (range, found) in found {
            expected.output.extend_from_slice(&line[done..range.start]);
            done = range.end;
            let translated = match found {
                Found::Symbol(symbol) => self.symbol(&symbol, checks, counts),
                Found::Malformed => Err(Cause::Malformed),
            };
            match translated {
                Ok((module, translation)) => {
                    last_module = Some(module);
                    expected.output.extend_from_slice(&translation);
                }
                Err(cause) => {
                    counts.add(cause);
                    expected.output.extend_from_slice(&line[range]);
                }
            }
        }
        expected.output.extend_from_slice(&line[done..]);
        expected.last_modules.push(last_module);
        if let Some(module) = last_module {
            counts.modules[module].3 += 1;
        }
    }

    /// The module and the translation of a symbol, or why it is unresolved.
    fn symbol(
        &self,
        symbol: &Symbol<'_>,
        checks: &BTreeSet<Option<&[u8]>>,
        counts: &mut Counts,
    ) -> Result<(usize, Vec<u8>), Cause> {
        let position = self.module(symbol.module).ok_or_else(|| {
            symbol.module.map_or(Cause::NoModule, |name| Cause::UnknownModule(name.to_vec()))
        })?;
        let module = self.modules.get(position).unwrap();
        let index = u64::from(symbol.n) + module.imported_functions() as u64;
        let functions = module.imported_functions() + module.defined_functions();
        let exists = usize::try_from(index).ok().filter(|&index| index < functions);
        let name = exists.and_then(|index| self.name(module, index));
        counts.modules[position].1 += 1;
        counts.modules[position].2 += u64::from(name.is_none());
        if exists.is_none() {
            counts.add(Cause::IndexOutOfRange(position));
        }
        let has_checks = match self.options.stack_check {
            StackCheck::On => true,
            StackCheck::Off => false,
            _ => checks.contains(&symbol.module),
        };
        let is_check = has_checks && symbol.kind == "aot_func" && !symbol.rest.starts_with(b"_wrapper");
        let mut shown = name.unwrap_or_else(|| format!("func[{index}]"));
        shown += if is_check { "_precheck" } else { "" };
        Ok((position, self.tagged(symbol, shown.as_bytes())))
    }

    /// `[Wasm] [MODULE] NAME REST`, or as the options say.
    fn tagged(&self, symbol: &Symbol<'_>, name: &[u8]) -> Vec<u8> {
        let tag = match symbol.module {
            Some(module) => [b"[Wasm] [", module, b"]"].concat(),
            None => b"[Wasm]".to_vec(),
        };
        let marks = [b"_[k]", b"_[i]", b"_[j]", b"_[w]"];
        let mark = marks.into_iter().find(|mark| symbol.rest.ends_with(*mark));
        let rest = &symbol.rest[..symbol.rest.len() - mark.map_or(0, |mark| mark.len())];
        let mark = match mark {
            Some(mark) => &mark[..],
            None if self.options.annotate => b"_[j]",
            None => b"",
        };
        match self.options.tag {
            Tag::Last => [name, rest, b" ", &tag, mark].concat(),
            Tag::None => [name, rest, mark].concat(),
            _ => [&tag, &b" "[..], name, rest, mark].concat(),
        }
    }

    /// The module of a symbol with this module name.
    fn module(&self, name: Option<&[u8]>) -> Option<usize> {
        let is_only = name.is_none() && self.modules.iter().len() == 1;
        self.modules.iter().position(|module| module.name() == name).or(is_only.then_some(0))
    }

    /// NAME; `None` if the function has no name.
    fn name(&self, module: &Module, index: usize) -> Option<String> {
        let export = || module.export_name(index).filter(|_| self.options.export_names).map(str::as_bytes);
        module.function_name(index).or_else(export).map(safe)
    }
}

/// The symbols of a line, with the ranges of their frames; `None` if the line has no count but needs one.
fn find_in_stack(line: &[u8]) -> Option<Vec<(Range<usize>, Found<'_>)>> {
    if is_blank_or_comment(line) {
        return Some(Vec::new());
    }
    let mut found = Vec::new();
    let mut start = 0;
    for frame in stack(line)?.split_str(";") {
        let range = start..start + frame.len();
        start = range.end + 1;
        let is_translated = frame.starts_with(b"[Wasm] ") || frame.contains_str(" [Wasm]");
        let looks_like_symbol = KINDS.iter().any(|kind| frame.contains_str(format!("{kind}#")));
        match symbol(frame) {
            _ if is_translated => {}
            Some(symbol) => found.push((range, Found::Symbol(symbol))),
            None if looks_like_symbol => found.push((range, Found::Malformed)),
            None => {}
        }
    }
    Some(found)
}

/// A line without its one or two counts; `None` if it has none. What is left is not blank.
fn stack(line: &[u8]) -> Option<&[u8]> {
    let counted = without_cr(line).trim_end_with(is_blank);
    let stack = without_count(counted)?;
    Some(without_count(stack).filter(|stack| !stack.ends_with(b":tid")).unwrap_or(stack))
}

/// `text` without the count at its end and the blanks before that; `None` if there is none, or nothing is left.
fn without_count(text: &[u8]) -> Option<&[u8]> {
    let (before, count) = text.split_at(text.rfind_byteset(b" \t")? + 1);
    let (whole, fraction) = count.split_once_str(".").unwrap_or((count, b""));
    let is_count = !whole.is_empty() && whole.iter().chain(fraction).all(u8::is_ascii_digit);
    let before = before.trim_end_with(is_blank);
    (is_count && !before.is_empty()).then_some(before)
}

/// `blanks? ( "[" MODULE "]#" )? KIND "#" N REST`
fn symbol(frame: &[u8]) -> Option<Symbol<'_>> {
    let frame = frame.trim_start_with(is_blank);
    let (module, function) = match frame.strip_prefix(b"[") {
        Some(named) => {
            let end = named.rfind("]#aot_func").filter(|&end| end > 0)?;
            (Some(&named[..end]), &named[end + 2..])
        }
        None => (None, frame),
    };
    let (kind, n, rest) = function_number(function)?;
    let starts = ["_wrapper", "_[", "+", ":", ".", "@"];
    let is_rest = rest.is_empty() || starts.iter().any(|start| rest.starts_with_str(start));
    is_rest.then_some(Symbol { module, kind, n, rest })
}

/// `KIND "#" N` at the start of `text`, and what follows.
pub(crate) fn function_number(text: &[u8]) -> Option<(&'static str, u32, &[u8])> {
    let (kind, number) = text.split_once_str("#")?;
    let kind = KINDS.into_iter().find(|known| known.as_bytes() == kind)?;
    let digits = number.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (n, rest) = number.split_at(digits);
    Some((kind, n.to_str().ok()?.parse().ok()?, rest))
}

fn is_blank(char: char) -> bool {
    char == ' ' || char == '\t'
}

fn is_blank_or_comment(line: &[u8]) -> bool {
    without_cr(line).trim_with(is_blank).is_empty() || line.starts_with(b"# ")
}

fn without_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// A name that is safe in a line and on a terminal.
fn safe(name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name).replace(';', ":");
    let name = name.replace(|char: char| char != ' ' && (char.is_control() || char.is_whitespace()), "_");
    let mut name = name.trim_matches(' ').to_owned();
    let number = name.rfind(' ').map_or(0, |blank| blank + 1);
    if is_number(&name[number..]) {
        name.replace_range(number.saturating_sub(1)..number, "_");
    }
    if name.starts_with('#') {
        name.insert(0, '_');
    }
    name
}

/// Characters that Unicode calls numeric, optionally with a point and any number more of them.
fn is_number(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    !whole.is_empty() && whole.chars().chain(fraction.chars()).all(char::is_numeric)
}
