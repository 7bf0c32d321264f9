//! Malformed and adversarial wasm files: they are refused, or what can be read of them is used.

use std::time::Duration;

use crate::support::sections::{custom, function_names, module, section, two_bodies, two_functions};
use crate::support::{Outcome, Program, failure, shell, success, timed, wat};

/// The largest number, as a count or size.
const MOST: &[u8] = b"\xff\xff\xff\xff\x0f";

/// A frame of each of two functions.
const STACK: &str = "aot_func#0;aot_func#1 1\n";

/// The program with this module, in 32 MiB of address space.
fn filter(module: &[u8]) -> Program {
    timed("ulimit -v 32768", "app.wasm").with_file("app.wasm", module)
}

/// Translates [`STACK`] in 100 ms of a processor.
fn load(module: &[u8]) -> Outcome {
    let mut filter = filter(module);
    let outcome = filter.pipe(STACK);
    let cpu_time = filter.cpu_time();
    assert!(cpu_time < Duration::from_millis(100), "{cpu_time:?}: {outcome:?}");
    outcome
}

fn refused(message: &str) -> Outcome {
    failure(2, "", &format!("app.wasm: {message}"))
}

fn used(stdout: &str) -> Outcome {
    success(format!("{stdout} 1\n"))
}

fn used_with_warning(stdout: &str, warning: &str) -> Outcome {
    failure(0, &format!("{stdout} 1\n"), &format!("app.wasm: warning: {warning}"))
}

fn used_without_names() -> Outcome {
    used_with_warning(
        "[Wasm] func[0];[Wasm] func[1]",
        "0 of 2 functions have names: pass the unstripped build (same indices)",
    )
}

fn used_as_malformed(stdout: &str, fault: &str) -> Outcome {
    let warning = format!("malformed name section: {fault}: using the names that could be read");
    used_with_warning(stdout, &warning)
}

/// A name section that calls the two functions `zero` and `one`.
fn names() -> Vec<u8> {
    custom("name", &function_names(&[(0, "zero"), (1, "one")]))
}

/// A module of two functions with this content of its name section.
fn named(content: &[u8]) -> Vec<u8> {
    module(&[two_functions(), custom("name", content), two_bodies()])
}

#[test]
fn section_order_repetition_and_size() {
    let translated = || used("[Wasm] zero;[Wasm] one");
    for (what, file, outcome) in [
        ("a module", module(&[two_functions(), two_bodies(), names()]), translated()),
        ("names before the code", module(&[names(), two_functions(), two_bodies()]), translated()),
        ("reversed", module(&[names(), two_bodies(), two_functions()]), translated()),
        ("an unknown id", module(&[section(99, b"xyz"), two_functions(), names()]), translated()),
        (
            "data twice",
            module(&[section(11, b"\0"), section(11, b"\0"), two_functions(), names()]),
            translated(),
        ),
        (
            "a custom section without a name",
            module(&[section(0, b""), two_functions(), names()]),
            translated(),
        ),
        (
            "one with a name too long",
            module(&[section(0, b"\x7fname"), two_functions(), names()]),
            translated(),
        ),
        (
            "a padded size",
            module(&[b"\x0b\x81\x80\x80\x80\0\0".to_vec(), two_functions(), names()]),
            translated(),
        ),
        (
            "functions twice",
            module(&[two_functions(), two_functions(), names()]),
            refused("second function section at byte 13: copy or rebuild it"),
        ),
        (
            "imports twice",
            module(&[section(2, b"\0"), section(2, b"\0"), two_functions()]),
            refused("second import section at byte 11: copy or rebuild it"),
        ),
        (
            "garbage at the end",
            module(&[two_functions(), b"garbage".to_vec()]),
            refused("truncated section at byte 13: copy or rebuild it"),
        ),
        (
            "a size past the end",
            module(&[two_functions(), b"\x0a\x32\0".to_vec()]),
            refused("truncated section at byte 13: copy or rebuild it"),
        ),
        (
            "a code section of 4 GiB",
            module(&[two_functions(), [b"\x0a", MOST].concat()]),
            refused("truncated section at byte 13: copy or rebuild it"),
        ),
        (
            "a name section of 4 GiB",
            module(&[two_functions(), [b"\0", MOST, b"\x04name\x01\x03"].concat()]),
            refused("truncated section at byte 13: copy or rebuild it"),
        ),
        (
            "an import section of 4 GiB",
            module(&[[b"\x02", MOST, b"\x01"].concat()]),
            refused("truncated section at byte 8: copy or rebuild it"),
        ),
        (
            "a size past the end, after a skipped section",
            module(&[two_functions(), two_bodies(), b"\x0b\x32\0".to_vec()]),
            refused("truncated section at byte 22: copy or rebuild it"),
        ),
        (
            "a size of more than 32 bits",
            module(&[b"\x0a\xff\xff\xff\xff\x1f".to_vec()]),
            refused(
                "malformed section size: invalid var_u32: integer too large at byte 13: copy or rebuild it",
            ),
        ),
        (
            "a size of six bytes",
            module(&[b"\x0a\x80\x80\x80\x80\x80\0".to_vec()]),
            refused(
                "malformed section size: invalid var_u32: integer representation too long at byte 13: copy or rebuild it",
            ),
        ),
    ] {
        assert_eq!(load(&file), outcome, "{what}");
    }
}

#[test]
fn oversized_counts() {
    let end = "unexpected end-of-file at byte";
    for (what, file, outcome) in [
        (
            "imports",
            module(&[section(2, MOST)]),
            refused(&format!("malformed import section: {end} 15: copy or rebuild it")),
        ),
        (
            "a group of imports",
            module(&[section(2, &[b"\x01\x01m\0\x7f", MOST].concat())]),
            refused(&format!("malformed import section: {end} 20: copy or rebuild it")),
        ),
        (
            "a group of imports of one type",
            module(&[section(2, &[b"\x01\x01m\0\x7e\0\0", MOST].concat())]),
            refused(&format!("malformed import section: {end} 22: copy or rebuild it")),
        ),
        (
            "functions",
            module(&[section(3, MOST)]),
            refused(&format!("malformed function section: {end} 15: copy or rebuild it")),
        ),
        (
            "names",
            named(&[b"\x01\x05", MOST].concat()),
            used_as_malformed("[Wasm] func[0];[Wasm] func[1]", &format!("{end} 27")),
        ),
        (
            "more names than there are",
            named(b"\x01\x04\x05\0\x01a"),
            used_as_malformed("[Wasm] a;[Wasm] func[1]", &format!("{end} 26")),
        ),
        (
            "fewer names than there are",
            named(b"\x01\x07\x01\0\x01a\x01\x01b"),
            used_as_malformed("[Wasm] a;[Wasm] func[1]", "more names than declared at byte 26"),
        ),
        (
            "an import of an unknown kind",
            module(&[section(2, b"\x01\x01m\x01f\x09\0")]),
            refused(
                "malformed import section: invalid leading byte (0x9) for external kind at byte 15: copy or rebuild it",
            ),
        ),
    ] {
        assert_eq!(load(&file), outcome, "{what}");
    }
}

#[test]
fn readable_names_of_a_malformed_section_are_used() {
    let unnamed = "[Wasm] func[0];[Wasm] func[1]";
    for (what, names, outcome) in [
        ("empty", &b""[..], used_without_names()),
        (
            "random",
            b"\x8f\x13random bytes",
            used_as_malformed(unnamed, "a subsection is longer than the section at byte 22"),
        ),
        (
            "a subsection too long",
            b"\x01\x7f\x01\0\x01a",
            used_as_malformed(
                "[Wasm] a;[Wasm] func[1]",
                "a subsection is longer than the section at byte 22",
            ),
        ),
        (
            "a name too long",
            b"\x01\x04\x01\0\x05a",
            used_as_malformed(unnamed, "unexpected end-of-file at byte 25"),
        ),
        (
            "subsections reversed and unknown",
            b"\x0b\x01\0\x02\x01\0\x63\x02xy\x01\x04\x01\0\x01a\0\x02\x01m",
            used("[Wasm] a;[Wasm] func[1]"),
        ),
        (
            "a malformed subsection before a whole one",
            b"\x01\x01\x05\x01\x04\x01\x01\x01b",
            used_as_malformed("[Wasm] func[0];[Wasm] b", "unexpected end-of-file at byte 23"),
        ),
        (
            "a name that is not UTF-8",
            b"\x01\x06\x01\0\x03a\xffb",
            used_as_malformed("[Wasm] a\u{fffd}b;[Wasm] func[1]", "a name is not UTF-8 at byte 25"),
        ),
        ("out of order, twice", &function_names(&[(1, "a"), (0, "b"), (1, "c")]), used("[Wasm] b;[Wasm] c")),
        (
            "indices past the end",
            &function_names(&[(u32::MAX, "far"), (2, "near"), (1, "in")]),
            used("[Wasm] func[0];[Wasm] in"),
        ),
        ("empty and blank", &function_names(&[(0, ""), (1, " ")]), used_without_names()),
        (
            "blank after a name",
            &function_names(&[(0, "zero"), (1, "one"), (1, " ")]),
            used("[Wasm] zero;[Wasm] func[1]"),
        ),
        (
            "two faults",
            b"\x01\x04\x01\0\x05a\x01\x01\x05",
            used_as_malformed(unnamed, "unexpected end-of-file at byte 25"),
        ),
        (
            "control characters",
            &function_names(&[(0, "a\0b\x1b[1mc\r\n\t\x7f\u{85}"), (1, "x;foo 12")]),
            used("[Wasm] a_b_[1mc_____;[Wasm] x:foo_12"),
        ),
    ] {
        assert_eq!(load(&named(names)), outcome, "{what}");
    }
    assert_eq!(
        load(&module(&[two_functions(), names(), custom("name", &function_names(&[(1, "uno")]))])),
        used("[Wasm] zero;[Wasm] uno")
    );
}

#[test]
fn name_of_a_megabyte() {
    let long = "x".repeat(1_000_000);
    assert_eq!(
        filter(&named(&function_names(&[(0, &long), (1, "one")]))).pipe(STACK),
        used(&format!("[Wasm] {long};[Wasm] one"))
    );
}

#[test]
fn padded_leb128_name_length() {
    for size in [&b"\x04"[..], b"\x84\0", b"\x84\x80\x80\x80\0"] {
        let content = [size, b"name", &function_names(&[(0, "zero"), (1, "one")])].concat();
        let file = module(&[two_functions(), section(0, &content)]);
        assert_eq!(load(&file), used("[Wasm] zero;[Wasm] one"), "{size:?}");
    }
}

#[test]
fn other_custom_sections_are_ignored() {
    for name in ["Name", "names", "name\0", "nam", ""] {
        let file = module(&[two_functions(), two_bodies(), custom(name, &function_names(&[(0, "zero")]))]);
        assert_eq!(load(&file), used_without_names(), "{name:?}");
    }
}

#[test]
fn truncation_at_every_byte() {
    let file = module(&[section(1, b"\x01\x60\0\0"), two_functions(), two_bodies(), names()]);
    for cut in 0..file.len() {
        let outcome = load(&file[..cut]);
        let (status, message) = match cut {
            0 => (2, "app.wasm: is empty: copy or rebuild it\n"),
            1..8 => (2, "app.wasm: truncated header: copy or rebuild it\n"),
            // Sections end here.
            8 | 14 => (1, "app.wasm defines no functions"),
            19 => (2, "app.wasm: truncated: it declares functions but has no code: copy or rebuild it\n"),
            28 => (0, "app.wasm: warning: 0 of 2 functions have names"),
            _ => (2, "app.wasm: truncated section at byte"),
        };
        assert_eq!(outcome.status, Some(status), "cut at byte {cut}: {outcome:?}");
        assert!(outcome.stderr.contains(message), "cut at byte {cut}: {outcome:?}");
    }
}

#[test]
fn arbitrary_bytes_are_rejected() {
    for start in ["\0asm", "(module", "\0aot", "\x7fELF", "\x1f\x08"] {
        for rest in [&b""[..], b"\xff", &[0; 600], &[b'x'; 10_000]] {
            let outcome = load(&[start.as_bytes(), rest].concat());
            assert_eq!((outcome.status, outcome.stderr.lines().count()), (Some(2), 1), "{outcome:?}");
        }
    }
    assert_eq!(shell(r#"exec "$FILTER" /dev/zero"#).pipe("").status, Some(2));
}

#[test]
fn module_changed_while_reading() {
    let whole = wat(r#"(module (func $zero) (func $one) (data "xyz"))"#);
    let mut filter = shell(
        r#"while :; do head -c 20 whole > app.wasm; cat whole > app.wasm; done & writer=$!
           for run in {1..50}; do
               "$FILTER" app.wasm < profile > out 2> err; status=$?
               [ $status = 0 ] || [ $status = 2 ] || { cat err; exit 1; }
           done
           kill $writer"#,
    )
    .with_file("whole", &whole)
    .with_file("app.wasm", &whole)
    .with_file("profile", "aot_func#0;aot_func#1 1\n");
    assert_eq!(filter.pipe(""), success(""));
}
