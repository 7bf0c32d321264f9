//! What a wasm file says of its functions: how many are imported, how many it defines, the names that its
//! `name` sections give them, and those under which it exports them. Code, data and DWARF are not read.
//!
//! Nothing is made as large as a count in the file says: each function and each name has its bytes.

use std::fmt;
use std::fs::File;
use std::io::{BufReader, Read};
use std::mem;
use std::ops::Range;
use std::path::Path;

use wasmparser::{
    BinaryReader, ExportSectionReader, ExternalKind, FunctionSectionReader, ImportSectionReader, TypeRef,
};

use crate::sections::{Content, Error, Fault, Sections};

/// What a wasm file says of its functions. Imported functions have the first indices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wasm {
    imported: usize,
    /// The names lie in here.
    text: Vec<u8>,
    /// Where the name of each function lies in `text`; an empty range is no name.
    names: Vec<Range<usize>>,
    damage: Option<Warning>,
    exports: Exports,
}

/// The functions that a module exports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Exports {
    /// The index of the function and the name of the export, in the order of the file.
    functions: Vec<(u32, String)>,
    damage: Option<Warning>,
}

/// What is wrong with the function names of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// There are none, but so many functions are exported under a name.
    NoNames(usize),
    /// This section is damaged. What could be read of it is used.
    Damaged(&'static str, Fault),
}

impl Wasm {
    /// Reads the file at `path`, which may also be a pipe.
    ///
    /// # Errors
    ///
    /// If the file is no core wasm module whose functions can be counted. Faults of its names are no error,
    /// see [`Self::warning`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        let file = File::open(path).map_err(Error::Io)?;
        let metadata = file.metadata().map_err(Error::Io)?;
        if metadata.is_dir() {
            return Err(Error::Directory);
        }
        let mut file = BufReader::new(file);
        if metadata.is_file() {
            Self::from_sections(Sections::of_file(&mut file)?)
        } else {
            Self::read(&mut file)
        }
    }

    /// Reads a whole module from `input`.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub fn read(input: &mut impl Read) -> Result<Self, Error> {
        Self::from_sections(Sections::of_stream(input)?)
    }

    /// How many functions are imported: the index of the first function that the module defines.
    #[must_use]
    pub fn imported_functions(&self) -> usize {
        self.imported
    }

    /// How many functions there are, imported and defined.
    #[must_use]
    pub fn functions(&self) -> usize {
        self.names.len()
    }

    /// The name of the function at `index`, as it stands in the file: it may hold any bytes, and is empty
    /// where the function has no name, or one of nothing but blanks.
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

    fn from_sections<R: Read>(mut sections: Sections<'_, R>) -> Result<Self, Error> {
        /// Section ids of the binary format.
        const CUSTOM: u8 = 0;
        const IMPORT: u8 = 2;
        const FUNCTION: u8 = 3;
        const EXPORT: u8 = 7;
        let mut imported = None;
        let mut defined = None;
        let mut exports = Exports::default();
        let mut names = Vec::new();
        while let Some(section) = sections.next()? {
            match section.id {
                IMPORT if imported.is_some() => return Err(Error::Repeated("import", section.start)),
                IMPORT => imported = Some(imported_functions(&sections.content(section)?)?),
                FUNCTION if defined.is_some() => return Err(Error::Repeated("function", section.start)),
                FUNCTION => defined = Some(defined_functions(&sections.content(section)?)?),
                EXPORT => exports.add_section(&sections.content(section)?),
                CUSTOM => names.extend(sections.content_if_named(section, "name")?),
                _ => sections.pass_over(section)?,
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

    /// Takes the function names from a `name` section (core specification, appendix "Custom Sections").
    fn add_names(&mut self, section: &Content) {
        let mut subsections = section.reader();
        while !subsections.eof() {
            if let Err(error) = self.add_subsection(&mut subsections) {
                return self.damaged(error.into());
            }
        }
    }

    /// Takes the function names from the next subsection, if it has any. One that says to be longer than the
    /// section is read to the section's end.
    fn add_subsection(&mut self, subsections: &mut BinaryReader<'_>) -> wasmparser::Result<()> {
        const FUNCTION_NAMES: u8 = 1;
        let id = subsections.read_u8()?;
        let size = subsections.read_var_u32()? as usize;
        let offset = subsections.original_position();
        let left = subsections.bytes_remaining();
        if size > left {
            self.damaged(Fault::new("a subsection is longer than the section", offset));
        }
        let content = BinaryReader::new(subsections.read_bytes(size.min(left))?, offset);
        if id == FUNCTION_NAMES
            && let Err(error) = self.add_name_map(content)
        {
            self.damaged(error.into());
        }
        Ok(())
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
                self.damaged(Fault::new("a name is not UTF-8", offset));
            }
            self.set_name(index, name);
        }
        if !names.eof() {
            self.damaged(Fault::new("more names than the section says", names.original_position()));
        }
        Ok(())
    }

    /// Names the function at `index`, if there is one.
    fn set_name(&mut self, index: u32, name: &[u8]) {
        let name = if name.iter().all(|&byte| byte == b' ') { b"" } else { name };
        if let Some(range) = self.names.get_mut(index as usize) {
            *range = self.text.len()..self.text.len() + name.len();
            self.text.extend_from_slice(name);
        }
    }

    /// Remembers the first fault of the `name` sections.
    fn damaged(&mut self, fault: Fault) {
        self.damage.get_or_insert(Warning::Damaged("name", fault));
    }
}

fn imported_functions(section: &Content) -> Result<usize, Error> {
    let count = || {
        let mut functions = 0;
        for import in ImportSectionReader::new(section.reader())?.into_imports() {
            functions += usize::from(matches!(import?.ty, TypeRef::Func(_) | TypeRef::FuncExact(_)));
        }
        Ok(functions)
    };
    count().map_err(|error: wasmparser::Error| Error::Damaged("its import section", error.into()))
}

fn defined_functions(section: &Content) -> Result<usize, Error> {
    let count = || {
        FunctionSectionReader::new(section.reader())?
            .into_iter()
            .try_fold(0, |count, function| function.map(|_| count + 1))
    };
    count().map_err(|error: wasmparser::Error| Error::Damaged("its function section", error.into()))
}

impl Exports {
    fn add_section(&mut self, section: &Content) {
        if let Err(error) = self.add_exports(section.reader()) {
            self.damage = Some(Warning::Damaged("export", error.into()));
        }
    }

    fn add_exports(&mut self, section: BinaryReader<'_>) -> wasmparser::Result<()> {
        for export in ExportSectionReader::new(section)? {
            let export = export?;
            if export.kind == ExternalKind::Func {
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
                    _ => write!(f, ", or --export-names for the names of its function exports ({exports})"),
                }
            }
            Self::Damaged(section, fault) => {
                write!(f, "its {section} section is damaged ({fault}): the names that could be read are used")
            }
        }
    }
}
