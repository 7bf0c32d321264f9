//! The frame of a wasm file: its header and its sections (core specification, chapter 5.5). What is inside a
//! section is read or passed over, as the caller asks; wasmparser's reader of whole modules would have to be
//! given all of it. No size that the file declares is believed before the bytes behind it were seen.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek};

use wasmparser::BinaryReader;

use crate::sniff::{self, Seems};

/// Why a file cannot be used as a module.
#[derive(Debug)]
pub enum Error {
    /// The file cannot be opened or read.
    Io(io::Error),
    /// The file is a directory.
    Directory,
    /// The file has no bytes.
    Empty,
    /// The file ends inside its header, or inside the section at the byte offset given.
    CutShort(u64),
    /// The file is of another kind.
    NotWasm(Seems),
    /// The file is a component.
    Component,
    /// The file is of another version of the binary format.
    Version(u32),
    /// A part of the file that must be read cannot be: what it is, and what is wrong with it.
    Damaged(&'static str, Fault),
    /// A section that a module has once is there again, at the byte offset given.
    Repeated(&'static str, u64),
}

/// What is wrong with the content of a file, and at which byte offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    message: String,
    offset: u64,
}

impl Fault {
    /// The fault that `message` says, at `offset` of the file.
    #[must_use]
    pub fn new(message: &str, offset: u64) -> Self {
        Self { message: message.to_owned(), offset }
    }
}

impl From<wasmparser::Error> for Fault {
    fn from(error: wasmparser::Error) -> Self {
        Self::new(error.message(), error.offset())
    }
}

/// A section: what stands in front of its content.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    /// What is in it.
    pub id: u8,
    /// Where it starts in the file.
    pub start: u64,
    /// How many bytes its content has.
    size: u64,
}

/// The content of a section.
#[derive(Debug)]
pub struct Content {
    bytes: Vec<u8>,
    offset: u64,
}

impl Content {
    /// A reader of the content, which knows where in the file that is.
    #[must_use]
    pub fn reader(&self) -> BinaryReader<'_> {
        BinaryReader::new(&self.bytes, self.offset)
    }
}

/// The sections of a file that is being read.
pub struct Sections<'a, R> {
    input: &'a mut R,
    /// Passes over as many bytes as told, or as there are, and returns how many that were.
    skip: fn(&mut R, u64) -> io::Result<u64>,
    offset: u64,
}

impl<'a> Sections<'a, BufReader<File>> {
    /// The sections of a regular file, of which only what is asked for is read.
    pub fn of_file(file: &'a mut BufReader<File>) -> Result<Self, Error> {
        Self::after_header(file, |file, size| {
            let left = file.get_ref().metadata()?.len().saturating_sub(file.stream_position()?);
            let size = size.min(left);
            file.seek_relative(size.cast_signed())?;
            Ok(size)
        })
    }
}

impl<'a, R: Read> Sections<'a, R> {
    /// The sections of a stream.
    pub fn of_stream(input: &'a mut R) -> Result<Self, Error> {
        Self::after_header(input, |input, size| io::copy(&mut input.take(size), &mut io::sink()))
    }

    fn after_header(input: &'a mut R, skip: fn(&mut R, u64) -> io::Result<u64>) -> Result<Self, Error> {
        const MAGIC: &[u8] = b"\0asm";
        const VERSION_1: &[u8] = b"\x01\0\0\0";
        let mut sections = Self { input, skip, offset: 0 };
        let mut start = sections.up_to(8)?;
        if start.is_empty() {
            return Err(Error::Empty);
        }
        if start.len() < 8 && [MAGIC, VERSION_1].concat().starts_with(&start) {
            return Err(Error::CutShort(0));
        }
        match start.strip_prefix(MAGIC) {
            Some(VERSION_1) => Ok(sections),
            Some(&[_, _, 1, 0]) => Err(Error::Component),
            Some(&[a, b, c, d]) => Err(Error::Version(u32::from_le_bytes([a, b, c, d]))),
            _ => {
                start.append(&mut sections.up_to(sniff::LENGTH as u64)?);
                Err(Error::NotWasm(sniff::sniff(&start)))
            }
        }
    }

    /// The next section, whose content is to be read or passed over then; `None` at the end of the file.
    pub fn next(&mut self) -> Result<Option<Section>, Error> {
        let start = self.offset;
        let Some(id) = self.up_to(1)?.first().copied() else {
            return Ok(None);
        };
        let offset = self.offset;
        let mut size = self.exactly(1, start)?;
        while size.len() < 5 && size.last().is_some_and(|byte| byte & 0x80 != 0) {
            size.append(&mut self.exactly(1, start)?);
        }
        let size = BinaryReader::new(&size, offset).read_var_u32();
        let size = size.map_err(|error| Error::Damaged("the size of a section", error.into()))?;
        Ok(Some(Section { id, start, size: size.into() }))
    }

    /// Reads the content of `section`.
    pub fn content(&mut self, section: Section) -> Result<Content, Error> {
        let offset = self.offset;
        Ok(Content { bytes: self.exactly(section.size, section.start)?, offset })
    }

    /// Reads the content of the custom section `section` behind its name, if that is `name`, and otherwise
    /// passes over it.
    pub fn content_if_named(&mut self, section: Section, name: &str) -> Result<Option<Content>, Error> {
        const LONGEST_SIZE: usize = 5;
        let offset = self.offset;
        let start = section.size.min((LONGEST_SIZE + name.len()) as u64);
        let bytes = self.exactly(start, section.start)?;
        let mut reader = BinaryReader::new(&bytes, offset);
        let is_named = reader.read_string().is_ok_and(|found| found == name);
        let behind_name = bytes.len() - reader.bytes_remaining();
        let rest = Section { size: section.size - start, ..section };
        if !is_named {
            self.pass_over(rest)?;
            return Ok(None);
        }
        let mut content = self.content(rest)?;
        content.bytes.splice(..0, bytes[behind_name..].iter().copied());
        content.offset = offset + behind_name as u64;
        Ok(Some(content))
    }

    /// Passes over the content of `section`.
    pub fn pass_over(&mut self, section: Section) -> Result<(), Error> {
        let passed = (self.skip)(self.input, section.size).map_err(Error::Io)?;
        self.offset += passed;
        if passed < section.size { Err(Error::CutShort(section.start)) } else { Ok(()) }
    }

    /// The next `size` bytes, or as many as there are.
    fn up_to(&mut self, size: u64) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        let read = self.input.take(size).read_to_end(&mut bytes).map_err(Error::Io)?;
        self.offset += read as u64;
        Ok(bytes)
    }

    /// The next `size` bytes, which belong to the section at `start`.
    fn exactly(&mut self, size: u64, start: u64) -> Result<Vec<u8>, Error> {
        let bytes = self.up_to(size)?;
        if (bytes.len() as u64) < size { Err(Error::CutShort(start)) } else { Ok(bytes) }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.message, self.offset)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) if error.kind() == io::ErrorKind::NotFound => {
                f.write_str("there is no such file")
            }
            Self::Io(error) => write!(f, "cannot be read: {error}"),
            Self::Directory => f.write_str("is a directory: pass the .wasm file"),
            Self::Empty => f.write_str("is empty"),
            Self::CutShort(0) => f.write_str("is cut short in its header: copy or build it again"),
            Self::CutShort(offset) => {
                write!(f, "is cut short in the section at byte {offset}: copy or build it again")
            }
            Self::NotWasm(seems) => seems.fmt(f),
            Self::Component => f.write_str(
                "is a component: pass the core module inside it (wasm-tools component unbundle takes it out)",
            ),
            Self::Version(version) => {
                write!(f, "is of version {version} of the wasm binary format, only 1 is known")
            }
            Self::Damaged(part, fault) => write!(f, "{part} is damaged ({fault}): copy or build it again"),
            Self::Repeated(section, offset) => {
                write!(f, "has a second {section} section, at byte {offset}: build it again")
            }
        }
    }
}

impl std::error::Error for Error {}
