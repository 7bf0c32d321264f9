//! The modules whose functions are given their names back.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Index, IndexMut};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::demangle::demangle;
use crate::label::Label;
use crate::wasm::Wasm;

/// One of the modules of a [`Modules`], in the order in which they were added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModuleId(usize);

impl ModuleId {
    /// The module that was added first.
    pub const FIRST: Self = Self(0);

    /// The place of the module in the order in which they were added, from 0.
    #[must_use]
    pub fn index(self) -> usize {
        self.0
    }
}

/// A wasm module that was profiled.
#[derive(Debug)]
pub struct Module {
    name: Option<Vec<u8>>,
    path: PathBuf,
    wasm: Wasm,
    demangles: bool,
    /// The label of each function, made when it is first asked for.
    labels: Vec<Option<Label>>,
}

impl Module {
    /// A module that frames call `name`, or that takes frames without a module's name if that is `None`.
    /// `path` is where `wasm` comes from, for messages.
    #[must_use]
    pub fn new(name: Option<Vec<u8>>, path: PathBuf, wasm: Wasm) -> Self {
        let labels = vec![None; wasm.functions()];
        Self { name, path, wasm, demangles: false, labels }
    }

    /// The same module, with mangled names of functions shown demangled.
    #[must_use]
    pub fn demangled(self) -> Self {
        Self { demangles: true, ..self }
    }

    /// The name by which frames call the module.
    #[must_use]
    pub fn name(&self) -> Option<&[u8]> {
        self.name.as_deref()
    }

    /// What the split file of the module is named after: its name, or else the stem of its file.
    #[must_use]
    pub fn split_name(&self) -> &[u8] {
        let stem = || self.path.file_stem().unwrap_or_default().as_bytes();
        self.name().unwrap_or_else(stem)
    }

    /// The file that the module was read from.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The index of a function in the module, from its number among those that the module defines.
    #[must_use]
    pub fn function_index(&self, number: u32) -> u64 {
        self.wasm.imported_functions() as u64 + u64::from(number)
    }

    /// What the function at `index` is called; `None` if the module has no such function.
    pub fn label(&mut self, index: u64) -> Option<&Label> {
        let place = usize::try_from(index).ok()?;
        let label = self.labels.get_mut(place)?;
        Some(label.get_or_insert_with(|| {
            let name = self.wasm.name(place);
            let demangled = if self.demangles { demangle(name) } else { None };
            Label::new(demangled.as_deref().map_or(name, str::as_bytes), index)
        }))
    }

    /// What the file says of its functions.
    #[must_use]
    pub fn wasm(&self) -> &Wasm {
        &self.wasm
    }
}

/// All modules of a profile, no two of them of one name.
#[derive(Debug, Default)]
pub struct Modules {
    all: Vec<Module>,
    by_name: BTreeMap<Vec<u8>, ModuleId>,
    unnamed: Option<ModuleId>,
}

/// There is a module of this name already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DuplicateName;

impl Modules {
    /// Adds `module`.
    ///
    /// # Errors
    ///
    /// If a module of the same name, or the same lack of one, was added before.
    pub fn add(&mut self, module: Module) -> Result<(), DuplicateName> {
        let id = ModuleId(self.all.len());
        match &module.name {
            Some(name) if self.by_name.contains_key(name) => return Err(DuplicateName),
            None if self.unnamed.is_some() => return Err(DuplicateName),
            Some(name) => _ = self.by_name.insert(name.clone(), id),
            None => self.unnamed = Some(id),
        }
        self.all.push(module);
        Ok(())
    }

    /// The module that a frame means which has this module name, or none.
    ///
    /// Frames without a module's name belong to the module that was added without one, or else to the only
    /// one there is.
    #[must_use]
    pub fn find(&self, name: Option<&[u8]>) -> Option<ModuleId> {
        match name {
            Some(name) => self.by_name.get(name).copied(),
            None => self.unnamed.or((self.all.len() == 1).then_some(ModuleId::FIRST)),
        }
    }

    /// All modules, in the order in which they were added.
    pub fn ids(&self) -> impl Iterator<Item = ModuleId> {
        (0..self.all.len()).map(ModuleId)
    }
}

impl fmt::Display for DuplicateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("another MODULE takes the same frames: pass NAME=FILE with different names")
    }
}

impl std::error::Error for DuplicateName {}

impl Index<ModuleId> for Modules {
    type Output = Module;

    fn index(&self, id: ModuleId) -> &Module {
        &self.all[id.0]
    }
}

impl IndexMut<ModuleId> for Modules {
    fn index_mut(&mut self, id: ModuleId) -> &mut Module {
        &mut self.all[id.0]
    }
}
