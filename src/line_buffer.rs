//! Reads a stream in blocks of whole lines.

use std::io::{ErrorKind, Read, Result};

use bstr::ByteSlice;

/// The initial buffer size: a pipe buffer, and an incomplete line before it. Doubled whenever a line does not fit.
const READ_SIZE: usize = 128 * 1024;

/// A reader of whole lines, as many as are ready.
#[derive(Debug)]
pub(crate) struct LineBuffer<R> {
    input: R,
    buffer: Vec<u8>,
    /// `buffer[..lines]` was returned last; `buffer[lines..filled]` is the start of the next line.
    lines: usize,
    filled: usize,
    has_ended: bool,
}

impl<R: Read> LineBuffer<R> {
    /// A line buffer for `input`, which should not be buffered.
    pub(crate) fn new(input: R) -> Self {
        Self { input, buffer: Vec::new(), lines: 0, filled: 0, has_ended: false }
    }

    /// Returns the next lines with their newlines; the last line of the stream may have none. Empty at the
    /// end of the stream.
    ///
    /// Reads until there is a whole line, and never after the end of the stream: a terminal would need a second
    /// Ctrl-D.
    ///
    /// # Errors
    ///
    /// If reading fails, or a line does not fit into memory. An incomplete line is discarded.
    pub(crate) fn next_lines(&mut self) -> Result<&[u8]> {
        self.buffer.copy_within(self.lines..self.filled, 0);
        self.filled -= self.lines;
        self.lines = 0;
        while !self.has_ended {
            let start = self.filled;
            let read = self.read()?;
            self.filled += read;
            if let Some(newline) = self.buffer[start..self.filled].rfind_byte(b'\n') {
                self.lines = start + newline + 1;
                return Ok(&self.buffer[..self.lines]);
            }
            self.has_ended = read == 0;
        }
        self.lines = self.filled;
        Ok(&self.buffer[..self.lines])
    }

    fn read(&mut self) -> Result<usize> {
        if self.filled == self.buffer.len() {
            // A line may not fit into memory: return an error instead of aborting.
            let size = READ_SIZE.max(2 * self.filled);
            self.buffer.try_reserve_exact(size - self.filled).map_err(|_| ErrorKind::OutOfMemory)?;
            self.buffer.resize(size, 0);
        }
        loop {
            match self.input.read(&mut self.buffer[self.filled..]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }
}

/// The lines of `block`, without their newlines.
pub(crate) fn lines(block: &[u8]) -> impl Iterator<Item = &[u8]> {
    block.lines_with_terminator().map(|line| line.strip_suffix(b"\n").unwrap_or(line))
}
