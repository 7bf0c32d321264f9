//! `--split-dir`: one file for each module, complete or not at all.

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Stdio;

use wamr_fold_translate::{Filter, Format, SplitError, split_files};

use crate::support::inputs::{file, modules};
use crate::support::{
    Outcome, app, failure, options, program, shell, stack, success, translator, with_mounts,
};

#[test]
fn line_goes_to_the_module_of_its_last_wasm_frame() {
    let profile = "main 1\n\
                   a;[core]#aot_func#0;[lib]#aot_func#1;host 2\n\
                   a;[lib]#aot_func#0;[core]#aot_func#1 3\n\
                   a;[core]#aot_func#0;[other]#aot_func#0;aot_func#x;aot_func#0 4\n\
                   a;[other]#aot_func#0 5\n\
                   a;[core]#aot_func#0;[lib]#aot_func#9 6";
    let mut filter = program(&["-d", "dir/sub", "core=app.wasm", "lib=app.wasm"]).with_app();
    // The files are completed despite unresolved frames.
    assert_eq!(filter.pipe(profile).status, Some(1));
    assert_eq!(filter.list("dir/sub"), ["core.folded", "lib.folded"]);
    assert_eq!(
        filter.read("dir/sub/core.folded"),
        "a;[Wasm] [lib] run;[Wasm] [core] sum 3\n\
         a;[Wasm] [core] run;[other]#aot_func#0;aot_func#x;aot_func#0 4\n"
    );
    assert_eq!(
        filter.read("dir/sub/lib.folded"),
        "a;[Wasm] [core] run;[Wasm] [lib] sum;host 2\na;[Wasm] [core] run;[Wasm] [lib] func[10] 6\n"
    );
}

#[test]
fn every_module_has_a_file() {
    let arguments = ["-d", "dir", "app.wasm", "lib=app.wasm", "=other.wasm"];
    let mut filter = program(&arguments).with_app().with_file("other.wasm", app());
    assert_eq!(filter.pipe("aot_func#0 1\n"), success("[Wasm] run 1\n"));
    assert_eq!(filter.list("dir"), ["app.folded", "lib.folded", "other.folded"]);
    assert_eq!(filter.read("dir/app.folded"), "");
    assert_eq!(filter.read("dir/other.folded"), "[Wasm] run 1\n");
}

#[test]
fn split_file_names_are_percent_encoded() {
    let names = ["../up", ".hidden", "100%", "tab\there", "größe [x]"];
    let expected = ["%2E.%2Fup", "%2Ehidden", "100%25", "tab%09here", "größe [x]"];
    let paths: Vec<PathBuf> = expected.iter().map(|name| format!("dir/{name}.folded").into()).collect();
    assert_eq!(split_files("dir", &modules(&names, &app())).unwrap(), paths);

    let operands = names.map(|name| format!("{name}=app.wasm"));
    let arguments: Vec<_> = ["-d", "dir"].into_iter().chain(operands.iter().map(String::as_str)).collect();
    let mut filter = program(&arguments).with_app();
    assert_eq!(filter.pipe("[.hidden]#aot_func#0 1\n"), success("[Wasm] [.hidden] run 1\n"));
    for path in paths {
        assert!(filter.dir.path().join(&path).exists(), "{}", path.display());
    }
}

#[test]
fn split_file_name_too_long() {
    let name = "x".repeat(300);
    let mut filter = program(&["-d", "dir", &format!("{name}=app.wasm")]).with_app();
    let message = format!("dir/{name}.folded: File name too long (os error 36)");
    assert_eq!(filter.pipe("aot_func#0 1\n"), failure(2, "", &message));
    assert_eq!(filter.list("dir"), [""; 0]);

    // A name of the maximum length, with an earlier file.
    let name = "y".repeat(255 - ".folded".len());
    let mut filter = program(&["-d", ".", &format!("{name}=app.wasm")]).with_app();
    for count in ["1", "2"] {
        assert_eq!(filter.pipe(format!("aot_func#0 {count}\n")), success(format!("[Wasm] run {count}\n")));
        assert_eq!(filter.read(&format!("{name}.folded")), format!("[Wasm] run {count}\n"));
    }
}

#[test]
fn split_file_collision() {
    let mut filter = program(&["-d", "dir", "app.wasm", "=app.wasm"]).with_app();
    let message = "dir/app.folded: two modules map to this file: rename the file of =FILE";
    assert_eq!(filter.pipe("aot_func#0 1\n"), failure(2, "", message));
    assert_eq!(filter.list("."), ["app.wasm"]);
}

#[test]
fn split_text_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let mut translator = translator(&["app"], options(|options| options.format = Format::Text));
    let error = Filter::new(&mut translator, Vec::new()).split_into(dir.path().join("split")).err();
    assert!(matches!(error, Some(SplitError::Text)), "{error:?}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn earlier_files_are_replaced_and_others_are_kept() {
    let mut filter = program(&["-d", ".", "app.wasm"]).with_app().with_file("app.folded", "earlier\n");
    filter = filter.with_file("other.folded", "other\n");
    assert_eq!(filter.pipe("aot_func#0 1\n"), success("[Wasm] run 1\n"));
    assert_eq!(filter.read("app.folded"), "[Wasm] run 1\n");
    assert_eq!(filter.read("other.folded"), "other\n");
    assert_eq!(filter.list("."), ["app.folded", "app.wasm", "other.folded"]);
}

#[test]
fn symbolic_link_is_replaced() {
    for target in ["target", ".", "nowhere"] {
        let mut filter = program(&["-d", ".", "app.wasm"]).with_app().with_file("target", "untouched\n");
        symlink(target, filter.path("app.folded")).unwrap();
        assert_eq!(filter.pipe("aot_func#0 1\n"), success("[Wasm] run 1\n"));
        assert!(fs::symlink_metadata(filter.path("app.folded")).unwrap().is_file(), "{target}");
        assert_eq!(filter.read("app.folded"), "[Wasm] run 1\n");
        assert_eq!(filter.read("target"), "untouched\n");
    }
}

#[test]
fn write_error_keeps_old_split_files() {
    let mut filter = program(&["-d", ".", "app.wasm"]).with_app().with_file("app.folded", "earlier\n");
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    assert_eq!(filter.pipe_into(full, "aot_func#0 1\n").status, Some(1));
    assert_eq!(filter.read("app.folded"), "earlier\n");
    assert_eq!(filter.list("."), ["app.folded", "app.wasm"]);
}

#[test]
fn input_and_output_must_differ() {
    for (arguments, message) in [
        ("app.wasm < app.folded >> app.folded", "<stdout>: is also <stdin>: write to another file"),
        ("app.wasm < app.folded 1<> app.folded", "<stdout>: is also <stdin>: write to another file"),
        ("app.wasm < /dev/null >> app.wasm", "<stdout>: is also the MODULE app.wasm: write to another file"),
        (
            "-d new app.wasm < /dev/null >> app.wasm",
            "<stdout>: is also the MODULE app.wasm: write to another file",
        ),
        ("-d . app.wasm < app.folded", "./app.folded: is also <stdin>: pass another DIR"),
        ("-d . app.wasm < /dev/null >> app.folded", "./app.folded: is also <stdout>: pass another DIR"),
        ("-d . app.folded < /dev/null", "./app.folded: is also the MODULE app.folded: pass another DIR"),
        (
            "-d . lib=app.wasm app=app.folded < /dev/null",
            "./app.folded: is also the MODULE app.folded: pass another DIR",
        ),
    ] {
        let mut filter =
            shell(&format!(r#""$FILTER" {arguments}"#)).with_app().with_file("app.folded", app());
        assert_eq!(filter.pipe(""), failure(2, "", message), "{arguments}");
        assert!(fs::read(filter.path("app.folded")).unwrap() == app());
        assert_eq!(filter.list("."), ["app.folded", "app.wasm"], "{arguments}");
    }
}

#[test]
fn failed_rename_leaves_no_hidden_file() {
    let mut filter = program(&["-s", "off", "-d", ".", "a=app.wasm", "b=app.wasm", "c=app.wasm"]).with_app();
    for name in ["a", "b", "c"] {
        fs::write(filter.path(&format!("{name}.folded")), "earlier\n").unwrap();
    }
    let mut live = filter.live();
    live.write("x;[a]#aot_func#0;[b]#aot_func#1 5\n");
    assert_eq!(live.read(), "x;[Wasm] [a] run;[Wasm] [b] sum 5");
    fs::remove_file(filter.path("b.folded")).unwrap();
    fs::create_dir(filter.path("b.folded")).unwrap();
    let outcome = live.finish();
    assert_eq!((outcome.status, outcome.messages().len()), (Some(1), 1), "{outcome:?}");
    assert!(outcome.messages()[0].starts_with("./b.folded: "), "{outcome:?}");
    assert_eq!(filter.list("."), ["a.folded", "app.wasm", "b.folded", "c.folded"]);
    // Each is either the earlier file or the new one.
    assert!(["", "earlier\n"].contains(&&*filter.read("a.folded")), "{:?}", filter.read("a.folded"));
    assert!(["", "earlier\n"].contains(&&*filter.read("c.folded")), "{:?}", filter.read("c.folded"));
}

/// Replaces and creates a split file under several umasks, and shows their permissions and a new file's.
const UMASKS: &str = r#"for umask in 022 027 077; do
        (umask $umask; touch new; echo earlier > a.folded; chmod 600 a.folded
         echo "[a]#aot_func#0 1" | "$FILTER" -d . a=app.wasm b=app.wasm > out
         cmp out a.folded; stat -c %a new a.folded b.folded; ls -A; rm new out *.folded)
    done"#;

/// What [`UMASKS`] prints.
fn umasks() -> Outcome {
    let modes = |mode: &str| format!("{mode}\n{mode}\n{mode}\na.folded\napp.wasm\nb.folded\nnew\nout\n");
    success(["644", "640", "600"].map(modes).concat())
}

#[test]
fn split_files_respect_umask() {
    assert_eq!(shell(UMASKS).with_app().pipe(""), umasks());
}

#[test]
fn copied_split_files_respect_umask() {
    // Without /proc, files cannot be linked, and are copied.
    if let Some(outcome) = with_mounts("mount -t tmpfs none /proc", UMASKS) {
        assert_eq!(outcome, umasks());
    }
}

#[test]
fn split_lines_are_written_before_the_end() {
    let mut filter = program(&["-s", "off", "-d", ".", "app.wasm"]).with_app();
    let mut live = filter.live();
    for count in 0..100 {
        let host = "x".repeat(10_000);
        live.write(&format!("{host};aot_func#0 {count}\n"));
        assert_eq!(live.read(), format!("{host};[Wasm] run {count}"));
    }
    let files = fs::read_dir(format!("/proc/{}/fd", live.child.id())).unwrap();
    let files = files.map(|file| file.unwrap().path());
    let unnamed = files.filter(|file| fs::read_link(file).unwrap().starts_with(filter.dir.path()));
    let written: u64 = unnamed.map(|file| fs::metadata(file).unwrap().len()).sum();
    assert!(written > 900_000, "{written} bytes");
    assert_eq!(filter.list("."), ["app.wasm"]);
    assert_eq!(live.finish(), success(""));
    assert_eq!(filter.list("."), ["app.folded", "app.wasm"]);
}

#[test]
fn closed_stdout_still_completes_split_files() {
    let mut filter = program(&["-s", "off", "-d", "dir", "app.wasm"]).with_app();
    let mut child = filter.command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().unwrap();
    let lines = stack(&["aot_func#0"]).repeat(100_000);
    io::copy(&mut lines.as_bytes(), &mut stdin).unwrap();
    drop(stdin);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(filter.read("dir/app.folded") == lines.replace("aot_func#0", "[Wasm] run"));
}

#[test]
fn unusable_split_dir_is_refused_before_reading() {
    for (dir, message) in [
        ("app.wasm/dir", "app.wasm/dir: cannot create split files: Not a directory (os error 20)"),
        ("notes.txt", "notes.txt: cannot create split files: not a directory"),
        ("", "invalid value \"\" for --split-dir: expected a directory"),
    ] {
        let mut filter = program(&["-d", dir, "app.wasm"]).with_app().with_file("notes.txt", "notes\n");
        let mut input = file("aot_func#0 1\n");
        assert_eq!(filter.file(input.try_clone().unwrap()), failure(2, "", message));
        let mut unread = String::new();
        input.read_to_string(&mut unread).unwrap();
        assert_eq!(unread, "aot_func#0 1\n", "{dir}");
        assert_eq!(filter.list("."), ["app.wasm", "notes.txt"]);
    }
    let outcome = program(&["-d", "/proc/self", "app.wasm"]).with_app().pipe("aot_func#0 1\n");
    assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(2), ""));
    assert!(outcome.messages()[0].starts_with("/proc/self: cannot create split files: "), "{outcome:?}");
}

#[test]
fn directory_in_place_of_a_split_file_is_refused() {
    let mut filter =
        program(&["-d", ".", "a=app.wasm", "b=app.wasm"]).with_app().with_file("a.folded", "earlier\n");
    fs::create_dir(filter.path("b.folded")).unwrap();
    assert_eq!(filter.pipe("[a]#aot_func#0 1\n"), failure(2, "", "./b.folded: is a directory"));
    assert_eq!(filter.read("a.folded"), "earlier\n");
    assert_eq!(filter.list("."), ["a.folded", "app.wasm", "b.folded"]);
}
