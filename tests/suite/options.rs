//! The options that change what is shown: --tag, --demangle, --export-names, --annotate, --verbose.

use std::fs;

use crate::support::inputs::file;
use crate::support::sections::{module, section, two_bodies, two_functions};
use crate::support::{program, recordings, success, wat};

/// A module that defines functions with these names.
fn named<'n>(names: impl IntoIterator<Item = &'n str>) -> Vec<u8> {
    let functions: String = names.into_iter().map(|name| format!(r#"(func (@name "{name}"))"#)).collect();
    wat(&format!("(module {functions})"))
}

/// Checks what is shown for functions with these names, with `options`.
fn check_names(options: &[&str], names: &[(&str, &str)]) {
    let module = named(names.iter().map(|(name, _)| *name));
    let profile: String = (0..names.len()).map(|n| format!("aot_func#{n} 1\n")).collect();
    let outcome =
        program(&[options, &["-t", "none", "app.wasm"]].concat()).with_file("app.wasm", module).pipe(profile);
    let shown: Vec<_> = outcome.stdout.lines().map(|line| line.strip_suffix(" 1").unwrap()).collect();
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    for ((name, expected), shown) in names.iter().zip(shown) {
        assert_eq!(shown, *expected, "{name}");
    }
}

#[test]
fn tag_first_last_and_none() {
    for (frame, first, last, none) in [
        ("aot_func#0", "[Wasm] run", "run [Wasm]", "run"),
        ("[app]#aot_func#0", "[Wasm] [app] run", "run [Wasm] [app]", "run"),
        ("[app]#aot_func#0+0x1c", "[Wasm] [app] run+0x1c", "run+0x1c [Wasm] [app]", "run+0x1c"),
        ("aot_func#0_[j]", "[Wasm] run_[j]", "run [Wasm]_[j]", "run_[j]"),
        ("[app]#aot_func#0+28_[i]", "[Wasm] [app] run+28_[i]", "run+28 [Wasm] [app]_[i]", "run+28_[i]"),
        ("aot_func#0_wrapper", "[Wasm] run_wrapper", "run_wrapper [Wasm]", "run_wrapper"),
        ("aot_func#0.cold", "[Wasm] run.cold", "run.cold [Wasm]", "run.cold"),
        ("aot_func#0@plt", "[Wasm] run@plt", "run@plt [Wasm]", "run@plt"),
        ("aot_func#0.5", "[Wasm] run.5", "run.5 [Wasm]", "run.5"),
        ("aot_func#0_[x]", "[Wasm] run_[x]", "run_[x] [Wasm]", "run_[x]"),
        ("host", "host", "host", "host"),
    ] {
        for (options, translated) in
            [(&[][..], first), (&["--tag=first"], first), (&["-t", "last"], last), (&["-tnone"], none)]
        {
            let mut filter = program(&[options, &["-s", "off", "app.wasm"]].concat()).with_app();
            let outcome = filter.pipe(format!("main;{frame} 5\n"));
            assert_eq!(outcome.stdout, format!("main;{translated} 5\n"), "{options:?}");
        }
    }
}

#[test]
fn translated_frames_are_left_alone() {
    for frame in [
        "[Wasm] aot_func#0",
        "[Wasm] [app] [app]#aot_func#0",
        "aot_func#0 [Wasm]",
        "aot_func#0 [Wasm] [app]_[j]",
        "aot_func#0  [Wasm]",
        "aot_func#0\t [Wasm]",
        "aot_func#0:tid 7\t\t [Wasm]",
        " [Wasm]#aot_func#0",
        "  [Wasm]#aot_func#0",
        "\t [Wasm]#aot_func#0",
        "[x [Wasm]]#aot_func#0",
    ] {
        let line = format!("main;{frame};leaf 5\n");
        let operands = ["Wasm=app.wasm", "x [Wasm]=app.wasm", "=app.wasm"];
        assert_eq!(program(&operands).with_app().pipe(&line), success(&line), "{frame:?}");
    }
    let outcome = program(&["Wasm=app.wasm"]).with_app().pipe("[Wasm]#aot_func#0 5\n");
    assert_eq!(outcome, success("[Wasm] [Wasm] run 5\n"));
}

#[test]
fn names_are_safe_in_lines_and_terminals() {
    check_names(
        &[],
        &[
            ("a;b", "a:b"),
            ("tab\\09nl\\0acr\\0ddel\\7f", "tab_nl_cr_del_"),
            ("esc\\1b[31m", "esc_[31m"),
            ("c1\u{85}space\u{a0}\u{2028}", "c1_space__"),
            ("  a b  ", "a b"),
            ("foo 12", "foo_12"),
            ("foo 12.", "foo_12."),
            ("foo \u{661}", "foo_\u{661}"),
            ("12", "_12"),
            ("#", "_#"),
            ("# x", "_# x"),
            ("# 12", "_#_12"),
            (" #x", "_#x"),
            ("x#", "x#"),
        ],
    );
}

#[test]
fn leading_hash_of_a_name_is_not_a_comment() {
    let module = named(["# x", "#", "y"]);
    let mut filter = program(&["-t", "last", "=app.wasm", "lib=app.wasm"]).with_file("app.wasm", module);
    let once = "_# x [Wasm];y [Wasm] 1\n_# [Wasm];[c]#aot_func#0 1\n";
    assert_eq!(filter.pipe("aot_func#0;aot_func#2 1\naot_func#1;[c]#aot_func#0 1\n").stdout, once);
    assert_eq!(filter.pipe(once).stdout, once);
}

#[test]
fn rust_names_are_demangled() {
    check_names(
        &["-C"],
        &[
            ("_ZN4core3fmt5write17h1234567890abcdefE", "core::fmt::write"),
            ("__ZN4core3fmt5write17h1234567890abcdefE", "core::fmt::write"),
            (
                "_ZN5alloc7raw_vec11finish_grow17h829f663781c993ffE.llvm.16649763804711572579",
                "alloc::raw_vec::finish_grow",
            ),
            (
                "_ZN4core3ptr48drop_in_place$LT$core..str..error..Utf8Error$GT$17hdf5a9172517f279eE",
                "core::ptr::drop_in_place<core::str::error::Utf8Error>",
            ),
            ("_ZN3foo6a$u3b$17h1234567890abcdefE", "foo::a:"),
            ("_RNvCskwGfYPst2Cb_3foo16example_function", "foo::example_function"),
            ("__RNvCskwGfYPst2Cb_3foo16example_function", "foo::example_function"),
            ("_RNvMNtCs7nLi1lxRxNW_4core3numj8from_str", "<usize>::from_str"),
            ("_RNCNvC1a1b0B3_", "a::b::{closure#0}"),
            ("_ZN1a28_$u7b$$u7b$closure$u7d$$u7d$17h1234567890abcdefE", "a::{{closure}}"),
        ],
    );
}

#[test]
fn other_names_are_not_demangled() {
    let names = [
        "main",
        "RC4_init",
        "ZN4core3fmt5write17h1234567890abcdefE",
        "_Z3addii",
        "_ZN4geom6VectorC2Ev",
        "_ZN7mangled5namesE",
        "_ZN4core3fmt5write17h1234567890abcdeE",
        "_ZN4core3fmt5write16h1234567890abcdeE",
        "_ZN4core3fmt5write17h1234567890abcdefEx",
        "_Rust",
        "_ZNot a mangled name",
        "_RNvB_1a",
    ];
    check_names(&["-C"], &names.map(|name| (name, name)));
}

#[test]
fn partly_demangled_names_stay_mangled() {
    // rustc_demangle prints `{invalid syntax}`, `{recursion limit reached}` and `{size limit reached}` for these.
    let recursive = format!("_R{}C1a{}", "Nv".repeat(600), "1a".repeat(600));
    let mut doubling = "_RINvC1a1fTuuuuE".to_owned();
    let mut last = "_RINvC1a1f".len();
    for _ in 0..40 {
        let next = doubling.len();
        let backref = backref(last);
        doubling += &format!("T{backref}{backref}E");
        last = next;
    }
    doubling.push('E');
    let names = ["_RNvNvB0_1a1b", "_RINvC1a1fTB5_B5_EE", &recursive, &doubling];
    check_names(&["-C"], &names.map(|name| (name, name)));
}

/// A back reference to `position` in a v0 name: a base-62 number.
fn backref(position: usize) -> String {
    let digit = |value: usize| {
        char::from(b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"[value % 62])
    };
    let number = position - "_R".len() - 1;
    format!("B{}{}_", digit(number / 62), digit(number))
}

#[test]
fn long_mangled_names_stay_mangled() {
    let mangled = |size: usize| format!("_ZN{size}{}17h1234567890abcdefE", "a".repeat(size));
    let (longest, too_long) = (mangled(8165), mangled(8166));
    assert_eq!((longest.len(), too_long.len()), (8192, 8193));
    check_names(&["-C"], &[(&longest, &"a".repeat(8165)), (&too_long, &too_long)]);
}

#[test]
fn recording_of_a_rust_program_is_demangled() {
    let module = recordings().join("a4-aot-rustapp/rustapp.wasm");
    let mut filter = program(&["--demangle", module.to_str().unwrap()]);
    let outcome = filter.pipe(fs::read(recordings().join("a4-aot-rustapp/out.folded")).unwrap());
    let raw = fs::read_to_string(recordings().join("a4-aot-rustapp/expected/out.translated")).unwrap();
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

fn exporting() -> Vec<u8> {
    wat(r#"(module
        (import "env" "log" (func))
        (func (export "run") (export "main"))
        (func (@name "named") (export "other"))
        (func)
        (func (export "a;b 12"))
        (func (@name " ") (export "blank"))
        (memory (export "memory") 1)
        (export "log" (func 0)))"#)
}

#[test]
fn export_names_are_a_fallback() {
    let profile = "aot_func#0;aot_func#1;aot_func#2;aot_func#3;aot_func#4 1\n";
    for (options, expected) in [
        (&[][..], "[Wasm] func[1];[Wasm] named;[Wasm] func[3];[Wasm] func[4];[Wasm] func[5] 1\n"),
        (&["-e"], "[Wasm] run;[Wasm] named;[Wasm] func[3];[Wasm] a:b_12;[Wasm] blank 1\n"),
        (&["--export-names"], "[Wasm] run;[Wasm] named;[Wasm] func[3];[Wasm] a:b_12;[Wasm] blank 1\n"),
    ] {
        let mut filter = program(&[options, &["app.wasm"]].concat()).with_file("app.wasm", exporting());
        assert_eq!(filter.pipe(profile), success(expected), "{options:?}");
    }
}

#[test]
fn malformed_export_section_warning() {
    let module = module(&[two_functions(), section(7, b"\x02\x03run\0\0\x05x"), two_bodies()]);
    let mut filter = program(&["--export-names", "app.wasm"]).with_file("app.wasm", module);
    let outcome = filter.pipe("aot_func#0;aot_func#1 1\n");
    assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(0), "[Wasm] run;[Wasm] func[1] 1\n"));
    let [message] = outcome.messages()[..] else { panic!("{outcome:?}") };
    assert!(message.starts_with("app.wasm: warning: malformed export section: "), "{message}");
}

#[test]
fn annotation_is_appended_once() {
    for (frame, first, last) in [
        ("aot_func#0", "[Wasm] run_[j]", "run [Wasm]_[j]"),
        ("aot_func#0_[j]", "[Wasm] run_[j]", "run [Wasm]_[j]"),
        ("aot_func#0_[i]", "[Wasm] run_[i]", "run [Wasm]_[i]"),
        ("aot_func#0_[w]", "[Wasm] run_[w]", "run [Wasm]_[w]"),
        ("aot_func#0+0x1c_[k]", "[Wasm] run+0x1c_[k]", "run+0x1c [Wasm]_[k]"),
        ("aot_func#0+0x1c", "[Wasm] run+0x1c_[j]", "run+0x1c [Wasm]_[j]"),
        ("aot_func#0_wrapper", "[Wasm] run_wrapper_[j]", "run_wrapper [Wasm]_[j]"),
        ("aot_func#0_[x]", "[Wasm] run_[x]_[j]", "run_[x] [Wasm]_[j]"),
        ("aot_func#0:tid 29888", "[Wasm] run:tid 29888_[j]", "run:tid 29888 [Wasm]_[j]"),
        ("aot_func#0:tid 29888;host", "[Wasm] run:tid 29888_[j];host", "run:tid 29888 [Wasm]_[j];host"),
        ("[app]#aot_func_internal#9", "[Wasm] [app] func[10]_[j]", "func[10] [Wasm] [app]_[j]"),
        ("host", "host", "host"),
        ("[other]#aot_func#0", "[other]#aot_func#0", "[other]#aot_func#0"),
        ("[Wasm] run", "[Wasm] run", "[Wasm] run"),
    ] {
        for (options, annotated) in [(&["--annotate"][..], first), (&["-at", "last"], last)] {
            let mut filter = program(&[options, &["-s", "off", "app.wasm"]].concat()).with_app();
            let outcome = filter.pipe(format!("main;{frame} 5\n"));
            assert_eq!(outcome.stdout, format!("main;{annotated} 5\n"), "{options:?}");
        }
    }
}

#[test]
fn options_combine() {
    // As the help recommends for flame graphs, for JIT code with stack checks, with split files.
    let module =
        wat(r#"(module (func (@name "_RNvC1a1b")) (func (export "_ZN1a1c17h1234567890abcdefE")) (func))"#);
    let mut filter = program(&["-eCat", "last", "-d", "dir", "core=app.wasm"]).with_file("app.wasm", module);
    let profile = "a;[core]#aot_func#0;aot_func#1;aot_func#2_[k];b 5\n\
                   a;[core]#aot_func_internal#1;[core]#aot_func#0+4 1\nhost 1\n";
    let translated = "a;a::b_precheck [Wasm] [core]_[j];a::c [Wasm]_[j];func[2] [Wasm]_[k];b 5\n\
                      a;a::c [Wasm] [core]_[j];a::b_precheck+4 [Wasm] [core]_[j] 1\n";
    assert_eq!(filter.pipe(profile), success(format!("{translated}host 1\n")));
    assert_eq!(filter.read("dir/core.folded"), translated);
}

#[test]
fn verbose_prints_a_summary() {
    let arguments =
        ["-v", "--allow-unresolved", "-q", "-d", "dir", "=app.wasm", "core=app.wasm", "idle=small.wasm"];
    let small = wat(r#"(module (import "env" "log" (func $log)) (func $run) (func))"#);
    let mut filter = program(&arguments).with_app().with_file("small.wasm", small);
    let profile = "# a comment\n\nhost 1\nno count\n\
                   a;aot_func#0 1\na;aot_func#0;[core]#aot_func#1 1\na;aot_func#0;[core]#aot_func#1;host 1\n\
                   a;aot_func_internal#77;x;[other]#aot_func#1 1\na;aot_func#x 1\n";
    let outcome = filter.pipe(profile);
    assert_eq!(outcome.status, Some(0));
    // Unresolved frames and lines are reported first.
    assert_eq!(
        outcome.messages()[4..],
        [
            " names  calls  frames  func[IDX]  lines  module",
            "3 of 3      -       4          1      2  (no name) app.wasm",
            "3 of 3      -       2          0      2  \"core\" app.wasm",
            "1 of 2      -       0          0      0  \"idle\" small.wasm",
            "9 lines (4 without WAMR frames), 4 frames or lines unresolved",
            "stack checks: found in frames without a module name",
        ]
    );
    assert_eq!(filter.file(file(profile)).stderr, outcome.stderr, "from a file");
}

#[test]
fn verbose_counts_shared_frames_in_each_line() {
    let mut filter = program(&["-v", "app.wasm"]).with_app();
    let profile = "a;aot_func#0;aot_func#1 1\n".repeat(1000) + &"a;aot_func#0;aot_func#2 1\n".repeat(500);
    let outcome = filter.pipe(profile);
    assert_eq!(outcome.messages()[1], "3 of 3      -    3000          0   1500  \"app\" app.wasm");
    assert_eq!(outcome.messages()[2], "1500 lines (0 without WAMR frames), 0 frames or lines unresolved");
}

#[test]
fn verbose_counts_match_for_file_and_pipe() {
    let line = "[b]#aot_func#1_wrapper;[a]#aot_func#0 1\n";
    let profile = line.repeat(2) + "[b]#aot_func_internal#0 1\n";
    let mut filter = program(&["-v", "a=app.wasm", "b=app.wasm"]).with_app();
    let outcome = filter.pipe(&profile);
    assert_eq!(outcome.messages()[1], "3 of 3      -       2          0      2  \"a\" app.wasm");
    assert_eq!(outcome.messages()[2], "3 of 3      -       3          0      1  \"b\" app.wasm");
    assert_eq!(filter.file(file(profile)), outcome);
}

#[test]
fn verbose_shows_stack_checks() {
    for (options, checks) in [
        (&["-s", "on"][..], "on (--stack-check=on)"),
        (&["-s", "off"], "off (--stack-check=off)"),
        (&[], "found in \"b\", \"c\""),
        (&["--text"], "found in \"b\", \"c\""),
    ] {
        let operands = ["-v", "a=app.wasm", "b=app.wasm", "c=app.wasm"];
        let mut filter = program(&[options, &operands].concat()).with_app();
        let outcome = filter.pipe("[a]#aot_func#0;[b]#aot_func_internal#0;[c]#aot_func_internal#0 1\n");
        assert_eq!(outcome.messages().last(), Some(&&*format!("stack checks: {checks}")), "{options:?}");
    }
}
