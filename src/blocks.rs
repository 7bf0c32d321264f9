//! Reads a stream in blocks of whole lines.

use std::io::{ErrorKind, Read, Result};

use bstr::ByteSlice;

/// How many bytes are asked for in one read, as many as a pipe holds; more only after a line that is longer.
const SIZE: usize = 64 * 1024;

/// The lines of a stream, as many at a time as it has ready.
#[derive(Debug)]
pub struct Blocks<R> {
    input: R,
    buffer: Vec<u8>,
    /// The lines in `buffer[..block]` were returned last; `buffer[block..filled]` begins the next line.
    block: usize,
    filled: usize,
    has_ended: bool,
}

impl<R: Read> Blocks<R> {
    /// The lines of `input`, which needs no buffer of its own.
    pub fn new(input: R) -> Self {
        Self { input, buffer: vec![0; SIZE], block: 0, filled: 0, has_ended: false }
    }

    /// The next lines, each with its newline; only the last line of the stream may be without. Empty at the
    /// end of the stream. Reads until there is one whole line, and no further, nor past the end: a terminal
    /// would wait for a second Ctrl-D.
    ///
    /// # Errors
    ///
    /// If reading fails; what was read before of a line is lost.
    pub fn next(&mut self) -> Result<&[u8]> {
        self.buffer.copy_within(self.block..self.filled, 0);
        self.filled -= self.block;
        self.block = 0;
        while !self.has_ended {
            let read = self.read()?;
            let new = &self.buffer[self.filled..self.filled + read];
            let newline = new.rfind_byte(b'\n');
            let start = self.filled;
            self.filled += read;
            if let Some(newline) = newline {
                self.block = start + newline + 1;
                return Ok(&self.buffer[..self.block]);
            }
            self.has_ended = read == 0;
        }
        self.block = self.filled;
        Ok(&self.buffer[..self.block])
    }

    fn read(&mut self) -> Result<usize> {
        if self.filled == self.buffer.len() {
            self.buffer.resize(2 * self.filled, 0);
        }
        loop {
            match self.input.read(&mut self.buffer[self.filled..]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }
}
