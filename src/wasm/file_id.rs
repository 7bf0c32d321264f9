//! Whether a file is still the one that was read before.

use std::fs::{self, File, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The identity of a regular file and its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileId {
    dev: u64,
    ino: u64,
    size: u64,
    ctime: i64,
    ctime_nsec: i64,
}

impl FileId {
    /// The identity of the file with this metadata, or `None` if it is not a regular file.
    pub(crate) fn of(metadata: &Metadata) -> Option<Self> {
        metadata.is_file().then(|| Self {
            dev: metadata.dev(),
            ino: metadata.ino(),
            size: metadata.size(),
            ctime: metadata.ctime(),
            ctime_nsec: metadata.ctime_nsec(),
        })
    }

    /// Opens the file at `path` again, or returns `None` if it is another one, or has changed.
    pub(super) fn reopen(self, path: &Path) -> Option<File> {
        let is_same = |metadata| Self::of(&metadata) == Some(self);
        // Opening a FIFO would block.
        if !fs::metadata(path).is_ok_and(is_same) {
            return None;
        }
        let file = File::open(path).ok()?;
        file.metadata().is_ok_and(is_same).then_some(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_and_other_files_are_not_reopened() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::write(path("a"), "abc").unwrap();
        fs::write(path("b"), "abc").unwrap();
        let id = FileId::of(&fs::metadata(path("a")).unwrap()).unwrap();
        assert!(id.reopen(&path("a")).is_some());
        assert!(id.reopen(&path("b")).is_none(), "another file");
        assert!(id.reopen(&path("missing")).is_none());
        assert!(id.reopen(dir.path()).is_none(), "a directory");
        fs::write(path("a"), "abcd").unwrap();
        assert!(id.reopen(&path("a")).is_none(), "another size");
        fs::rename(path("b"), path("a")).unwrap();
        assert!(id.reopen(&path("a")).is_none(), "replaced");
    }

    #[test]
    fn only_regular_files_have_an_identity() {
        for path in ["/", "/dev/null"] {
            assert_eq!(FileId::of(&fs::metadata(path).unwrap()), None, "{path}");
        }
    }
}
