//! One file of lines for each module. The files have no names until they are complete.

use std::collections::HashSet;
use std::error;
use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Seek, Write};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, linkat};
use tempfile::TempPath;

use crate::module::{Module, Modules};

/// The total size of all write buffers, and the maximum size of one, in bytes.
const BUFFERS_SIZE: usize = 4 * 1024 * 1024;
const MAX_BUFFER_SIZE: usize = 64 * 1024;

/// A directory with a file for each module. The files are unnamed until they are complete, so nothing is left of
/// them however the program ends.
#[derive(Debug)]
pub(crate) struct SplitDir {
    path: PathBuf,
    files: Vec<SplitFile>,
    /// The first error of [`Self::write`].
    error: Option<SplitError>,
}

#[derive(Debug)]
struct SplitFile {
    path: PathBuf,
    unnamed: BufWriter<File>,
}

/// An error while writing split files.
#[derive(Debug)]
#[non_exhaustive]
pub enum SplitError {
    /// Two modules map to the same file.
    SameFile(PathBuf),
    /// The directory or a file in it cannot be created.
    Directory(PathBuf, io::Error),
    /// The file cannot be written or named.
    File(PathBuf, io::Error),
    /// With [`Format::Text`](crate::Format::Text), no line belongs to a module.
    Text,
}

/// The paths of the split files in `directory`, in the order of the modules. Creates nothing.
///
/// # Errors
///
/// If two modules map to the same file.
pub fn split_files(directory: impl AsRef<Path>, modules: &Modules) -> Result<Vec<PathBuf>, SplitError> {
    let file = |module: &Module| directory.as_ref().join(file_name(module.name_or_stem()));
    let files: Vec<_> = modules.iter().map(file).collect();
    let mut seen = HashSet::new();
    match files.iter().find(|file| !seen.insert(*file)) {
        Some(file) => Err(SplitError::SameFile(file.clone())),
        None => Ok(files),
    }
}

impl SplitDir {
    /// Creates `directory` if it is missing, and in it an unnamed file for each of `modules`, which stays open.
    ///
    /// # Errors
    ///
    /// If two modules map to the same file, or if the directory or a file cannot be created.
    pub(crate) fn create(directory: &Path, modules: &Modules) -> Result<Self, SplitError> {
        let paths = split_files(directory, modules)?;
        let buffer_size = (BUFFERS_SIZE / paths.len().max(1)).min(MAX_BUFFER_SIZE);
        let in_directory = |error| SplitError::Directory(directory.to_owned(), error);
        create_directory(directory).map_err(in_directory)?;
        let mut files = Vec::new();
        for path in paths {
            refuse_unusable(&path).map_err(|error| SplitError::File(path.clone(), error))?;
            let unnamed = tempfile::tempfile_in(directory).map_err(in_directory)?;
            files.push(SplitFile { path, unnamed: BufWriter::with_capacity(buffer_size, unnamed) });
        }
        Ok(Self { path: directory.to_owned(), files, error: None })
    }

    /// Appends `line`, which ends with a newline, to the file of the module at position `module`. The first error is
    /// kept for [`Self::finish`]; nothing is written after it.
    pub(crate) fn write(&mut self, module: usize, line: &[u8]) {
        if self.error.is_none() {
            let file = &mut self.files[module];
            let written = file.unnamed.write_all(line);
            self.error = written.map_err(|error| SplitError::File(file.path.clone(), error)).err();
        }
    }

    /// Whether a write has failed, so that lines are no longer needed.
    pub(crate) fn has_failed(&self) -> bool {
        self.error.is_some()
    }

    /// Gives the files their names, replacing existing files.
    ///
    /// # Errors
    ///
    /// If a file cannot be written, now or before, or cannot be named. Each existing file is then unchanged, or
    /// replaced by a complete one.
    pub(crate) fn finish(self) -> Result<(), SplitError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let mut files = Vec::new();
        for SplitFile { path, unnamed } in self.files {
            match unnamed.into_inner() {
                Ok(unnamed) => files.push((unnamed, path)),
                Err(error) => return Err(SplitError::File(path, error.into_error())),
            }
        }
        // All copies are made before the first is renamed: the disk may be too full for them.
        let mut copies = Vec::new();
        for (unnamed, path) in files {
            match link(&unnamed, &path, &self.path) {
                Ok(Linked::Final) => {}
                Ok(Linked::Hidden(hidden)) => replace(hidden, path)?,
                Err(_) => match copy(unnamed, &self.path) {
                    Ok(hidden) => copies.push((hidden, path)),
                    Err(error) => return Err(SplitError::File(path, error)),
                },
            }
        }
        copies.into_iter().try_for_each(|(hidden, path)| replace(hidden, path))
    }
}

/// The name that a file got: its final one, or if that exists, a hidden one.
enum Linked {
    Final,
    Hidden(TempPath),
}

/// Links a name to an unnamed file. Not all file systems can, and there may be no `/proc`.
fn link(unnamed: &File, path: &Path, directory: &Path) -> io::Result<Linked> {
    let file = format!("/proc/self/fd/{}", unnamed.as_raw_fd());
    let link =
        |name: &Path| -> io::Result<()> { Ok(linkat(CWD, &file, CWD, name, AtFlags::SYMLINK_FOLLOW)?) };
    match link(path) {
        Ok(()) => Ok(Linked::Final),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            Ok(Linked::Hidden(hidden().make_in(directory, link)?.into_temp_path()))
        }
        Err(error) => Err(error),
    }
}

/// Copies an unnamed file to a hidden one.
fn copy(mut unnamed: File, directory: &Path) -> io::Result<TempPath> {
    // `File::create_new` sets the permissions of any new file, tempfile 0600.
    let mut copy = hidden().make_in(directory, |path| File::create_new(path))?;
    unnamed.rewind()?;
    io::copy(&mut unnamed, copy.as_file_mut())?;
    Ok(copy.into_temp_path())
}

/// Names hidden files. The names are short, as a final name may have the maximum length.
fn hidden() -> tempfile::Builder<'static, 'static> {
    let mut hidden = tempfile::Builder::new();
    hidden.prefix(".wamr-fold-translate-");
    hidden
}

/// Renames `hidden` to `path`, or removes it if that fails.
fn replace(hidden: TempPath, path: PathBuf) -> Result<(), SplitError> {
    hidden.persist(&path).map_err(|error| SplitError::File(path, error.error))
}

/// Creates `path` if it is missing, with the directories above it.
fn create_directory(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => ErrorKind::NotADirectory.into(),
        _ => error,
    })
}

/// Refuses a path that no file can have: a directory is there, or the name is too long.
fn refuse_unusable(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(existing) if existing.is_dir() => Err(ErrorKind::IsADirectory.into()),
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
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
            Self::SameFile(path) => write!(f, "{}: two modules map to this file", path.display()),
            Self::Directory(path, _) => write!(f, "{}: cannot create split files", path.display()),
            Self::File(path, _) => write!(f, "{}: cannot be written", path.display()),
            Self::Text => f.write_str("text cannot be split"),
        }
    }
}

impl error::Error for SplitError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::SameFile(_) | Self::Text => None,
            Self::Directory(_, error) | Self::File(_, error) => Some(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn file_names() {
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
