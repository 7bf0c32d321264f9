//! I/O errors, signals and resource limits.

use std::fs::File;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use wamr_fold_translate::{Filter, FilterError, StackCheck};

use crate::support::inputs::Portions;
use crate::support::{
    Outcome, failure, options, program, shell, stack, success, translator, wat, with_mounts,
};

#[test]
fn early_closed_stdout_is_success() {
    for (line, translated) in [("main;aot_func#0 1", "main;[Wasm] run 1"), ("main 1", "main 1")] {
        let script =
            format!(r#"yes "{line}" | "$FILTER" -s off app.wasm | head -n 1; echo ${{PIPESTATUS[1]}}"#);
        let outcome = shell(&script).with_app().pipe("");
        assert_eq!(outcome, success(format!("{translated}\n0\n")));
    }
}

#[test]
fn broken_pipe_is_success() {
    let closed = || {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        writer
    };
    // Also with unresolved frames, and without warnings.
    for input in ["aot_func#0 1\n", "[x]#aot_func#1 1\n", "main 1\n"] {
        let outcome = program(&["app.wasm"]).with_app().pipe_into(closed(), input);
        assert_eq!(outcome.status, Some(0), "{input:?}");
        assert!(!outcome.stderr.contains("warning"), "{input:?}: {outcome:?}");
    }
    assert_eq!(program(&["--help"]).pipe_into(closed(), ""), success(""));
}

#[test]
fn closed_standard_streams() {
    for (redirection, warning) in [
        ("<&-", "<stdin>: warning: the input is empty (did a command before this one fail?)"),
        (">&-", ""),
        ("<&- >&-", ""),
    ] {
        let mut filter = shell(&format!(r#""$FILTER" app.wasm {redirection}"#)).with_app();
        let outcome = filter.pipe("aot_func#0 1\n");
        assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(0), ""), "{redirection}");
        assert!(outcome.stderr.contains(warning), "{redirection}: {outcome:?}");
    }
    let mut filter = shell(r#""$FILTER" app.wasm 2>&-"#).with_app();
    let outcome = filter.pipe("[x]#aot_func#0 1\n");
    assert_eq!(outcome, Outcome { status: Some(1), ..success("[x]#aot_func#0 1\n") });
}

#[test]
fn read_error_at_start() {
    for (file, cause) in
        [("/proc/self/mem", "Input/output error (os error 5)"), ("/", "Is a directory (os error 21)")]
    {
        let outcome = program(&["app.wasm"]).with_app().file(File::open(file).unwrap());
        assert_eq!(outcome, failure(1, "", &format!("<stdin>: {cause}")));
    }
}

#[test]
fn read_error_keeps_complete_lines() {
    for (stack_check, run) in
        [(StackCheck::Auto, "run"), (StackCheck::On, "run_precheck"), (StackCheck::Off, "run")]
    {
        let dir = tempfile::tempdir().unwrap();
        let mut output = Vec::new();
        let mut translator = translator(&["app"], options(|options| options.stack_check = stack_check));
        let filter = Filter::new(&mut translator, &mut output).split_into(dir.path()).unwrap();
        let lines = b"main 1\nmain;aot_func#0 2\nmain;host 3\nmain;aot_func#1 4".to_vec();
        let error = filter.run(Portions::new([Ok(lines), Err(io::Error::other("cut"))])).unwrap_err();
        assert!(matches!(error, FilterError::Read(_)), "{error}");
        assert_eq!(String::from_utf8(output).unwrap(), format!("main 1\nmain;[Wasm] {run} 2\nmain;host 3\n"));
        assert_eq!(dir.path().read_dir().unwrap().count(), 0, "files in the split directory");
    }
}

#[test]
fn write_error_names_the_cause() {
    let full = || File::options().write(true).open("/dev/full").unwrap();
    let message = "<stdout>: No space left on device (os error 28)";
    assert_eq!(
        program(&["app.wasm"]).with_app().pipe_into(full(), "aot_func#0 1\n"),
        failure(1, "", message)
    );
    for option in ["--help", "--version"] {
        assert_eq!(program(&[option]).pipe_into(full(), ""), failure(1, "", message));
    }
}

#[test]
fn report_is_printed_after_write_error() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let outcome = program(&["app.wasm"]).with_app().pipe_into(full, "[x]#aot_func#0 1\n");
    let messages = outcome.messages();
    assert_eq!((outcome.status, messages.len()), (Some(1), 2), "{outcome:?}");
    assert!(messages[0].starts_with(r#"<stdin>:1: 1 frame of unknown module "x""#), "{outcome:?}");
    assert_eq!(messages[1], "<stdout>: No space left on device (os error 28)");
}

/// A file system of 1 MiB in `full`, with earlier split files.
const SMALL_DISK: &str = "mkdir full && mount -t tmpfs -o size=1M none full &&
    for name in a b; do echo earlier > full/$name.folded; done";

/// Runs a script on that file system, then shows its files; `None` if mounting is not permitted.
fn on_small_disk(mounts: &str, script: &str) -> Option<Outcome> {
    let script = format!(
        r#"filter() {{ "$FILTER" -s off -d full a=app.wasm b=app.wasm; }}
        lines() {{ yes "main;[$1]#aot_func#0 1" | head -n $2; }}
        {script}
        tail full/*.folded; ls -A full"#
    );
    with_mounts(&format!("{SMALL_DISK} && {mounts}"), &script)
}

const EARLIER: &str = "==> full/a.folded <==\nearlier\n\n==> full/b.folded <==\nearlier\n";

#[test]
fn full_disk_fails_split_files_only() {
    // The lines of `a` fit, those of `b` do not.
    let script = "{ lines a 10; lines b 200000; } | filter | uniq -c; echo ${PIPESTATUS[1]}";
    if let Some(outcome) = on_small_disk("true", script) {
        let lines = "     10 main;[Wasm] [a] run 1\n 200000 main;[Wasm] [b] run 1\n";
        let stdout = format!("{lines}1\n{EARLIER}a.folded\nb.folded\n");
        assert_eq!(outcome, failure(0, &stdout, "full/b.folded: No space left on device (os error 28)"));
    }
}

#[test]
fn full_disk_at_last_write_keeps_old_split_files() {
    // Few lines, which are written at the end of the input, and no space at all.
    let script = "head -c 2M /dev/zero > full/zero 2> /dev/null
        { lines a 10; lines b 10; } | filter > /dev/null; echo ${PIPESTATUS[1]}; rm full/zero";
    if let Some(outcome) = on_small_disk("true", script) {
        let stdout = format!("1\n{EARLIER}a.folded\nb.folded\n");
        assert_eq!(outcome, failure(0, &stdout, "full/a.folded: No space left on device (os error 28)"));
    }
}

#[test]
fn full_disk_at_copy_keeps_old_split_files() {
    // Without /proc, files cannot be linked, and are copied. There is no space for a copy of `b`.
    let script = "{ lines a 10; lines b 30000; } | filter > /dev/null; echo ${PIPESTATUS[1]}";
    if let Some(outcome) = on_small_disk("mount -t tmpfs none /proc", script) {
        let stdout = format!("1\n{EARLIER}a.folded\nb.folded\n");
        assert_eq!(outcome, failure(0, &stdout, "full/b.folded: No space left on device (os error 28)"));
    }
}

#[test]
fn stops_when_all_outputs_failed() {
    let script = r#"yes "main;[a]#aot_func#0 1" | filter | head -n 1; echo ${PIPESTATUS[1]}"#;
    if let Some(outcome) = on_small_disk("true", script) {
        assert_eq!(outcome.stdout, format!("main;[Wasm] [a] run 1\n1\n{EARLIER}a.folded\nb.folded\n"));
    }
}

#[test]
fn line_longer_than_memory_is_an_error() {
    let script = r#"ulimit -v 200000
        { echo "main;aot_func#0 1"; head -c 140M /dev/zero; echo ";aot_func#0 2"; } |
            "$FILTER" -s off -d . app.wasm; echo ${PIPESTATUS[1]}"#;
    let mut filter = shell(script).with_app().with_file("app.folded", "earlier\n");
    assert_eq!(filter.pipe(""), failure(0, "main;[Wasm] run 1\n1\n", "<stdin>: out of memory"));
    assert_eq!(filter.list("."), ["app.folded", "app.wasm"]);
    assert_eq!(filter.read("app.folded"), "earlier\n");
}

#[test]
fn low_memory_leaves_nothing_behind() {
    // The translation of the second line takes 2 GB. The program may abort then.
    let name = "x".repeat(100_000);
    let script = r#"ulimit -c 0; ulimit -v 200000; { "$FILTER" -s off -d . app.wasm > out; } 2> err
        [ $? != 0 ] && cat out"#;
    let app = wat(&format!("(module (func ${name}) (func $run))"));
    let mut filter = shell(script).with_file("app.wasm", app).with_file("app.folded", "earlier\n");
    let input = stack(&["aot_func#1"]) + &stack(&["aot_func#0"].repeat(20_000));
    assert_eq!(filter.pipe(input), success("main;[Wasm] run 1\n"));
    assert_eq!(filter.list("."), ["app.folded", "app.wasm", "err", "out"]);
    assert_eq!(filter.read("app.folded"), "earlier\n");
}

/// Starts a run with endless input, and kills it with `signal` after this time.
fn kill(signal: &str, after: Duration) {
    let script = r#"ulimit -c 0; exec "$FILTER" -s off -d . app.wasm lib=app.wasm"#;
    let mut filter = shell(script).with_app().with_file("app.folded", "earlier\n");
    let mut child = filter.command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let lines = stack(&["[app]#aot_func#0"]).repeat(1000);
    let writer = thread::spawn(move || while stdin.write_all(lines.as_bytes()).is_ok() {});
    thread::sleep(after);
    let check_files = |when: &str| {
        assert_eq!(filter.list("."), ["app.folded", "app.wasm"], "{when} SIG{signal} after {after:?}");
        assert_eq!(filter.read("app.folded"), "earlier\n", "{when} SIG{signal} after {after:?}");
    };
    check_files("before");
    let kill = Command::new("bash").args(["-c", "kill -$0 $1", signal, &child.id().to_string()]).status();
    assert!(kill.unwrap().success());
    assert!(child.wait().unwrap().signal().is_some(), "SIG{signal} after {after:?} ends the run");
    writer.join().unwrap();
    check_files("after");
}

#[test]
fn killed_run_leaves_only_earlier_files() {
    for signal in ["KILL", "TERM", "ABRT"] {
        for _ in 0..15 {
            let random = RandomState::new().build_hasher().finish();
            kill(signal, Duration::from_micros(random % 30_000));
        }
    }
}

/// Runs the program with this many modules and a line for each, after `limit`; then shows the number of unread lines,
/// the first and the last split file, and the number of split files.
fn run_modules(modules: usize, limit: &str) -> Outcome {
    let script = format!(
        r#"for ((module = 1; module <= {modules}; module++)); do
            operands+=("m$module=app.wasm"); echo "[m$module]#aot_func#0 1" >> in
        done
        {limit}
        {{ "$FILTER" -d dir "${{operands[@]}}" > out; echo "exit status $?"; wc -l; }} < in
        cat dir/m1.folded dir/m{modules}.folded 2> /dev/null; ls -A dir | wc -l"#
    );
    shell(&script).with_app().pipe("")
}

#[test]
fn soft_limit_of_open_files_is_raised() {
    let outcome = run_modules(200, "ulimit -Sn 20");
    assert_eq!(outcome, success("exit status 0\n0\n[Wasm] [m1] run 1\n[Wasm] [m200] run 1\n200\n"));
}

#[test]
fn hard_limit_of_open_files_is_reported() {
    let outcome = run_modules(200, "ulimit -n 20");
    assert_eq!(outcome.stdout, "exit status 2\n200\n0\n");
    let [message] = outcome.messages()[..] else { panic!("{outcome:?}") };
    assert!(message.ends_with(": too many open files (one for each MODULE): raise ulimit -n"), "{message}");
}

#[test]
fn low_limit_of_open_files_leaves_nothing_behind() {
    // From too few for the dynamic linker to enough for the run.
    let script = r#"for files in {3..20}; do
            echo "[b]#aot_func#0 1" |
                (ulimit -n $files; exec "$FILTER" -d dir a=app.wasm b=app.wasm) > out 2> err
            case $? in
            0) cmp out dir/b.folded; ls -A dir; rm dir/*;;
            1 | 2 | 127) [ -s err ] || echo "no message"; ls -A dir 2> /dev/null;;
            *) cat err;;
            esac
        done | sort -u"#;
    assert_eq!(shell(script).with_app().pipe(""), success("a.folded\nb.folded\n"));
}
