//! Lines leave as soon as they can, and none waits without need.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::mem;
use std::slice;
use std::time::Duration;

use wamr_fold_translate::{Filter, Module, Modules, StackCheck, Translator, Wasm};

use crate::support::portions::Portions;
use crate::support::{app, app_modules, program, shell, stack, success, timed};

#[test]
fn with_on_and_off_a_line_comes_out_before_the_next_one_is_written() {
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
        assert_eq!(live.finish(), [""; 0]);
    }
}

#[test]
fn auto_holds_lines_from_the_first_aot_func_to_the_first_aot_func_internal() {
    let mut filter = program(&["app.wasm"]).with_app();
    let mut live = filter.live();
    live.write("main;host 1\n");
    assert_eq!(live.read(), "main;host 1");
    live.write("main;aot_func#0 2\n");
    assert!(live.is_silent());
    live.write("main;host 3\n");
    assert!(live.is_silent());
    live.write("main;aot_func_internal#1 4\n");
    for line in ["main;[Wasm] run_precheck 2", "main;host 3", "main;[Wasm] sum 4"] {
        assert_eq!(live.read(), line);
    }
    live.write("main;aot_func#1 5\n");
    assert_eq!(live.read(), "main;[Wasm] sum_precheck 5");
    assert_eq!(live.finish(), [""; 0]);
}

#[test]
fn auto_holds_lines_to_the_end_of_a_profile_without_stack_checks() {
    let mut filter = program(&["app.wasm"]).with_app();
    let mut live = filter.live();
    live.write("main;host 1\nmain;aot_func#0 2\nmain;host 3\n");
    assert_eq!(live.read(), "main;host 1");
    assert!(live.is_silent());
    assert_eq!(live.finish(), ["main;[Wasm] run 2", "main;host 3"]);
}

#[test]
fn auto_holds_nothing_behind_an_aot_func_internal() {
    let mut filter = program(&["app.wasm"]).with_app();
    let mut live = filter.live();
    live.write("main;aot_func_internal#0;aot_func#1 1\n");
    assert_eq!(live.read(), "main;[Wasm] run;[Wasm] sum_precheck 1");
    live.write("main;aot_func#1 2\n");
    assert_eq!(live.read(), "main;[Wasm] sum_precheck 2");
    assert_eq!(live.finish(), [""; 0]);
}

#[test]
fn a_part_of_a_line_waits_for_the_rest() {
    let mut filter = program(&["--stack-check=off", "app.wasm"]).with_app();
    let mut live = filter.live();
    live.write("main;aot_func#");
    assert!(live.is_silent());
    live.write("0 5\nmain;aot");
    assert_eq!(live.read(), "main;[Wasm] run 5");
    live.write("_func#1 5");
    assert_eq!(live.finish(), ["main;[Wasm] sum 5"]);
}

#[test]
fn an_aot_func_internal_in_the_last_line_marks_the_check_in_the_first() {
    let lines = "main;aot_func#0 1\n".to_owned() + &"main;host 1\n".repeat(100_000);
    let expected = lines.replace("aot_func#0", "[Wasm] run_precheck") + "main;[Wasm] sum 1\n";
    let profile = lines + "main;aot_func_internal#1 1";

    let mut filter = program(&["app.wasm"]).with_app().with_file("out.folded", &profile);
    assert_eq!(filter.pipe(&profile), success(expected.as_str()));
    assert_eq!(filter.file(File::open(filter.path("out.folded")).unwrap()), success(expected));
}

#[test]
fn a_file_is_read_from_where_it_stands() {
    let skipped = stack(&["aot_func_internal#0"]);
    let profile = skipped.clone() + &stack(&["aot_func#1"]);
    for when in ["auto", "off"] {
        let mut filter = program(&["-s", when, "app.wasm"]).with_app().with_file("out.folded", &profile);
        let mut file = File::open(filter.path("out.folded")).unwrap();
        file.seek(SeekFrom::Start(skipped.len() as u64)).unwrap();
        assert_eq!(filter.file(file), success("main;[Wasm] sum 1\n"), "{when}");
    }
}

#[test]
fn held_lines_beyond_the_limit_come_back_from_a_temporary_file() {
    let lines: String = (0..1000).map(|line| format!("main;host{line};aot_func#0 1\n")).collect();
    let expected = lines.replace("aot_func#0", "[Wasm] run");
    for limit in [0, 1, 100, 10_000, 1_000_000] {
        let mut output = Vec::new();
        let mut filter = Filter::new(Translator::new(app_modules()), &mut output);
        filter.set_hold_limit(limit);
        filter.run(lines.as_bytes()).unwrap();
        assert!(output == expected.as_bytes(), "with a limit of {limit}");
    }
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
fn an_input_is_read_to_its_end_and_no_further() {
    for stack_check in [StackCheck::Auto, StackCheck::Off] {
        let interrupted = Err(io::ErrorKind::Interrupted.into());
        let lines = ["main 1\nmain;aot_", "func#0 2\n", "main 3"].map(|part| Ok(part.into()));
        let input = Portions::new([interrupted].into_iter().chain(lines));
        let mut output = Flushed::default();
        let mut translator = Translator::new(app_modules());
        translator.set_stack_check(stack_check);
        let mut filter = Filter::new(translator, &mut output);
        filter.run(input).unwrap();
        assert_eq!(output.written, b"main 1\nmain;[Wasm] run 2\nmain 3\n");
        assert!(output.flushes >= 3, "each block is flushed");
    }
}

#[test]
fn a_file_is_searched_and_not_held() {
    let script = r#"printf -v native "%0981d" 0
        yes "main;$native;aot_func#0 1" | head -n 72000 > profile
        TMPDIR=/nowhere "$FILTER" app.wasm < profile | wc -c"#;
    assert_eq!(shell(script).with_app().pipe(""), success("72000000\n"));
}

#[test]
fn an_empty_profile_gives_an_empty_output() {
    let mut filter = program(&["app.wasm"]).with_app();
    assert_eq!(filter.pipe(""), success(""));
    assert_eq!(filter.file(File::open("/dev/null").unwrap()), success(""));
}

/// The module of [`app`] under each of `names`, where the empty one is none.
fn modules(names: &[&str]) -> Modules {
    let wasm = Wasm::read(app().as_slice()).unwrap();
    let mut modules = Modules::default();
    for name in names {
        let name = (!name.is_empty()).then(|| name.as_bytes().to_vec());
        modules.add(Module::new(name, "app.wasm", wasm.clone())).unwrap();
    }
    modules
}

/// Gives a line with each read, and notes what was written before the next.
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

/// What is written when each line was read, and last at the end of the input.
fn written(names: &[&str], lines: &[&str]) -> Vec<String> {
    let output = RefCell::new(Vec::new());
    let mut lines = LineByLine { lines: lines.iter(), output: &output, written: Vec::new() };
    Filter::new(Translator::new(modules(names)), Output(&output)).run(&mut lines).unwrap();
    lines.note();
    // Nothing is written before the first line is read.
    lines.written.split_off(1)
}

#[test]
fn only_an_aot_func_waits_that_may_be_a_check_of_loaded_code() {
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
        assert_eq!(written(&["", "a", "b"], &[line]), [translated, ""], "{line:?}");
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
        assert_eq!(written(&["", "a", "b"], &[line]), ["", translated], "{line:?}");
    }
    // No module takes frames without a name.
    assert_eq!(written(&["a", "b"], &["aot_func#0 1\n"]), ["aot_func#0 1\n", ""]);
}

#[test]
fn evidence_for_one_name_releases_lines_up_to_the_next_undecided_one() {
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
    let mut expected = steps.map(|(_, written)| written).to_vec();
    expected.push("[Wasm] [c] inc 11\n[Wasm] [b] inc_precheck 12\n");
    assert_eq!(written(&["", "a", "b", "c"], &steps.map(|(line, _)| line)), expected);
}

#[test]
fn an_internal_wrapper_is_evidence_and_a_line_without_a_count_is_none() {
    for (evidence, run) in [
        ("aot_func_internal#3_wrapper 1\n", "run_precheck"),
        ("aot_func_internal#4294967295 1\r\n", "run_precheck"),
        ("aot_func_internal#1 1\r\r\n", "run"),
        ("aot_func_internal#1\n", "run"),
        ("# aot_func_internal#1 1\n", "run"),
        ("aot_func_internal#x 1\n", "run"),
        ("my_aot_func_internal#1 1\n", "run"),
        ("[Wasm] aot_func_internal#1 1\n", "run"),
    ] {
        let written = written(&["app"], &["aot_func#0 1\n", evidence]).concat();
        assert!(written.starts_with(&format!("[Wasm] {run} 1\n")), "{evidence:?}: {written}");
    }
}

#[test]
fn a_second_input_inherits_no_stack_checks_and_no_line_that_waits() {
    let mut output = Vec::new();
    let mut filter = Filter::new(Translator::new(app_modules()), &mut output);
    filter.run(&b"aot_func_internal#1;aot_func#0 1\n"[..]).unwrap();
    filter.run(&b"aot_func#0 2\n"[..]).unwrap();
    let cut = Portions::new([Ok(b"aot_func#1;aot_func#0 3\n".to_vec()), Err(io::Error::other("cut"))]);
    filter.run(cut).unwrap_err();
    filter.run(&b"[app]#aot_func#2;aot_func_internal#0;aot_func#0 4\n"[..]).unwrap();
    assert_eq!(
        String::from_utf8(output).unwrap(),
        "[Wasm] sum;[Wasm] run_precheck 1\n[Wasm] run 2\n[Wasm] sum;[Wasm] run 3\n\
         [Wasm] [app] inc;[Wasm] run;[Wasm] run_precheck 4\n"
    );
}

/// Lines of three names, and between them evidence for one after the other.
fn three_names() -> String {
    let frames = ["[a]#aot_func#0", "[b]#aot_func#1", "[c]#aot_func#2", "host"];
    let lines = |count| (0..count).map(move |line| format!("main;{};host{line} 1\n", frames[line % 4]));
    let evidence = |name| [format!("main;[{name}]#aot_func_internal#1 1\n")];
    lines(300).chain(evidence("b")).chain(lines(500)).chain(evidence("a")).chain(lines(300)).collect()
}

#[test]
fn held_lines_come_back_in_order_from_a_temporary_file_that_is_released_in_parts() {
    let profile = three_names();
    // As a caller of the library decides it.
    let mut translator = Translator::new(modules(&["a", "b", "c"]));
    translator.find_stack_checks(profile.as_bytes());
    let mut expected = Vec::new();
    for line in profile.lines() {
        translator.translate(line.as_bytes(), &mut expected);
        expected.push(b'\n');
    }
    for (name, frame) in [("a", "run_precheck"), ("b", "sum_precheck"), ("c", "inc")] {
        let frame = format!("[Wasm] [{name}] {frame};");
        assert_eq!(String::from_utf8_lossy(&expected).matches(&frame).count(), 275, "{frame}");
    }
    for limit in [0, 1, 1000, 10_000, 1_000_000] {
        for size in [10, 1000, 100_000] {
            let mut output = Vec::new();
            let mut filter = Filter::new(Translator::new(modules(&["a", "b", "c"])), &mut output);
            filter.set_hold_limit(limit);
            filter.run(Portions::of_sizes(profile.as_bytes(), &[size])).unwrap();
            assert!(output == expected, "with a limit of {limit}, in portions of {size}");
        }
    }
}

#[test]
fn a_caller_of_the_library_finds_stack_checks_before_it_translates() {
    let profile = b"[a]#aot_func#0 1\n[b]#aot_func#0 2\n[b]#aot_func_internal#1 3\n";
    for (finds_checks, expected) in [
        (true, "[Wasm] [a] run 1\n[Wasm] [b] run_precheck 2\n[Wasm] [b] sum 3\n"),
        (false, "[Wasm] [a] run 1\n[Wasm] [b] run 2\n[Wasm] [b] sum 3\n"),
    ] {
        let mut translator = Translator::new(modules(&["a", "b"]));
        if finds_checks {
            translator.find_stack_checks(profile);
        }
        let mut output = Vec::new();
        for line in profile.strip_suffix(b"\n").unwrap().split(|&byte| byte == b'\n') {
            translator.translate(line, &mut output);
            output.push(b'\n');
        }
        assert_eq!(String::from_utf8(output).unwrap(), expected);
    }
}

#[test]
fn memory_stays_bounded_where_much_is_held_and_released_in_parts() {
    // 120 MB, of which 64 MiB are held in memory.
    let script = r#"ulimit -v 200000; export TMPDIR=$PWD
        printf -v native "%0980d" 0
        for name in a b c; do yes "[$name]#aot_func#0;$native 1" | head -n 40000; done > lines
        { cat lines; for name in a b c; do echo "[$name]#aot_func_internal#0 1"; done; } |
            "$FILTER" a=app.wasm b=app.wasm c=app.wasm > out; echo ${PIPESTATUS[1]}
        for name in a b c; do grep -c "^.Wasm. .$name. run_precheck;" out; done; wc -l < out; ls"#;
    let expected = "0\n40000\n40000\n40000\n120003\napp.wasm\nlines\nout\n";
    assert_eq!(shell(script).with_app().pipe(""), success(expected));
}

/// The lines of 300 names, `"[m0]#aot_func#0"` and so on, in which a line waits for each.
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
fn names_that_are_decided_one_by_one_do_not_cost_a_pass_each() {
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
