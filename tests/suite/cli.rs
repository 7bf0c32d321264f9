//! The command line: operands, options, help.

use std::fs;
use std::path::Path;

use crate::support::{app, failure, program, success, wat};

#[test]
fn module_name_comes_from_operand_or_stem() {
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
fn ambiguous_frames_stay_untranslated() {
    for (operands, profile) in [
        (&["app.wasm", "lib=app.wasm"][..], "aot_func#0 1\n"),
        (&["=app.wasm"], "[app]#aot_func#0 1\n"),
        (&["app.wasm"], "[App]#aot_func#0 1\n"),
    ] {
        let outcome = program(operands).with_app().pipe(profile);
        assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(1), profile), "{operands:?}");
    }
}

#[test]
fn usage_errors() {
    for (arguments, message) in [
        (&[][..], "no MODULE: pass the wasm file that was profiled (see --help)"),
        (&["-q"], "no MODULE: pass the wasm file that was profiled (see --help)"),
        (&[""], "missing FILE in \"\": expected [NAME=]FILE.wasm"),
        (&["app="], "missing FILE in \"app=\": expected [NAME=]FILE.wasm"),
        (&["="], "missing FILE in \"=\": expected [NAME=]FILE.wasm"),
        (&["--wasm-names", "x=app.wasm,"], "missing FILE in \"\": expected [NAME=]FILE.wasm"),
        (&["-x", "app.wasm"], "unknown option '-x' (see --help)"),
        (&["--module", "app.wasm"], "unknown option '--module' (see --help)"),
        (&["--=app.wasm"], "unknown option '--' (see --help)"),
        (&["--\x1b[31m", "app.wasm"], "unknown option '--\\u{1b}[31m' (see --help)"),
        (&["app.wasm", "--split-dir"], "missing argument for option '--split-dir' (see --help)"),
        (&["app.wasm", "--quiet=yes"], "unexpected argument for option '--quiet': \"yes\" (see --help)"),
        (
            &["-s", "always", "app.wasm"],
            "invalid value \"always\" for --stack-check: expected auto, on or off",
        ),
        (
            &["-tfirst,last", "app.wasm"],
            "invalid value \"first,last\" for --tag: expected first, last or none",
        ),
        (&["-d", "", "app.wasm"], "invalid value \"\" for --split-dir: expected a directory"),
        (
            &["--generate", "complete-tcsh"],
            "invalid value \"complete-tcsh\" for --generate: expected man, complete-bash, complete-zsh or complete-fish",
        ),
        (&["--text", "-d", "by-module", "app.wasm"], "--text and --split-dir cannot be used together"),
        (&["-a", "app.wasm", "--text"], "--text and --annotate cannot be used together"),
    ] {
        let mut filter = program(arguments).with_app();
        assert_eq!(filter.pipe("aot_func#0 1\n"), failure(2, "", message), "{arguments:?}");
        assert_eq!(filter.list("."), ["app.wasm"], "{arguments:?}");
    }
}

#[test]
fn mistyped_option_gets_a_suggestion() {
    for (typed, suggestion) in [
        ("--demangel", "--demangle"),
        ("--demangled", "--demangle"),
        ("--annotat", "--annotate"),
        ("--stack_check=off", "--stack-check"),
        ("--splitdir=by-module", "--split-dir"),
        ("--allow_unresolved", "--allow-unresolved"),
        ("--wasm-name", "--wasm-names"),
        ("--hlep", "--help"),
        ("--split", "--split-dir"),
        ("--verb", "--verbose"),
        ("--tags=last", "--tag"),
    ] {
        let name = typed.split_once('=').map_or(typed, |(name, _)| name);
        let message = format!("unknown option '{name}': did you mean {suggestion}?");
        assert_eq!(program(&[typed, "app.wasm"]).with_app().pipe(""), failure(2, "", &message), "{typed}");
    }
}

#[test]
fn legacy_options_get_hints() {
    const FOLDED: &str = "--folded is not needed: redirect the profile instead (< out.folded)";
    const WABT: &str = "wabt is not needed: leave out --wabt_home";
    const PROFILE: &str =
        "out.folded: is text, not a wasm file: if it is the profile, redirect it (< out.folded)";
    for (arguments, hints) in [
        (&["--wasm", "app.wasm", "--folded", "out.folded"][..], &[FOLDED][..]),
        (&["app.wasm", "--folded"], &[FOLDED]),
        (
            &["--folded=dir/profile.txt", "app.wasm"],
            &["--folded is not needed: redirect the profile instead (< dir/profile.txt)"],
        ),
        (&["--wabt_home", "/opt/wabt", "app.wasm"], &[WABT]),
        (&["--wabt-home=/opt/wabt", "app.wasm"], &[WABT]),
        (
            &["-o", "app.folded", "app.wasm"],
            &["-o is not needed: redirect the output instead (> app.folded)"],
        ),
        (&["--name-first", "app.wasm"], &["--name-first is now --tag=last"]),
        (&["app.wasm", "-"], &["\"-\" is not needed: standard input is read without it"]),
        // All at once, in the order of the command line.
        (&["--folded", "out.folded", "--wabt_home", "/opt/wabt", "--wasm", "app.wasm"], &[FOLDED, WABT]),
        (&["app.wasm", "out.folded", "--wabt_home", "/opt/wabt"], &[WABT, PROFILE]),
        (&["out.folded", "app.wasm"], &[PROFILE]),
        (
            &["-", "-oapp.folded", "app.wasm", "--name_first"],
            &[
                "\"-\" is not needed: standard input is read without it",
                "-o is not needed: redirect the output instead (> app.folded)",
                "--name-first is now --tag=last",
            ],
        ),
    ] {
        let mut filter = program(arguments).with_app().with_file("out.folded", "main;aot_func#0 1\n");
        assert_eq!(filter.pipe(""), failure(2, "", &hints.join("; ")), "{arguments:?}");
    }
}

#[test]
fn modules_separated_by_commas_get_a_hint() {
    let message = "a.wasm,b=b.wasm: no such file: separate MODULEs with blanks (a=a.wasm b=b.wasm)";
    assert_eq!(program(&["a=a.wasm,b=b.wasm"]).pipe(""), failure(2, "", message));
    // If the file exists, it is used.
    let mut filter = program(&["a=a.wasm,b=b.wasm"]).with_file("a.wasm,b=b.wasm", app());
    assert_eq!(filter.pipe("[a]#aot_func#0 1\n"), success("[Wasm] [a] run 1\n"));
}

#[test]
fn path_with_equals_sign_gets_a_hint() {
    let message = r#"q/app.wasm: no such file ("./p=q/app.wasm" was read as NAME=FILE; for a path with "=", pass NAME=./p=q/app.wasm)"#;
    assert_eq!(program(&["./p=q/app.wasm"]).pipe(""), failure(2, "", message));
    assert_eq!(program(&["core=app.wasm"]).pipe(""), failure(2, "", "app.wasm: no such file"));
}

#[test]
fn duplicate_module_names() {
    let same = "app.wasm: another MODULE has the same name: pass NAME=FILE.wasm, or drop one";
    let unnamed = "app.wasm: another MODULE matches frames without a module name: drop one";
    for (operands, message) in [
        (["app.wasm", "app=app.wasm"], same),
        (["./app.wasm", "app.wasm"], same),
        (["=app.wasm", "=app.wasm"], unnamed),
    ] {
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
        let version = concat!("wamr-fold-translate ", env!("CARGO_PKG_VERSION"), "\n");
        assert_eq!(program(&[option]).pipe(""), success(version));
    }
}

#[test]
fn help_matches_readme_and_fits_80_columns() {
    let help = program(&["--help"]).pipe("").stdout;
    assert_eq!(help.lines().find(|line| line.chars().count() > 80), None);
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    assert!(readme.contains(&format!("```text\n{help}```\n")), "README.md differs from --help:\n{help}");
}
