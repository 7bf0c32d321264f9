//! The streaming loop: reads lines, translates them, writes them, and lets none wait without need.

use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, Write};

use bstr::ByteSlice;

use crate::blocks::Blocks;
use crate::split::{self, Split};
use crate::stack_check::{StackCheck, find_symbol, has_internal, search};
use crate::translate::Translator;

/// So many bytes of lines are held in memory while it is not known whether there are stack checks.
pub const HOLD_LIMIT: usize = 64 * 1024 * 1024;

/// So many bytes of translated lines are written at once. A pipe holds four times as much, so the next lines
/// are translated while the reader takes these.
const WRITE_SIZE: usize = 16 * 1024;

/// Translates a stream of lines to another, and if asked to, to split files.
#[derive(Debug)]
pub struct Filter<W> {
    translator: Translator,
    output: Output<W>,
    /// The split files, or why nothing more can go there.
    split: Option<Result<Split, split::Error>>,
    translated: Vec<u8>,
}

/// Where the lines go.
#[derive(Debug)]
enum Output<W> {
    Open(W),
    /// The reader has gone: nothing more is wanted.
    Closed,
}

/// Why not all lines were translated and written.
#[derive(Debug)]
pub enum Error {
    /// The input cannot be read. All whole lines before that were written, and those that waited for the
    /// answer about stack checks as if there were none.
    Read(io::Error),
    /// The output cannot be written.
    Write(io::Error),
    /// Lines that must wait for the answer about stack checks cannot be held. Those that were read were
    /// written as if there were none.
    Hold(io::Error),
    /// A split file cannot be written.
    Split(split::Error),
}

impl<W: Write> Filter<W> {
    /// A filter that writes to `output`, which needs no buffer of its own, and to `split`.
    pub fn new(translator: Translator, output: W, split: Option<Split>) -> Self {
        Self { translator, output: Output::Open(output), split: split.map(Ok), translated: Vec::new() }
    }

    /// Translates all of `input`, which needs no buffer of its own.
    ///
    /// Whatever was read is written before the next read, except that with [`StackCheck::Auto`] lines are
    /// held while the answer is not known: `hold_limit` bytes of them in memory, more in a temporary file.
    /// If the output is closed by its reader, that is no error: the split files are written all the same.
    /// If a split file cannot be written, the output is all the same; [`Self::finish`] returns the error.
    ///
    /// # Errors
    ///
    /// If reading or writing fails.
    pub fn run(&mut self, input: impl Read, stack_check: StackCheck, hold_limit: usize) -> Result<(), Error> {
        let mut blocks = Blocks::new(input);
        match stack_check {
            StackCheck::Auto => self.look_ahead(&mut blocks, hold_limit)?,
            StackCheck::On => self.translator.set_stack_checks(true),
            StackCheck::Off => self.translator.set_stack_checks(false),
        }
        self.stream(&mut blocks, Error::Read)
    }

    /// Translates all of `file` from where it stands, as [`Self::run`] does. A regular file is searched for
    /// stack checks first, where that is asked for, so that nothing of it needs to be held.
    ///
    /// # Errors
    ///
    /// As [`Self::run`].
    pub fn run_file(
        &mut self,
        mut file: File,
        stack_check: StackCheck,
        hold_limit: usize,
    ) -> Result<(), Error> {
        let is_regular = file.metadata().map_err(Error::Read)?.is_file();
        let stack_check = match stack_check {
            StackCheck::Auto if is_regular => search(&mut file).map_err(Error::Read)?,
            other => other,
        };
        self.run(file, stack_check, hold_limit)
    }

    /// Completes the split files; without this, there are none.
    ///
    /// # Errors
    ///
    /// If a file cannot be written or renamed, or could not be written before.
    pub fn finish(&mut self) -> Result<(), Error> {
        self.split.take().map_or(Ok(()), |split| split?.finish()).map_err(Error::Split)
    }

    /// Whether the reader of the output has gone.
    pub fn is_closed(&self) -> bool {
        matches!(self.output, Output::Closed)
    }

    /// The translator, which knows what could not be translated.
    pub fn translator(&self) -> &Translator {
        &self.translator
    }

    /// Translates lines until it is known whether there are stack checks.
    fn look_ahead<R: Read>(&mut self, blocks: &mut Blocks<R>, hold_limit: usize) -> Result<(), Error> {
        let mut held = tempfile::spooled_tempfile(hold_limit);
        let mut held_size = 0;
        // What follows the held lines: those that tell of stack checks, or could not be held, or none.
        let (rest, result) = loop {
            let block = match blocks.next() {
                Ok(block) => block,
                Err(error) => break (&b""[..], Err(Error::Read(error))),
            };
            let undecided = if held_size > 0 { Some(0) } else { find_symbol(block) };
            if block.is_empty() || undecided.is_some() && has_internal(block) {
                break (block, Ok(()));
            }
            let (ready, undecided) = block.split_at(undecided.unwrap_or(block.len()));
            self.lines(ready)?;
            if let Err(error) = held.write_all(undecided) {
                break (undecided, Err(Error::Hold(error)));
            }
            held_size += undecided.len() as u64;
            if self.is_unwanted() {
                return Ok(());
            }
        };
        self.translator.set_stack_checks(result.is_ok() && !rest.is_empty());
        held.rewind().map_err(Error::Hold)?;
        self.stream(&mut Blocks::new(held.take(held_size)), Error::Hold)?;
        self.lines(rest)?;
        result
    }

    fn stream<R: Read>(
        &mut self,
        blocks: &mut Blocks<R>,
        error: fn(io::Error) -> Error,
    ) -> Result<(), Error> {
        while !self.is_unwanted() {
            let block = blocks.next().map_err(error)?;
            if block.is_empty() {
                break;
            }
            self.lines(block)?;
        }
        Ok(())
    }

    /// Whether nobody wants more lines.
    fn is_unwanted(&self) -> bool {
        self.is_closed() && !matches!(self.split, Some(Ok(_)))
    }

    /// Translates whole lines and writes them.
    fn lines(&mut self, lines: &[u8]) -> Result<(), Error> {
        for line in lines.lines_with_terminator() {
            let start = self.translated.len();
            let module =
                self.translator.translate(line.strip_suffix(b"\n").unwrap_or(line), &mut self.translated);
            self.translated.push(b'\n');
            if let (Some(Ok(split)), Some(module)) = (&mut self.split, module)
                && let Err(error) = split.write(module, &self.translated[start..])
            {
                self.split = Some(Err(error));
            }
            if self.translated.len() >= WRITE_SIZE {
                self.write()?;
            }
        }
        self.write()
    }

    fn write(&mut self) -> Result<(), Error> {
        let result = match &mut self.output {
            Output::Open(output) => output.write_all(&self.translated).and_then(|()| output.flush()),
            Output::Closed => Ok(()),
        };
        self.translated.clear();
        match result {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.output = Output::Closed;
                Ok(())
            }
            result => result.map_err(Error::Write),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(error) => write!(f, "<stdin>: {error}"),
            Self::Write(error) => write!(f, "<stdout>: {error}"),
            Self::Hold(error) => {
                let directory = std::env::temp_dir();
                write!(
                    f,
                    "{}: cannot hold lines in a temporary file there: {error}: \
                     pass --stack-check=on or off, or set TMPDIR",
                    directory.display()
                )
            }
            Self::Split(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {}
