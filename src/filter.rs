//! The streaming loop: lines in, lines out, and none waits without need.

use std::error;
use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::mem;

use bstr::ByteSlice;

use crate::hold::Hold;
use crate::line_buffer::LineBuffer;
use crate::split_dir::{SplitDir, SplitError};
use crate::translate::{Outcome, Translator};

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
    hold_limit: usize,
    translated: Vec<u8>,
}

/// Why a stream was not translated to its end, or not written.
#[derive(Debug)]
#[non_exhaustive]
pub enum FilterError {
    /// The input cannot be read, or a line does not fit into memory. All whole lines before were written.
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
            hold_limit: HOLD_LIMIT,
            translated: Vec::new(),
        }
    }

    /// Sets the directory to which lines with a translated frame also go, if any. It must have been created
    /// for the modules of the translator.
    pub fn set_split_dir(&mut self, split_dir: Option<SplitDir>) {
        self.split_dir = split_dir;
    }

    /// Sets how many bytes of waiting lines are held in memory, by default 64 MiB. If there are more, they are
    /// held in a temporary file.
    pub fn set_hold_limit(&mut self, bytes: usize) {
        self.hold_limit = bytes;
    }

    /// Translates `input` to its end; `input` needs no buffer of its own.
    ///
    /// Whatever was read is written before the next read, but for lines that wait: with
    /// [`StackCheck::Auto`](crate::StackCheck::Auto), those from the first on with an `aot_func#N` of a module
    /// name that may still turn out to have stack checks. A closed output is no error: the split files are
    /// still written. After an error of the split files, which [`Self::finish`] returns, the output is still
    /// written.
    ///
    /// # Errors
    ///
    /// If reading, writing or holding lines fails.
    pub fn run(&mut self, input: impl Read) -> Result<(), FilterError> {
        self.translator.start_input();
        self.stream(input)
    }

    /// Translates `file` from its position to its end, as [`Self::run`] does. A regular file is searched for
    /// stack checks first, so that no line waits.
    ///
    /// # Errors
    ///
    /// As [`Self::run`].
    pub fn run_file(&mut self, mut file: File) -> Result<(), FilterError> {
        self.translator.start_input();
        if file.metadata().map_err(FilterError::Read)?.is_file() {
            self.search(&mut file).map_err(FilterError::Read)?;
        }
        self.stream(file)
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

    /// Finds the stack checks in `file` and seeks back.
    fn search(&mut self, file: &mut File) -> io::Result<()> {
        let start = file.stream_position()?;
        let mut input = LineBuffer::new(&*file);
        while self.translator.seeks_stack_checks() {
            let lines = input.next_lines()?;
            if lines.is_empty() {
                break;
            }
            self.translator.find_stack_checks(lines);
        }
        file.seek(SeekFrom::Start(start))?;
        self.translator.end_input();
        Ok(())
    }

    fn stream(&mut self, input: impl Read) -> Result<(), FilterError> {
        let mut input = LineBuffer::new(input);
        let mut hold = Hold::new(self.hold_limit);
        let mut result = Ok(());
        while !self.is_unwanted() {
            match input.next_lines() {
                Ok(b"") => break,
                Ok(lines) => self.take(lines, &mut hold)?,
                Err(error) => {
                    result = Err(FilterError::Read(error));
                    break;
                }
            }
        }
        self.translator.end_input();
        self.release(&mut hold)?;
        result
    }

    /// Translates `lines` and writes them, or holds them.
    fn take(&mut self, lines: &[u8], hold: &mut Hold) -> Result<(), FilterError> {
        let mut done = 0;
        if hold.is_empty() {
            done = self.lines(lines)?;
            if done < lines.len() {
                self.translator.find_stack_checks(&lines[done..]);
                done += self.lines(&lines[done..])?;
            }
            if done == lines.len() {
                return Ok(());
            }
        } else {
            self.translator.find_stack_checks(lines);
        }
        if let Err(error) = hold.append(&lines[done..]) {
            self.translator.end_input();
            self.release(hold)?;
            self.lines(&lines[done..])?;
            return Err(FilterError::Hold(error));
        }
        if self.translator.is_waiting() { Ok(()) } else { self.release(hold) }
    }

    /// Translates held lines and writes them, up to one that must wait.
    fn release(&mut self, hold: &mut Hold) -> Result<(), FilterError> {
        let mut released = 0;
        let mut waiting = hold.lines().map_err(FilterError::Hold)?;
        while !self.is_unwanted() {
            let lines = waiting.next_lines().map_err(FilterError::Hold)?;
            let done = self.lines(lines)?;
            released += done as u64;
            if lines.is_empty() || done < lines.len() {
                break;
            }
        }
        hold.remove(released).map_err(FilterError::Hold)
    }

    /// Whether nothing takes lines any more.
    fn is_unwanted(&self) -> bool {
        self.is_closed() && self.split_dir.as_ref().is_none_or(SplitDir::has_failed)
    }

    /// Translates and writes whole lines, up to one that must wait. Returns how many bytes that are.
    fn lines(&mut self, lines: &[u8]) -> Result<usize, FilterError> {
        if lines.find_byte(b'#').is_none() {
            return self.skip_lines(lines);
        }
        // A line may be long. Memory that is short must not end the program before it has cleaned up.
        let reserved = self.translated.try_reserve(2 * lines.len());
        reserved.map_err(|_| FilterError::Read(ErrorKind::OutOfMemory.into()))?;
        if self.translator.takes_many_lines() {
            return self.many_lines(lines);
        }
        let mut done = 0;
        for line in lines.lines_with_terminator() {
            let start = self.translated.len();
            let text = line.strip_suffix(b"\n").unwrap_or(line);
            let Outcome::Done(module) = self.translator.advance(text, &mut self.translated) else {
                break;
            };
            done += line.len();
            self.translated.push(b'\n');
            if let (Some(split_dir), Some(module)) = (&mut self.split_dir, module) {
                split_dir.write(module, &self.translated[start..]);
            }
            if self.translated.len() >= WRITE_SIZE {
                self.flush()?;
            }
        }
        self.flush()?;
        Ok(done)
    }

    /// Translates and writes whole lines, of which none must wait: as many at once as are written at once.
    fn many_lines(&mut self, lines: &[u8]) -> Result<usize, FilterError> {
        let mut done = 0;
        while done < lines.len() {
            let rest = &lines[done..];
            let newline =
                rest[..rest.len().min(WRITE_SIZE)].rfind_byte(b'\n').or_else(|| rest.find_byte(b'\n'));
            let end = newline.unwrap_or(rest.len());
            self.translator.advance(&rest[..end], &mut self.translated);
            self.translated.push(b'\n');
            self.flush()?;
            done += rest.len().min(end + 1);
        }
        Ok(done)
    }

    /// Writes whole lines that have no `#`, and so no symbol, as they are.
    fn skip_lines(&mut self, lines: &[u8]) -> Result<usize, FilterError> {
        self.translator.skip_lines(lines);
        self.write(lines)?;
        if lines.last().is_some_and(|&byte| byte != b'\n') {
            self.write(b"\n")?;
        }
        Ok(lines.len())
    }

    fn flush(&mut self) -> Result<(), FilterError> {
        let translated = mem::take(&mut self.translated);
        self.write(&translated)?;
        self.translated = translated;
        self.translated.clear();
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), FilterError> {
        if let Some(output) = &mut self.output {
            match output.write_all(bytes).and_then(|()| output.flush()) {
                Err(error) if error.kind() == ErrorKind::BrokenPipe => self.output = None,
                result => result.map_err(FilterError::Write)?,
            }
        }
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
