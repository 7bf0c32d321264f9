//! The streaming loop. Lines are held only while their stack checks are undecided.

use std::error;
use std::fmt;
use std::fs::{File, Metadata};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;

use bstr::ByteSlice;

use crate::hold::Hold;
use crate::line_buffer::{self, LineBuffer};
use crate::options::Format;
use crate::split_dir::{SplitDir, SplitError};
use crate::translate::Translator;

/// Bytes of held lines kept in memory.
const HOLD_LIMIT: usize = 64 * 1024 * 1024;

/// The size of a write: a quarter of a pipe buffer, so that the reader can start while the rest is translated.
const WRITE_SIZE: usize = 16 * 1024;

/// Translates a stream.
#[derive(Debug)]
pub struct Filter<'t, W> {
    translator: &'t mut Translator,
    /// `None` if the reader has closed it.
    output: Option<W>,
    split_dir: Option<SplitDir>,
    /// Translated lines that are not written yet.
    translated: Vec<u8>,
}

/// An error while filtering a stream.
#[derive(Debug)]
#[non_exhaustive]
pub enum FilterError {
    /// The input cannot be read, or a line does not fit into memory. All whole lines before it were written.
    Read(io::Error),
    /// The output cannot be written. If its reader has closed it ([`ErrorKind::BrokenPipe`]), the split files were
    /// completed.
    Write(io::Error),
    /// Held lines cannot be buffered. The output ends before them.
    Hold(io::Error),
    /// The split files cannot be written. The output is complete.
    Split(SplitError),
}

impl<'t, W: Write> Filter<'t, W> {
    /// Creates a filter that writes to `output`, which need not be buffered.
    pub fn new(translator: &'t mut Translator, output: W) -> Self {
        Self { translator, output: Some(output), split_dir: None, translated: Vec::new() }
    }

    /// Also writes each line with a translated frame to `directory`, to the file of the module of its last
    /// translated frame. The directory is created if missing. The files, one for each module, appear when
    /// [`Self::run`] has translated the whole input.
    ///
    /// # Errors
    ///
    /// If the directory cannot be used, if two modules would share a file, or with [`Format::Text`].
    pub fn split_into(mut self, directory: impl AsRef<Path>) -> Result<Self, SplitError> {
        if self.translator.options.format == Format::Text {
            return Err(SplitError::Text);
        }
        self.split_dir = Some(SplitDir::create(directory.as_ref(), self.translator.modules())?);
        Ok(self)
    }

    /// Translates `input`, which need not be buffered, to its end.
    ///
    /// All whole lines read so far are written before the next read, except held lines: with
    /// [`StackCheck::Auto`](crate::StackCheck::Auto), those from the first `aot_func#N` on whose stack checks are
    /// undecided. They are held in memory, or beyond 64 MiB in a temporary file.
    ///
    /// # Errors
    ///
    /// If reading, writing or holding lines fails.
    pub fn run(mut self, input: impl Read) -> Result<(), FilterError> {
        let mut hold = Hold::new(HOLD_LIMIT);
        let read = self.read(input, |filter, lines| filter.translate_or_hold(lines, &mut hold));
        if let Ok(()) | Err(FilterError::Read(_)) = read {
            self.release(&mut hold, |_, lines| lines.len())?;
        }
        read?;
        self.finish()
    }

    /// Translates `file` from its position to its end, as [`Self::run`] does. A seekable regular file is searched
    /// for stack checks first, and no line is held.
    ///
    /// # Errors
    ///
    /// As [`Self::run`].
    pub fn run_file(mut self, mut file: File) -> Result<(), FilterError> {
        let Some(start) = search_start(&mut file) else { return self.run(file) };
        let searched = self.find_stack_checks(&mut file, start).map_err(FilterError::Read)?;
        self.read(file.take(searched), Self::translate)?;
        self.finish()
    }

    /// Searches `file` for stack checks, and seeks back to `start`. Returns the number of bytes to translate: those
    /// searched, or all if nothing is left to find.
    fn find_stack_checks(&mut self, file: &mut File, start: u64) -> io::Result<u64> {
        let mut input = LineBuffer::new(&*file);
        while self.translator.seeks_stack_checks()
            && let lines @ [_, ..] = input.next_lines()?
        {
            self.translator.find_stack_checks(lines);
        }
        let searched = file.stream_position()? - start;
        file.seek(SeekFrom::Start(start))?;
        Ok(if self.translator.seeks_stack_checks() { searched } else { u64::MAX })
    }

    /// Passes all lines of `input` to `take`.
    fn read(
        &mut self,
        input: impl Read,
        mut take: impl FnMut(&mut Self, &[u8]) -> Result<(), FilterError>,
    ) -> Result<(), FilterError> {
        let mut input = LineBuffer::new(input);
        while !self.has_no_outputs()
            && let lines @ [_, ..] = input.next_lines().map_err(FilterError::Read)?
        {
            take(self, lines)?;
        }
        Ok(())
    }

    /// Translates whole lines, or holds them until their stack checks are decided.
    fn translate_or_hold(&mut self, lines: &[u8], hold: &mut Hold) -> Result<(), FilterError> {
        if hold.is_empty() && !may_contain_symbols(lines) {
            return self.skip(lines);
        }
        self.translator.find_stack_checks(lines);
        let ready = if hold.is_empty() { self.translator.ready(lines) } else { 0 };
        self.translate(&lines[..ready])?;
        hold.append(&lines[ready..]).map_err(FilterError::Hold)?;
        if hold.is_empty() || self.translator.is_waiting() {
            return Ok(());
        }
        self.release(hold, Translator::ready)
    }

    /// Translates held lines up to the first that is not `ready`.
    fn release(
        &mut self,
        hold: &mut Hold,
        ready: impl Fn(&mut Translator, &[u8]) -> usize,
    ) -> Result<(), FilterError> {
        let mut released = 0;
        let mut held = hold.lines().map_err(FilterError::Hold)?;
        while !self.has_no_outputs()
            && let lines @ [_, ..] = held.next_lines().map_err(FilterError::Hold)?
        {
            let ready = ready(self.translator, lines);
            self.translate(&lines[..ready])?;
            released += ready as u64;
            if ready < lines.len() {
                break;
            }
        }
        hold.remove(released).map_err(FilterError::Hold)
    }

    /// Whether all outputs are closed or have failed.
    fn has_no_outputs(&self) -> bool {
        self.output.is_none() && self.split_dir.as_ref().is_none_or(SplitDir::has_failed)
    }

    /// Translates and writes whole lines.
    fn translate(&mut self, lines: &[u8]) -> Result<(), FilterError> {
        match self.translator.options.format {
            _ if !may_contain_symbols(lines) => self.skip(lines),
            Format::Folded => self.translate_stacks(lines),
            Format::Text => self.translate_text(lines),
        }
    }

    /// Writes whole lines without symbols unchanged.
    fn skip(&mut self, lines: &[u8]) -> Result<(), FilterError> {
        self.translator.skip(lines);
        write(&mut self.output, lines)?;
        if matches!(lines, [] | [.., b'\n']) { Ok(()) } else { write(&mut self.output, b"\n") }
    }

    fn translate_stacks(&mut self, lines: &[u8]) -> Result<(), FilterError> {
        for line in line_buffer::lines(lines) {
            let start = self.translated.len();
            let module = self.translator.translate(line, &mut self.translated);
            self.translated.push(b'\n');
            if let (Some(split_dir), Some(module)) = (&mut self.split_dir, module) {
                split_dir.write(module, &self.translated[start..]);
            }
            if self.translated.len() >= WRITE_SIZE {
                self.flush()?;
            }
        }
        self.flush()
    }

    /// Translates text in blocks of whole lines, as large as a write.
    fn translate_text(&mut self, lines: &[u8]) -> Result<(), FilterError> {
        let mut rest = lines;
        while !rest.is_empty() {
            let newline = rest[..rest.len().min(WRITE_SIZE)].rfind_byte(b'\n');
            let end = newline.or_else(|| rest.find_byte(b'\n')).unwrap_or(rest.len());
            self.translator.translate_text(&rest[..end], &mut self.translated);
            self.translated.push(b'\n');
            self.flush()?;
            rest = rest.get(end + 1..).unwrap_or_default();
        }
        Ok(())
    }

    /// Writes the translated lines.
    fn flush(&mut self) -> Result<(), FilterError> {
        write(&mut self.output, &self.translated)?;
        self.translated.clear();
        Ok(())
    }

    /// Completes the split files.
    fn finish(self) -> Result<(), FilterError> {
        self.split_dir.map_or(Ok(()), SplitDir::finish).map_err(FilterError::Split)?;
        self.output.map(drop).ok_or_else(|| FilterError::Write(ErrorKind::BrokenPipe.into()))
    }
}

/// The position of `file`, if it is a seekable regular file. Some are not seekable, such as `trace_pipe` of tracefs.
fn search_start(file: &mut File) -> Option<u64> {
    file.metadata().ok().filter(Metadata::is_file)?;
    file.stream_position().ok()
}

/// Writes to `output`, which becomes `None` if the reader has closed it.
fn write(output: &mut Option<impl Write>, bytes: &[u8]) -> Result<(), FilterError> {
    let Some(open) = output else { return Ok(()) };
    match open.write_all(bytes).and_then(|()| open.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => *output = None,
        result => result.map_err(FilterError::Write)?,
    }
    Ok(())
}

/// Whether `lines` may have symbols: every symbol has a `#`.
fn may_contain_symbols(lines: &[u8]) -> bool {
    lines.find_byte(b'#').is_some()
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read(_) => "cannot read the input",
            Self::Write(_) => "cannot write the output",
            Self::Hold(_) => "cannot buffer held lines",
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

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{self, Seek, SeekFrom};
    use std::os::fd::OwnedFd;

    use super::search_start;

    #[test]
    fn seekable_regular_files_are_searched() {
        let mut file = tempfile::tempfile().unwrap();
        assert_eq!(search_start(&mut file), Some(0));
        file.seek(SeekFrom::Start(7)).unwrap();
        assert_eq!(search_start(&mut file), Some(7));
        let (pipe, _writer) = io::pipe().unwrap();
        assert_eq!(search_start(&mut File::from(OwnedFd::from(pipe))), None);
        assert_eq!(search_start(&mut File::open("/").unwrap()), None);
        assert_eq!(search_start(&mut File::open("/dev/null").unwrap()), None);
    }
}
