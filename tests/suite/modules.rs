//! What is read from wasm files, and which are refused.

use std::io::{Seek, Write};
use std::time::{Duration, Instant};

use wasm_encoder::NameSection;

use crate::support::sections::{custom, module, name_map, two_functions};
use crate::support::{Outcome, failure, program, shell, success, wat};

/// What the program prints for a profile with these frames, run on `module`.
fn translate(module: &[u8], frames: &str) -> Outcome {
    let outcome = program(&["app.wasm"]).with_file("app.wasm", module).pipe(format!("{frames} 1\n"));
    Outcome { stdout: outcome.stdout.trim_end_matches(" 1\n").to_owned(), ..outcome }
}

#[test]
fn only_imported_functions_move_the_index() {
    let module = wat(r#"(module
        (import "env" "memory" (memory 1))
        (import "env" "f" (func $imported_1))
        (import "env" "table" (table 1 funcref))
        (import "env" "global" (global i32))
        (import "env" "g" (func $imported_2))
        (import "env" "tag" (tag))
        (func $first) (func) (func $third))"#);
    assert_eq!(
        translate(&module, "aot_func#0;aot_func#1;aot_func#2"),
        success("[Wasm] first;[Wasm] func[3];[Wasm] third")
    );
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
fn imports_of_an_exact_function_type_are_functions() {
    let module =
        wat(r#"(module (type $t (func)) (import "env" "f" (func (exact (type $t)))) (func $first))"#);
    assert_eq!(translate(&module, "aot_func#0"), success("[Wasm] first"));
}

#[test]
fn modules_that_use_newer_proposals_load() {
    for module in [
        r#"(module (type $s (struct (field i32))) (type $a (array (mut (ref null $s))))
            (import "env" "g" (global (ref null $a))) (func $f (param (ref null $s))))"#,
        r#"(module (tag $e (import "env" "t") (param i32)) (tag $own) (func $f))"#,
        r#"(module (import "env" "m" (memory i64 1 2 shared)) (import "env" "t" (table i64 1 funcref)) (func $f))"#,
        "(module (memory 1 1 (pagesize 1)) (type $c (cont 1)) (type (func)) (func $f))",
    ] {
        assert_eq!(translate(&wat(module), "aot_func#0"), success("[Wasm] f"), "{module}");
    }
}

#[test]
fn the_last_of_several_names_for_a_function_counts() {
    let mut names = NameSection::new();
    names.module("a module");
    names.functions(&name_map(&[(1, "one"), (0, "zero"), (1, "uno")]));
    names.functions(&name_map(&[(0, "nil")]));
    names.globals(&name_map(&[(0, "global")]));
    let module = module(&[two_functions(), custom("name", &names.as_custom().data)]);
    assert_eq!(translate(&module, "aot_func#0;aot_func#1"), success("[Wasm] nil;[Wasm] uno"));
}

#[test]
fn a_module_without_function_names_gets_a_warning() {
    let outcome = translate(&wat("(module (func) (func))"), "aot_func#1");
    assert_eq!(outcome.status, Some(0));
    assert_eq!(outcome.stdout, "[Wasm] func[1]");
    assert_eq!(
        outcome.stderr,
        "wamr-fold-translate: app.wasm: warning: no function names, so frames show func[IDX]: \
         pass the unstripped build, its indices are the same\n"
    );
}

#[test]
fn what_is_no_core_module_is_refused_with_what_it_seems_to_be() {
    for (file, message) in [
        (&b""[..], "is empty"),
        (b"\0as", "is truncated in its header: copy or build it again"),
        (b"\0asm\x01\0\0", "is truncated in its header: copy or build it again"),
        (b"\0asm\x02\0\0\0", "has version 2 of the wasm binary format, only version 1 is supported"),
        (b"\0asm\x01\0\x02\0", "has version 131073 of the wasm binary format, only version 1 is supported"),
        (
            b"\0asm\x0d\0\x01\0",
            "is a component: pass the core module in it (wasm-tools component unbundle extracts it)",
        ),
        (b"(module (func))", "is WebAssembly text: pass the binary (wat2wasm --debug-names makes it)"),
        (b"\xef\xbb\xbf(module)", "is WebAssembly text: pass the binary (wat2wasm --debug-names makes it)"),
        (b"(; text ;) (module)", "is WebAssembly text: pass the binary (wat2wasm --debug-names makes it)"),
        (b"(component)", "is WebAssembly text of a component: pass the binary of a core module"),
        (b"\n  ;; text\n(module)", "is WebAssembly text: pass the binary (wat2wasm --debug-names makes it)"),
        (b"\0aot\x03\0\0\0rest", "is a WAMR AOT file: pass the .wasm file it was made from"),
        (b"\x1f\x8b\x08\0\0\0\0\0", "is compressed with gzip: unpack it first"),
        (b"\x28\xb5\x2f\xfd\x04\0\0\0", "is compressed with zstd: unpack it first"),
        (b"\xfd7zXZ\0\0\x04", "is compressed with xz: unpack it first"),
        (b"PK\x03\x04\x14\0", "is a zip archive: unpack it first"),
        (b"\x7fELF\x02\x01\x01\0", "is a native program or library (ELF): pass the .wasm file that WAMR ran"),
        (b"<!DOCTYPE html><title>404", "is an HTML page, perhaps of a failed download"),
        (b"<html>", "is an HTML page, perhaps of a failed download"),
        (
            b"version https://git-lfs.github.com/spec/v1\n",
            "is a git LFS pointer: fetch the file with git lfs pull",
        ),
        (
            b"main;aot_func#1 5\nmain",
            r#"is not a wasm file: it starts with "main;aot_func#1 ": pass a profile on standard input (< out.folded)"#,
        ),
        (b"\x01", r#"is not a wasm file: it starts with "\x01""#),
    ] {
        assert_eq!(translate(file, ""), failure(2, "", &format!("app.wasm: {message}")));
    }
    assert_eq!(program(&["no.wasm"]).pipe(""), failure(2, "", "no.wasm: no such file"));
    assert_eq!(program(&["/"]).pipe(""), failure(2, "", "/: is a directory: pass the .wasm file"));
}

#[test]
fn a_path_that_was_cut_at_its_equals_sign_is_shown_as_it_must_be_passed() {
    let message = r#"q/app.wasm: no such file ("./p=q/app.wasm" was read as NAME=FILE; for a path with "=", pass NAME=./p=q/app.wasm)"#;
    assert_eq!(program(&["./p=q/app.wasm"]).pipe(""), failure(2, "", message));
    assert_eq!(program(&["core=app.wasm"]).pipe(""), failure(2, "", "app.wasm: no such file"));
}

#[test]
fn a_module_may_come_through_a_pipe() {
    let mut filter = shell(r#""$FILTER" app=<(cat app.wasm)"#).with_app();
    assert_eq!(filter.pipe("aot_func#0 1\n"), success("[Wasm] run 1\n"));
}

#[test]
fn sections_that_are_not_needed_are_not_read() {
    let filter = program(&["app.wasm"]).with_app();
    let mut file = std::fs::File::create(filter.path("app.wasm")).unwrap();
    file.write_all(&wat("(module)")).unwrap();
    for _ in 0..32 {
        // A custom section of nearly 4 GiB; its content is a hole in the file.
        file.write_all(b"\0\xf0\xff\xff\xff\x0f").unwrap();
        file.seek_relative(0xffff_fff0).unwrap();
    }
    file.write_all(&wat("(module (func $last))")[8..]).unwrap();
    let started = Instant::now();
    assert_eq!({ filter }.pipe("aot_func#0 1\n"), success("[Wasm] last 1\n"));
    assert!(started.elapsed() < Duration::from_secs(5), "it took {:?}", started.elapsed());
}
