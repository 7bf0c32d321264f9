//! The modules of a profile, found by name.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use bstr::BStr;

use crate::options::Options;
use crate::symbol::contains_symbol;
use crate::wasm::{CallGraph, Malformed, Wasm, WasmError};

/// A wasm module, and its name in frames.
#[derive(Clone, Debug)]
pub struct Module {
    name: Option<Vec<u8>>,
    path: PathBuf,
    wasm: Wasm,
}

impl Module {
    /// Reads the module in the wasm file at `path`, which may be a pipe. `name` is its name in frames; `None`
    /// matches frames without a module name.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or is not a core module whose functions can be counted. Malformed names are not
    /// an error; see [`Self::malformed_names`].
    pub fn open(name: Option<Vec<u8>>, path: impl Into<PathBuf>) -> Result<Self, WasmError> {
        let path = path.into();
        let wasm = Wasm::open(&path)?;
        Ok(Self { name, path, wasm })
    }

    /// Reads a module from `input`, to its end. `path` is where it comes from, and is not read.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub fn read(
        name: Option<Vec<u8>>,
        path: impl Into<PathBuf>,
        input: impl Read,
    ) -> Result<Self, WasmError> {
        Ok(Self { name, path: path.into(), wasm: Wasm::read(input)? })
    }

    /// The name of the module in frames.
    #[must_use]
    pub fn name(&self) -> Option<&[u8]> {
        self.name.as_deref()
    }

    /// The name of the module, or its file stem if it has none.
    pub(crate) fn name_or_stem(&self) -> &[u8] {
        let stem = || self.path.file_stem().unwrap_or_default().as_bytes();
        self.name().unwrap_or_else(stem)
    }

    /// The file of the module.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Which function can call which. `None` if the file has changed, or if its code cannot be read.
    pub(crate) fn call_graph(&self) -> Option<CallGraph> {
        self.wasm.call_graph(&self.path)
    }

    /// The number of imported functions. They have the first function indices.
    #[must_use]
    pub fn imported_functions(&self) -> usize {
        self.wasm.imported_functions()
    }

    /// The number of functions that the module defines.
    #[must_use]
    pub fn defined_functions(&self) -> usize {
        self.wasm.defined_functions()
    }

    /// The function index of the function at `defined_index` among the defined ones.
    pub(crate) fn function_index(&self, defined_index: u32) -> u64 {
        self.imported_functions() as u64 + u64::from(defined_index)
    }

    /// The number of exports that are functions.
    #[must_use]
    pub fn exported_functions(&self) -> usize {
        self.wasm.exported_functions()
    }

    /// The name of the function at `index`, as the name section has it: any bytes. `None` if it has no name, or
    /// only blanks, or if there is no such function.
    #[must_use]
    pub fn function_name(&self, index: usize) -> Option<&[u8]> {
        self.wasm.name(index)
    }

    /// The first export name of the function at `index` that is not blank.
    #[must_use]
    pub fn export_name(&self, index: usize) -> Option<&str> {
        self.wasm.export_name(index)
    }

    /// The name by which the function at `index` is shown.
    pub(crate) fn shown_name(&self, index: usize, options: Options) -> Option<&[u8]> {
        let export = || self.export_name(index).filter(|_| options.export_names).map(str::as_bytes);
        self.function_name(index).or_else(export)
    }

    /// The first error in the name section. The names that could be read are used.
    #[must_use]
    pub fn malformed_names(&self) -> Option<&Malformed> {
        self.wasm.malformed_names()
    }

    /// The error in the export section. The exports before it are used.
    #[must_use]
    pub fn malformed_exports(&self) -> Option<&Malformed> {
        self.wasm.malformed_exports()
    }

    /// Whether the file has names of functions, but no functions: debug information that was split off.
    #[must_use]
    pub fn has_only_names(&self) -> bool {
        self.wasm.has_only_names()
    }
}

/// The modules of a profile. Their names are unique.
#[derive(Clone, Debug, Default)]
pub struct Modules {
    all: Vec<Module>,
    by_name: BTreeMap<Vec<u8>, usize>,
    unnamed: Option<usize>,
    name_lengths: BTreeSet<usize>,
}

/// A module name that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameError {
    /// Another module has the same name, or neither has one.
    Duplicate,
    /// The name contains a WAMR symbol or a newline, so it cannot be found in text.
    ContainsSymbol(Vec<u8>),
}

impl Modules {
    /// Adds `module`.
    ///
    /// # Errors
    ///
    /// [`NameError::Duplicate`] if another module has the same name, or if neither has one.
    pub fn add(&mut self, module: Module) -> Result<(), NameError> {
        let position = self.all.len();
        match &module.name {
            Some(name) if self.by_name.contains_key(name) => return Err(NameError::Duplicate),
            None if self.unnamed.is_some() => return Err(NameError::Duplicate),
            Some(name) => {
                self.name_lengths.insert(name.len());
                self.by_name.insert(name.clone(), position);
            }
            None => self.unnamed = Some(position),
        }
        self.all.push(module);
        Ok(())
    }

    /// The modules, in the order in which they were added.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Module> {
        self.all.iter()
    }

    /// The module at `position` in that order, from 0.
    #[must_use]
    pub fn get(&self, position: usize) -> Option<&Module> {
        self.all.get(position)
    }

    /// The module at a position that [`Self::find`] returned.
    pub(crate) fn at(&self, position: usize) -> &Module {
        &self.all[position]
    }

    /// The position of the module for frames with the module name `name`. Frames without one belong to the module
    /// without a name, or else to the only module.
    pub(crate) fn find(&self, name: Option<&[u8]>) -> Option<usize> {
        match name {
            Some(name) => self.by_name.get(name).copied(),
            None => self.unnamed.or((self.all.len() == 1).then_some(0)),
        }
    }

    /// The code of symbols with the module name `name`, if a module matches: its position or, for symbols without a
    /// module name, the number of modules.
    pub(crate) fn find_code(&self, name: Option<&[u8]>) -> Option<usize> {
        let module = self.find(name)?;
        Some(if name.is_some() { module } else { self.all.len() })
    }

    /// Checks that all names can be found in text.
    pub(crate) fn check_names_in_text(&self) -> Result<(), NameError> {
        let cannot_be_found = |name: &&Vec<u8>| contains_symbol(name) || name.contains(&b'\n');
        match self.by_name.keys().find(cannot_be_found) {
            Some(name) => Err(NameError::ContainsSymbol(name.clone())),
            None => Ok(()),
        }
    }

    /// The longest module name that `text` ends with, after a `[`.
    pub(crate) fn longest_suffix<'t>(&self, text: &'t [u8]) -> Option<&'t [u8]> {
        let suffix = |length: &usize| text.split_at_checked(text.len().checked_sub(*length)?);
        let names = self.name_lengths.iter().rev().filter_map(suffix);
        let mut after_bracket = names.filter(|(before, _)| before.ends_with(b"[")).map(|(_, name)| name);
        after_bracket.find(|name| self.by_name.contains_key(*name))
    }
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duplicate => f.write_str("another module has the same name"),
            Self::ContainsSymbol(name) => {
                write!(f, "the module name {:?} contains a WAMR symbol or a newline", BStr::new(name))
            }
        }
    }
}

impl Error for NameError {}
