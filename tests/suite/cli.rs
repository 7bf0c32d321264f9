//! The command line: operands, options, help.

use std::fs;
use std::path::Path;

use crate::support::{app, failure, program, success, wat};

#[test]
fn a_module_is_named_after_its_file_or_as_the_operand_says() {
    for (operands, profile, translated) in [
        (&["app.wasm"][..], "[app]#aot_func#0;aot_func#1 1\n", "[Wasm] [app] run;[Wasm] sum 1\n"),
        (&["./app.wasm"], "[app]#aot_func#0 1\n", "[Wasm] [app] run 1\n"),
        (&["core=app.wasm"], "[core]#aot_func#0;aot_func#1 1\n", "[Wasm] [core] run;[Wasm] sum 1\n"),
        (&["./a dir/b=app.wasm"], "[./a dir/b]#aot_func#0 1\n", "[Wasm] [./a dir/b] run 1\n"),
        (
            &["=app.wasm", "lib=app.wasm"],
            "[lib]#aot_func#0;aot_func#1 1\n",
            "[Wasm] [lib] run;[Wasm] sum 1\n",
        ),
        (&["core=a=b.wasm"], "[core]#aot_func#0 1\n", "[Wasm] [core] other 1\n"),
        (&["--wasm", "app.wasm"], "[app]#aot_func#0 1\n", "[Wasm] [app] run 1\n"),
        (
            &["--wasm-names", "x=app.wasm,y=app.wasm"],
            "[x]#aot_func#0;[y]#aot_func#1 1\n",
            "[Wasm] [x] run;[Wasm] [y] sum 1\n",
        ),
        (
            &["--wasm_names=x=app.wasm", "app.wasm"],
            "[x]#aot_func#0;[app]#aot_func#1 1\n",
            "[Wasm] [x] run;[Wasm] [app] sum 1\n",
        ),
        (&["--", "-d.wasm"], "[-d]#aot_func#0 1\n", "[Wasm] [-d] run 1\n"),
    ] {
        let other = wat("(module (func $other))");
        let mut filter =
            program(operands).with_app().with_file("-d.wasm", app()).with_file("a=b.wasm", other);
        assert_eq!(filter.pipe(profile), success(translated), "{operands:?}");
    }
}

#[test]
fn two_modules_are_never_guessed_between() {
    let mut filter = program(&["app.wasm", "lib=app.wasm"]).with_app();
    assert_eq!(filter.pipe("aot_func#0 1\n").stdout, "aot_func#0 1\n");
    let mut filter = program(&["=app.wasm"]).with_app();
    assert_eq!(filter.pipe("[app]#aot_func#0 1\n").stdout, "[app]#aot_func#0 1\n");
}

#[test]
fn a_wrong_command_line_is_refused() {
    for (arguments, message) in [
        (&[][..], "no MODULE: pass the wasm file that was profiled (see --help)"),
        (&["-q"], "no MODULE: pass the wasm file that was profiled (see --help)"),
        (&[""], "\"\" has no FILE: pass [NAME=]FILE.wasm"),
        (&["app="], "\"app=\" has no FILE: pass [NAME=]FILE.wasm"),
        (&["="], "\"=\" has no FILE: pass [NAME=]FILE.wasm"),
        (&["--wasm-names", "x=app.wasm,"], "\"\" has no FILE: pass [NAME=]FILE.wasm"),
        (&["-x", "app.wasm"], "unknown option '-x' (see --help)"),
        (&["--output", "app.wasm"], "unknown option '--output' (see --help)"),
        (&["--\x1b[31m", "app.wasm"], "unknown option '--\\u{1b}[31m' (see --help)"),
        (&["app.wasm", "--split-dir"], "missing argument for option '--split-dir' (see --help)"),
        (&["app.wasm", "--quiet=yes"], "unexpected argument for option '--quiet': \"yes\" (see --help)"),
        (&["-s", "always", "app.wasm"], "invalid value \"always\" for --stack-check: pass auto, on or off"),
        (&["-d", "", "app.wasm"], "invalid value \"\" for --split-dir: pass a directory"),
        (&["--text", "-d", "by-module", "app.wasm"], "--text and --split-dir cannot be used together"),
        (&["--annotate", "app.wasm", "--text"], "--text and --annotate cannot be used together"),
    ] {
        let mut filter = program(arguments).with_app();
        assert_eq!(filter.pipe("aot_func#0 1\n"), failure(2, "", message), "{arguments:?}");
        assert_eq!(filter.list("."), ["app.wasm"], "{arguments:?}");
    }
}

#[test]
fn a_mistyped_option_gets_a_suggestion() {
    for (typed, suggestion) in [
        ("--demangel", Some("--demangle")),
        ("--demangled", Some("--demangle")),
        ("--annotat", Some("--annotate")),
        ("--stack_check=off", Some("--stack-check")),
        ("--splitdir=by-module", Some("--split-dir")),
        ("--allow_unresolved", Some("--allow-unresolved")),
        ("--name_first", Some("--name-first")),
        ("--wasm-name", Some("--wasm-names")),
        ("--hlep", Some("--help")),
        ("--split", Some("--split-dir")),
        ("--verb", Some("--verbose")),
        ("--ver", None),
        ("--module", None),
        ("--=app.wasm", None),
    ] {
        let name = typed.split_once('=').map_or(typed, |(name, _)| name);
        let message = match suggestion {
            Some(suggestion) => format!("unknown option '{name}': did you mean {suggestion}?"),
            None => format!("unknown option '{name}' (see --help)"),
        };
        assert_eq!(program(&[typed, "app.wasm"]).with_app().pipe(""), failure(2, "", &message), "{typed}");
    }
}

#[test]
fn options_of_process_folded_data_that_are_not_needed_are_explained() {
    for (arguments, message) in [
        (
            &["--wasm", "app.wasm", "--folded", "out.folded"][..],
            "no --folded option: pass the profile on standard input: < out.folded",
        ),
        (
            &["--folded=dir/profile.txt", "app.wasm"],
            "no --folded option: pass the profile on standard input: < dir/profile.txt",
        ),
        (&["app.wasm", "--folded"], "no --folded option: pass the profile on standard input: < out.folded"),
        (&["--wabt_home", "/opt/wabt", "app.wasm"], "wabt is not needed: leave out --wabt_home"),
        (&["--wabt-home=/opt/wabt", "app.wasm"], "wabt is not needed: leave out --wabt_home"),
    ] {
        assert_eq!(program(arguments).with_app().pipe(""), failure(2, "", message), "{arguments:?}");
    }
}

#[test]
fn a_name_given_twice_is_refused() {
    for operands in [["app.wasm", "app=app.wasm"], ["=app.wasm", "=app.wasm"], ["./app.wasm", "app.wasm"]] {
        let message = "app.wasm: another MODULE already takes these frames: give each its own NAME=FILE.wasm, or leave one out";
        assert_eq!(program(&operands).with_app().pipe(""), failure(2, "", message), "{operands:?}");
    }
}

#[test]
fn help_and_version_go_to_standard_output() {
    for option in ["-h", "--help"] {
        let outcome = program(&[option]).pipe("");
        assert!(outcome.stdout.contains("Usage: wamr-fold-translate [OPTIONS] MODULE..."), "{outcome:?}");
        assert_eq!(outcome, success(outcome.stdout.as_str()));
    }
    for option in ["-V", "--version"] {
        assert_eq!(
            program(&[option]).pipe(""),
            success(concat!("wamr-fold-translate ", env!("CARGO_PKG_VERSION"), "\n"))
        );
    }
}

#[test]
fn help_fits_a_terminal_and_stands_in_the_readme() {
    let help = program(&["--help"]).pipe("").stdout;
    assert!(help.lines().all(|line| line.chars().count() <= 100), "{help}");
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    assert!(
        readme.contains(&format!("```text\n{help}```\n")),
        "README.md has another text than --help prints:\n{help}"
    );
}
