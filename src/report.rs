//! What is unresolved: each cause once, with a count and an example.

use std::collections::HashMap;

use crate::module::ModuleId;

/// The most unknown modules reported by name. The rest is counted together.
const MAX_UNKNOWN_MODULES: usize = 10;

/// The most bytes kept of an example.
const MAX_EXAMPLE: usize = 128;

/// Why a frame or line is unresolved.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// The frame names this module, which is not loaded.
    UnknownModule(Vec<u8>),
    /// The frame names another module that is not loaded, after ten such modules.
    MoreUnknownModules,
    /// The frame names no module, and no loaded module takes such frames.
    NoModule,
    /// The frame holds `aot_func#` or `aot_func_internal#` but is not a WAMR symbol.
    Unreadable,
    /// The line has no sample count.
    NoCount,
    /// The function index is past the last function of the module, so this is not the build that was profiled.
    /// The frame was translated to its index.
    IndexOutOfRange(ModuleId),
}

/// A cause, how often it occurred, and where first.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// What was wrong.
    pub cause: Cause,
    /// The number of frames, or of lines for [`Cause::NoCount`].
    pub count: u64,
    /// The first line of the input where it occurred, from 1.
    pub first_line: u64,
    /// The first frame or line, cut to 128 bytes.
    pub example: Vec<u8>,
}

/// All findings of a translation.
#[derive(Debug, Default)]
pub struct Report {
    findings: Vec<Finding>,
    by_cause: HashMap<Cause, usize>,
    unknown_modules: usize,
}

impl Report {
    /// Counts a frame or line that reads `example`, in line `line`, from 1.
    pub(crate) fn add(&mut self, cause: Cause, line: u64, example: &[u8]) {
        let mut place = self.by_cause.get(&cause);
        let mut cause = cause;
        if place.is_none() && matches!(cause, Cause::UnknownModule(_)) {
            if self.unknown_modules == MAX_UNKNOWN_MODULES {
                cause = Cause::MoreUnknownModules;
                place = self.by_cause.get(&cause);
            } else {
                self.unknown_modules += 1;
            }
        }
        if let Some(&place) = place {
            self.findings[place].count += 1;
            return;
        }
        self.by_cause.insert(cause.clone(), self.findings.len());
        let example = example[..example.len().min(MAX_EXAMPLE)].to_vec();
        self.findings.push(Finding { cause, count: 1, first_line: line, example });
    }

    /// The findings, in the order in which they first occurred.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The number of unresolved frames and lines.
    #[must_use]
    pub fn unresolved(&self) -> u64 {
        self.findings.iter().map(|finding| finding.count).sum()
    }
}
