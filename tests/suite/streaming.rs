//! Which lines are held, and for how long.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::mem;
use std::os::unix::fs::FileExt;
use std::slice;
use std::time::Duration;

use wamr_fold_translate::{Filter, Format, Options, StackCheck};

use crate::support::inputs::{Portions, file};
use crate::support::{Outcome, options, program, shell, stack, success, timed, translator, with_mounts};

/// Returns one line per read, and notes what was written before it.
struct LineByLine<'a> {
    lines: slice::Iter<'a, &'a str>,
    output: &'a RefCell<Vec<u8>>,
    written: Vec<String>,
}

impl LineByLine<'_> {
    fn note(&mut self) {
        self.written.push(String::from_utf8(mem::take(&mut *self.output.borrow_mut())).unwrap());
    }
}

impl Read for LineByLine<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.note();
        self.lines.next().map_or(Ok(0), |line| Read::read(&mut line.as_bytes(), buffer))
    }
}

struct Output<'a>(&'a RefCell<Vec<u8>>);

impl Write for Output<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is written after each of `lines` was read and before the next read, and last at the end of the input.
fn written(names: &[&str], options: Options, lines: &[&str]) -> Vec<String> {
    let output = RefCell::new(Vec::new());
    let mut lines = LineByLine { lines: lines.iter(), output: &output, written: Vec::new() };
    Filter::new(&mut translator(names, options), Output(&output)).run(&mut lines).unwrap();
    lines.note();
    // Nothing is written before the first line is read.
    lines.written.split_off(1)
}

/// Checks that after each line that is read, the text beside it is written.
fn check_written(names: &[&str], options: Options, steps: &[(&str, &str)], at_end: &str) {
    let lines: Vec<_> = steps.iter().map(|(line, _)| *line).collect();
    let mut expected: Vec<_> = steps.iter().map(|(_, written)| *written).collect();
    expected.push(at_end);
    assert_eq!(written(names, options, &lines), expected);
}

#[test]
fn on_and_off_stream_line_by_line() {
    for (when, run) in [("on", "[Wasm] run_precheck"), ("off", "[Wasm] run")] {
        let mut run_filter = program(&["--stack-check", when, "app.wasm"]).with_app();
        let mut live = run_filter.live();
        for (line, translated) in [
            ("main;aot_func#0 5\n", format!("main;{run} 5")),
            ("main;aot_func_internal#1 5\n", "main;[Wasm] sum 5".to_owned()),
            ("main;aot_func#0 6\n", format!("main;{run} 6")),
        ] {
            live.write(line);
            assert_eq!(live.read(), translated);
        }
        assert_eq!(live.finish(), success(""));
    }
}

#[test]
fn on_and_off_stream_text() {
    let options = options(|options| {
        options.format = Format::Text;
        options.stack_check = StackCheck::Off;
    });
    let steps = [
        ("iwasm 11346 3768.5:\n", "iwasm 11346 3768.5:\n"),
        ("\taot_func#0+0x1 (x)\n", "\t[Wasm] run+0x1 (x)\n"),
        ("\n", "\n"),
        ("# aot_func#1\nmain\naot_fu", "# [Wasm] sum\nmain\n"),
        ("nc#", ""),
        ("1", ""),
        ("2\naot_func#2", "[Wasm] func[13]\n"),
    ];
    check_written(&["app"], options, &steps, "[Wasm] inc\n");
}

#[test]
fn partial_lines_are_buffered() {
    let off = options(|options| options.stack_check = StackCheck::Off);
    let steps = [("main;aot_func#", ""), ("0 5\nmain;aot", "main;[Wasm] run 5\n"), ("_func#1 5", "")];
    check_written(&["app"], off, &steps, "main;[Wasm] sum 5\n");
}

#[test]
fn auto_holds_lines_until_evidence() {
    let steps = [
        ("main;host 1\n", "main;host 1\n"),
        ("main;aot_func#0 2\n", ""),
        ("main;host 3\n", ""),
        ("main;aot_func_internal#1 4\n", "main;[Wasm] run_precheck 2\nmain;host 3\nmain;[Wasm] sum 4\n"),
        ("main;aot_func#1 5\n", "main;[Wasm] sum_precheck 5\n"),
    ];
    check_written(&["app"], Options::default(), &steps, "");
}

#[test]
fn auto_holds_lines_to_the_end_without_evidence() {
    let steps = [("main;host 1\nmain;aot_func#0 2\nmain;host 3\n", "main;host 1\n")];
    check_written(&["app"], Options::default(), &steps, "main;[Wasm] run 2\nmain;host 3\n");
}

#[test]
fn auto_holds_text_until_evidence() {
    let text = options(|options| options.format = Format::Text);
    let host = "host\naot_func#0_wrapper+0x1\n[Wasm] aot_func#0\nmy_aot_func#0\n[other]#aot_func#0\n";
    let steps = [
        (host, &*host.replacen("aot_func#0_", "[Wasm] run_", 1)),
        ("host\naot_func#0+0x1\n", "host\n"),
        ("host\n", ""),
        ("(aot_func_internal#0)\n", "[Wasm] run_precheck+0x1\nhost\n([Wasm] run)\n"),
        ("aot_func#1\n", "[Wasm] sum_precheck\n"),
        ("[app]#aot_func#1\n", ""),
    ];
    check_written(&["app"], text, &steps, "[Wasm] [app] sum\n");
}

#[test]
fn late_evidence_applies_to_earlier_lines() {
    let lines = "main;aot_func#0 1\n".to_owned() + &"main;host 1\n".repeat(100_000);
    let expected = lines.replace("aot_func#0", "[Wasm] run_precheck") + "main;[Wasm] sum 1\n";
    let profile = lines + "main;aot_func_internal#1 1";

    let mut filter = program(&["app.wasm"]).with_app();
    assert!(filter.pipe(&profile) == success(expected.as_str()), "from a pipe");
    assert!(filter.file(file(&profile)) == success(expected), "from a file");
}

#[test]
fn file_is_read_from_current_offset() {
    let skipped = stack(&["aot_func_internal#0"]);
    let profile = skipped.clone() + &stack(&["aot_func#1"]);
    for when in ["auto", "off"] {
        let mut input = file(&profile);
        input.seek(SeekFrom::Start(skipped.len() as u64)).unwrap();
        let mut filter = program(&["-s", when, "app.wasm"]).with_app();
        assert_eq!(filter.file(input), success("main;[Wasm] sum 1\n"), "{when}");
    }
}

#[test]
fn file_input_is_not_held() {
    let profile = format!("main;aot_func#0;{} 1\n", "x".repeat(10_000)).repeat(7000);
    assert!(profile.len() > 64 * 1024 * 1024, "more than is held in memory");
    let mut filter = program(&["app.wasm"]).with_app();
    filter.command.env("TMPDIR", "/nowhere");
    let outcome = filter.file(file(&profile));
    assert!(outcome == success(profile.replace("aot_func#0", "[Wasm] run")), "{}", outcome.stderr);
}

/// Appends to the input with each write.
struct Growing<'a> {
    input: &'a File,
    written: &'a mut Vec<u8>,
}

impl Write for Growing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let added = b"aot_func_internal#0;aot_func#0 1\n";
        self.input.write_all_at(added, self.input.metadata()?.len())?;
        self.written.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn lines_appended_after_the_search_are_not_read() {
    let profile = stack(&["aot_func#0"]).repeat(20_000);
    let (input, mut written) = (file(&profile), Vec::new());
    let output = Growing { input: &input, written: &mut written };
    Filter::new(&mut translator(&["app"], Options::default()), output)
        .run_file(input.try_clone().unwrap())
        .unwrap();
    assert!(String::from_utf8(written).unwrap() == profile.replace("aot_func#0", "[Wasm] run"));
}

/// Keeps what was written, and how often it was flushed.
#[derive(Default)]
struct Flushed {
    written: Vec<u8>,
    flushes: u32,
}

impl Write for Flushed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.written.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.flushes += 1;
        Ok(())
    }
}

#[test]
fn input_is_not_read_past_its_end() {
    for stack_check in [StackCheck::Auto, StackCheck::Off] {
        let interrupted = Err(io::ErrorKind::Interrupted.into());
        let lines = ["main 1\nmain;aot_", "func#0 2\n", "main 3"].map(|part| Ok(part.into()));
        let input = Portions::new([interrupted].into_iter().chain(lines));
        let mut output = Flushed::default();
        let mut translator = translator(&["app"], options(|options| options.stack_check = stack_check));
        Filter::new(&mut translator, &mut output).run(input).unwrap();
        assert_eq!(output.written, b"main 1\nmain;[Wasm] run 2\nmain 3\n");
        assert!(output.flushes >= 3, "each block is flushed");
    }
}

#[test]
fn which_lines_are_held() {
    for (line, translated) in [
        ("main 1\n", "main 1\n"),
        ("[a]#aot_func#0_wrapper 1\n", "[Wasm] [a] run_wrapper 1\n"),
        ("aot_func#0_wrapper_[j] 1\n", "[Wasm] run_wrapper_[j] 1\n"),
        ("[other]#aot_func#0 1\n", "[other]#aot_func#0 1\n"),
        ("[a]#aot_func#x 1\n", "[a]#aot_func#x 1\n"),
        ("[a]#aot_func#0\n", "[a]#aot_func#0\n"),
        ("# [a]#aot_func#0 1\n", "# [a]#aot_func#0 1\n"),
        ("[Wasm] [a] run 1\n", "[Wasm] [a] run 1\n"),
        ("[a]#aot_func_internal#0 1\n", "[Wasm] [a] run 1\n"),
        ("[a]#aot_func_internal#0;[a]#aot_func#1 1\n", "[Wasm] [a] run;[Wasm] [a] sum_precheck 1\n"),
        ("[a]#aot_func#1;[a]#aot_func_internal#0 1\n", "[Wasm] [a] sum_precheck;[Wasm] [a] run 1\n"),
        ("aot_func#1;aot_func_internal#0 1\n", "[Wasm] sum_precheck;[Wasm] run 1\n"),
    ] {
        assert_eq!(written(&["", "a", "b"], Options::default(), &[line]), [translated, ""], "{line:?}");
    }
    for (line, translated) in [
        ("[a]#aot_func#0 1\n", "[Wasm] [a] run 1\n"),
        ("[a]#aot_func#0+0x1c 1\n", "[Wasm] [a] run+0x1c 1\n"),
        ("[a]#aot_func#0_[j] 1\n", "[Wasm] [a] run_[j] 1\n"),
        ("aot_func#0 1\n", "[Wasm] run 1\n"),
        ("main;[b]#aot_func#0;host 1\n", "main;[Wasm] [b] run;host 1\n"),
        ("[b]#aot_func_internal#0;[a]#aot_func#0 1\n", "[Wasm] [b] run;[Wasm] [a] run 1\n"),
        ("[a]#aot_func_internal#0;aot_func#0 1\n", "[Wasm] [a] run;[Wasm] run 1\n"),
        ("aot_func_internal#0;[a]#aot_func#0 1\n", "[Wasm] run;[Wasm] [a] run 1\n"),
    ] {
        assert_eq!(written(&["", "a", "b"], Options::default(), &[line]), ["", translated], "{line:?}");
    }
    // No module matches frames without a module name.
    let lines = written(&["a", "b"], Options::default(), &["aot_func#0 1\n"]);
    assert_eq!(lines, ["aot_func#0 1\n", ""]);
}

#[test]
fn evidence_releases_lines_up_to_the_next_undecided_name() {
    let steps = [
        ("main 1\n", "main 1\n"),
        ("[a]#aot_func#0 2\n", ""),
        ("main 3\n", ""),
        (
            "[other]#aot_func#0;[a]#aot_func_internal#0;[b]#aot_func#0 4\n",
            "[Wasm] [a] run_precheck 2\nmain 3\n",
        ),
        ("[a]#aot_func#1 5\n", ""),
        ("aot_func#1 6\n", ""),
        ("[a]#aot_func_internal#1 7\n", ""),
        ("aot_func_internal#0 8\n", ""),
        (
            "[b]#aot_func_internal#0 9\n",
            "[other]#aot_func#0;[Wasm] [a] run;[Wasm] [b] run_precheck 4\n[Wasm] [a] sum_precheck 5\n\
             [Wasm] sum_precheck 6\n[Wasm] [a] sum 7\n[Wasm] run 8\n[Wasm] [b] run 9\n",
        ),
        (
            "[b]#aot_func#2;[a]#aot_func#2;aot_func#2 10\n",
            "[Wasm] [b] inc_precheck;[Wasm] [a] inc_precheck;[Wasm] inc_precheck 10\n",
        ),
        ("[c]#aot_func#2 11\n", ""),
        ("[b]#aot_func#2 12\n", ""),
    ];
    let at_end = "[Wasm] [c] inc 11\n[Wasm] [b] inc_precheck 12\n";
    check_written(&["", "a", "b", "c"], Options::default(), &steps, at_end);
}

#[test]
fn line_after_a_released_one_is_held() {
    // The evidence for the first line is none for the second, whose symbol starts further left.
    let steps = [
        ("main;aot_func#0 1\n", ""),
        ("[b]#aot_func#0 2\n", ""),
        ("aot_func_internal#0 3\n", "main;[Wasm] run_precheck 1\n"),
        ("[b]#aot_func_internal#0 4\n", "[Wasm] [b] run_precheck 2\n[Wasm] run 3\n[Wasm] [b] run 4\n"),
    ];
    check_written(&["", "b"], Options::default(), &steps, "");
}

#[test]
fn evidence_is_a_valid_symbol_of_the_same_name() {
    for (evidence, run) in [
        ("aot_func_internal#3_wrapper 1\n", "run_precheck"),
        ("aot_func_internal#4294967295 1\r\n", "run_precheck"),
        ("aot_func_internal#1 1\r\r\n", "run"),
        ("aot_func_internal#1\n", "run"),
        ("# aot_func_internal#1 1\n", "run"),
        ("aot_func_internal#x 1\n", "run"),
        ("my_aot_func_internal#1 1\n", "run"),
        ("[Wasm] aot_func_internal#1 1\n", "run"),
        ("[app]#aot_func_internal#1 1\n", "run"),
    ] {
        let written = written(&["app"], Options::default(), &["aot_func#0 1\n", evidence]).concat();
        assert!(written.starts_with(&format!("[Wasm] {run} 1\n")), "{evidence:?}: {written}");
    }
}

#[test]
fn stack_checks_can_be_found_before_translation() {
    let profile = b"[a]#aot_func#0 1\n[b]#aot_func#0 2\n[b]#aot_func_internal#1 3\n";
    for (finds_checks, expected) in [
        (true, "[Wasm] [a] run 1\n[Wasm] [b] run_precheck 2\n[Wasm] [b] sum 3\n"),
        (false, "[Wasm] [a] run 1\n[Wasm] [b] run 2\n[Wasm] [b] sum 3\n"),
    ] {
        let mut translator = translator(&["a", "b"], Options::default());
        if finds_checks {
            translator.find_stack_checks(profile);
        }
        let mut output = Vec::new();
        for line in profile.strip_suffix(b"\n").unwrap().split(|&byte| byte == b'\n') {
            translator.translate(line, &mut output);
            output.push(b'\n');
        }
        assert_eq!(String::from_utf8(output).unwrap(), expected);
        let checked = [None, Some("a"), Some("b")];
        let checked = checked.map(|name| translator.has_stack_checks(name.map(str::as_bytes)));
        assert_eq!(checked, [false, false, finds_checks]);
    }
}

/// 72 MB of lines of 10,000 bytes, more than is held in memory, that wait for the stack checks of three names.
const HELD: &str = r#"printf -v native "%09981d" 0
    for name in a b c; do yes "[$name]#aot_func#0;$native 1" | head -n 2400; done > held"#;

#[test]
fn held_lines_spill_to_tmpdir() {
    // The evidence releases them in three parts.
    let script = format!(
        r#"{HELD}; mkdir tmp; export TMPDIR=$PWD/tmp; ulimit -v 200000
        {{ cat held; for name in a b c; do echo "[$name]#aot_func_internal#0 1"; done; }} |
            "$FILTER" a=app.wasm b=app.wasm c=app.wasm > out; echo ${{PIPESTATUS[1]}}
        {{ sed -E 's/^.([abc]).#aot_func#0/[Wasm] [\1] run_precheck/' held
           for name in a b c; do echo "[Wasm] [$name] run 1"; done; }} | cmp - out; ls tmp"#
    );
    assert_eq!(shell(&script).with_app().pipe(""), success("0\n"));
}

#[test]
fn output_ends_before_lines_that_cannot_be_held() {
    let script = |tmpdir: &str| {
        format!(
            r#"{HELD}; export TMPDIR={tmpdir}
            {{ echo "main 1"; cat held; }} | "$FILTER" -v -d split a=app.wasm b=app.wasm c=app.wasm
            echo "exit status ${{PIPESTATUS[1]}}"; ls -A split"#
        )
    };
    let check = |outcome: &Outcome, message: &str| {
        assert_eq!(outcome.stdout, "main 1\nexit status 1\n", "{outcome:?}");
        assert_eq!(outcome.messages().last(), Some(&message), "{outcome:?}");
    };
    let advice = "the output is cut short; set TMPDIR, or pass --stack-check=on or off";
    let outcome = shell(&script("/nowhere")).with_app().pipe("");
    let cause = "No such file or directory (os error 2)";
    check(&outcome, &format!("/nowhere: cannot buffer held lines: {cause}: {advice}"));
    // No space for what is in memory, and space for that and a little more.
    for size in ["1M", "65M"] {
        let mounts = format!("mkdir full && mount -t tmpfs -o size={size} none full");
        if let Some(outcome) = with_mounts(&mounts, &script("full")) {
            let cause = "No space left on device (os error 28)";
            check(&outcome, &format!("full: cannot buffer held lines: {cause}: {advice}"));
        }
    }
}

/// Held lines, or one held line, with symbols of 300 names: `[m0]#aot_func#0` and so on.
fn three_hundred_names(is_one_line: bool) -> String {
    let frame = |name: usize| format!("[m{name}]#aot_func#0");
    if is_one_line {
        let frames: Vec<_> = (0..300).map(|name| frame(name) + &";native".repeat(200)).collect();
        frames.join(";") + " 1\n"
    } else {
        (0..300).map(|name| format!("main;{};native 1\n", frame(name)).repeat(200)).collect()
    }
}

#[test]
fn release_is_linear() {
    let operands: String = (0..300).map(|name| format!(" m{name}=app.wasm")).collect();
    for is_one_line in [false, true] {
        let lines = three_hundred_names(is_one_line);
        for is_reversed in [false, true] {
            let name = |name| if is_reversed { 299 - name } else { name };
            let evidence = (0..300).map(|at| format!("[m{}]#aot_func_internal#0 1\n", name(at)));
            let profile = lines.clone() + &evidence.collect::<String>();
            let run = |when: &str| {
                let mut filter = timed("cat > profile", &format!("-s {when} {operands} < <(cat profile)"));
                filter = filter.with_app();
                let outcome = filter.pipe(&profile);
                assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""));
                (outcome.stdout, filter.cpu_time())
            };
            let (auto, on) = (run("auto"), run("on"));
            assert!(auto.0 == on.0, "the output is the same");
            let limit = 10 * on.1 + Duration::from_millis(100);
            let case = format!("one line: {is_one_line}, reversed: {is_reversed}");
            assert!(auto.1 < limit, "{case}: {:?} and {:?}", auto.1, on.1);
        }
    }
}
