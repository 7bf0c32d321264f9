//! The options that change what is shown: --demangle, --export-names, --annotate, --verbose.

use std::fs;

use crate::support::sections::{module, section, two_bodies, two_functions};
use crate::support::{Outcome, program, recordings, success, wat};

fn mangled() -> Vec<u8> {
    wat(r#"(module
        (func (@name "_ZN4core3fmt5write17h1234567890abcdefE"))
        (func (@name "_RNvCskwGfYPst2Cb_3foo16example_function"))
        (func (@name "_ZN4geom6VectorC2Ev"))
        (func (@name "_Z5printIPFvvEEvT_ 12"))
        (func (@name "_ZNot a mangled name"))
        (func (@name "plain")))"#)
}

/// The frames of the functions 0 to 5, and what is printed for them with these arguments.
fn translate(module: Vec<u8>, arguments: &[&str]) -> Outcome {
    let profile = "aot_func#0;aot_func#1;aot_func#2;aot_func#3;aot_func#4;aot_func#5 1\n";
    let mut filter = program(arguments).with_file("app.wasm", module);
    filter.pipe(profile)
}

#[test]
fn demangled_names_are_those_of_the_source() {
    let expected = "[Wasm] core::fmt::write;[Wasm] foo::example_function;[Wasm] geom::Vector::Vector();\
                    [Wasm] _Z5printIPFvvEEvT__12;[Wasm] _ZNot a mangled name;[Wasm] plain 1\n";
    assert_eq!(translate(mangled(), &["--demangle", "app.wasm"]), success(expected));

    let raw = translate(mangled(), &["app.wasm"]);
    assert!(raw.stdout.starts_with("[Wasm] _ZN4core3fmt5write17h1234567890abcdefE;[Wasm] _RNv"), "{raw:?}");
}

#[test]
fn a_demangled_name_is_made_safe() {
    // The template argument is the character `;`.
    let module =
        wat(r#"(module (func (@name "_Z1fILc59EEvv")) (func (@name "_ZN3foo3$u3b$17h1234567890abcdefE")))"#);
    let outcome =
        program(&["--demangle", "app.wasm"]).with_file("app.wasm", module).pipe("aot_func#0;aot_func#1 1\n");
    assert_eq!(outcome.status, Some(0));
    assert_eq!(outcome.stdout.matches(';').count(), 1, "{outcome:?}");
}

#[test]
fn a_recording_of_a_rust_program_is_demangled() {
    let folder = recordings().join("a4-aot-rustapp");
    let module = folder.join("rustapp.wasm");
    let mut filter = program(&["--demangle", module.to_str().unwrap()]);
    let outcome = filter.pipe(fs::read(folder.join("out.folded")).unwrap());
    let raw = fs::read_to_string(folder.join("expected/out.translated")).unwrap();
    assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""));
    assert!(!outcome.stdout.contains("[Wasm] _ZN"));
    for (mangled, demangled) in [
        ("_ZN7rustapp5parse1P4expr17ha89d4f77e65240d3E", "rustapp::parse::P::expr"),
        ("_ZN7rustapp5parse1P4term17h557da593780115afE", "rustapp::parse::P::term"),
    ] {
        let count = raw.matches(mangled).count();
        assert!(count > 10);
        assert_eq!(outcome.stdout.matches(demangled).count(), count, "{demangled}");
    }
    assert_eq!(outcome.stdout.matches("[Wasm]").count(), raw.matches("[Wasm]").count());
}

#[test]
fn blanks_are_no_name() {
    let module = wat(r#"(module (func (@name " ") (export "run")))"#);
    let mut filter = program(&["-v", "--export-names", "app.wasm"]).with_file("app.wasm", &module);
    let outcome = filter.pipe("aot_func#0 1\n");
    assert_eq!(outcome.stdout, "[Wasm] run 1\n");
    assert!(outcome.stderr.contains("1 of 1       1          0      1  \"app\""), "{}", outcome.stderr);

    let outcome = program(&["app.wasm"]).with_file("app.wasm", &module).pipe("");
    assert!(outcome.stderr.contains("no function names"), "{}", outcome.stderr);
}

#[test]
fn an_export_section_that_is_damaged_is_told_where_it_is_used() {
    let module = module(&[two_functions(), section(7, b"\x02\x03run\0\0\x05x"), two_bodies()]);
    let mut filter = program(&["--export-names", "app.wasm"]).with_file("app.wasm", module);
    let outcome = filter.pipe("aot_func#0;aot_func#1 1\n");
    assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(0), "[Wasm] run;[Wasm] func[1] 1\n"));
    assert!(outcome.stderr.contains("warning: malformed export section: "), "{}", outcome.stderr);
}

fn exporting() -> Vec<u8> {
    wat(r#"(module
        (import "env" "log" (func))
        (func (export "run") (export "main"))
        (func (@name "named") (export "other"))
        (func)
        (func (export "a;b 12"))
        (memory (export "memory") 1)
        (export "log" (func 0)))"#)
}

#[test]
fn exports_name_the_functions_that_have_no_name() {
    let arguments = ["--export-names", "app.wasm"];
    let profile = "aot_func#0;aot_func#1;aot_func#2;aot_func#3 1\n";
    let expected = "[Wasm] run;[Wasm] named;[Wasm] func[3];[Wasm] a:b_12 1\n";
    assert_eq!(program(&arguments).with_file("app.wasm", exporting()).pipe(profile), success(expected));

    let expected = "[Wasm] func[1];[Wasm] named;[Wasm] func[3];[Wasm] func[4] 1\n";
    assert_eq!(program(&["app.wasm"]).with_file("app.wasm", exporting()).pipe(profile), success(expected));
}

#[test]
fn a_stripped_module_with_exports_is_told_of_the_option() {
    let module = wat(r#"(module (func (export "run")) (func (export "main")))"#);
    let mut filter = program(&["app.wasm"]).with_file("app.wasm", &module);
    let message = filter.pipe("aot_func#0 1\n").stderr;
    let hint = "its indices are the same, or --export-names for the names of its 2 exports\n";
    assert!(message.ends_with(hint), "{message}");

    let mut filter = program(&["--export-names", "app.wasm"]).with_file("app.wasm", &module);
    assert_eq!(filter.pipe("aot_func#0;aot_func#1 1\n"), success("[Wasm] run;[Wasm] main 1\n"));
}

#[test]
fn annotated_frames_have_the_mark_last_and_once() {
    for (frame, annotated) in [
        ("aot_func#0", "[Wasm] run_[j]"),
        ("aot_func#0_[j]", "[Wasm] run_[j]"),
        ("aot_func#0_[i]", "[Wasm] run_[i]"),
        ("aot_func#0_[w]", "[Wasm] run_[w]"),
        ("aot_func#0+0x1c_[k]", "[Wasm] run+0x1c_[k]"),
        ("aot_func#0+0x1c", "[Wasm] run+0x1c_[j]"),
        ("aot_func#0_wrapper", "[Wasm] run_wrapper_[j]"),
        ("aot_func#0_[x]", "[Wasm] run_[x]_[j]"),
        ("aot_func#0:tid 29888", "[Wasm] run:tid 29888_[j]"),
        ("aot_func#0:tid 29888;host", "[Wasm] run:tid 29888_[j];host"),
        ("[app]#aot_func_internal#9", "[Wasm] [app] func[10]_[j]"),
        ("host", "host"),
        ("[other]#aot_func#0", "[other]#aot_func#0"),
        ("[Wasm] run", "[Wasm] run"),
    ] {
        let mut filter = program(&["-s", "off", "--annotate", "app.wasm"]).with_app();
        assert_eq!(filter.pipe(format!("main;{frame} 5\n")).stdout, format!("main;{annotated} 5\n"));
    }
    let mut filter = program(&["--stack-check=on", "--annotate", "app.wasm"]).with_app();
    assert_eq!(filter.pipe("aot_func#0 5\n"), success("[Wasm] run_precheck_[j] 5\n"));
}

#[test]
fn all_options_go_together_and_with_split_files() {
    let arguments = ["--demangle", "--export-names", "--annotate", "-d", "dir", "core=app.wasm"];
    let module = wat(r#"(module (func (@name "_Z3addii")) (func (export "_ZN4geom6VectorC2Ev")) (func))"#);
    let mut filter = program(&arguments).with_file("app.wasm", module);
    let profile = "a;[core]#aot_func#0;aot_func#1;aot_func#2_[k];b 5\nhost 1\n";
    let translated =
        "a;[Wasm] [core] add(int, int)_[j];[Wasm] geom::Vector::Vector()_[j];[Wasm] func[2]_[k];b 5\n";
    assert_eq!(filter.pipe(profile), success(format!("{translated}host 1\n")));
    assert_eq!(filter.read("dir/core.folded"), translated);
}

#[test]
fn verbose_says_how_much_was_translated() {
    let arguments =
        ["-v", "--allow-unresolved", "-q", "-d", "dir", "=app.wasm", "core=app.wasm", "idle=app.wasm"];
    let mut filter = program(&arguments).with_app();
    let profile = "# a comment\n\nhost 1\nno count\n\
                   a;aot_func#0 1\na;aot_func#0;[core]#aot_func#1 1\na;aot_func#0;[core]#aot_func#1;host 1\n\
                   a;aot_func_internal#77;x;[other]#aot_func#1 1\na;aot_func#x 1\n";
    let outcome = filter.pipe(profile);
    assert_eq!(outcome.status, Some(0));
    assert_eq!(
        outcome
            .stderr
            .lines()
            .map(|line| line.strip_prefix("wamr-fold-translate: ").unwrap())
            .collect::<Vec<_>>(),
        [
            " names  frames  func[IDX]  lines  module",
            "4 of 4       4          1      2  (no name) app.wasm",
            "4 of 4       2          0      2  \"core\" app.wasm",
            "4 of 4       0          0      0  \"idle\" app.wasm",
            "9 lines, 4 without a WAMR frame, 4 unresolved",
            "stack checks: frames without a module name",
        ]
    );
}

#[test]
fn verbose_counts_frames_that_lines_share() {
    let mut filter = program(&["-v", "app.wasm"]).with_app();
    let profile = "a;aot_func#0;aot_func#1 1\n".repeat(1000) + &"a;aot_func#0;aot_func#2 1\n".repeat(500);
    let summary = filter.pipe(profile).stderr;
    assert!(summary.contains("4 of 4    3000          0   1500  \"app\" app.wasm\n"), "{summary}");
    assert!(summary.contains("1500 lines, 0 without a WAMR frame"), "{summary}");
}
