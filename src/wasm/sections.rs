//! Reads the section headers of a wasm file (core specification, chapter 5.5), and content on demand.
//! Declared sizes are untrusted: memory grows only with the bytes that are read.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};

use wasmparser::BinaryReader;

use super::{WasmError, header};

/// Section ids (core specification, chapter 5.5.2).
pub(super) mod id {
    pub(crate) const CUSTOM: u8 = 0;
    pub(crate) const TYPE: u8 = 1;
    pub(crate) const IMPORT: u8 = 2;
    pub(crate) const FUNCTION: u8 = 3;
    pub(crate) const TABLE: u8 = 4;
    pub(crate) const GLOBAL: u8 = 6;
    pub(crate) const EXPORT: u8 = 7;
    pub(crate) const ELEMENT: u8 = 9;
    pub(crate) const CODE: u8 = 10;
}

/// The header of a section.
#[derive(Clone, Copy, Debug)]
pub(super) struct Section {
    pub(super) id: u8,
    /// The offset of the section in the file.
    pub(super) start: u64,
    /// The size of its content.
    pub(super) size: u64,
}

/// The content of a section.
#[derive(Debug)]
pub(super) struct Content {
    bytes: Vec<u8>,
    /// The offset of `bytes[start..]` in the file.
    offset: u64,
    /// Where the content starts in `bytes`.
    start: usize,
}

impl Content {
    /// A reader of the content that knows its offset in the file.
    pub(super) fn reader(&self) -> BinaryReader<'_> {
        BinaryReader::new(&self.bytes[self.start..], self.offset)
    }
}

/// Reads the sections of a wasm file in order.
pub(super) struct SectionReader<R> {
    input: R,
    /// Skips up to the given number of bytes, and returns how many it skipped.
    skip: fn(&mut R, u64) -> io::Result<u64>,
    offset: u64,
}

impl SectionReader<BufReader<File>> {
    /// A reader for a regular file, which seeks over skipped sections.
    pub(super) fn of_file(file: File) -> Result<Self, WasmError> {
        Self::new(BufReader::new(file), |file, size| {
            let left = file.get_ref().metadata()?.len().saturating_sub(file.stream_position()?);
            let size = size.min(left);
            file.seek_relative(size.cast_signed())?;
            Ok(size)
        })
    }
}

impl<R: Read> SectionReader<R> {
    /// A reader for a stream.
    pub(super) fn of_stream(input: R) -> Result<Self, WasmError> {
        Self::new(input, |input, size| io::copy(&mut input.take(size), &mut io::sink()))
    }

    fn new(mut input: R, skip: fn(&mut R, u64) -> io::Result<u64>) -> Result<Self, WasmError> {
        header::read(&mut input)?;
        Ok(Self { input, skip, offset: header::SIZE })
    }

    /// Returns the next section, or `None` at the end. The caller must read or skip its content.
    pub(super) fn next(&mut self) -> Result<Option<Section>, WasmError> {
        let start = self.offset;
        let Some(id) = self.read_up_to(1)?.first().copied() else {
            return Ok(None);
        };
        let size = self.read_var_u32(start)?;
        Ok(Some(Section { id, start, size: size.into() }))
    }

    /// The offset of what is read next.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Reads a size or count of the section that starts at `start`.
    pub(super) fn read_var_u32(&mut self, start: u64) -> Result<u32, WasmError> {
        let offset = self.offset;
        let mut bytes = self.read(1, start)?;
        while bytes.len() < 5 && bytes.last().is_some_and(|byte| byte & 0x80 != 0) {
            bytes.append(&mut self.read(1, start)?);
        }
        let number = BinaryReader::new(&bytes, offset).read_var_u32();
        number.map_err(|error| WasmError::malformed("section size", &error))
    }

    /// Reads the content of `section`, or the next part of it if its size is set to that of the part.
    pub(super) fn content(&mut self, section: Section) -> Result<Content, WasmError> {
        let offset = self.offset;
        Ok(Content { bytes: self.read(section.size, section.start)?, offset, start: 0 })
    }

    /// Reads the content of a custom section called `name`, without the name. Skips any other, and returns `None`.
    pub(super) fn custom_content(
        &mut self,
        section: Section,
        name: &str,
    ) -> Result<Option<Content>, WasmError> {
        const MAX_LEB128: usize = 5;
        let offset = self.offset;
        let start = section.size.min((MAX_LEB128 + name.len()) as u64);
        let mut bytes = self.read(start, section.start)?;
        let rest = Section { size: section.size - start, ..section };
        let mut reader = BinaryReader::new(&bytes, offset);
        if !reader.read_string().is_ok_and(|found| found == name) {
            self.skip(rest)?;
            return Ok(None);
        }
        let start = bytes.len() - reader.bytes_remaining();
        bytes.append(&mut self.content(rest)?.bytes);
        Ok(Some(Content { bytes, offset: offset + start as u64, start }))
    }

    /// Skips the content of `section`.
    pub(super) fn skip(&mut self, section: Section) -> Result<(), WasmError> {
        let skipped = (self.skip)(&mut self.input, section.size).map_err(WasmError::Io)?;
        self.offset += skipped;
        if skipped < section.size { Err(WasmError::Truncated { offset: section.start }) } else { Ok(()) }
    }

    /// Reads `size` bytes, or fewer at the end of the file.
    fn read_up_to(&mut self, size: u64) -> Result<Vec<u8>, WasmError> {
        let mut bytes = Vec::new();
        let read = (&mut self.input).take(size).read_to_end(&mut bytes).map_err(WasmError::Io)?;
        self.offset += read as u64;
        Ok(bytes)
    }

    /// Reads `size` bytes of the section that starts at `start`.
    fn read(&mut self, size: u64, start: u64) -> Result<Vec<u8>, WasmError> {
        let bytes = self.read_up_to(size)?;
        if (bytes.len() as u64) < size { Err(WasmError::Truncated { offset: start }) } else { Ok(bytes) }
    }
}
