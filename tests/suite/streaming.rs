//! Lines leave as soon as they can, and none waits without need.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};

use wamr_fold_translate::{Filter, StackCheck, Translator};

use crate::support::portions::Portions;
use crate::support::{app_modules, program, shell, stack, success};

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
