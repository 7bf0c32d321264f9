//! Writes lines to one file for each module; the files appear when all of them are complete, or never.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::module::{ModuleId, Modules};

/// So many bytes are kept before they are written, of all files together and of one file. No file is left
/// open in between: there may be more modules than files that a process may have open.
const PENDING: usize = 4 * 1024 * 1024;
const PENDING_OF_ONE: usize = 64 * 1024;

/// The files of a directory, one for each module, that are being written.
#[derive(Debug)]
pub struct Split {
    directory: PathBuf,
    /// In `directory`, so that a rename moves the files out of it; it goes when this value is dropped.
    temporary: TempDir,
    files: Vec<ModuleFile>,
}

#[derive(Debug)]
struct ModuleFile {
    name: OsString,
    pending: Vec<u8>,
}

/// Why split files cannot be made.
#[derive(Debug)]
pub enum Error {
    /// Two modules would have this file.
    SameFile(PathBuf),
    /// This directory cannot be made, or no files in it.
    Directory(PathBuf, io::Error),
    /// This file cannot be made or written.
    Io(PathBuf, io::Error),
}

impl Split {
    /// Makes `directory` if it is missing, and in it the files for `modules`. They do not bear their final
    /// names before [`Self::finish`]; without that nothing of them is left.
    ///
    /// # Errors
    ///
    /// If two modules would have the same file, or if the directory or a file cannot be made.
    pub fn create(directory: &Path, modules: &Modules) -> Result<Self, Error> {
        let names: Vec<_> = modules.ids().map(|id| file_name(modules[id].split_name())).collect();
        let mut seen = HashSet::new();
        if let Some(name) = names.iter().find(|name| !seen.insert(*name)) {
            return Err(Error::SameFile(directory.join(name)));
        }
        let temporary = fs::create_dir_all(directory)
            .and_then(|()| tempfile::Builder::new().prefix(".wamr-fold-translate-").tempdir_in(directory))
            .map_err(|error| Error::Directory(directory.to_owned(), error))?;
        for name in &names {
            let path = directory.join(name);
            if fs::symlink_metadata(&path).is_ok_and(|existing| existing.is_dir()) {
                return Err(Error::Io(path, io::ErrorKind::IsADirectory.into()));
            }
            File::create(temporary.path().join(name)).map_err(|error| Error::Io(path, error))?;
        }
        let files = names.into_iter().map(|name| ModuleFile { name, pending: Vec::new() }).collect();
        Ok(Self { directory: directory.to_owned(), temporary, files })
    }

    /// The final paths of the files.
    pub fn files(&self) -> impl Iterator<Item = PathBuf> {
        self.files.iter().map(|file| self.directory.join(&file.name))
    }

    /// The directory in which the files are until they are complete.
    #[must_use]
    pub fn temporary_directory(&self) -> &Path {
        self.temporary.path()
    }

    /// Writes `line`, with its newline, to the file of `module`, which is one of those it was made for.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn write(&mut self, module: ModuleId, line: &[u8]) -> Result<(), Error> {
        let share = PENDING / self.files.len();
        let pending = &mut self.files[module.index()].pending;
        pending.extend_from_slice(line);
        if pending.len() >= share.min(PENDING_OF_ONE) { self.flush(module.index()) } else { Ok(()) }
    }

    fn flush(&mut self, file: usize) -> Result<(), Error> {
        let file = &mut self.files[file];
        let path = self.temporary.path().join(&file.name);
        let written =
            OpenOptions::new().append(true).open(path).and_then(|mut open| open.write_all(&file.pending));
        written.map_err(|error| Error::Io(self.directory.join(&file.name), error))?;
        file.pending.clear();
        Ok(())
    }

    /// Gives the files their final names, in place of what has these names.
    ///
    /// # Errors
    ///
    /// If a file cannot be written (then none has got its name) or renamed.
    pub fn finish(mut self) -> Result<(), Error> {
        for file in 0..self.files.len() {
            self.flush(file)?;
        }
        for file in &self.files {
            let path = self.directory.join(&file.name);
            let renamed = fs::rename(self.temporary.path().join(&file.name), &path);
            renamed.map_err(|error| Error::Io(path, error))?;
        }
        Ok(())
    }
}

/// The file for a module of this name: `/`, `%`, control bytes and a leading `.` are written `%XX`.
fn file_name(module: &[u8]) -> OsString {
    let mut name = Vec::new();
    for (at, &byte) in module.iter().enumerate() {
        if byte == b'/' || byte == b'%' || byte.is_ascii_control() || (at == 0 && byte == b'.') {
            name.extend(format!("%{byte:02X}").bytes());
        } else {
            name.push(byte);
        }
    }
    name.extend(b".folded");
    OsString::from_vec(name)
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SameFile(path) => {
                write!(
                    f,
                    "{}: two modules would be split to this file: pass NAME=FILE with different names",
                    path.display()
                )
            }
            Self::Directory(path, error) => {
                write!(f, "{}: cannot be used for split files: {error}", path.display())
            }
            Self::Io(path, error) => write!(f, "{}: {error}", path.display()),
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn a_file_has_its_modules_name_as_far_as_a_file_can() {
        for (module, file) in [
            ("app", "app.folded"),
            ("./dir/mod.wasm", "%2E%2Fdir%2Fmod.wasm.folded"),
            ("100%", "100%25.folded"),
            ("a.b", "a.b.folded"),
            ("..", "%2E..folded"),
            ("tab\t\u{1b}\u{7f}", "tab%09%1B%7F.folded"),
            ("größe-模块 [x]", "größe-模块 [x].folded"),
        ] {
            assert_eq!(file_name(module.as_bytes()), file);
        }
    }
}
