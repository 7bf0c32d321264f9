//! Function counts, names and exports of a wasm file, and its call graph. Data and DWARF are not read.

mod call_graph;
mod file_id;
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

use crate::file_kind::FileKind;
pub(crate) use call_graph::CallGraph;
use file_id::FileId;
use sections::{Content, SectionReader, id};

/// The functions of a wasm file. Imported functions come first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wasm {
    /// The file that was read; `None` if it was a stream.
    file: Option<FileId>,
    imported: usize,
    /// The bytes of all names from `name` sections.
    text: Vec<u8>,
    /// The range of each name in `text`; empty if the function has none.
    names: Vec<Range<usize>>,
    /// Whether a `name` section names any function, even one that the file does not have.
    has_names: bool,
    malformed_names: Option<Malformed>,
    exports: Exports,
}

/// The exported functions.
#[derive(Clone, Debug, Default)]
struct Exports {
    count: usize,
    /// The first export of each function whose name is not blank.
    names: BTreeMap<usize, String>,
    malformed: Option<Malformed>,
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
    /// The file ends in its header.
    TruncatedHeader,
    /// The file ends in the section that starts at this byte.
    Truncated {
        /// The offset of the section.
        offset: u64,
    },
    /// The file declares functions, but has neither a code section nor names: it was cut after a section.
    NoCode,
    /// The file is not a wasm file.
    NotWasm(FileKind),
    /// The file is a component.
    Component,
    /// This version of the binary format is not supported.
    Version(u32),
    /// A part of the file that counts its functions is malformed.
    Malformed(Malformed),
    /// A section appears twice.
    Repeated {
        /// Which section: `import` or `function`.
        section: &'static str,
        /// The offset of the second one.
        offset: u64,
    },
}

/// A malformed part of a wasm file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// `name section` and the like.
    part: &'static str,
    message: String,
    offset: u64,
}

impl Wasm {
    /// Reads the wasm file at `path`. See [`Module::open`](crate::Module::open).
    pub(crate) fn open(path: &Path) -> Result<Self, WasmError> {
        let file = File::open(path).map_err(WasmError::Io)?;
        let metadata = file.metadata().map_err(WasmError::Io)?;
        if metadata.is_dir() {
            return Err(WasmError::Directory);
        }
        let Some(id) = FileId::of(&metadata) else { return Self::read(file) };
        Ok(Self { file: Some(id), ..Self::from_sections(SectionReader::of_file(file)?)? })
    }

    /// Reads a wasm file from `input`, to its end.
    pub(crate) fn read(input: impl Read) -> Result<Self, WasmError> {
        Self::from_sections(SectionReader::of_stream(io::BufReader::new(input))?)
    }

    /// Reads the call graph from the file at `path`. `None` if that is not, or no longer, the regular file that
    /// was read, or if the calls cannot be read.
    pub(crate) fn call_graph(&self, path: &Path) -> Option<CallGraph> {
        let graph = CallGraph::read(self.file?.reopen(path)?)?;
        let functions = (graph.imported_functions(), graph.functions());
        (functions == (self.imported, self.names.len())).then_some(graph)
    }

    pub(crate) fn imported_functions(&self) -> usize {
        self.imported
    }

    pub(crate) fn defined_functions(&self) -> usize {
        self.names.len() - self.imported
    }

    pub(crate) fn exported_functions(&self) -> usize {
        self.exports.count
    }

    /// The name of the function at `index`; any bytes, but not only blanks.
    pub(crate) fn name(&self, index: usize) -> Option<&[u8]> {
        let name = &self.text[self.names.get(index)?.clone()];
        (!name.is_empty()).then_some(name)
    }

    /// The first export of the function at `index` whose name is not blank.
    pub(crate) fn export_name(&self, index: usize) -> Option<&str> {
        self.exports.names.get(&index).filter(|_| index < self.names.len()).map(String::as_str)
    }

    pub(crate) fn malformed_names(&self) -> Option<&Malformed> {
        self.malformed_names.as_ref()
    }

    pub(crate) fn malformed_exports(&self) -> Option<&Malformed> {
        self.exports.malformed.as_ref()
    }

    pub(crate) fn has_only_names(&self) -> bool {
        self.names.is_empty() && self.has_names
    }

    fn from_sections<R: Read>(mut sections: SectionReader<R>) -> Result<Self, WasmError> {
        let mut imported = None;
        let mut defined = None;
        let mut exports = Exports::default();
        let mut names = Vec::new();
        let mut has_code = false;
        while let Some(section) = sections.next()? {
            let repeated =
                |section_name| WasmError::Repeated { section: section_name, offset: section.start };
            match section.id {
                id::IMPORT if imported.is_some() => return Err(repeated("import")),
                id::IMPORT => imported = Some(imported_functions(&sections.content(section)?)?),
                id::FUNCTION if defined.is_some() => return Err(repeated("function")),
                id::FUNCTION => defined = Some(defined_functions(&sections.content(section)?)?),
                id::EXPORT => exports.add_section(&sections.content(section)?),
                id::CUSTOM => names.extend(sections.custom_content(section, "name")?),
                _ => {
                    has_code |= section.id == id::CODE;
                    sections.skip(section)?;
                }
            }
        }
        let imported = imported.unwrap_or(0);
        let functions = imported + defined.unwrap_or(0);
        let mut wasm = Self { imported, names: vec![0..0; functions], exports, ..Self::default() };
        for section in &names {
            wasm.add_names(section);
        }
        let lacks_code = wasm.defined_functions() > 0 && !has_code;
        if lacks_code && !wasm.has_names { Err(WasmError::NoCode) } else { Ok(wasm) }
    }

    /// Adds the function names of a `name` section (core specification, appendix "Custom Sections").
    fn add_names(&mut self, section: &Content) {
        let mut subsections = section.reader();
        while !subsections.eof() {
            if let Err(error) = self.add_subsection(&mut subsections) {
                return self.add_malformed(Malformed::of(NAMES, &error));
            }
        }
    }

    /// Adds the function names of the next subsection. Clamps sizes to the section.
    fn add_subsection(&mut self, subsections: &mut BinaryReader<'_>) -> wasmparser::Result<()> {
        const FUNCTION_NAMES: u8 = 1;
        let id = subsections.read_u8()?;
        let size = subsections.read_var_u32()? as usize;
        let offset = subsections.original_position();
        let left = subsections.bytes_remaining();
        if size > left {
            self.add_malformed(Malformed::new(NAMES, "a subsection is longer than the section", offset));
        }
        let content = BinaryReader::new(subsections.read_bytes(size.min(left))?, offset);
        if id == FUNCTION_NAMES
            && let Err(error) = self.add_name_map(content)
        {
            self.add_malformed(Malformed::of(NAMES, &error));
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
                self.add_malformed(Malformed::new(NAMES, "a name is not UTF-8", offset));
            }
            self.set_name(index, name);
        }
        if !names.eof() {
            self.add_malformed(Malformed::new(NAMES, "more names than declared", names.original_position()));
        }
        Ok(())
    }

    fn set_name(&mut self, index: u32, name: &[u8]) {
        let name = if is_blank(name) { b"" } else { name };
        self.has_names |= !name.is_empty();
        if let Some(range) = self.names.get_mut(index as usize) {
            *range = self.text.len()..self.text.len() + name.len();
            self.text.extend_from_slice(name);
        }
    }

    /// Keeps the first error in the `name` sections.
    fn add_malformed(&mut self, malformed: Malformed) {
        self.malformed_names.get_or_insert(malformed);
    }
}

/// What [`Malformed`] calls a `name` section.
const NAMES: &str = "name section";

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
            self.malformed = Some(Malformed::of("export section", &error));
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
    fn new(part: &'static str, message: &str, offset: u64) -> Self {
        Self { part, message: message.to_owned(), offset }
    }

    fn of(part: &'static str, error: &wasmparser::Error) -> Self {
        Self::new(part, error.message(), error.offset())
    }
}

impl WasmError {
    fn malformed(part: &'static str, error: &wasmparser::Error) -> Self {
        Self::Malformed(Malformed::of(part, error))
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "malformed {}: {} at byte {}", self.part, self.message, self.offset)
    }
}

impl fmt::Display for WasmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(_) => f.write_str("cannot be read"),
            Self::Directory => f.write_str("is a directory"),
            Self::Empty => f.write_str("is empty"),
            Self::TruncatedHeader => f.write_str("truncated header"),
            Self::Truncated { offset } => write!(f, "truncated section at byte {offset}"),
            Self::NoCode => f.write_str("truncated: it declares functions but has no code"),
            Self::NotWasm(kind) => kind.fmt(f),
            Self::Component => f.write_str("is a component"),
            Self::Version(version) => write!(f, "unsupported wasm version {version}"),
            Self::Malformed(malformed) => malformed.fmt(f),
            Self::Repeated { section, offset } => write!(f, "second {section} section at byte {offset}"),
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
