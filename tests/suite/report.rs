//! What is said of a profile that cannot be translated wholly, and the exit status then.

use std::fs::File;

use crate::support::sections::{custom, function_names, module, two_functions};
use crate::support::{Outcome, failure, program, shell, stack, success, wat};

#[test]
fn a_forgotten_module_is_named_as_it_must_be_passed() {
    let mut filter = program(&["app.wasm"]).with_app();
    let profile = "a 1\na;[core]#aot_func#7;[core]#aot_func#8 1\na;[app]#aot_func#0;[core]#aot_func#7 1\n";
    assert_eq!(
        filter.pipe(profile),
        failure(
            1,
            "a 1\na;[core]#aot_func#7;[core]#aot_func#8 1\na;[Wasm] [app] run;[core]#aot_func#7 1\n",
            r#"<stdin>:2: 3 frames of unknown module "core", such as "[core]#aot_func#7": pass core=FILE.wasm"#
        )
    );
    let message = filter.pipe("a;[my app]#aot_func#7 1\n").stderr;
    assert!(message.ends_with("pass 'my app=FILE.wasm'\n"), "{message}");
}

#[test]
fn each_cause_is_reported_once_in_the_order_of_the_lines() {
    let mut filter = program(&["app.wasm", "lib=app.wasm"]).with_app();
    let profile = "a;aot_func#1 1\nno count\n[x]#aot_func#1;[lib]#aot_func#99;aot_func#y 1\n".repeat(2);
    let outcome = filter.pipe(&profile);
    assert_eq!(outcome.status, Some(1));
    assert_eq!(outcome.stdout, profile.replace("[lib]#aot_func#99", "[Wasm] [lib] func[100]"));
    let messages: Vec<_> = outcome.stderr.lines().collect();
    assert_eq!(
        messages,
        [
            "wamr-fold-translate: <stdin>:1: 2 frames without a module name, such as \"aot_func#1\": \
             pass '=FILE.wasm' for the module they belong to, or pass only that module",
            "wamr-fold-translate: <stdin>:2: 2 lines without a sample count, such as \"no count\": \
             pass the output of stackcollapse-perf.pl, or --text",
            "wamr-fold-translate: <stdin>:3: 2 frames of unknown module \"x\", such as \"[x]#aot_func#1\": \
             pass x=FILE.wasm",
            "wamr-fold-translate: <stdin>:3: 2 frames past the last function, such as \
             \"[lib]#aot_func#99\": app.wasm defines aot_func#0 to aot_func#2: pass the build that was profiled",
            "wamr-fold-translate: <stdin>:3: 2 frames not readable as a WAMR symbol, such as \
             \"aot_func#y\": if a collapser cut a module name at \"->\" or \"(\", load the module under another name",
        ]
    );
}

#[test]
fn a_frame_past_the_last_function_is_unresolved() {
    let mut filter = program(&["app.wasm"]).with_app();
    let profile = "aot_func#2;aot_func#3;aot_func#4294967295 1\n";
    let translated = "[Wasm] inc;[Wasm] func[4];[Wasm] func[4294967296] 1\n";
    let message = "<stdin>:1: 2 frames past the last function, such as \"aot_func#3\": \
                   app.wasm defines aot_func#0 to aot_func#2: pass the build that was profiled";
    assert_eq!(filter.pipe(profile), failure(1, translated, message));

    let mut filter = program(&["-q", "--allow-unresolved", "app.wasm"]).with_app();
    assert_eq!(filter.pipe(profile), success(translated));
}

#[test]
fn the_name_section_does_not_make_functions() {
    let names = custom("name", &function_names(&[(0, "zero"), (2, "two")]));
    let mut filter = program(&["app.wasm"]).with_file("app.wasm", module(&[two_functions(), names]));
    let outcome = filter.pipe("aot_func#0;aot_func#2 1\n");
    assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(1), "[Wasm] zero;[Wasm] func[2] 1\n"));
    assert!(outcome.stderr.contains("app.wasm defines aot_func#0 to aot_func#1"), "{outcome:?}");
}

#[test]
fn a_profile_without_a_wamr_frame_gets_a_warning() {
    const WARNING: &str = "<stdin>: warning: no WAMR frames: perhaps iwasm ran without --enable-linux-perf, \
                           or /tmp/perf-PID.map was gone when perf script ran";
    for profile in
        ["iwasm;main;[perf-7.map] 1\n", "# a comment\nmain;aot_func;{lambda()#1} 1\n", "main 1\nmain 2\n"]
    {
        let outcome = program(&["app.wasm"]).with_app().pipe(profile);
        assert_eq!(outcome, failure(0, profile, WARNING), "{profile:?}");
        assert_eq!(program(&["-q", "app.wasm"]).with_app().pipe(profile), success(profile));
    }
    for profile in
        ["", "# a comment\n\n", "main 1\nmain;[Wasm] run 1\n", "main;{lambda()#1};run [Wasm]_[j] 1\n"]
    {
        assert_eq!(program(&["app.wasm"]).with_app().pipe(profile), success(profile), "{profile:?}");
    }
}

#[test]
fn each_frame_past_the_end_counts_though_lines_share_it() {
    let outcome =
        program(&["app.wasm"]).with_app().pipe("aot_func#9;aot_func#0 1\naot_func#9;aot_func#1 1\n");
    assert!(outcome.stderr.contains(": 2 frames past the last function"), "{outcome:?}");
}

#[test]
fn a_module_that_no_operand_can_name_is_to_be_loaded_under_another_name() {
    for (name, shown) in [("a=b", "a=b"), ("a\0b", r"a\0b")] {
        let line = format!("[{name}]#aot_func#0 1\n");
        let message = format!(
            r#"<stdin>:1: 1 frame of unknown module "{shown}", such as "[{shown}]#aot_func#0": no MODULE can have a name with "=" or NUL, so load it under another name"#
        );
        assert_eq!(program(&["app.wasm"]).with_app().pipe(&line), failure(1, &line, &message));
    }
}

#[test]
fn what_was_left_unresolved_is_told_though_writing_fails() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let outcome = program(&["app.wasm"]).with_app().pipe_into(full, "[x]#aot_func#0 1\n");
    let messages: Vec<_> = outcome.stderr.lines().collect();
    assert_eq!((outcome.status, messages.len()), (Some(1), 2), "{messages:?}");
    assert!(messages[0].ends_with("pass x=FILE.wasm"), "{messages:?}");
    assert!(messages[1].contains("<stdout>: No space left on device"), "{messages:?}");
}

#[test]
fn allow_unresolved_reports_and_exits_with_0() {
    let mut filter = program(&["--allow-unresolved", "app.wasm"]).with_app();
    let outcome = filter.pipe("[x]#aot_func#1 1\n");
    assert_eq!(outcome.status, Some(0));
    assert_eq!(
        outcome.stderr,
        "wamr-fold-translate: <stdin>:1: warning: 1 frame of unknown module \"x\", such as \"[x]#aot_func#1\": \
         pass x=FILE.wasm\n"
    );
}

#[test]
fn quiet_hides_warnings_but_no_errors() {
    let profile = "aot_func#0;[x]#aot_func#1 1\n";
    let translated = "[Wasm] run;[x]#aot_func#1 1\n";
    let mut filter = program(&["-q", "app.wasm"]).with_app();
    let message = r#"<stdin>:1: 1 frame of unknown module "x", such as "[x]#aot_func#1": pass x=FILE.wasm"#;
    assert_eq!(filter.pipe(profile), failure(1, translated, message));

    let mut filter = program(&["--quiet", "--allow-unresolved", "app.wasm"]).with_app();
    assert_eq!(filter.pipe(profile), success(translated));

    let mut filter = program(&["-q", "app.wasm"]).with_file("app.wasm", wat("(module (func))"));
    assert_eq!(filter.pipe("aot_func#0 1\n"), success("[Wasm] func[0] 1\n"));
}

#[test]
fn text_from_the_input_is_escaped_and_cut() {
    let mut filter = program(&["app.wasm"]).with_app();
    let message = filter.pipe(b"[\x1b[31m\xff]#aot_func#1 1\n").stderr;
    assert!(message.contains(r#"module "\x1b[31m\xff","#), "{message}");
    assert!(message.contains(r"pass $'\x1b[31m\xff=FILE.wasm'"), "{message}");
    let message = filter.pipe(format!("[{}]#aot_func#1 1\n", "x".repeat(100_000))).stderr;
    assert!(message.len() < 400, "{} bytes", message.len());
}

#[test]
fn the_report_of_many_unknown_modules_stays_short() {
    let mut filter = program(&["app.wasm"]).with_app();
    let profile: String = (0..10_000).map(|module| stack(&[&format!("[m{module}]#aot_func#1")])).collect();
    let Outcome { status, stdout, stderr } = filter.pipe(&profile);
    assert_eq!((status, &stdout), (Some(1), &profile));
    let messages: Vec<_> = stderr.lines().collect();
    assert_eq!(messages.len(), 11);
    assert!(messages[9].contains("1 frame of unknown module \"m9\""), "{messages:?}");
    assert!(messages[10].contains("9990 frames of other unknown modules"), "{messages:?}");

    let again = stdout + &stack(&["[m0]#aot_func#1"]);
    let message = filter.pipe(again).stderr;
    assert!(message.contains("2 frames of unknown module \"m0\""), "{message}");
}

#[test]
fn a_reader_who_has_gone_is_no_failure() {
    for input in ["aot_func#0 1\n", "[x]#aot_func#1 1\n"] {
        let mut filter = program(&["app.wasm"]).with_app();
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        assert_eq!(filter.pipe_into(writer, input).status, Some(0), "{input:?}");
    }
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    assert_eq!(program(&["--help"]).pipe_into(writer, ""), success(""));
}

#[test]
fn a_write_that_fails_is_reported_with_its_cause() {
    let mut filter = program(&["app.wasm"]).with_app();
    let full = || File::options().write(true).open("/dev/full").unwrap();
    let message = "<stdout>: No space left on device (os error 28)";
    assert_eq!(filter.pipe_into(full(), "aot_func#0 1\n"), failure(1, "", message));
    for option in ["--help", "--version"] {
        assert_eq!(program(&[option]).pipe_into(full(), ""), failure(1, "", message));
    }
}

#[test]
fn a_file_is_not_translated_into_itself() {
    for redirection in [">> profile", "1<> profile"] {
        let mut filter = shell(&format!(r#""$FILTER" app.wasm < profile {redirection}"#));
        filter = filter.with_app().with_file("profile", "aot_func#0 1\n");
        assert_eq!(filter.pipe(""), failure(2, "", "<stdin>: input file is output file"));
        assert_eq!(filter.read("profile"), "aot_func#0 1\n");
    }
}

#[test]
fn a_path_in_a_message_is_on_one_line_and_harmless() {
    let outcome = program(&["no\x1b[31m\nsuch.wasm"]).pipe("");
    assert_eq!(outcome, failure(2, "", r"no\u{1b}[31m\nsuch.wasm: no such file"));
}

#[test]
fn an_input_that_cannot_be_read_is_reported_with_its_cause() {
    let mut filter = program(&["app.wasm"]).with_app();
    let outcome = filter.file(File::open("/").unwrap());
    assert_eq!(outcome, failure(1, "", "<stdin>: Is a directory (os error 21)"));
}

#[test]
fn nothing_is_said_of_a_profile_that_was_translated() {
    let mut filter = program(&["app.wasm"]).with_app();
    let outcome = filter.pipe("# aot_func#x\n\naot_func#0;my_aot_func_helper;aot_func;[Wasm] aot_func#9 1\n");
    assert_eq!(
        outcome,
        success("# aot_func#x\n\n[Wasm] run;my_aot_func_helper;aot_func;[Wasm] aot_func#9 1\n")
    );
}

#[test]
fn at_a_terminal_it_says_what_it_waits_for() {
    const MESSAGE: &str = "wamr-fold-translate: reading folded stacks from the terminal until Ctrl-D";
    for (options, is_told) in [("", true), ("-q", false)] {
        // `script` makes a terminal, whose output it copies.
        let script = format!(r#"script --quiet --command "$FILTER {options} app.wasm" /dev/null"#);
        let outcome = shell(&script).with_app().pipe("\x04");
        if outcome.status == Some(127) {
            eprintln!("skipped: the program `script` is missing");
            return;
        }
        assert_eq!(outcome.stdout.contains(MESSAGE), is_told, "{outcome:?}");
    }
}
