//! The streaming loop: lines in, lines out, and none waits without need.

use std::error;
use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, Write};

use bstr::ByteSlice;

use crate::line_buffer::LineBuffer;
use crate::split_dir::{SplitDir, SplitError};
use crate::stack_check::{StackCheck, find_symbol, has_internal, search};
use crate::translate::Translator;

/// Bytes of held lines kept in memory.
const HOLD_LIMIT: usize = 64 * 1024 * 1024;

/// The size of a write: a quarter of what a pipe holds, so that lines are translated while the reader takes
/// others.
const WRITE_SIZE: usize = 16 * 1024;

/// Translates a stream of folded stacks.
#[derive(Debug)]
pub struct Filter<W> {
    translator: Translator,
    /// `None` when the reader has closed it.
    output: Option<W>,
    split_dir: Option<SplitDir>,
    stack_check: StackCheck,
    hold_limit: usize,
    translated: Vec<u8>,
}

/// Why a stream was not translated to its end, or not written.
#[derive(Debug)]
#[non_exhaustive]
pub enum FilterError {
    /// The input cannot be read. All whole lines before the error were written.
    Read(io::Error),
    /// The output cannot be written.
    Write(io::Error),
    /// Lines that wait cannot be held. All lines that were read were written.
    Hold(io::Error),
    /// The split files cannot be written.
    Split(SplitError),
}

impl<W: Write> Filter<W> {
    /// A filter that writes to `output`, which needs no buffer of its own.
    pub fn new(translator: Translator, output: W) -> Self {
        Self {
            translator,
            output: Some(output),
            split_dir: None,
            stack_check: StackCheck::default(),
            hold_limit: HOLD_LIMIT,
            translated: Vec::new(),
        }
    }

    /// Sets the directory to which lines with a translated frame also go, if any. It must have been created
    /// for the modules of the translator.
    pub fn set_split_dir(&mut self, split_dir: Option<SplitDir>) {
        self.split_dir = split_dir;
    }

    /// Sets whether `aot_func#N` is a stack check. By default the filter finds out.
    pub fn set_stack_check(&mut self, stack_check: StackCheck) {
        self.stack_check = stack_check;
    }

    /// Sets how many bytes of lines that wait are held in memory; the rest goes to a temporary file. By
    /// default 64 MiB.
    pub fn set_hold_limit(&mut self, bytes: usize) {
        self.hold_limit = bytes;
    }

    /// Translates `input` to its end; `input` needs no buffer of its own.
    ///
    /// Whatever was read is written before the next read, except that with [`StackCheck::Auto`] lines are
    /// held until it is known whether there are stack checks. A closed output is no error: the split files
    /// are still written. After an error of the split files, which [`Self::finish`] returns, the output is
    /// still written.
    ///
    /// # Errors
    ///
    /// If reading, writing or holding lines fails.
    pub fn run(&mut self, input: impl Read) -> Result<(), FilterError> {
        self.run_with(input, self.stack_check)
    }

    /// Translates `file` from its position to its end, as [`Self::run`] does. A regular file is searched for
    /// stack checks first, so that no line waits.
    ///
    /// # Errors
    ///
    /// As [`Self::run`].
    pub fn run_file(&mut self, mut file: File) -> Result<(), FilterError> {
        let is_regular = file.metadata().map_err(FilterError::Read)?.is_file();
        let stack_check = match self.stack_check {
            StackCheck::Auto if is_regular => search(&mut file).map_err(FilterError::Read)?,
            other => other,
        };
        self.run_with(file, stack_check)
    }

    fn run_with(&mut self, input: impl Read, stack_check: StackCheck) -> Result<(), FilterError> {
        let mut input = LineBuffer::new(input);
        match stack_check {
            StackCheck::Auto => self.look_ahead(&mut input)?,
            StackCheck::On => self.translator.set_stack_checks(true),
            StackCheck::Off => self.translator.set_stack_checks(false),
        }
        self.stream(&mut input, FilterError::Read)
    }

    /// Completes the split files. Without this call there are none.
    ///
    /// # Errors
    ///
    /// If a split file cannot be written or renamed, or could not be written before.
    pub fn finish(&mut self) -> Result<(), FilterError> {
        self.split_dir.take().map_or(Ok(()), SplitDir::finish).map_err(FilterError::Split)
    }

    /// Whether the reader has closed the output.
    pub fn is_closed(&self) -> bool {
        self.output.is_none()
    }

    /// The translator, with its report and summary.
    pub fn translator(&self) -> &Translator {
        &self.translator
    }

    /// Translates lines until it is known whether there are stack checks.
    fn look_ahead<R: Read>(&mut self, input: &mut LineBuffer<R>) -> Result<(), FilterError> {
        let mut held = tempfile::spooled_tempfile(self.hold_limit);
        let mut held_size = 0;
        // What follows the held lines: those that tell of stack checks, or could not be held, or none.
        let (rest, result) = loop {
            let lines = match input.next_lines() {
                Ok(lines) => lines,
                Err(error) => break (&b""[..], Err(FilterError::Read(error))),
            };
            let undecided = if held_size > 0 { Some(0) } else { find_symbol(lines) };
            if lines.is_empty() || undecided.is_some() && has_internal(lines) {
                break (lines, Ok(()));
            }
            let (ready, undecided) = lines.split_at(undecided.unwrap_or(lines.len()));
            self.lines(ready)?;
            if let Err(error) = held.write_all(undecided) {
                break (undecided, Err(FilterError::Hold(error)));
            }
            held_size += undecided.len() as u64;
            if self.is_unwanted() {
                return Ok(());
            }
        };
        self.translator.set_stack_checks(result.is_ok() && !rest.is_empty());
        held.rewind().map_err(FilterError::Hold)?;
        self.stream(&mut LineBuffer::new(held.take(held_size)), FilterError::Hold)?;
        self.lines(rest)?;
        result
    }

    fn stream<R: Read>(
        &mut self,
        input: &mut LineBuffer<R>,
        error: fn(io::Error) -> FilterError,
    ) -> Result<(), FilterError> {
        while !self.is_unwanted() {
            let lines = input.next_lines().map_err(error)?;
            if lines.is_empty() {
                break;
            }
            self.lines(lines)?;
        }
        Ok(())
    }

    /// Whether nothing takes lines any more.
    fn is_unwanted(&self) -> bool {
        self.is_closed() && self.split_dir.as_ref().is_none_or(SplitDir::has_failed)
    }

    /// Translates and writes whole lines.
    fn lines(&mut self, lines: &[u8]) -> Result<(), FilterError> {
        for line in lines.lines_with_terminator() {
            let start = self.translated.len();
            let module =
                self.translator.translate(line.strip_suffix(b"\n").unwrap_or(line), &mut self.translated);
            self.translated.push(b'\n');
            if let (Some(split_dir), Some(module)) = (&mut self.split_dir, module) {
                split_dir.write(module, &self.translated[start..]);
            }
            if self.translated.len() >= WRITE_SIZE {
                self.write()?;
            }
        }
        self.write()
    }

    fn write(&mut self) -> Result<(), FilterError> {
        if let Some(output) = &mut self.output {
            match output.write_all(&self.translated).and_then(|()| output.flush()) {
                Err(error) if error.kind() == ErrorKind::BrokenPipe => self.output = None,
                result => result.map_err(FilterError::Write)?,
            }
        }
        self.translated.clear();
        Ok(())
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read(_) => "cannot read the input",
            Self::Write(_) => "cannot write the output",
            Self::Hold(_) => "cannot hold lines that wait",
            Self::Split(_) => "cannot write the split files",
        })
    }
}

impl error::Error for FilterError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Read(error) | Self::Write(error) | Self::Hold(error) => Some(error),
            Self::Split(error) => Some(error),
        }
    }
}
