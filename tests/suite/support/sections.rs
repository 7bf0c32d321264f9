//! Makes wasm files section by section.

use wasm_encoder::{Encode, NameMap, NameSection};

/// A file of these sections.
pub(crate) fn module(sections: &[Vec<u8>]) -> Vec<u8> {
    [b"\0asm\x01\0\0\0".to_vec(), sections.concat()].concat()
}

/// A section: its id and size, and then `content`.
pub(crate) fn section(id: u8, content: &[u8]) -> Vec<u8> {
    let mut section = vec![id];
    content.encode(&mut section);
    section
}

pub(crate) fn custom(name: &str, content: &[u8]) -> Vec<u8> {
    let mut named = Vec::new();
    name.encode(&mut named);
    section(0, &[&named, content].concat())
}

/// The function section of a module that defines two functions.
pub(crate) fn two_functions() -> Vec<u8> {
    section(3, b"\x02\0\0")
}

/// The code section that goes with it.
pub(crate) fn two_bodies() -> Vec<u8> {
    section(10, b"\x02\x02\0\x0b\x02\0\x0b")
}

/// The content of a name section with these function names.
pub(crate) fn function_names(names: &[(u32, &str)]) -> Vec<u8> {
    let mut section = NameSection::new();
    section.functions(&name_map(names));
    section.as_custom().data.into_owned()
}

pub(crate) fn name_map(names: &[(u32, &str)]) -> NameMap {
    let mut map = NameMap::new();
    for (index, name) in names {
        map.append(*index, name);
    }
    map
}
