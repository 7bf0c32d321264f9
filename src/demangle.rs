//! Demangles Rust (legacy and v0) and C++ (Itanium) names.

use std::fmt::{self, Write};

use cpp_demangle::{BorrowedSymbol, DemangleOptions, ParseOptions};

/// The longest demangled name, in bytes. A short mangled name can expand to any length.
const MAX_LEN: usize = 64 * 1024;

/// Demangles `name`, and drops the hash of a Rust name. `None` if it is not mangled, or costs too much.
pub(crate) fn demangle(name: &[u8]) -> Option<String> {
    let name = str::from_utf8(name).ok()?;
    // rustc_demangle also takes names without an underscore, such as `RC4_init`.
    let is_rust = ["_R", "__R", "_ZN", "__ZN"].iter().any(|prefix| name.starts_with(prefix));
    let mut demangled = Bounded(String::new());
    // Legacy Rust names are also C++ names. Trying Rust first drops the hash.
    let result = match rustc_demangle::try_demangle(name) {
        Ok(rust) if is_rust => write!(demangled, "{rust:#}"),
        _ => parse_cpp(name)?.structured_demangle(&mut demangled, &DemangleOptions::new()),
    };
    result.is_ok().then_some(demangled.0)
}

/// Parses a C++ name, if that takes no more than a few milliseconds.
///
/// `cpp_demangle` parses a part of a name twice where its first guess fails: at each nested conversion
/// operator or new expression, and at each level around an error. So the time doubles with each level, and
/// these limits keep the levels few. They were found by fuzzing; no name of libstdc++ or LLVM exceeds them.
fn parse_cpp(name: &str) -> Option<BorrowedSymbol<'_>> {
    const MAX_MANGLED_LEN: usize = 1024;
    const MAX_RECURSION: u32 = 52;
    const MAX_CONVERSION_ARGS: usize = 4;
    const MAX_NEW_EXPRESSIONS: usize = 8;
    let name = if name.starts_with("__Z") { &name[1..] } else { name };
    if !name.starts_with("_Z") || name.len() > MAX_MANGLED_LEN {
        return None;
    }
    let conversion_args = name.split_once("cv").map_or(0, |(_, rest)| rest.matches("_I").count());
    let new_expressions = name.matches("nw").count() + name.matches("na").count();
    if conversion_args > MAX_CONVERSION_ARGS || new_expressions > MAX_NEW_EXPRESSIONS {
        return None;
    }
    let options = ParseOptions::default().recursion_limit(MAX_RECURSION);
    BorrowedSymbol::new_with_options(name.as_bytes(), &options).ok()
}

/// A text of at most [`MAX_LEN`] bytes.
struct Bounded(String);

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.0.len() + text.len() > MAX_LEN {
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

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
            ("__ZN4core3fmt5write17h1234567890abcdefE", "core::fmt::write"),
            ("__RNvCskwGfYPst2Cb_3foo16example_function", "foo::example_function"),
            ("_Z3addii", "add(int, int)"),
            ("__Z3addii", "add(int, int)"),
            ("_ZN4geom6VectorC2Ev", "geom::Vector::Vector()"),
            ("_ZNK4geom3VecIfLj3EEixEj", "geom::Vec<float, (unsigned int)3>::operator[](unsigned int) const"),
        ] {
            assert_eq!(demangle(name.as_bytes()).as_deref(), Some(demangled), "{name}");
        }
    }

    #[test]
    fn names_that_are_not_mangled_are_left_alone() {
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
            // rustc_demangle takes these.
            "RC4_init",
            "ZN3fooE",
            "RNvC6_123foo3bar",
            "___ZN3fooE",
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
    fn a_name_that_expands_to_far_more_is_left_alone() {
        // Each parameter's type is a template of two of the type before it.
        let types: String =
            "0123456789ABCDEFGHIJ".chars().map(|last| format!("S_IS{last}_S{last}_E")).collect();
        let name = format!("_Z1f1PIiiE{types}");
        assert!(demangle(&name.as_bytes()[..40]).is_some(), "it is a name");
        assert_eq!(demangle(name.as_bytes()), None);
    }

    #[test]
    fn a_name_that_takes_long_is_left_alone() {
        let conversion = |levels| format!("_ZN1Acv{}i{}EEv", "T_I".repeat(levels), "E".repeat(levels));
        assert_eq!(demangle(b"_ZN1AcvT_IiEEv").as_deref(), Some("A::operator int<int>()"));
        for name in [
            conversion(22),
            conversion(26),
            format!("_Z3fooDT{}fp_EEv", "nw".repeat(40)),
            format!("_Z3foo{}Q{}", "St1AI".repeat(40), "E".repeat(40)),
            format!("_ZZ{}", "L3fooIT_S_".repeat(90)),
        ] {
            let started = Instant::now();
            for _ in 0..50 {
                assert_eq!(demangle(name.as_bytes()), None, "{name}");
            }
            // A name takes milliseconds even in a debug build; without a limit it takes seconds to minutes.
            assert!(started.elapsed() < Duration::from_secs(20), "{name}: {:?}", started.elapsed());
        }
    }
}
