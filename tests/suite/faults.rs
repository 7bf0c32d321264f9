//! Ends of the pipeline that fail, signals, full disks.

use std::fs::File;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use wamr_fold_translate::{Filter, FilterError, SplitDir, StackCheck, Translator};

use crate::support::portions::Portions;
use crate::support::{Live, Outcome, Program, app_modules, failure, program, shell, success};

#[test]
fn a_reader_who_leaves_after_the_first_line_is_no_failure() {
    let mut filter =
        shell(r#"yes "main;aot_func#0 1" | "$FILTER" -s off app.wasm | head -n 1; echo ${PIPESTATUS[1]}"#);
    filter = filter.with_app();
    assert_eq!(filter.pipe(""), success("main;[Wasm] run 1\n0\n"));
}

#[test]
fn a_reader_who_leaves_before_any_wasm_frame_ends_the_run() {
    let filter = shell(r#"yes "main 1" | "$FILTER" app.wasm | head -n 1; echo ${PIPESTATUS[1]}"#);
    assert_eq!(filter.with_app().pipe(""), success("main 1\n0\n"));
}

#[test]
fn closed_standard_streams_are_empty_ones() {
    for redirection in ["<&-", ">&-", "<&- >&-"] {
        let mut filter = shell(&format!(r#""$FILTER" app.wasm {redirection}"#)).with_app();
        assert_eq!(filter.pipe("aot_func#0 1\n"), success(""), "{redirection}");
    }
    let mut filter = shell(r#""$FILTER" app.wasm 2>&-"#).with_app();
    assert_eq!(
        filter.pipe("[x]#aot_func#0 1\n"),
        Outcome { status: Some(1), ..success("[x]#aot_func#0 1\n") }
    );
}

#[test]
fn an_input_that_fails_at_once_is_an_error() {
    let outcome = program(&["app.wasm"]).with_app().file(File::open("/proc/self/mem").unwrap());
    assert_eq!(outcome, failure(1, "", "<stdin>: Input/output error (os error 5)"));
}

#[test]
fn an_input_that_fails_in_the_middle_loses_no_whole_line() {
    for stack_check in [StackCheck::Auto, StackCheck::On, StackCheck::Off] {
        let dir = tempfile::tempdir().unwrap();
        let mut output = Vec::new();
        let mut translator = Translator::new(app_modules());
        translator.set_stack_check(stack_check);
        let mut filter = Filter::new(translator, &mut output);
        filter.set_split_dir(Some(SplitDir::create(dir.path(), &app_modules()).unwrap()));
        filter.set_hold_limit(10);
        let lines = b"main 1\nmain;aot_func#0 2\nmain;host 3\nmain;aot_func#1 4".to_vec();
        let error = filter.run(Portions::new([Ok(lines), Err(io::Error::other("cut"))])).unwrap_err();
        assert!(matches!(error, FilterError::Read(_)), "{error}");
        drop(filter);
        let run = if stack_check == StackCheck::On { "run_precheck" } else { "run" };
        assert_eq!(String::from_utf8(output).unwrap(), format!("main 1\nmain;[Wasm] {run} 2\nmain;host 3\n"));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "files in the split directory");
    }
}

#[test]
fn a_split_directory_that_cannot_be_written_is_refused() {
    let mut filter = program(&["-d", "/proc/self", "app.wasm"]).with_app();
    let outcome = filter.pipe("aot_func#0 1\n");
    assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(2), ""));
    assert!(outcome.stderr.starts_with("wamr-fold-translate: /proc/self: "), "{}", outcome.stderr);
}

#[test]
fn a_split_name_that_no_file_can_have_is_refused() {
    let name = "x".repeat(300);
    let mut filter = program(&["-d", "dir", &format!("{name}=app.wasm")]).with_app();
    let message = format!("dir/{name}.folded: File name too long (os error 36)");
    assert_eq!(filter.pipe("aot_func#0 1\n"), failure(2, "", &message));
    assert_eq!(filter.list("dir"), [""; 0]);
}

/// Runs `script` with an empty file system of so many MiB in `full`; `None` where that may not be made.
fn with_small_disk(size: u32, script: &str) -> Option<Outcome> {
    let mount = format!("mkdir full && mount -t tmpfs -o size={size}M none full || exit 99");
    let mut shell =
        shell(&format!("exec unshare --mount --map-root-user bash -c '{mount}\n{script}'")).with_app();
    let outcome = shell.pipe("");
    if outcome.status == Some(99) || outcome.stderr.contains("unshare") {
        eprintln!("skipped: no file system can be mounted here: {}", outcome.stderr);
        return None;
    }
    Some(outcome)
}

#[test]
fn a_full_disk_leaves_no_split_file_but_all_of_the_output() {
    let script = r#"yes "main;aot_func#0 1" | head -n 200000 | "$FILTER" -d full app.wasm | wc -l
                    echo ${PIPESTATUS[2]}; ls -A full"#;
    if let Some(outcome) = with_small_disk(1, script) {
        let message = "wamr-fold-translate: full/app.folded: No space left on device (os error 28)\n";
        assert_eq!(outcome.stderr, message);
        assert_eq!(outcome.stdout, "200000\n1\n");
    }
}

#[test]
fn a_full_disk_leaves_the_files_of_all_modules_as_they_were() {
    let script = r#"echo earlier > full/a.folded; echo earlier > full/b.folded
                    yes "[b]#aot_func#0 1" | head -n 200000 | "$FILTER" -d full a=app.wasm b=app.wasm > /dev/null
                    echo ${PIPESTATUS[2]}; cat full/a.folded full/b.folded"#;
    if let Some(outcome) = with_small_disk(1, script) {
        assert_eq!(outcome.stdout, "1\nearlier\nearlier\n");
    }
}

#[test]
fn nothing_is_left_to_do_where_the_reader_has_gone_and_the_disk_is_full() {
    let script =
        r#"yes "main;aot_func#0 1" | "$FILTER" -s off -d full app.wasm | head -n 1; echo ${PIPESTATUS[1]}"#;
    if let Some(outcome) = with_small_disk(1, script) {
        assert_eq!(outcome.stdout, "main;[Wasm] run 1\n1\n");
    }
}

/// What holds more lines than memory may. Each line has 1000 bytes, before and after.
const HOLD: &str = r#"printf -v native "%0981d" 0
    yes "main;$native;aot_func#0 1" | head -n 72000 | "$FILTER" app.wasm | wc -c; echo ${PIPESTATUS[2]}"#;

/// Checks that the lines of [`HOLD`] that were read are written, though there is no place for all of them.
fn check_no_place(outcome: &Outcome, directory: &str, error: &str) {
    let (size, status) = outcome.stdout.split_once('\n').unwrap();
    assert_eq!(status, "1\n");
    let size: usize = size.parse().unwrap();
    assert!(size > 64 * 1024 * 1024 && size.is_multiple_of(1000), "{size} bytes");
    let message = format!(
        "wamr-fold-translate: {directory}: cannot hold waiting lines, so they were written as if without stack checks: {error}"
    );
    assert!(outcome.stderr.starts_with(&message), "{}", outcome.stderr);
    assert!(outcome.stderr.ends_with("set TMPDIR, or pass --stack-check=on or off\n"), "{}", outcome.stderr);
}

#[test]
fn held_lines_that_find_no_place_are_an_error_but_not_lost() {
    let outcome = shell(&format!("export TMPDIR=/nowhere; {HOLD}")).with_app().pipe("");
    check_no_place(&outcome, "/nowhere", "No such file");
    // No place for what is in memory, and a place for that and a little more.
    for size in [1, 65] {
        if let Some(outcome) = with_small_disk(size, &format!("export TMPDIR=full; {HOLD}")) {
            check_no_place(&outcome, "full", "No space left on device");
        }
    }
}

#[test]
fn held_lines_beyond_memory_come_back_from_the_temporary_directory() {
    let outcome = shell(&format!("export TMPDIR=$PWD; ulimit -v 200000; {HOLD}")).with_app().pipe("");
    assert_eq!(outcome, success("72000000\n0\n"));
}

/// Starts a run that has a split directory, lets it write there, and sends it a signal.
fn interrupt(filter: &mut Program, signal: &str) -> Live {
    let mut live = filter.live();
    for _ in 0..10_000 {
        live.write("main;aot_func#0 1\n");
    }
    for _ in 0..10_000 {
        assert_eq!(live.read(), "main;[Wasm] run 1");
    }
    assert_eq!(filter.list(".").len(), 3, "app.wasm, the earlier file and a temporary directory");
    let kill = Command::new("kill").args([signal, &live.child.id().to_string()]).status();
    assert!(kill.unwrap().success());
    live
}

#[test]
fn an_interrupted_run_leaves_no_file_behind() {
    for (option, signal) in [
        ("-HUP", 1),
        ("-INT", 2),
        ("-QUIT", 3),
        ("-ABRT", 6),
        ("-USR1", 10),
        ("-USR2", 12),
        ("-ALRM", 14),
        ("-TERM", 15),
        ("-XCPU", 24),
        ("-VTALRM", 26),
        ("-PROF", 27),
    ] {
        let script = r#"ulimit -c 0; exec env --default-signal "$FILTER" -s off -d . app.wasm"#;
        let mut filter = shell(script).with_app().with_file("app.folded", "earlier\n");
        let mut live = interrupt(&mut filter, option);
        assert_eq!(live.child.wait().unwrap().signal(), Some(signal));
        assert_eq!(filter.list("."), ["app.folded", "app.wasm"], "{option}");
        assert_eq!(filter.read("app.folded"), "earlier\n");
    }
}

#[test]
fn a_run_that_sigpoll_ends_leaves_no_file_behind() {
    let mut filter =
        program(&["-s", "off", "-d", ".", "app.wasm"]).with_app().with_file("app.folded", "earlier\n");
    let mut live = interrupt(&mut filter, "-POLL");
    assert_eq!(live.child.wait().unwrap().code(), Some(128 + 29));
    assert_eq!(filter.list("."), ["app.folded", "app.wasm"]);
    assert_eq!(filter.read("app.folded"), "earlier\n");
}

#[test]
fn a_signal_ends_a_run_whose_messages_nobody_reads() {
    for (signal, status) in [("INT", 130), ("TERM", 143)] {
        // The summary has a line for each module, more than a pipe holds.
        let script = format!(
            r#"for module in {{1..1500}}; do modules+=("a-name-of-many-bytes-$module=app.wasm"); done
            mkfifo unread && exec 3<> unread
            env --default-signal "$FILTER" -v -d dir "${{modules[@]}}" < /dev/null 2>&3 &
            until [ -e dir/a-name-of-many-bytes-1500.folded ]; do sleep 0.1; done
            sleep 0.3; kill -{signal} $!
            for second in {{1..20}}; do kill -0 $! 2> /dev/null || break; sleep 1; done
            kill -9 $! 2> /dev/null; wait $!; echo $?; ls -A dir | wc -l"#
        );
        let outcome = shell(&script).with_app().pipe("");
        assert_eq!(outcome.stdout, format!("{status}\n1500\n"), "{outcome:?}");
    }
}

#[test]
fn a_file_size_limit_leaves_earlier_files_and_all_of_the_output() {
    let script = r#"ulimit -f 100
        yes "main;aot_func#0 1" | head -n 200000 | "$FILTER" -d . app.wasm | wc -l; echo ${PIPESTATUS[2]}"#;
    let mut filter = shell(script).with_app().with_file("app.folded", "earlier\n");
    assert_eq!(filter.pipe(""), failure(0, "200000\n1\n", "./app.folded: File too large (os error 27)"));
    assert_eq!(filter.list("."), ["app.folded", "app.wasm"]);
    assert_eq!(filter.read("app.folded"), "earlier\n");
}

#[test]
fn without_split_files_a_file_size_limit_is_an_error_too() {
    let script = r#"ulimit -f 100; yes "main;aot_func#0 1" | head -n 200000 | "$FILTER" -s off app.wasm > out
        echo ${PIPESTATUS[2]}"#;
    let outcome = shell(script).with_app().pipe("");
    assert_eq!(outcome, failure(0, "1\n", "<stdout>: File too large (os error 27)"));
}

#[test]
fn where_no_thread_can_start_the_run_is_refused_before_anything_is_made() {
    // No limit of processes holds for root, so it becomes nobody.
    let script = r#"cp "$FILTER" filter; chmod 777 .; ulimit -u 1
        [ "$(id -u)" = 0 ] && user=(setpriv --reuid=65534 --clear-groups)
        exec "${user[@]}" ./filter -d dir app.wasm"#;
    let mut filter = shell(script).with_app();
    let message = "cannot handle signals, which --split-dir needs: \
                   Resource temporarily unavailable (os error 11)";
    assert_eq!(filter.pipe("aot_func#0 1\n"), failure(2, "", message));
    assert_eq!(filter.list("."), ["app.wasm", "filter"]);
}

#[test]
fn a_line_longer_than_memory_is_an_error_that_leaves_no_file_behind() {
    // No place to read the line, and none for its translation.
    for (mib, limit) in [(140, 200_000), (60, 150_000)] {
        let script = format!(
            r#"ulimit -c 0; ulimit -v {limit}
            {{ echo "main;aot_func#0 1"; head -c {mib}M /dev/zero; echo ";aot_func#0 2"; }} |
                "$FILTER" -s off -d . app.wasm; echo ${{PIPESTATUS[1]}}"#
        );
        let mut filter = shell(&script).with_app().with_file("app.folded", "earlier\n");
        let outcome = filter.pipe("");
        assert_eq!(outcome, failure(0, "main;[Wasm] run 1\n1\n", "<stdin>: out of memory"), "{mib} MiB");
        assert_eq!(filter.list("."), ["app.folded", "app.wasm"]);
        assert_eq!(filter.read("app.folded"), "earlier\n");
    }
}

#[test]
fn however_little_memory_there_is_nothing_hidden_is_left() {
    // From too little for the dynamic linker to enough.
    let script = r#"ulimit -c 0; for kib in {3000..9000..200}; do
            echo "aot_func#0 1" | (ulimit -v $kib; exec "$FILTER" -d dir app.wasm) > out 2> err
            case $? in
            0) cmp out dir/app.folded;;
            2) cat err;;
            *) grep panicked err;;
            esac
            ls -A dir 2> /dev/null; rm -rf dir
        done 2>&1 | sort -u"#;
    let message = "wamr-fold-translate: cannot handle signals, which --split-dir needs: out of memory\n";
    assert_eq!(shell(script).with_app().pipe(""), success(format!("app.folded\n{message}")));
}

#[test]
fn however_few_files_may_be_open_nothing_hidden_is_left() {
    // From too few for the dynamic linker to enough.
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

/// Many modules, so that their split files take a while.
const MODULES: &str = r#"for module in {1..500}; do modules+=("m$module=app.wasm"); done
    filter() { exec env --default-signal=TERM "$FILTER" -d dir "${modules[@]}"; }"#;

#[test]
fn a_run_that_is_interrupted_as_it_starts_leaves_no_file_behind() {
    let script = r#"mkfifo endless && exec 3<> endless
        filter < endless & until [ "$(ls -A dir 2>&1)" ] && [ -d dir ]; do :; done
        kill $!; wait $!; echo $?; ls -A dir"#;
    let outcome = shell(&format!("{MODULES}\n{script}")).with_app().pipe("");
    assert_eq!(outcome.stdout, "143\n", "{outcome:?}");
}

#[test]
fn a_run_that_is_interrupted_as_its_files_get_their_names_completes_them() {
    let script = r"filter < /dev/null & until [ -e dir/m1.folded ]; do :; done
        kill $!; wait $!; ls -A dir | wc -l";
    for _ in 0..5 {
        let outcome = shell(&format!("{MODULES}\n{script}")).with_app().pipe("");
        assert_eq!(outcome.stdout, "500\n", "{outcome:?}");
    }
}

#[test]
fn a_signal_that_was_ignored_stays_ignored() {
    let mut filter = shell(r#"trap "" HUP; exec "$FILTER" -s off -d . app.wasm"#);
    filter = filter.with_app().with_file("app.folded", "earlier\n");
    let mut live = interrupt(&mut filter, "-HUP");
    live.write("main;aot_func#1 1\n");
    assert_eq!(live.read(), "main;[Wasm] sum 1");
    assert_eq!(live.finish(), [""; 0]);
    assert_eq!(filter.read("app.folded").lines().count(), 10_001);
}

#[test]
fn a_killed_run_leaves_no_file_under_a_final_name() {
    let mut filter =
        program(&["-s", "off", "-d", ".", "app.wasm"]).with_app().with_file("app.folded", "earlier\n");
    let mut live = filter.live();
    live.write("main;aot_func#0 1\n");
    assert_eq!(live.read(), "main;[Wasm] run 1");
    live.child.kill().unwrap();
    assert_eq!(live.child.wait().unwrap().signal(), Some(9));
    assert!(filter.list(".")[0].starts_with(".wamr-fold-translate-"), "what stays is hidden");
    assert_eq!(filter.read("app.folded"), "earlier\n");
    assert_eq!(filter.pipe("aot_func#0 2\n"), success("[Wasm] run 2\n"));
    assert_eq!(filter.read("app.folded"), "[Wasm] run 2\n");
}
