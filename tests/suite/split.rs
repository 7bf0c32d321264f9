//! `--split-dir`: one file for each module, complete or not at all.

use std::fs;
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Stdio;

use wamr_fold_translate::{ModuleId, SplitDir};

use crate::support::{Outcome, app, app_modules, failure, program, shell, stack, success, wat};

#[test]
fn a_line_goes_to_the_module_of_its_last_wasm_frame() {
    let mut filter = program(&["-d", "dir/sub", "core=app.wasm", "lib=app.wasm"]).with_app();
    let outcome = filter
        .pipe("main 1\na;[core]#aot_func#0;[lib]#aot_func#1;host 2\na;[lib]#aot_func#0;[core]#aot_func#1 3");
    assert_eq!(
        outcome,
        success(
            "main 1\na;[Wasm] [core] run;[Wasm] [lib] sum;host 2\na;[Wasm] [lib] run;[Wasm] [core] sum 3\n"
        )
    );
    assert_eq!(filter.list("dir/sub"), ["core.folded", "lib.folded"]);
    assert_eq!(filter.read("dir/sub/core.folded"), "a;[Wasm] [lib] run;[Wasm] [core] sum 3\n");
    assert_eq!(filter.read("dir/sub/lib.folded"), "a;[Wasm] [core] run;[Wasm] [lib] sum;host 2\n");
}

#[test]
fn only_translated_frames_choose_the_file() {
    let mut filter = program(&["-d", "dir", "core=app.wasm", "lib=app.wasm"]).with_app();
    let outcome = filter
        .pipe("a;[core]#aot_func#0;[other]#aot_func#0;aot_func#x;aot_func#0 1\na;[other]#aot_func#0 1\n");
    assert_eq!(outcome.status, Some(1));
    assert_eq!(
        filter.read("dir/core.folded"),
        "a;[Wasm] [core] run;[other]#aot_func#0;aot_func#x;aot_func#0 1\n"
    );
    assert_eq!(filter.read("dir/lib.folded"), "");
}

#[test]
fn every_module_has_a_file_even_an_empty_one() {
    let arguments = ["-d", "dir", "app.wasm", "lib=app.wasm", "=other.wasm"];
    let mut filter = program(&arguments).with_app().with_file("other.wasm", app());
    assert_eq!(filter.pipe("aot_func#0 1\n"), success("[Wasm] run 1\n"));
    assert_eq!(filter.list("dir"), ["app.folded", "lib.folded", "other.folded"]);
    assert_eq!(filter.read("dir/app.folded"), "");
    assert_eq!(filter.read("dir/lib.folded"), "");
    assert_eq!(filter.read("dir/other.folded"), "[Wasm] run 1\n");
}

#[test]
fn two_modules_of_one_file_are_refused_before_anything_is_made() {
    let mut filter = program(&["-d", "dir", "app.wasm", "=app.wasm"]).with_app();
    let message = "dir/app.folded: two modules have this file: pass NAME=FILE.wasm to rename one";
    assert_eq!(filter.pipe("aot_func#0 1\n"), failure(2, "", message));
    assert!(!filter.path("dir").exists());
}

#[test]
fn names_that_a_file_cannot_have_are_encoded() {
    let names = ["../up", ".hidden", "100%", "tab\there", "größe [x]"];
    let operands: Vec<_> = names.iter().map(|name| format!("{name}=app.wasm")).collect();
    let mut arguments = vec!["-d", "dir"];
    arguments.extend(operands.iter().map(String::as_str));
    let mut filter = program(&arguments).with_app();
    assert_eq!(filter.pipe(""), success(""));
    assert_eq!(
        filter.list("dir"),
        ["%2E.%2Fup.folded", "%2Ehidden.folded", "100%25.folded", "größe [x].folded", "tab%09here.folded"]
    );
}

#[test]
fn a_run_that_fails_leaves_the_files_of_an_earlier_run() {
    let mut filter = program(&["-d", ".", "app.wasm"]).with_app().with_file("app.folded", "earlier\n");
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let outcome = filter.pipe_into(full, "aot_func#0 1\n");
    assert_eq!(outcome, failure(1, "", "<stdout>: No space left on device (os error 28)"));
    assert_eq!(filter.read("app.folded"), "earlier\n");
    assert_eq!(filter.list("."), ["app.folded", "app.wasm"]);
}

#[test]
fn a_run_that_leaves_frames_unresolved_completes_the_files() {
    let mut filter = program(&["-d", "dir", "app.wasm"]).with_app();
    assert_eq!(filter.pipe("aot_func#0;[other]#aot_func#0 1\n").status, Some(1));
    assert_eq!(filter.read("dir/app.folded"), "[Wasm] run;[other]#aot_func#0 1\n");
}

#[test]
fn files_of_an_earlier_run_are_replaced_and_others_left_alone() {
    let mut filter = program(&["-d", ".", "app.wasm"]).with_app().with_file("app.folded", "earlier\n");
    assert_eq!(filter.pipe("aot_func#0 1\n"), success("[Wasm] run 1\n"));
    assert_eq!(filter.read("app.folded"), "[Wasm] run 1\n");
    assert_eq!(filter.list("."), ["app.folded", "app.wasm"]);
}

#[test]
fn a_symbolic_link_is_replaced_and_not_followed() {
    let mut filter = program(&["-d", ".", "app.wasm"]).with_app().with_file("target", "untouched\n");
    symlink("target", filter.path("app.folded")).unwrap();
    assert_eq!(filter.pipe("aot_func#0 1\n"), success("[Wasm] run 1\n"));
    assert!(fs::symlink_metadata(filter.path("app.folded")).unwrap().is_file());
    assert_eq!(filter.read("target"), "untouched\n");
}

#[test]
fn a_symbolic_link_to_a_directory_is_replaced_too() {
    let mut filter = program(&["-d", ".", "app.wasm"]).with_app();
    symlink(".", filter.path("app.folded")).unwrap();
    assert_eq!(filter.pipe("aot_func#0 1\n"), success("[Wasm] run 1\n"));
    assert_eq!(filter.read("app.folded"), "[Wasm] run 1\n");
}

#[test]
fn a_file_that_is_read_or_written_is_not_replaced() {
    for (arguments, message) in [
        (
            "-d . app.wasm < app.folded",
            "./app.folded: a split file would overwrite the input: pass another DIR",
        ),
        (
            "-d . app.wasm < /dev/null >> app.folded",
            "./app.folded: a split file would overwrite the output: pass another DIR",
        ),
        (
            "-d . app.folded < /dev/null",
            "./app.folded: a split file would overwrite the MODULE: pass another DIR",
        ),
        (
            "-d . lib=app.wasm app=app.folded < /dev/null",
            "./app.folded: a split file would overwrite the MODULE: pass another DIR",
        ),
        ("app.wasm < /dev/null >> app.wasm", "app.wasm: MODULE is output file"),
        ("-d new app.wasm < /dev/null >> app.wasm", "app.wasm: MODULE is output file"),
    ] {
        let mut filter =
            shell(&format!(r#""$FILTER" {arguments}"#)).with_app().with_file("app.folded", app());
        assert_eq!(filter.pipe(""), failure(2, "", message), "{arguments}");
        assert!(fs::read(filter.path("app.folded")).unwrap() == app());
        assert_eq!(filter.list("."), ["app.folded", "app.wasm"], "{arguments}");
    }
}

/// Runs a filter with three modules, and `meanwhile` in the directory of the earlier split files.
fn fail_to_replace(meanwhile: &str) -> Outcome {
    let script = format!(
        r#"mkdir split && echo earlier > split/a.folded
        (echo 'x;[a]#aot_func#0 5'; cd split; until [ -e .wamr-*/c.folded ]; do sleep 0.1; done; {meanwhile}) |
            "$FILTER" -s off -d split a=app.wasm b=app.wasm c=app.wasm
        echo "exit status $?"; cat split/a.folded; ls -A split"#
    );
    shell(&script).with_app().pipe("")
}

#[test]
fn a_run_that_cannot_replace_one_file_leaves_all_as_they_were() {
    let outcome = fail_to_replace("mkdir b.folded");
    assert_eq!(outcome.stdout, "x;[Wasm] [a] run 5\nexit status 1\nearlier\na.folded\nb.folded\n");
    assert_eq!(outcome.stderr, "wamr-fold-translate: split/b.folded: is a directory\n");
}

#[test]
fn what_had_no_file_before_has_none_after_a_run_that_cannot_replace_one() {
    let outcome = fail_to_replace("rm a.folded; mkdir c.folded; ln -s nowhere b.folded");
    assert!(outcome.stdout.ends_with("exit status 1\nb.folded\nc.folded\n"), "{outcome:?}");
}

/// Runs a filter as nobody with two modules, where `a.folded` is of nobody and `b.folded` of root. `None`
/// for who is not root and cannot become another user.
fn replace_as_nobody(mode_of_directory: &str, meanwhile: &str) -> Option<Outcome> {
    let script = format!(
        r#"[ "$(id -u)" = 0 ] || exit 99
        nobody() {{ setpriv --reuid=65534 --clear-groups "$@"; }}
        mkdir -m {mode_of_directory} split; chmod 755 .; cp "$FILTER" filter
        nobody sh -c 'echo earlier > split/a.folded'; echo other > split/b.folded
        (echo 'x;[a]#aot_func#0 5'; cd split; until [ -e .wamr-*/b.folded ]; do sleep 0.1; done; {meanwhile}) |
            nobody ./filter -s off -d split a=app.wasm b=app.wasm
        echo "exit status $?"; cat split/*.folded 2> /dev/null; ls -A split"#
    );
    let outcome = shell(&script).with_app().pipe("");
    if outcome.status == Some(99) {
        eprintln!("skipped: only root can become another user");
        return None;
    }
    Some(outcome)
}

#[test]
fn a_file_of_another_user_in_a_sticky_directory_stays_with_all_others() {
    if let Some(outcome) = replace_as_nobody("1777", ":") {
        let stdout = "x;[Wasm] [a] run 5\nexit status 1\nearlier\nother\na.folded\nb.folded\n";
        let message = "split/b.folded: Operation not permitted (os error 1)";
        assert_eq!(outcome, failure(0, stdout, message));
    }
}

// Linux lets nobody make a link to a file of root. So it is on file systems that have no links.
#[test]
fn where_no_link_can_be_made_files_are_replaced_too() {
    if let Some(outcome) = replace_as_nobody("777", ":") {
        let stdout = "x;[Wasm] [a] run 5\nexit status 0\nx;[Wasm] [a] run 5\na.folded\nb.folded\n";
        assert_eq!(outcome, success(stdout));
    }
}

#[test]
fn where_no_link_can_be_made_a_run_that_fails_leaves_the_files_as_they_were() {
    let meanwhile = "chown root a.folded; rm b.folded; mkdir b.folded";
    if let Some(outcome) = replace_as_nobody("777", meanwhile) {
        let stdout = "x;[Wasm] [a] run 5\nexit status 1\nearlier\na.folded\nb.folded\n";
        let message = "split/b.folded: is a directory";
        assert_eq!(outcome, failure(0, stdout, message));
    }
}

#[test]
fn lines_are_not_kept_in_memory() {
    let dir = tempfile::tempdir().unwrap();
    let mut split_dir = SplitDir::create(dir.path(), &app_modules()).unwrap();
    for _ in 0..1000 {
        split_dir.write(ModuleId::FIRST, &[b'x'; 1000]);
    }
    let written = fs::metadata(&split_dir.temporary_paths()[0]).unwrap().len();
    assert!(written > 900_000, "{written} bytes");
}

#[test]
fn files_are_as_readable_as_any_that_a_program_makes() {
    let mut filter = program(&["-d", ".", "app.wasm"]).with_app().with_file("other", "");
    assert_eq!(filter.pipe(""), success(""));
    let mode = |name| fs::metadata(filter.path(name)).unwrap().permissions().mode();
    assert_eq!(mode("app.folded"), mode("other"));
}

#[test]
fn files_are_completed_though_the_reader_has_gone() {
    let mut filter = program(&["-s", "off", "-d", "dir", "app.wasm"]).with_app();
    let mut child = filter.command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().unwrap();
    let lines = stack(&["aot_func#0"]).repeat(100_000);
    std::io::copy(&mut lines.as_bytes(), &mut stdin).unwrap();
    drop(stdin);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(filter.read("dir/app.folded") == lines.replace("aot_func#0", "[Wasm] run"));
}

#[test]
fn a_directory_that_cannot_be_made_is_refused_before_anything_is_read() {
    let mut filter = program(&["-d", "app.wasm/dir", "app.wasm"]).with_app();
    let mut input = fs::File::open(filter.path("app.wasm")).unwrap();
    let outcome = filter.file(input.try_clone().unwrap());
    assert_eq!(
        outcome,
        failure(2, "", "app.wasm/dir: cannot hold split files: Not a directory (os error 20)")
    );
    assert_eq!(input.read_to_end(&mut Vec::new()).unwrap(), app().len());
}

#[test]
fn a_file_in_the_place_of_the_directory_is_refused() {
    let mut filter = program(&["-d", "notes.txt", "app.wasm"]).with_app().with_file("notes.txt", "notes\n");
    let message = "notes.txt: cannot hold split files: not a directory";
    assert_eq!(filter.pipe("aot_func#0 1\n"), failure(2, "", message));
    assert_eq!(filter.read("notes.txt"), "notes\n");
}

#[test]
fn a_directory_in_the_place_of_a_file_is_refused_before_anything_is_replaced() {
    let mut filter =
        program(&["-d", ".", "a=app.wasm", "b=app.wasm"]).with_app().with_file("a.folded", "earlier\n");
    fs::create_dir(filter.path("b.folded")).unwrap();
    assert_eq!(filter.pipe("[a]#aot_func#0 1\n"), failure(2, "", "./b.folded: is a directory"));
    assert_eq!(filter.read("a.folded"), "earlier\n");
    assert_eq!(filter.list("."), ["a.folded", "app.wasm", "b.folded"]);
}

#[test]
fn more_modules_than_a_process_may_have_open_files() {
    let names: Vec<_> = (0..2000).map(|module| format!("m{module}=app.wasm")).collect();
    let mut arguments = vec!["-d", "dir"];
    arguments.extend(names.iter().map(String::as_str));
    let mut filter = program(&arguments).with_file("app.wasm", wat("(module (func $run))"));
    let lines: String = (0..2000).map(|module| stack(&[&format!("[m{module}]#aot_func#0")])).collect();
    assert_eq!(filter.pipe(&lines).status, Some(0));
    assert_eq!(filter.list("dir").len(), 2000);
    assert_eq!(filter.read("dir/m1999.folded"), "main;[Wasm] [m1999] run 1\n");
}
