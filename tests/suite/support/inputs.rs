//! Inputs: modules, a file, and a stream that comes in portions.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, Write};

use wamr_fold_translate::{Module, Modules};

/// The wasm file `wasm`, loaded under each of `names`; under the empty one it matches frames without a module name.
pub(crate) fn modules(names: &[&str], wasm: &[u8]) -> Modules {
    let mut modules = Modules::default();
    for name in names {
        let name = (!name.is_empty()).then(|| name.as_bytes().to_vec());
        modules.add(Module::read(name, "app.wasm", wasm).unwrap()).unwrap();
    }
    modules
}

/// An unnamed file with this content.
pub(crate) fn file(content: impl AsRef<[u8]>) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(content.as_ref()).unwrap();
    file.rewind().unwrap();
    file
}

/// Returns one portion per read, then the end of the stream, and must not be read after that.
pub(crate) struct Portions {
    portions: VecDeque<io::Result<Vec<u8>>>,
    has_ended: bool,
}

impl Portions {
    pub(crate) fn new(portions: impl IntoIterator<Item = io::Result<Vec<u8>>>) -> Self {
        let not_empty =
            |portion: &io::Result<Vec<u8>>| portion.as_ref().map_or(true, |bytes| !bytes.is_empty());
        Self { portions: portions.into_iter().filter(not_empty).collect(), has_ended: false }
    }

    /// `text` in portions of `sizes`, over and over.
    pub(crate) fn of_sizes(mut text: &[u8], sizes: &[usize]) -> Self {
        let mut portions = Vec::new();
        for &size in sizes.iter().cycle() {
            if text.is_empty() {
                break;
            }
            let (portion, rest) = text.split_at(size.min(text.len()));
            portions.push(Ok(portion.to_vec()));
            text = rest;
        }
        Self::new(portions)
    }
}

impl Read for Portions {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        assert!(!self.has_ended, "read after the end of the stream");
        let Some(portion) = self.portions.pop_front() else {
            self.has_ended = true;
            return Ok(0);
        };
        let mut portion = portion?;
        let size = portion.len().min(buffer.len());
        buffer[..size].copy_from_slice(&portion[..size]);
        portion.drain(..size);
        if !portion.is_empty() {
            self.portions.push_front(Ok(portion));
        }
        Ok(size)
    }
}
