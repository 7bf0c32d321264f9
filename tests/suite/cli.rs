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
        (&[][..], "pass at least one MODULE, the wasm file that was profiled"),
        (&["-q"], "pass at least one MODULE, the wasm file that was profiled"),
        (&[""], "\"\" names no file"),
        (&["app="], "\"app=\" names no file"),
        (&["--wasm-names", "x=app.wasm,"], "\"\" names no file"),
        (&["--folded", "out.folded"], "invalid option '--folded'"),
        (&["-x"], "invalid option '-x'"),
        (&["app.wasm", "--split-dir"], "missing argument for option '--split-dir'"),
        (&["app.wasm", "--quiet=yes"], "unexpected argument for option '--quiet': \"yes\""),
        (&["-s", "always", "app.wasm"], "--stack-check cannot be \"always\": pass one of auto, on, off"),
        (&["-d", "", "app.wasm"], "--split-dir cannot be \"\": pass DIR"),
    ] {
        let outcome = program(arguments).with_app().pipe("");
        assert_eq!(outcome, failure(2, "", &format!("{message} (--help shows the usage)")), "{arguments:?}");
    }
}

#[test]
fn a_name_given_twice_is_refused() {
    for operands in [["app.wasm", "app=app.wasm"], ["=app.wasm", "=app.wasm"], ["./app.wasm", "app.wasm"]] {
        let message = "app.wasm: another MODULE takes the same frames: give each its own NAME=FILE.wasm";
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
