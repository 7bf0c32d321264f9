//! What is read from wasm files, and which are refused.

use std::fs::File;
use std::io::{Seek, Write};
use std::time::Duration;

use wasm_encoder::NameSection;

use crate::support::sections::{custom, function_names, module, name_map, two_bodies, two_functions};
use crate::support::{Outcome, failure, program, shell, success, timed, wat};

/// What the program prints for a profile with these frames, run on `module`.
fn translate(module: &[u8], frames: &str) -> Outcome {
    let outcome = program(&["app.wasm"]).with_file("app.wasm", module).pipe(format!("{frames} 1\n"));
    Outcome { stdout: outcome.stdout.trim_end_matches(" 1\n").to_owned(), ..outcome }
}

#[test]
fn only_function_imports_shift_the_index() {
    let module = wat(r#"(module
        (import "env" "memory" (memory 1))
        (import "env" "f" (func $imported_1))
        (import "env" "table" (table 1 funcref))
        (import "env" "global" (global i32))
        (import "env" "g" (func $imported_2))
        (import "env" "tag" (tag))
        (func $first) (func) (func $third))"#);
    let outcome = translate(&module, "aot_func#0;aot_func#1;aot_func#2");
    assert_eq!(outcome, success("[Wasm] first;[Wasm] func[3];[Wasm] third"));
}

#[test]
fn grouped_imports_are_counted_one_by_one() {
    let module = wat(r#"(module
        (import "env" (item "a" (func)) (item "b" (global i32)) (item "c" (func)))
        (import "env" (item "d") (item "e") (func))
        (import "env" (item "f") (item "g") (global i32))
        (func $first))"#);
    assert_eq!(translate(&module, "aot_func#0"), success("[Wasm] first"));
    assert_eq!(translate(&module, "aot_func#1").stdout, "[Wasm] func[5]");
}

#[test]
fn modules_of_newer_proposals_load() {
    for module in [
        r#"(module (type $s (struct (field i32))) (type $a (array (mut (ref null $s))))
            (import "env" "g" (global (ref null $a))) (func $f (param (ref null $s))))"#,
        r#"(module (tag $e (import "env" "t") (param i32)) (tag $own) (func $f))"#,
        r#"(module (import "env" "m" (memory i64 1 2 shared)) (import "env" "t" (table i64 1 funcref)) (func $f))"#,
        "(module (memory 1 1 (pagesize 1)) (type $c (cont 1)) (type (func)) (func $f))",
        r#"(module (type $t (func)) (import "env" "f" (func (exact (type $t)))) (func $f))"#,
    ] {
        assert_eq!(translate(&wat(module), "aot_func#0"), success("[Wasm] f"), "{module}");
    }
}

#[test]
fn last_name_of_a_function_counts() {
    let mut names = NameSection::new();
    names.module("a module");
    names.functions(&name_map(&[(1, "one"), (0, "zero"), (1, "uno")]));
    names.functions(&name_map(&[(0, "nil")]));
    names.globals(&name_map(&[(0, "global")]));
    let module = module(&[two_functions(), custom("name", &names.as_custom().data), two_bodies()]);
    assert_eq!(translate(&module, "aot_func#0;aot_func#1"), success("[Wasm] nil;[Wasm] uno"));
}

#[test]
fn name_section_adds_no_functions() {
    let names = custom("name", &function_names(&[(0, "zero"), (2, "two")]));
    let outcome = translate(&module(&[two_functions(), names, two_bodies()]), "aot_func#0;aot_func#2");
    assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(1), "[Wasm] zero;[Wasm] func[2]"));
    assert!(outcome.stderr.contains("app.wasm defines aot_func#0 to aot_func#1"), "{outcome:?}");
}

#[test]
fn few_names_warning() {
    let defined = |functions: &str, unnamed: usize| {
        wat(&format!(r#"(module (import "env" "log" (func $log)) {functions} {})"#, "(func)".repeat(unnamed)))
    };
    let advice = "pass the unstripped build (same indices)";
    let exported = r#"(func (export "run")) (func (export "main")) (func (export "stop"))"#;
    for (options, module, warning) in [
        (&[][..], defined("", 2), format!("0 of 2 functions have names: {advice}")),
        (
            &[],
            defined(r#"(func (@name " ")) (func (@name ""))"#, 0),
            format!("0 of 2 functions have names: {advice}"),
        ),
        (&[], defined("(func $run)", 10), format!("only 1 of 11 functions has a name: {advice}")),
        (&[], defined("(func $run) (func $sum)", 19), format!("only 2 of 21 functions have names: {advice}")),
        (&[], defined("(func $run)", 9), String::new()),
        (&[], defined("(func $run) (func $sum)", 18), String::new()),
        (
            &[],
            defined(exported, 27),
            format!("0 of 30 functions have names: {advice} or --export-names (3 exports)"),
        ),
        (&["-e"], defined(exported, 27), String::new()),
        (&["-e"], defined(exported, 28), format!("only 3 of 31 functions have names: {advice}")),
        (&["-q"], defined("", 2), String::new()),
    ] {
        let mut filter = program(&[options, &["app.wasm"]].concat()).with_file("app.wasm", &module);
        let outcome = filter.pipe("[Wasm] run 1\n");
        let expected = if warning.is_empty() {
            success("[Wasm] run 1\n")
        } else {
            failure(0, "[Wasm] run 1\n", &format!("app.wasm: warning: {warning}"))
        };
        assert_eq!(outcome, expected, "{options:?}");
    }
}

#[test]
fn names_without_functions_warning() {
    // Debug information that was split off.
    let file =
        module(&[custom("name", &function_names(&[(0, "zero"), (1, "one")])), custom(".debug_info", b"x")]);
    let outcome = translate(&file, "[Wasm] run");
    let message = "app.wasm: warning: has names but no functions (debug information?): \
                   pass the module itself, unstripped";
    assert_eq!(outcome, failure(0, "[Wasm] run", message));
}

#[test]
fn other_file_types_are_identified() {
    const WAT: &str = "is WebAssembly text: convert it with wat2wasm --debug-names";
    const TEXT: &str = "is text, not a wasm file: if it is the profile, redirect it (< app.wasm)";
    for (file, message) in [
        (&b""[..], "is empty: copy or rebuild it"),
        (b"\0as", "truncated header: copy or rebuild it"),
        (b"\0asm\x01\0\0", "truncated header: copy or rebuild it"),
        (b"\0asm\x02\0\0\0", "unsupported wasm version 2: copy or rebuild it"),
        (b"\0asm\x01\0\x02\0", "unsupported wasm version 131073: copy or rebuild it"),
        (
            b"\0asm\x0d\0\x01\0",
            "is a component: pass its core module (wasm-tools component unbundle extracts it)",
        ),
        (b"(module (func))", WAT),
        (b"\xef\xbb\xbf(module)", WAT),
        (b"(; text ;) (module)", WAT),
        (b"\n  ;; text\n(module)", WAT),
        (b"(component)", "is WebAssembly text of a component: pass a core module as .wasm"),
        (b"\0aot\x03\0\0\0rest", "is a WAMR AOT file: pass the .wasm file that it was made from"),
        (b"\x1f\x8b\x08\0\0\0\0\0", "is compressed with gzip: unpack it first"),
        (b"\x28\xb5\x2f\xfd\x04\0\0\0", "is compressed with zstd: unpack it first"),
        (b"\xfd7zXZ\0\0\x04", "is compressed with xz: unpack it first"),
        (b"PK\x03\x04\x14\0", "is a zip archive: unpack it first"),
        (
            b"\x7fELF\x02\x01\x01\0",
            "is a native program or library (ELF): pass the .wasm file that was profiled",
        ),
        (b"<!DOCTYPE html><title>404", "is an HTML page (failed download?)"),
        (b"<html>", "is an HTML page (failed download?)"),
        (
            b"version https://git-lfs.github.com/spec/v1\n",
            "is a git LFS pointer: fetch the file with git lfs pull",
        ),
        (
            b"PERFILE2\x68\0\0\0\0\0\0\0",
            "is a perf.data file: pass the wasm file, and pipe in the profile (perf script | stackcollapse-perf.pl | ...)",
        ),
        (b"main;aot_func#1 5\nmain", TEXT),
        (b"embedder 1001001\n", TEXT),
        (b"gr\xc3\xb6\xc3\x9fe 1\n", TEXT),
        (b"\x01", r#"is not a wasm file: it starts with "\x01""#),
    ] {
        assert_eq!(translate(file, ""), failure(2, "", &format!("app.wasm: {message}")));
    }
    assert_eq!(program(&["no.wasm"]).pipe(""), failure(2, "", "no.wasm: no such file"));
    assert_eq!(program(&["/"]).pipe(""), failure(2, "", "/: is a directory: pass a wasm file in it"));
}

#[test]
fn module_may_come_from_a_pipe() {
    let mut filter = shell(r#""$FILTER" app=<(cat app.wasm)"#).with_app();
    assert_eq!(filter.pipe("aot_func#0 1\n"), success("[Wasm] run 1\n"));
}

#[test]
fn unneeded_sections_are_skipped() {
    let filter = timed("cat > profile", "app.wasm < profile");
    let mut file = File::create(filter.path("app.wasm")).unwrap();
    file.write_all(&wat("(module)")).unwrap();
    for _ in 0..32 {
        // A custom section of nearly 4 GiB; its content is a hole in the file.
        file.write_all(b"\0\xf0\xff\xff\xff\x0f").unwrap();
        file.seek_relative(0xffff_fff0).unwrap();
    }
    file.write_all(&wat("(module (func $last))")[8..]).unwrap();
    let mut filter = filter;
    assert_eq!(filter.pipe("aot_func#0 1\n"), success("[Wasm] last 1\n"));
    assert!(filter.cpu_time() < Duration::from_secs(2), "{:?}", filter.cpu_time());
}
