//! The loaded modules, found by name, and the labels of their functions.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::ops::Index;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use bstr::ByteSlice;

use crate::demangle::demangle;
use crate::label::Label;
use crate::wasm::Wasm;

/// Identifies a module of a [`Modules`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModuleId(usize);

impl ModuleId {
    /// The module that was added first.
    pub const FIRST: Self = Self(0);

    /// The position of the module in the order in which they were added, from 0.
    #[must_use]
    pub fn index(self) -> usize {
        self.0
    }
}

/// A wasm module, and the name it has in frames.
#[derive(Debug)]
pub struct Module {
    name: Option<Vec<u8>>,
    path: PathBuf,
    wasm: Wasm,
    demangles: bool,
    /// Labels by function index, created on first use.
    labels: Vec<Option<Label>>,
}

impl Module {
    /// A module named `name` in frames; with `None`, it takes the frames without a module name. `path` is its
    /// file.
    #[must_use]
    pub fn new(name: Option<Vec<u8>>, path: impl Into<PathBuf>, wasm: Wasm) -> Self {
        let labels = vec![None; wasm.functions()];
        Self { name, path: path.into(), wasm, demangles: false, labels }
    }

    /// Sets whether mangled Rust and C++ names are shown demangled. By default they are not.
    pub fn set_demangle(&mut self, demangle: bool) {
        self.demangles = demangle;
        self.labels.fill(None);
    }

    /// The name of the module in frames.
    #[must_use]
    pub fn name(&self) -> Option<&[u8]> {
        self.name.as_deref()
    }

    /// The name of the module, or else its file stem.
    #[must_use]
    pub fn name_or_stem(&self) -> &[u8] {
        let stem = || self.path.file_stem().unwrap_or_default().as_bytes();
        self.name().unwrap_or_else(stem)
    }

    /// The file of the module.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The functions of the module, as its file has them.
    #[must_use]
    pub fn wasm(&self) -> &Wasm {
        &self.wasm
    }

    /// Converts an index among the defined functions to a function index.
    #[must_use]
    pub fn function_index(&self, defined: u32) -> u64 {
        self.wasm.imported_functions() as u64 + u64::from(defined)
    }

    /// The label of the function at `index`; `None` if the module has no such function.
    pub fn label(&mut self, index: u64) -> Option<&Label> {
        let place = usize::try_from(index).ok()?;
        let label = self.labels.get_mut(place)?;
        Some(label.get_or_insert_with(|| {
            let name = self.wasm.name(place);
            let demangled = if self.demangles { demangle(name) } else { None };
            Label::new(demangled.as_deref().map_or(name, str::as_bytes), index)
        }))
    }
}

/// The modules of a profile. Their names are unique.
#[derive(Debug, Default)]
pub struct Modules {
    all: Vec<Module>,
    by_name: BTreeMap<Vec<u8>, ModuleId>,
    unnamed: Option<ModuleId>,
    longest_name: usize,
    odd_names: Vec<Vec<u8>>,
}

/// Another module has the same name, or also has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DuplicateName;

impl Modules {
    /// Adds `module`.
    ///
    /// # Errors
    ///
    /// If another module has the same name, or also has none.
    pub fn add(&mut self, module: Module) -> Result<ModuleId, DuplicateName> {
        let id = ModuleId(self.all.len());
        match &module.name {
            Some(name) if self.by_name.contains_key(name) => return Err(DuplicateName),
            None if self.unnamed.is_some() => return Err(DuplicateName),
            Some(name) => {
                self.longest_name = self.longest_name.max(name.len());
                if name.contains(&b']') || name.contains_str("aot_func") {
                    self.odd_names.push(name.clone());
                }
                self.by_name.insert(name.clone(), id);
            }
            None => self.unnamed = Some(id),
        }
        self.all.push(module);
        Ok(id)
    }

    /// Finds the module for frames with the module name `name`. Frames without one belong to the module
    /// without a name, or else to the only module.
    #[must_use]
    pub fn find(&self, name: Option<&[u8]>) -> Option<ModuleId> {
        match name {
            Some(name) => self.by_name.get(name).copied(),
            None => self.unnamed.or((self.all.len() == 1).then_some(ModuleId::FIRST)),
        }
    }

    /// The modules, in the order in which they were added.
    pub fn ids(&self) -> impl ExactSizeIterator<Item = ModuleId> {
        (0..self.all.len()).map(ModuleId)
    }

    /// The length of the longest name, in bytes.
    pub(crate) fn longest_name(&self) -> usize {
        self.longest_name
    }

    /// Whether there are [`Self::odd_names`].
    pub(crate) fn has_odd_names(&self) -> bool {
        !self.odd_names.is_empty()
    }

    /// The names that hold `]` or `aot_func`, which a text cannot be parsed for without knowing them.
    pub(crate) fn odd_names(&self) -> impl Iterator<Item = &[u8]> {
        self.odd_names.iter().map(Vec::as_slice)
    }

    pub(crate) fn get_mut(&mut self, id: ModuleId) -> &mut Module {
        &mut self.all[id.0]
    }
}

impl Index<ModuleId> for Modules {
    type Output = Module;

    /// The module `id`.
    ///
    /// # Panics
    ///
    /// If `id` comes from a [`Modules`] that has more modules.
    fn index(&self, id: ModuleId) -> &Module {
        &self.all[id.0]
    }
}

impl fmt::Display for DuplicateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("another module has the same name")
    }
}

impl Error for DuplicateName {}
