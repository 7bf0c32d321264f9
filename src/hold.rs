//! Held lines, in memory or spilled to an unnamed temporary file.

use std::io::{Read, Result, Seek, SeekFrom, Take, Write};

use tempfile::SpooledTempFile;

use crate::line_buffer::LineBuffer;

/// Held lines, in order.
#[derive(Debug)]
pub(crate) struct Hold {
    file: SpooledTempFile,
    /// The held lines are `file[start..end]`.
    start: u64,
    end: u64,
}

impl Hold {
    /// Holds up to `limit` bytes in memory; more go to a file in the temporary directory.
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
    /// If the file cannot be created or written.
    pub(crate) fn append(&mut self, lines: &[u8]) -> Result<()> {
        self.file.seek(SeekFrom::Start(self.end))?;
        self.file.write_all(lines)?;
        self.end += lines.len() as u64;
        Ok(())
    }

    /// A reader of all held lines.
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
    /// If the file cannot be truncated.
    pub(crate) fn remove(&mut self, size: u64) -> Result<()> {
        self.start += size;
        if self.is_empty() && self.end > 0 {
            self.file.set_len(0)?;
            (self.start, self.end) = (0, 0);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Hold;

    /// The held lines.
    fn held(hold: &mut Hold) -> String {
        let mut text = String::new();
        let mut lines = hold.lines().unwrap();
        loop {
            match lines.next_lines().unwrap() {
                [] => return text,
                lines => text += std::str::from_utf8(lines).unwrap(),
            }
        }
    }

    #[test]
    fn lines_keep_their_order_in_memory_and_on_disk() {
        for limit in [0, 1, 10, 100, 10_000] {
            let mut hold = Hold::new(limit);
            let mut expected = String::new();
            for line in 0..100 {
                let line = format!("line {line}\n");
                hold.append(line.as_bytes()).unwrap();
                expected += &line;
                assert_eq!(held(&mut hold), expected, "limit {limit}");
                if expected.len() > 50 {
                    let removed: String = expected.split_inclusive('\n').take(3).collect();
                    hold.remove(removed.len() as u64).unwrap();
                    expected.drain(..removed.len());
                    assert_eq!(held(&mut hold), expected, "limit {limit}");
                }
            }
            hold.remove(expected.len() as u64).unwrap();
            assert!(hold.is_empty() && held(&mut hold).is_empty(), "limit {limit}");
        }
    }
}
