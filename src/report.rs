//! What could not be done, each cause once, however often it occurred.

use std::collections::HashMap;

use bstr::ByteSlice;

use crate::module::{ModuleId, Modules};
use crate::quote::{operand, quoted};

/// So many unknown modules are told apart, so that the report stays short; the others are counted together.
const UNKNOWN_MODULES: usize = 10;

/// Why a frame or line was left as it is, or is doubtful.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// A frame names this module, which is none of those loaded.
    UnknownModule(Vec<u8>),
    /// A frame names one of many more modules that are not loaded.
    MoreUnknownModules,
    /// A frame names no module, and none of those loaded is for such frames.
    NoModule,
    /// A frame holds the mark of a WAMR symbol and is none.
    Unreadable,
    /// A line has no sample count.
    NoCount,
    /// A frame's function is past the last one of its module. The frame was translated nevertheless.
    PastTheEnd(ModuleId),
}

/// Everything that was found while translating.
#[derive(Debug, Default)]
pub struct Report {
    findings: HashMap<Cause, Finding>,
}

#[derive(Debug)]
struct Finding {
    count: u64,
    line: u64,
    example: String,
}

/// One line of the report.
#[derive(Debug)]
pub struct Message {
    /// The first line of the input that has this cause, from 1.
    pub line: u64,
    /// Whether everything was translated, and only may be wrong.
    pub is_warning: bool,
    /// What was found, how often, an example, and what to do.
    pub text: String,
}

impl Report {
    /// Counts one frame or line, which is in line number `line` and reads `example`.
    pub fn add(&mut self, cause: Cause, line: u64, example: &[u8]) {
        let cause = match cause {
            Cause::UnknownModule(_) if self.is_one_too_many(&cause) => Cause::MoreUnknownModules,
            cause => cause,
        };
        let first = || Finding { count: 0, line, example: quoted(example) };
        self.findings.entry(cause).or_insert_with(first).count += 1;
    }

    fn is_one_too_many(&self, cause: &Cause) -> bool {
        let unknown = self.findings.keys().filter(|cause| matches!(cause, Cause::UnknownModule(_)));
        !self.findings.contains_key(cause) && unknown.count() >= UNKNOWN_MODULES
    }

    /// How many frames and lines were left as they are.
    #[must_use]
    pub fn unresolved(&self) -> u64 {
        let left = self.findings.iter().filter(|(cause, _)| !matches!(cause, Cause::PastTheEnd(_)));
        left.map(|(_, finding)| finding.count).sum()
    }

    /// The report, in the order of the lines where each cause was first met.
    #[must_use]
    pub fn messages(&self, modules: &Modules) -> Vec<Message> {
        let message = |(cause, finding): (&Cause, &Finding)| Message {
            line: finding.line,
            is_warning: matches!(cause, Cause::PastTheEnd(_)),
            text: text(cause, finding, modules),
        };
        let mut messages: Vec<_> = self.findings.iter().map(message).collect();
        messages.sort_by(|a, b| (a.line, a.is_warning, &a.text).cmp(&(b.line, b.is_warning, &b.text)));
        messages
    }
}

fn text(cause: &Cause, finding: &Finding, modules: &Modules) -> String {
    let frames = counted(finding.count, "frame");
    let example = &finding.example;
    match cause {
        Cause::UnknownModule(name) => format!(
            "{frames} of module {} not translated, such as {example}: {}",
            quoted(name),
            if name.find_byteset(b"=\0").is_some() {
                "no MODULE can be given a name with \"=\" or NUL, so load it under another one".to_owned()
            } else {
                format!("pass {}", operand(name))
            }
        ),
        Cause::MoreUnknownModules => format!(
            "{frames} of more modules not translated, such as {example}: pass NAME=FILE.wasm for each"
        ),
        Cause::NoModule => format!(
            "{frames} without a module's name not translated, such as {example}: \
             pass '=FILE.wasm' for the module that they belong to, or that module alone"
        ),
        Cause::Unreadable => format!(
            "{frames} that cannot be read as a WAMR symbol not translated, such as {example}: if a collapser \
             cut it (at \"->\" or \"(\" in a module's name), load the module under another name"
        ),
        Cause::NoCount => format!(
            "{} without a sample count not translated, such as {example}: \
             pass what stackcollapse-perf.pl prints",
            counted(finding.count, "line")
        ),
        Cause::PastTheEnd(id) => {
            let module = &modules[*id];
            format!(
                "{frames} past the last function of {} (it has {}), such as {example}: \
                 pass the file that was profiled",
                module.path().display(),
                counted(module.wasm().functions() as u64, "function"),
            )
        }
    }
}

fn counted(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
