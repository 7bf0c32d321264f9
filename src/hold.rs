//! Lines that wait: in memory, or if they are many, in an unnamed temporary file.

use std::io::{Read, Result, Seek, SeekFrom, Take, Write};

use tempfile::SpooledTempFile;

use crate::line_buffer::LineBuffer;

/// Lines that wait, in order.
#[derive(Debug)]
pub(crate) struct Hold {
    file: SpooledTempFile,
    /// The waiting lines are `file[start..end]`.
    start: u64,
    end: u64,
}

impl Hold {
    /// Holds lines in memory, or if they are more than `limit` bytes, in a file in the temporary directory.
    pub(crate) fn new(limit: usize) -> Self {
        Self { file: SpooledTempFile::new(limit), start: 0, end: 0 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Adds `lines` at the end.
    ///
    /// # Errors
    ///
    /// If the file cannot be created or written. `lines` are not held then, but those before are.
    pub(crate) fn append(&mut self, lines: &[u8]) -> Result<()> {
        self.file.seek(SeekFrom::Start(self.end))?;
        self.file.write_all(lines)?;
        self.end += lines.len() as u64;
        Ok(())
    }

    /// The lines, from the first on.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub(crate) fn lines(&mut self) -> Result<LineBuffer<Take<&mut SpooledTempFile>>> {
        self.file.seek(SeekFrom::Start(self.start))?;
        Ok(LineBuffer::new((&mut self.file).take(self.end - self.start)))
    }

    /// Removes the first `size` bytes, which are whole lines.
    ///
    /// # Errors
    ///
    /// If the file cannot be cut.
    pub(crate) fn remove(&mut self, size: u64) -> Result<()> {
        self.start += size;
        if self.is_empty() && self.end > 0 {
            self.file.set_len(0)?;
            (self.start, self.end) = (0, 0);
        }
        Ok(())
    }
}
