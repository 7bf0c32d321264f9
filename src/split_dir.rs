//! One file of lines for each module. The files appear complete or not at all.

use std::collections::HashSet;
use std::error;
use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use crate::module::{ModuleId, Modules};

/// How many bytes are kept before they are written, of all files and of one. No file stays open: there may
/// be more modules than files that a process may have open.
const MAX_PENDING: usize = 4 * 1024 * 1024;
const MAX_PENDING_OF_FILE: usize = 64 * 1024;

/// A directory with a file for each module. The files are written to a hidden directory inside it, and get
/// their names at the end.
#[derive(Debug)]
pub struct SplitDir {
    path: PathBuf,
    hidden: PathBuf,
    files: Vec<SplitFile>,
    /// The first error of [`Self::write`].
    error: Option<SplitError>,
}

#[derive(Debug)]
struct SplitFile {
    name: OsString,
    pending: Vec<u8>,
}

/// Why split files cannot be written.
#[derive(Debug)]
#[non_exhaustive]
pub enum SplitError {
    /// Two modules have the same file.
    SameFile(PathBuf),
    /// The directory cannot be created, or no files in it.
    Directory(PathBuf, io::Error),
    /// The file cannot be created, written or renamed.
    File(PathBuf, io::Error),
}

impl SplitDir {
    /// The files that [`Self::create`] makes in `directory`, in the order of the modules. Nothing is created.
    ///
    /// # Errors
    ///
    /// If two modules have the same file.
    pub fn files(directory: impl AsRef<Path>, modules: &Modules) -> Result<Vec<PathBuf>, SplitError> {
        let file = |id| directory.as_ref().join(file_name(modules[id].name_or_stem()));
        let files: Vec<_> = modules.ids().map(file).collect();
        let mut seen = HashSet::new();
        match files.iter().find(|file| !seen.insert(*file)) {
            Some(file) => Err(SplitError::SameFile(file.clone())),
            None => Ok(files),
        }
    }

    /// Creates `directory` if it is missing, and in it a file for each of `modules`.
    ///
    /// # Errors
    ///
    /// If two modules have the same file, or if the directory or a file cannot be created.
    pub fn create(directory: impl AsRef<Path>, modules: &Modules) -> Result<Self, SplitError> {
        let directory = directory.as_ref();
        let paths = Self::files(directory, modules)?;
        let hidden = create_directory(directory)
            .and_then(|()| tempfile::Builder::new().prefix(".wamr-fold-translate-").tempdir_in(directory))
            .map_err(|error| SplitError::Directory(directory.to_owned(), error))?;
        let mut split_dir =
            Self { path: directory.to_owned(), hidden: hidden.keep(), files: Vec::new(), error: None };
        for path in paths {
            split_dir.create_file(&path).map_err(|error| SplitError::File(path, error))?;
        }
        Ok(split_dir)
    }

    fn create_file(&mut self, path: &Path) -> io::Result<()> {
        refuse_directory(path)?;
        let name = path.file_name().unwrap_or_default();
        File::create(self.hidden.join(name))?;
        self.files.push(SplitFile { name: name.to_owned(), pending: Vec::new() });
        Ok(())
    }

    /// The files that must be removed if [`Self::finish`] is never called, and last the directory that holds
    /// them. Dropping the value removes them, too.
    #[must_use]
    pub fn temporary_paths(&self) -> Vec<PathBuf> {
        let files = self.files.iter().map(|file| self.hidden.join(&file.name));
        files.chain([self.hidden.clone()]).collect()
    }

    /// Appends `line`, which ends with a newline, to the file of `module`. The first error is kept for
    /// [`Self::finish`]; nothing is written after it.
    pub fn write(&mut self, module: ModuleId, line: &[u8]) {
        let max_pending = (MAX_PENDING / self.files.len()).min(MAX_PENDING_OF_FILE);
        if self.error.is_some() {
            return;
        }
        let pending = &mut self.files[module.index()].pending;
        if pending.len() + line.len() < max_pending {
            pending.extend_from_slice(line);
        } else {
            self.error = self.flush(module.index(), line).err();
        }
    }

    /// Whether a write has failed, so that lines are no longer needed.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.error.is_some()
    }

    /// Gives the files their names, in place of existing files.
    ///
    /// # Errors
    ///
    /// If a file cannot be written, now or before, or cannot be renamed. Existing files are as before then.
    pub fn finish(mut self) -> Result<(), SplitError> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        for file in 0..self.files.len() {
            self.flush(file, b"")?;
        }
        for file in 0..self.files.len() {
            if let Err(error) = self.publish(file) {
                (0..file).rev().for_each(|file| self.restore(file));
                return Err(SplitError::File(self.path.join(&self.files[file].name), error));
            }
        }
        Ok(())
    }

    /// Gives a file its name, and keeps the existing one in the hidden directory.
    fn publish(&self, file: usize) -> io::Result<()> {
        let (path, backup) = (self.path.join(&self.files[file].name), self.backup(file));
        refuse_directory(&path)?;
        // With a link, there is a file at any time. Not all file systems have links.
        match fs::hard_link(&path, &backup).or_else(|_| fs::rename(&path, &backup)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let renamed = fs::rename(self.hidden.join(&self.files[file].name), &path);
        if renamed.is_err() {
            _ = fs::rename(backup, path);
        }
        renamed
    }

    /// Undoes [`Self::publish`].
    fn restore(&self, file: usize) {
        let path = self.path.join(&self.files[file].name);
        if fs::rename(self.backup(file), &path).is_err_and(|error| error.kind() == ErrorKind::NotFound) {
            _ = fs::remove_file(path);
        }
    }

    /// Where the existing file is kept in the hidden directory. No split file has such a name.
    fn backup(&self, file: usize) -> PathBuf {
        self.hidden.join(file.to_string())
    }

    /// Writes what is kept of a file, and `line`, which may be too long to be copied.
    fn flush(&mut self, file: usize, line: &[u8]) -> Result<(), SplitError> {
        let file = &mut self.files[file];
        let path = self.hidden.join(&file.name);
        let open = OpenOptions::new().append(true).open(path);
        let written =
            open.and_then(|mut open| open.write_all(&file.pending).and_then(|()| open.write_all(line)));
        written.map_err(|error| SplitError::File(self.path.join(&file.name), error))?;
        file.pending.clear();
        Ok(())
    }
}

impl Drop for SplitDir {
    // Without opening the directory, as there may be no file descriptor left.
    fn drop(&mut self) {
        for file in 0..self.files.len() {
            _ = fs::remove_file(self.backup(file));
        }
        for path in self.temporary_paths() {
            _ = fs::remove_file(&path).or_else(|_| fs::remove_dir(path));
        }
    }
}

/// Creates `path` if it is missing, with the directories above it.
fn create_directory(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => ErrorKind::NotADirectory.into(),
        _ => error,
    })
}

fn refuse_directory(path: &Path) -> io::Result<()> {
    let is_directory = fs::symlink_metadata(path).is_ok_and(|existing| existing.is_dir());
    if is_directory { Err(ErrorKind::IsADirectory.into()) } else { Ok(()) }
}

/// The file name for a module: `/`, `%`, control bytes and a leading `.` are written `%XX`.
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

impl fmt::Display for SplitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SameFile(path) => write!(f, "{}: two modules have this file", path.display()),
            Self::Directory(path, _) => write!(f, "{}: cannot hold split files", path.display()),
            Self::File(path, _) => write!(f, "{}: cannot be written", path.display()),
        }
    }
}

impl error::Error for SplitError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::SameFile(_) => None,
            Self::Directory(_, error) | Self::File(_, error) => Some(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn a_file_is_named_after_its_module() {
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
