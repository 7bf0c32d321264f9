//! Names of functions as the source has them: Rust's (legacy and v0) and C++'s (Itanium).

use std::fmt::{self, Write};

use cpp_demangle::{BorrowedSymbol, DemangleOptions};

/// A few bytes of a mangled name can stand for any number; no more than these are taken.
const LONGEST: usize = 64 * 1024;

/// What the mangled `name` stands for, without the hash of a Rust name; `None` if it is not mangled.
#[must_use]
pub(crate) fn demangle(name: &[u8]) -> Option<String> {
    let name = str::from_utf8(name).ok()?;
    let mut demangled = Bounded(String::new());
    // A legacy Rust name is a C++ name, too: with this order it loses its hash.
    let result = match rustc_demangle::try_demangle(name) {
        Ok(rust) => write!(demangled, "{rust:#}"),
        Err(_) if name.starts_with("_Z") => {
            let cpp = BorrowedSymbol::new(name.as_bytes()).ok()?;
            cpp.structured_demangle(&mut demangled, &DemangleOptions::new())
        }
        Err(_) => return None,
    };
    result.is_ok().then_some(demangled.0)
}

/// A text of at most [`LONGEST`] bytes.
struct Bounded(String);

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.0.len() + text.len() > LONGEST {
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::demangle;

    #[test]
    fn rust_and_cpp_names_are_demangled() {
        for (name, demangled) in [
            ("_ZN4core3fmt5write17h1234567890abcdefE", "core::fmt::write"),
            (
                "_ZN5alloc7raw_vec11finish_grow17h829f663781c993ffE.llvm.16649763804711572579",
                "alloc::raw_vec::finish_grow",
            ),
            (
                "_ZN4core3ptr48drop_in_place$LT$core..str..error..Utf8Error$GT$17hdf5a9172517f279eE",
                "core::ptr::drop_in_place<core::str::error::Utf8Error>",
            ),
            ("_RNvCskwGfYPst2Cb_3foo16example_function", "foo::example_function"),
            ("_RNvMNtCs7nLi1lxRxNW_4core3numj8from_str", "<usize>::from_str"),
            ("_Z3addii", "add(int, int)"),
            ("_ZN4geom6VectorC2Ev", "geom::Vector::Vector()"),
            ("_ZNK4geom3VecIfLj3EEixEj", "geom::Vec<float, (unsigned int)3>::operator[](unsigned int) const"),
        ] {
            assert_eq!(demangle(name.as_bytes()).as_deref(), Some(demangled), "{name}");
        }
    }

    #[test]
    fn other_names_are_not() {
        for name in [
            "main",
            "",
            "_start",
            "core::fmt::write",
            "_Z",
            "_ZN",
            "_ZN3foo",
            "_R",
            "_Rust",
            "_ZZZZZ",
            // Types, to a C++ demangler.
            "i",
            "f",
            "v",
            "_Z3add;",
        ] {
            assert_eq!(demangle(name.as_bytes()), None, "{name}");
        }
        assert_eq!(demangle(b"_Z3add\xff"), None);
    }

    #[test]
    fn a_name_that_stands_for_far_more_is_not_demangled() {
        // Each parameter's type is a template of two of the type before it.
        let types: String =
            "0123456789ABCDEFGHIJ".chars().map(|last| format!("S_IS{last}_S{last}_E")).collect();
        let name = format!("_Z1f1PIiiE{types}");
        assert!(demangle(&name.as_bytes()[..40]).is_some(), "it is a name");
        assert_eq!(demangle(name.as_bytes()), None);
    }
}
