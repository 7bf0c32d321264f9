//! How much was translated, for those who ask how far a profile can be trusted.

use crate::counts::Frames;
use crate::module::{Module, Modules};
use crate::quote::quoted;

/// What was translated of a profile.
#[derive(Debug)]
pub struct Summary {
    /// Lines that were read.
    pub lines: u64,
    /// Lines without a frame that is, or looks like, a WAMR symbol.
    pub host_lines: u64,
    /// What was translated of each module, in the order in which they were added.
    pub modules: Vec<ModuleSummary>,
    /// Frames and lines that were left as they are.
    pub unresolved: u64,
    /// Whether `aot_func#N` was taken for a stack check.
    pub stack_checks: bool,
}

/// What was translated of a module.
#[derive(Debug)]
pub struct ModuleSummary {
    /// Lines whose last translated frame is of the module.
    pub lines: u64,
    /// Its frames.
    pub frames: Frames,
}

impl Summary {
    /// The summary in words: aligned lines for a terminal.
    #[must_use]
    pub fn messages(&self, modules: &Modules) -> Vec<String> {
        let titles = ["module", "names", "frames", "func[N]", "lines", "file"].map(str::to_owned);
        let rows = modules.ids().zip(&self.modules).map(|(id, summary)| summary.row(&modules[id]));
        let mut messages = aligned(&[titles].into_iter().chain(rows).collect::<Vec<_>>());
        messages.push(format!(
            "lines: {} read, {} without a WAMR frame; frames and lines left unresolved: {}; stack checks: {}",
            self.lines,
            self.host_lines,
            self.unresolved,
            if self.stack_checks { "yes" } else { "no" },
        ));
        messages
    }
}

impl ModuleSummary {
    fn row(&self, module: &Module) -> [String; 6] {
        let Frames { named, unnamed } = self.frames;
        [
            module.name().map_or("(no name)".to_owned(), quoted),
            format!("{} of {}", module.wasm().named_functions(), module.wasm().functions()),
            (named + unnamed).to_string(),
            unnamed.to_string(),
            self.lines.to_string(),
            module.path().display().to_string(),
        ]
    }
}

/// The rows as lines. The first column is aligned to the left, the last one to nothing.
fn aligned(rows: &[[String; 6]]) -> Vec<String> {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths = [0, 1, 2, 3, 4].map(width);
    let line = |[name, numbers @ .., file]: &[String; 6]| {
        let mut line = format!("{name:0$}", widths[0]);
        for (number, width) in numbers.iter().zip(&widths[1..]) {
            line += &format!("  {number:>width$}");
        }
        line + "  " + file
    };
    rows.iter().map(line).collect()
}
