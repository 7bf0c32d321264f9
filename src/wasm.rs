//! The functions of a wasm file: their number, names and exports. Code, data and DWARF are not read.

mod header;
mod sections;

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;

use wasmparser::{
    BinaryReader, ExportSectionReader, ExternalKind, FunctionSectionReader, ImportSectionReader, TypeRef,
};

pub use header::FileKind;
use sections::{Content, SectionReader};

/// The functions of a wasm file. Imported functions come first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wasm {
    imported: usize,
    /// The bytes of all names from `name` sections.
    text: Vec<u8>,
    /// The range of each name in `text`; empty if the function has none.
    names: Vec<Range<usize>>,
    malformed_names: Option<Malformed>,
    exports: Exports,
    uses_exports: bool,
}

/// The exported functions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Exports {
    count: usize,
    /// The first export of each function whose name is not blank.
    names: BTreeMap<usize, String>,
    malformed: Option<Malformed>,
}

/// Why some functions of a usable module have no names.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// No function has a name.
    NoNames {
        /// The number of exported functions.
        exports: usize,
    },
    /// The section is malformed. Readable names are used.
    Malformed {
        /// `name` or `export`.
        section: &'static str,
        /// What is wrong with it.
        malformed: Malformed,
    },
}

/// Why a file cannot be used as a module.
#[derive(Debug)]
#[non_exhaustive]
pub enum WasmError {
    /// The file cannot be opened or read.
    Io(io::Error),
    /// The file is a directory.
    Directory,
    /// The file is empty.
    Empty,
    /// The file ends in its header (offset 0), or in the section that starts at this byte.
    Truncated {
        /// The offset of the section.
        offset: u64,
    },
    /// The file is not a wasm file.
    NotWasm(FileKind),
    /// The file is a component.
    Component,
    /// The file has this version of the binary format.
    Version(u32),
    /// A required part of the file is malformed.
    Malformed {
        /// Which part, such as `import section`.
        part: &'static str,
        /// What is wrong with it.
        malformed: Malformed,
    },
    /// A section appears twice.
    Repeated {
        /// Which section: `import` or `function`.
        section: &'static str,
        /// The offset of the second one.
        offset: u64,
    },
}

/// What is malformed in a wasm file, and at which byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    message: String,
    offset: u64,
}

impl Wasm {
    /// Reads the wasm file at `path`, which may be a pipe.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or is not a core module whose functions can be counted. Malformed names
    /// are not an error; see [`Self::warning`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, WasmError> {
        let file = File::open(path).map_err(WasmError::Io)?;
        let metadata = file.metadata().map_err(WasmError::Io)?;
        if metadata.is_dir() {
            return Err(WasmError::Directory);
        }
        if metadata.is_file() { Self::from_sections(SectionReader::of_file(file)?) } else { Self::read(file) }
    }

    /// Reads a wasm file from `input`, to its end.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub fn read(input: impl Read) -> Result<Self, WasmError> {
        Self::from_sections(SectionReader::of_stream(io::BufReader::new(input))?)
    }

    /// Sets whether functions without a name take the name of their first export. By default they do not.
    pub fn set_export_names(&mut self, export_names: bool) {
        self.uses_exports = export_names;
    }

    /// The number of imported functions, which is the index of the first defined function.
    #[must_use]
    pub fn imported_functions(&self) -> usize {
        self.imported
    }

    /// The number of functions, imported and defined.
    #[must_use]
    pub fn functions(&self) -> usize {
        self.names.len()
    }

    /// The name of the function at `index`, as it is in the file: any bytes. Empty if it has none or only
    /// blanks, or if there is no such function.
    #[must_use]
    pub fn name(&self, index: usize) -> &[u8] {
        let name = &self.text[self.names.get(index).cloned().unwrap_or_default()];
        let export = if self.uses_exports && name.is_empty() { self.exports.names.get(&index) } else { None };
        export.map_or(name, |export| export.as_bytes())
    }

    /// The number of functions that have a name.
    #[must_use]
    pub fn named_functions(&self) -> usize {
        (0..self.functions()).filter(|&index| !self.name(index).is_empty()).count()
    }

    /// What is wrong with the names, if anything is.
    #[must_use]
    pub fn warning(&self) -> Option<Warning> {
        let exports = if self.uses_exports { self.exports.malformed.as_ref() } else { None };
        let in_section = |section| {
            move |malformed: &Malformed| Warning::Malformed { section, malformed: malformed.clone() }
        };
        let malformed = self.malformed_names.as_ref().map(in_section("name"));
        malformed.or_else(|| exports.map(in_section("export"))).or_else(|| {
            (self.named_functions() == 0).then_some(Warning::NoNames { exports: self.exports.count })
        })
    }

    fn from_sections<R: Read>(mut sections: SectionReader<R>) -> Result<Self, WasmError> {
        // Section ids, core specification, chapter 5.5.2.
        const CUSTOM: u8 = 0;
        const IMPORT: u8 = 2;
        const FUNCTION: u8 = 3;
        const EXPORT: u8 = 7;
        let mut imported = None;
        let mut defined = None;
        let mut exports = Exports::default();
        let mut names = Vec::new();
        while let Some(section) = sections.next()? {
            let repeated =
                |section_name| WasmError::Repeated { section: section_name, offset: section.start };
            match section.id {
                IMPORT if imported.is_some() => return Err(repeated("import")),
                IMPORT => imported = Some(imported_functions(&sections.content(section)?)?),
                FUNCTION if defined.is_some() => return Err(repeated("function")),
                FUNCTION => defined = Some(defined_functions(&sections.content(section)?)?),
                EXPORT => exports.add_section(&sections.content(section)?),
                CUSTOM => names.extend(sections.custom_content(section, "name")?),
                _ => sections.skip(section)?,
            }
        }
        let imported = imported.unwrap_or(0);
        let functions = imported + defined.unwrap_or(0);
        let mut wasm = Self { imported, names: vec![0..0; functions], exports, ..Self::default() };
        for section in &names {
            wasm.add_names(section);
        }
        Ok(wasm)
    }

    /// Adds the function names of a `name` section (core specification, appendix "Custom Sections").
    fn add_names(&mut self, section: &Content) {
        let mut subsections = section.reader();
        while !subsections.eof() {
            if let Err(error) = self.add_subsection(&mut subsections) {
                return self.add_malformed(Malformed::of(&error));
            }
        }
    }

    /// Adds the function names of the next subsection. A size past the end of the section is cut there.
    fn add_subsection(&mut self, subsections: &mut BinaryReader<'_>) -> wasmparser::Result<()> {
        const FUNCTION_NAMES: u8 = 1;
        let id = subsections.read_u8()?;
        let size = subsections.read_var_u32()? as usize;
        let offset = subsections.original_position();
        let left = subsections.bytes_remaining();
        if size > left {
            self.add_malformed(Malformed::new("a subsection is longer than the section", offset));
        }
        let content = BinaryReader::new(subsections.read_bytes(size.min(left))?, offset);
        if id == FUNCTION_NAMES
            && let Err(error) = self.add_name_map(content)
        {
            self.add_malformed(Malformed::of(&error));
        }
        Ok(())
    }

    /// Adds the names of a name map. They may be in any order, and the last name of an index counts.
    /// wasmparser's own reader stops at the first name out of order.
    fn add_name_map(&mut self, mut names: BinaryReader<'_>) -> wasmparser::Result<()> {
        for _ in 0..names.read_var_u32()? {
            let index = names.read_var_u32()?;
            let size = names.read_var_u32()?;
            let offset = names.original_position();
            let name = names.read_bytes(size as usize)?;
            if str::from_utf8(name).is_err() {
                self.add_malformed(Malformed::new("a name is not UTF-8", offset));
            }
            self.set_name(index, name);
        }
        if !names.eof() {
            self.add_malformed(Malformed::new("more names than the section says", names.original_position()));
        }
        Ok(())
    }

    fn set_name(&mut self, index: u32, name: &[u8]) {
        let name = if is_blank(name) { b"" } else { name };
        if let Some(range) = self.names.get_mut(index as usize) {
            *range = self.text.len()..self.text.len() + name.len();
            self.text.extend_from_slice(name);
        }
    }

    /// Records the first fault of the `name` sections.
    fn add_malformed(&mut self, malformed: Malformed) {
        self.malformed_names.get_or_insert(malformed);
    }
}

/// Whether `name` is empty or only blanks.
fn is_blank(name: &[u8]) -> bool {
    name.iter().all(|&byte| byte == b' ')
}

fn imported_functions(section: &Content) -> Result<usize, WasmError> {
    let count = || {
        let mut functions = 0;
        for import in ImportSectionReader::new(section.reader())?.into_imports() {
            functions += usize::from(matches!(import?.ty, TypeRef::Func(_) | TypeRef::FuncExact(_)));
        }
        Ok(functions)
    };
    count().map_err(|error| WasmError::malformed("import section", &error))
}

fn defined_functions(section: &Content) -> Result<usize, WasmError> {
    let count = || {
        FunctionSectionReader::new(section.reader())?
            .into_iter()
            .try_fold(0, |count, function| function.map(|_| count + 1))
    };
    count().map_err(|error| WasmError::malformed("function section", &error))
}

impl Exports {
    fn add_section(&mut self, section: &Content) {
        if let Err(error) = self.add_exports(section.reader()) {
            self.malformed = Some(Malformed::of(&error));
        }
    }

    fn add_exports(&mut self, section: BinaryReader<'_>) -> wasmparser::Result<()> {
        for export in ExportSectionReader::new(section)? {
            let export = export?;
            if export.kind == ExternalKind::Func {
                self.count += 1;
                if !is_blank(export.name.as_bytes()) {
                    self.names.entry(export.index as usize).or_insert_with(|| export.name.to_owned());
                }
            }
        }
        Ok(())
    }
}

impl Malformed {
    fn new(message: &str, offset: u64) -> Self {
        Self { message: message.to_owned(), offset }
    }

    fn of(error: &wasmparser::Error) -> Self {
        Self::new(error.message(), error.offset())
    }
}

impl WasmError {
    fn malformed(part: &'static str, error: &wasmparser::Error) -> Self {
        Self::Malformed { part, malformed: Malformed::of(error) }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.message, self.offset)
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoNames { .. } => f.write_str("no function names"),
            Self::Malformed { section, malformed } => write!(f, "malformed {section} section: {malformed}"),
        }
    }
}

impl fmt::Display for WasmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(_) => f.write_str("cannot be read"),
            Self::Directory => f.write_str("is a directory"),
            Self::Empty => f.write_str("is empty"),
            Self::Truncated { offset: 0 } => f.write_str("is truncated in its header"),
            Self::Truncated { offset } => write!(f, "is truncated in the section at byte {offset}"),
            Self::NotWasm(kind) => kind.fmt(f),
            Self::Component => f.write_str("is a component"),
            Self::Version(version) => {
                write!(f, "has version {version} of the wasm binary format, only version 1 is supported")
            }
            Self::Malformed { part, malformed } => write!(f, "has a malformed {part}: {malformed}"),
            Self::Repeated { section, offset } => {
                write!(f, "has a second {section} section at byte {offset}")
            }
        }
    }
}

impl Error for WasmError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}
