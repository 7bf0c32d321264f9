//! What was translated, and what was not, grouped by cause.

use crate::calls::{CallCheck, Pairs};
use crate::file_kind::{self, FileKind};
use crate::folded::Line;
use crate::line_buffer;
use crate::module::{Module, Modules};
use crate::options::Options;
use crate::symbol::{contains_symbol, contains_tag};

/// Unknown modules beyond this are counted together.
const MAX_UNKNOWN_MODULES: usize = 10;

/// The maximum length of an example, in bytes.
const MAX_EXAMPLE: usize = 128;

/// What was translated, and what was not.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// Lines read. 0 if the input was empty.
    pub lines: u64,
    /// Lines without a WAMR symbol, malformed or not.
    pub lines_without_symbols: u64,
    /// What is unresolved, one entry for each cause, in the order in which they first occurred.
    pub findings: Vec<Finding>,
    /// One entry for each module, in the order in which they were added.
    pub modules: Vec<ModuleReport>,
    /// The first bytes of the input.
    start: Vec<u8>,
    /// Whether there are lines that are neither blank nor comments.
    has_content: bool,
    /// Whether a symbol or a translation occurs anywhere in the input.
    has_symbols: bool,
}

/// What was translated with the names of one module.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ModuleReport {
    /// Functions that the module defines and that have a name. With
    /// [`Options::export_names`](crate::Options::export_names), the name of an export counts.
    pub named_functions: usize,
    /// Translated frames.
    pub frames: u64,
    /// Translated frames that show `func[IDX]`.
    pub unnamed_frames: u64,
    /// Lines whose last translated frame belongs to this module.
    pub lines: u64,
    pairs: Pairs,
}

/// One cause of unresolved frames or lines.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// What is wrong.
    pub cause: Cause,
    /// The number of frames, or of lines for [`Cause::NoCount`].
    pub count: u64,
    /// The first line of the input where it occurred, from 1.
    pub first_line: u64,
    /// The first frame or line, cut to 128 bytes.
    pub example: Vec<u8>,
}

/// Why a frame or line is unresolved.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// The frame names this module, which is not loaded.
    UnknownModule(Vec<u8>),
    /// The frame names a module that is not loaded, after ten others.
    MoreUnknownModules,
    /// The frame names no module, and no loaded module matches such frames.
    NoModule,
    /// The symbol is malformed: the frame contains `aot_func#` or `aot_func_internal#` but is not a WAMR frame.
    Malformed,
    /// The line has no sample count.
    NoCount,
    /// The module at this position has no such function, so it is not the one that was profiled. The frame was
    /// translated to `func[IDX]`.
    IndexOutOfRange(usize),
}

/// A translated frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TranslatedFrame {
    /// The position of the module.
    pub(crate) module: usize,
    /// The index of the function among those that the module defines.
    pub(crate) defined_index: u32,
    /// Whether it shows a name rather than `func[IDX]`.
    pub(crate) is_named: bool,
}

impl Report {
    pub(crate) fn new(modules: &Modules, options: Options) -> Self {
        let named_functions = |module: &Module| {
            let defined =
                module.imported_functions()..module.imported_functions() + module.defined_functions();
            defined.filter(|&index| module.shown_name(index, options).is_some()).count()
        };
        let module = |module| ModuleReport { named_functions: named_functions(module), ..Default::default() };
        Self {
            lines: 0,
            lines_without_symbols: 0,
            findings: Vec::new(),
            modules: modules.iter().map(module).collect(),
            start: Vec::new(),
            has_content: false,
            has_symbols: false,
        }
    }

    /// The number of unresolved frames and lines.
    #[must_use]
    pub fn unresolved(&self) -> u64 {
        self.findings.iter().map(|finding| finding.count).sum()
    }

    /// Whether the input has lines, other than blank ones and comments, but nowhere a WAMR symbol or a translation
    /// of one.
    #[must_use]
    pub fn lacks_symbols(&self) -> bool {
        self.has_content && !self.has_symbols
    }

    /// What the input is, if its first bytes are those of a file that has to be converted first.
    #[must_use]
    pub fn input_kind(&self) -> Option<FileKind> {
        use FileKind::{Gzip, PerfData, Utf16, Xml, Xz, Zstd};
        let kind = FileKind::of(&self.start);
        matches!(kind, Gzip | Zstd | Xz | PerfData | Utf16 | Xml).then_some(kind)
    }

    /// Searches the next whole lines for content and tags, and keeps the first bytes of the input.
    #[inline]
    pub(crate) fn inspect(&mut self, lines: &[u8]) {
        if !self.has_symbols {
            self.search_content(lines);
        }
    }

    fn search_content(&mut self, lines: &[u8]) {
        if self.lines == 0 {
            self.start = lines[..lines.len().min(file_kind::START_SIZE)].to_vec();
        }
        self.has_content =
            self.has_content || line_buffer::lines(lines).any(|line| Line::parse(line) != Line::Ignored);
        self.has_symbols = contains_tag(lines);
    }

    /// Searches `line`, which is not translated, for symbols.
    pub(crate) fn search_symbols(&mut self, line: &[u8]) {
        self.has_symbols = self.has_symbols || contains_symbol(line);
    }

    /// Counts a frame of the current line that no module matches. `module` is its module name.
    pub(crate) fn add_unknown_module(&mut self, module: Option<&[u8]>, frame: &[u8]) {
        let Some(module) = module else { return self.add(Cause::NoModule, frame) };
        let mut names = 0;
        for finding in &mut self.findings {
            if let Cause::UnknownModule(name) = &finding.cause {
                if name == module {
                    finding.count += 1;
                    return;
                }
                names += 1;
            }
        }
        let is_named = names < MAX_UNKNOWN_MODULES;
        let cause = if is_named { Cause::UnknownModule(module.to_vec()) } else { Cause::MoreUnknownModules };
        self.add(cause, frame);
    }

    /// Counts a frame of the current line whose index is out of range in `module`.
    pub(crate) fn add_out_of_range(&mut self, module: usize, frame: &[u8]) {
        self.add(Cause::IndexOutOfRange(module), frame);
        self.modules[module].frames += 1;
        self.modules[module].unnamed_frames += 1;
    }

    /// Counts an unresolved frame of the current line, or the line itself.
    pub(crate) fn add(&mut self, cause: Cause, example: &[u8]) {
        match self.findings.iter_mut().find(|finding| finding.cause == cause) {
            Some(finding) => finding.count += 1,
            None => self.findings.push(Finding {
                cause,
                count: 1,
                first_line: self.lines,
                example: example[..example.len().min(MAX_EXAMPLE)].to_vec(),
            }),
        }
    }

    /// Counts a line whose last translated frame belongs to `module`.
    pub(crate) fn count_line(&mut self, module: Option<usize>, has_unresolved: bool) {
        let has_symbols = module.is_some() || has_unresolved;
        self.has_symbols |= has_symbols;
        self.lines_without_symbols += u64::from(!has_symbols);
        if let Some(module) = module {
            self.modules[module].lines += 1;
        }
    }

    /// Counts a translated frame that occurs in this many lines.
    pub(crate) fn count_frames(&mut self, frame: TranslatedFrame, lines: u64) {
        let module = &mut self.modules[frame.module];
        module.frames += lines;
        if !frame.is_named {
            module.unnamed_frames += lines;
        }
    }

    /// Counts the call between two adjacent frames of a stack.
    pub(crate) fn count_call(&mut self, caller: TranslatedFrame, callee: TranslatedFrame) {
        if caller.module == callee.module {
            self.modules[caller.module].pairs.add(caller.defined_index, callee.defined_index);
        }
    }
}

impl ModuleReport {
    /// Checks which calls in the profile are possible in `module`, which this report is about. Reads its file again,
    /// including its code. `None` if there are too few calls, or if the code cannot be read or is not supported.
    #[must_use]
    pub fn check_calls(&self, module: &Module) -> Option<CallCheck> {
        self.pairs.check(|| module.call_graph())
    }
}
