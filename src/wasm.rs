//! Reads from a wasm file what it says of its functions: how many are imported, how many it defines, the
//! names that its `name` sections give them, and those under which they are exported.
//!
//! The frame of sections is read here (core specification, chapter 5.5) and what is inside by wasmparser,
//! because a reader of whole modules would have to be given the code, data and DWARF too: those sections
//! are passed over unread. Nothing that a file declares (a count, a size) is believed before the bytes
//! behind it were seen.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::mem;
use std::ops::Range;
use std::path::Path;

use wasmparser::{
    BinaryReader, ExportSectionReader, ExternalKind, FunctionSectionReader, ImportSectionReader, TypeRef,
};

use crate::sniff::{self, Seems};

/// What a wasm file says of its functions. Imported functions have the first indices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wasm {
    imported: u64,
    /// The function names of all `name` sections lie in here.
    text: Vec<u8>,
    /// Where the name of each function lies in `text`; an empty range is no name.
    names: Vec<Range<usize>>,
    damage: Option<Warning>,
    exports: Exports,
}

/// The functions that a module exports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Exports {
    /// The function's index and the export's name, in the order of the file.
    functions: Vec<(u32, String)>,
    damage: Option<Warning>,
}

/// What is wrong with the function names of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// There are none, but so many exports of functions have names.
    NoNames(usize),
    /// This section is damaged: a fault, and its byte offset. What could be read is used all the same.
    Damaged(&'static str, String, u64),
}

/// Why a file cannot be used as a module.
#[derive(Debug)]
pub enum Error {
    /// The file cannot be opened or read.
    Io(io::Error),
    /// The file is a directory.
    Directory,
    /// The file has no bytes.
    Empty,
    /// The file ends inside its header or the section at the byte offset given.
    CutShort(u64),
    /// The file is of another kind.
    NotWasm(Seems),
    /// The file is a component.
    Component,
    /// The file is of another version of the binary format.
    Version(u16),
    /// This part of the file must be read, and cannot be.
    Damaged(&'static str, wasmparser::Error),
    /// A section that a module has once is there again, at the byte offset given.
    Repeated(&'static str, u64),
}

impl Wasm {
    /// Reads the file at `path`, which may also be a pipe.
    ///
    /// # Errors
    ///
    /// If the file is no core wasm module whose functions can be counted. Faults in its `name` sections are
    /// no error, see [`Self::warning`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        let file = File::open(path).map_err(Error::Io)?;
        let metadata = file.metadata().map_err(Error::Io)?;
        if metadata.is_dir() {
            return Err(Error::Directory);
        }
        let skip = if metadata.is_file() { seek_over } else { read_over };
        Sections { input: &mut BufReader::new(file), skip, offset: 0 }.read()
    }

    /// Reads a whole module from `input`.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub fn read(input: &mut impl Read) -> Result<Self, Error> {
        Sections { input, skip: read_over, offset: 0 }.read()
    }

    /// How many functions are imported: the index of the first function that the module defines.
    #[must_use]
    pub fn imported_functions(&self) -> u64 {
        self.imported
    }

    /// How many functions there are, imported and defined.
    #[must_use]
    pub fn functions(&self) -> usize {
        self.names.len()
    }

    /// The name of the function at `index`, as it stands in the file: it may hold any bytes, and is empty
    /// where the function has no name.
    #[must_use]
    pub fn name(&self, index: usize) -> &[u8] {
        let range = self.names.get(index).cloned().unwrap_or_default();
        &self.text[range]
    }

    /// How many functions have a name.
    #[must_use]
    pub fn named_functions(&self) -> usize {
        self.names.iter().filter(|name| !name.is_empty()).count()
    }

    /// Gives each function without a name that of its first export, if it has one.
    pub fn use_export_names(&mut self) {
        let exports = mem::take(&mut self.exports);
        for (index, name) in exports.functions {
            if self.name(index as usize).is_empty() {
                self.set_name(index, name.as_bytes());
            }
        }
        self.damage = self.damage.take().or(exports.damage);
    }

    /// What is wrong with the names, if anything is.
    #[must_use]
    pub fn warning(&self) -> Option<Warning> {
        let no_names = || Warning::NoNames(self.exports.functions.len());
        self.damage.clone().or_else(|| (self.named_functions() == 0).then(no_names))
    }
}

/// The sections of a module that is being read.
struct Sections<'a, R> {
    input: &'a mut R,
    /// Passes over as many bytes as told, or as there are, and returns how many that were.
    skip: fn(&mut R, u64) -> io::Result<u64>,
    offset: u64,
}

fn seek_over(file: &mut BufReader<File>, size: u64) -> io::Result<u64> {
    let left = file.get_ref().metadata()?.len().saturating_sub(file.stream_position()?);
    let size = size.min(left);
    file.seek_relative(size.cast_signed())?;
    Ok(size)
}

fn read_over<R: Read>(input: &mut R, size: u64) -> io::Result<u64> {
    io::copy(&mut input.take(size), &mut io::sink())
}

/// Section ids of the binary format.
const CUSTOM: u8 = 0;
const IMPORT: u8 = 2;
const FUNCTION: u8 = 3;
const EXPORT: u8 = 7;

impl<R: Read> Sections<'_, R> {
    fn read(mut self) -> Result<Wasm, Error> {
        self.header()?;
        let mut imported = None;
        let mut defined = None;
        let mut exports = Exports::default();
        let mut name_sections = Vec::new();
        loop {
            let start = self.offset;
            let Some(id) = self.bytes(1)?.first().copied() else {
                break;
            };
            let size = self.size(start)?;
            match id {
                IMPORT if imported.is_some() => return Err(Error::Repeated("import", start)),
                IMPORT => {
                    imported = Some(self.section(start, size, "its import section", imported_functions)?);
                }
                FUNCTION if defined.is_some() => return Err(Error::Repeated("function", start)),
                FUNCTION => {
                    defined = Some(self.section(start, size, "its function section", defined_functions)?);
                }
                EXPORT => exports.add_section(self.offset, &self.all_bytes(start, size)?),
                CUSTOM => name_sections.extend(self.name_section(start, size)?),
                _ => self.pass_over(start, size)?,
            }
        }
        let mut wasm = Wasm { imported: imported.unwrap_or(0), exports, ..Wasm::default() };
        let functions = wasm.imported + defined.unwrap_or(0);
        wasm.names.resize(usize::try_from(functions).unwrap_or(usize::MAX), 0..0);
        for (offset, section) in name_sections {
            wasm.add_names(offset, &section);
        }
        Ok(wasm)
    }

    fn header(&mut self) -> Result<(), Error> {
        const MAGIC: &[u8] = b"\0asm";
        const VERSION_1: &[u8] = b"\x01\0\0\0";
        let mut start = self.bytes(8)?;
        if start.is_empty() {
            return Err(Error::Empty);
        }
        if start.len() < 8 && [MAGIC, VERSION_1].concat().starts_with(&start) {
            return Err(Error::CutShort(0));
        }
        match start.strip_prefix(MAGIC) {
            Some(VERSION_1) => Ok(()),
            Some(&[_, _, 1, 0]) => Err(Error::Component),
            Some(&[low, high, ..]) => Err(Error::Version(u16::from_le_bytes([low, high]))),
            _ => {
                start.append(&mut self.bytes(sniff::LENGTH as u64)?);
                Err(Error::NotWasm(sniff::sniff(&start)))
            }
        }
    }

    /// The next `size` bytes, or as many as there are.
    fn bytes(&mut self, size: u64) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        let read = self.input.take(size).read_to_end(&mut bytes).map_err(Error::Io)?;
        self.offset += read as u64;
        Ok(bytes)
    }

    /// The next `size` bytes, which belong to the section at `start`.
    fn all_bytes(&mut self, start: u64, size: u64) -> Result<Vec<u8>, Error> {
        let bytes = self.bytes(size)?;
        if (bytes.len() as u64) < size { Err(Error::CutShort(start)) } else { Ok(bytes) }
    }

    fn pass_over(&mut self, start: u64, size: u64) -> Result<(), Error> {
        let passed = (self.skip)(self.input, size).map_err(Error::Io)?;
        self.offset += passed;
        if passed < size { Err(Error::CutShort(start)) } else { Ok(()) }
    }

    /// The size of the section at `start`, which comes next.
    fn size(&mut self, start: u64) -> Result<u64, Error> {
        let offset = self.offset;
        let mut bytes = self.all_bytes(start, 1)?;
        while bytes.len() < 5 && bytes.last().is_some_and(|byte| byte & 0x80 != 0) {
            bytes.append(&mut self.all_bytes(start, 1)?);
        }
        let size = BinaryReader::new(&bytes, offset).read_var_u32();
        size.map(u64::from).map_err(|error| Error::Damaged("the size of a section", error))
    }

    /// Reads the section at `start`, of `size` bytes, with `read`.
    fn section(
        &mut self,
        start: u64,
        size: u64,
        name: &'static str,
        read: fn(BinaryReader<'_>) -> wasmparser::Result<u64>,
    ) -> Result<u64, Error> {
        let offset = self.offset;
        let bytes = self.all_bytes(start, size)?;
        read(BinaryReader::new(&bytes, offset)).map_err(|error| Error::Damaged(name, error))
    }

    /// The offset and content of the custom section at `start`, if it is a `name` section.
    fn name_section(&mut self, start: u64, size: u64) -> Result<Option<(u64, Vec<u8>)>, Error> {
        const NAME: &[u8] = b"\x04name";
        let name = self.all_bytes(start, size.min(NAME.len() as u64))?;
        let offset = self.offset;
        let size = size - name.len() as u64;
        if name == NAME {
            return Ok(Some((offset, self.all_bytes(start, size)?)));
        }
        self.pass_over(start, size)?;
        Ok(None)
    }
}

fn imported_functions(section: BinaryReader<'_>) -> wasmparser::Result<u64> {
    let mut functions = 0;
    for import in ImportSectionReader::new(section)?.into_imports() {
        functions += u64::from(matches!(import?.ty, TypeRef::Func(_) | TypeRef::FuncExact(_)));
    }
    Ok(functions)
}

fn defined_functions(section: BinaryReader<'_>) -> wasmparser::Result<u64> {
    let mut functions = 0;
    for function in FunctionSectionReader::new(section)? {
        function?;
        functions += 1;
    }
    Ok(functions)
}

impl Wasm {
    /// Takes the function names from a `name` section (core specification, appendix "Custom Sections"),
    /// whose content is at `offset` of the file.
    fn add_names(&mut self, offset: u64, section: &[u8]) {
        const FUNCTION_NAMES: u8 = 1;
        let mut subsections = BinaryReader::new(section, offset);
        while !subsections.eof() {
            let subsection = subsections.read_u8().and_then(|id| Ok((id, subsections.read_reader()?)));
            let names = match subsection {
                Ok((FUNCTION_NAMES, names)) => self.add_name_map(names),
                Ok(_) => Ok(()),
                Err(error) => {
                    self.damaged(error.message(), error.offset());
                    return;
                }
            };
            if let Err(error) = names {
                self.damaged(error.message(), error.offset());
            }
        }
    }

    /// Takes the names from a name map: they may be in any order, and the last one for an index counts.
    /// (wasmparser has a reader for these too, which stops at the first name out of order.)
    fn add_name_map(&mut self, mut names: BinaryReader<'_>) -> wasmparser::Result<()> {
        for _ in 0..names.read_var_u32()? {
            let index = names.read_var_u32()?;
            let size = names.read_var_u32()?;
            let offset = names.original_position();
            let name = names.read_bytes(size as usize)?;
            if str::from_utf8(name).is_err() {
                self.damaged("a name is not UTF-8", offset);
            }
            self.set_name(index, name);
        }
        if !names.eof() {
            self.damaged("more names than the section says", names.original_position());
        }
        Ok(())
    }

    /// Names the function at `index`, if there is one.
    fn set_name(&mut self, index: u32, name: &[u8]) {
        if let Some(range) = self.names.get_mut(index as usize) {
            *range = self.text.len()..self.text.len() + name.len();
            self.text.extend_from_slice(name);
        }
    }

    fn damaged(&mut self, fault: &str, offset: u64) {
        self.damage.get_or_insert_with(|| Warning::Damaged("name", fault.to_owned(), offset));
    }
}

impl Exports {
    /// Takes the functions from an export section, whose content is at `offset` of the file.
    fn add_section(&mut self, offset: u64, section: &[u8]) {
        if let Err(error) = self.add_exports(BinaryReader::new(section, offset)) {
            self.damage = Some(Warning::Damaged("export", error.message().to_owned(), error.offset()));
        }
    }

    fn add_exports(&mut self, section: BinaryReader<'_>) -> wasmparser::Result<()> {
        for export in ExportSectionReader::new(section)? {
            let export = export?;
            if matches!(export.kind, ExternalKind::Func | ExternalKind::FuncExact) {
                self.functions.push((export.index, export.name.to_owned()));
            }
        }
        Ok(())
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoNames(exports) => {
                f.write_str(
                    "has no function names, so its functions are shown as func[INDEX]: \
                     pass the build that is not stripped, its indices are the same",
                )?;
                match exports {
                    0 => Ok(()),
                    _ => write!(f, ", or --export-names for the names of its {exports} exported functions"),
                }
            }
            Self::Damaged(section, fault, offset) => write!(
                f,
                "its {section} section is damaged ({fault} at byte {offset}): the names that could be read are used"
            ),
        }
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
            Self::Damaged(part, error) => {
                write!(f, "{part} is damaged ({} at byte {})", error.message(), error.offset())
            }
            Self::Repeated(section, offset) => write!(f, "has a second {section} section, at byte {offset}"),
        }
    }
}

impl std::error::Error for Error {}
