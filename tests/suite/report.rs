//! Messages and exit status for unresolved input, and warnings about the input.

use wamr_fold_translate::{FileKind, Filter, Format};

use crate::support::inputs::{Portions, file};
use crate::support::{failure, options, program, shell, stack, success, translator, wat};

#[test]
fn clean_run_is_silent() {
    let mut filter = program(&["app.wasm"]).with_app();
    let outcome = filter.pipe("# aot_func#x\n\naot_func#0;my_aot_func_helper;aot_func;[Wasm] aot_func#9 1\n");
    assert_eq!(
        outcome,
        success("# aot_func#x\n\n[Wasm] run;my_aot_func_helper;aot_func;[Wasm] aot_func#9 1\n")
    );
}

#[test]
fn each_cause_is_reported_once_in_order() {
    let mut filter = program(&["app.wasm", "lib=app.wasm"]).with_app();
    let profile = "a;aot_func#1 1\nno count\n[x]#aot_func#1;[lib]#aot_func#99;aot_func#y 1\n".repeat(2);
    let outcome = filter.pipe(&profile);
    assert_eq!(outcome.status, Some(1));
    assert_eq!(outcome.stdout, profile.replace("[lib]#aot_func#99", "[Wasm] [lib] func[100]"));
    let messages = [
        r#"<stdin>:1: 2 frames without a module name, for example "aot_func#1": pass their module as '=FILE.wasm'"#,
        r#"<stdin>:2: 2 lines without a sample count, for example "no count": expected folded stacks, the output of stackcollapse-perf.pl (for other text, pass --text)"#,
        r#"<stdin>:3: 2 frames of unknown module "x", for example "[x]#aot_func#1": pass x=FILE.wasm"#,
        r#"<stdin>:3: 2 frames with an index out of range, for example "[lib]#aot_func#99": app.wasm defines aot_func#0 to aot_func#2: pass the build that was profiled"#,
        r#"<stdin>:3: 2 malformed WAMR frames, for example "aot_func#y": expected aot_func#N or [MODULE]#aot_func#N"#,
    ];
    assert_eq!(outcome.messages(), messages);

    let mut filter = program(&["--allow-unresolved", "app.wasm", "lib=app.wasm"]).with_app();
    let allowed = filter.pipe(&profile);
    assert_eq!((allowed.status, allowed.messages()), (Some(0), messages.to_vec()));
    assert_eq!(allowed.stdout, outcome.stdout);
}

#[test]
fn quiet_still_reports_unresolved_frames() {
    let profile = "aot_func#0;[x]#aot_func#1 1\n";
    let translated = "[Wasm] run;[x]#aot_func#1 1\n";
    let message =
        r#"<stdin>:1: 1 frame of unknown module "x", for example "[x]#aot_func#1": pass x=FILE.wasm"#;
    let outcome = program(&["-q", "app.wasm"]).with_app().pipe(profile);
    assert_eq!(outcome, failure(1, translated, message));
    let outcome = program(&["--quiet", "--allow-unresolved", "app.wasm"]).with_app().pipe(profile);
    assert_eq!(outcome, failure(0, translated, message));
}

#[test]
fn unknown_module_hint() {
    for (name, advice) in [
        ("core", "pass core=FILE.wasm"),
        ("./dir/mod.wasm", "pass ./dir/mod.wasm=FILE.wasm"),
        ("my app", "pass 'my app=FILE.wasm'"),
        ("-d", "pass -- -d=FILE.wasm"),
        ("a=b", "rename the module (a NAME cannot hold \"=\" or NUL)"),
        ("a\0b", "rename the module (a NAME cannot hold \"=\" or NUL)"),
    ] {
        let profile = format!("a 1\na;[{name}]#aot_func#7;[app]#aot_func#0 1\n");
        let outcome = program(&["app.wasm"]).with_app().pipe(&profile);
        let example = format!("[{name}]#aot_func#7");
        let quoted = |text: &str| format!("{text:?}").replace("\\0", r"\0");
        let message = format!(
            "<stdin>:2: 1 frame of unknown module {}, for example {}: {advice}",
            quoted(name),
            quoted(&example)
        );
        assert_eq!(outcome, failure(1, &profile.replace("[app]#aot_func#0", "[Wasm] [app] run"), &message));
    }
}

#[test]
fn many_unknown_modules_are_counted_together() {
    let mut filter = program(&["app.wasm"]).with_app();
    let frames = (0..1000).map(|module| format!("[m{module}]#aot_func#1"));
    let profile = frames.map(|frame| stack(&[&frame])).collect::<String>() + &stack(&["[m0]#aot_func#1"]);
    let outcome = filter.pipe(&profile);
    assert_eq!((outcome.status, &outcome.stdout), (Some(1), &profile));
    let messages = outcome.messages();
    assert_eq!(messages.len(), 11);
    assert!(messages[0].contains(": 2 frames of unknown module \"m0\""), "{messages:?}");
    assert!(messages[9].contains(": 1 frame of unknown module \"m9\""), "{messages:?}");
    assert_eq!(
        messages[10],
        r#"<stdin>:11: 990 frames of other unknown modules, for example "[m10]#aot_func#1": pass NAME=FILE.wasm for each"#
    );
}

#[test]
fn index_out_of_range_is_unresolved() {
    // Frames that lines share count in each line.
    let profile = "aot_func#2;aot_func#3;aot_func#4294967295 1\naot_func#2;aot_func#3;aot_func#0 1\n";
    let translated =
        "[Wasm] inc;[Wasm] func[4];[Wasm] func[4294967296] 1\n[Wasm] inc;[Wasm] func[4];[Wasm] run 1\n";
    let message = "<stdin>:1: 3 frames with an index out of range, for example \"aot_func#3\": \
                   app.wasm defines aot_func#0 to aot_func#2: pass the build that was profiled";
    assert_eq!(program(&["app.wasm"]).with_app().pipe(profile), failure(1, translated, message));

    for (functions, defined) in
        [(1, "app.wasm defines only aot_func#0"), (0, "app.wasm defines no functions")]
    {
        let module = wat(&format!("(module {})", "(func $f)".repeat(functions)));
        let outcome = program(&["app.wasm"]).with_file("app.wasm", module).pipe("aot_func#1 1\n");
        assert!(outcome.stderr.contains(defined), "{outcome:?}");
    }
}

#[test]
fn malformed_frames_get_advice() {
    const CUT: &str = ": if the collapser cut the module name at \"->\" or \"(\", rename the module";
    for (frames, example, advice) in [
        ("p-;q]#aot_func#0", "q]#aot_func#0", CUT),
        ("aot_func#x", "aot_func#x", ": expected aot_func#N or [MODULE]#aot_func#N"),
        (
            "\u{feff}aot_func#1",
            "\\u{feff}aot_func#1",
            ": remove the byte order mark at the start of the input",
        ),
    ] {
        let line = format!("{frames} 1\n");
        let message = format!("<stdin>:1: 1 malformed WAMR frame, for example \"{example}\"{advice}");
        assert_eq!(program(&["app.wasm"]).with_app().pipe(&line), failure(1, &line, &message));
    }
}

#[test]
fn input_without_symbols_warning() {
    const WARNING: &str = "<stdin>: warning: no WAMR symbols: perhaps ";
    for (text, is_warned) in [
        ("iwasm;main;[perf-7.map] 1\n", true),
        ("# a comment\nmain;aot_func;{lambda()#1} 1\n", true),
        ("main 1\nmain 2\n", true),
        ("# a comment\n\n \r\n", false),
        ("# aot_func#1\nmain 1\n", false),
        ("main 1\nmain;[Wasm] run 1\n", false),
        ("main;{lambda()#1};run [Wasm]_[j] 1\n", false),
        ("main 1\naot_func#0 2\n", false),
        ("main 1\n[Wasm]_[j] 2\n", false),
    ] {
        let stdout = text.replace("aot_func#0", "[Wasm] run");
        for option in [&[][..], &["--text"]] {
            let outcome = program(&[option, &["app.wasm"]].concat()).with_app().pipe(text);
            assert_eq!(
                (outcome.status, outcome.stdout == stdout || option == ["--text"]),
                (Some(0), true),
                "{text:?}"
            );
            assert_eq!(outcome.stderr.contains(WARNING), is_warned, "{option:?} {text:?}: {outcome:?}");
            for cause in ["--enable-linux-perf", "perf inject --jit", "/tmp/perf-PID.map"] {
                assert_eq!(outcome.stderr.contains(cause), is_warned, "{option:?} {text:?}: {outcome:?}");
            }
            let outcome = program(&[option, &["-q", "app.wasm"]].concat()).with_app().pipe(text);
            assert_eq!(outcome.stderr, "", "{option:?} {text:?}");
        }
    }
}

#[test]
fn empty_input_warning() {
    for option in [&[][..], &["--text"], &["-d", "split"]] {
        let outcome = program(&[option, &["app.wasm"]].concat()).with_app().pipe("");
        let message = "<stdin>: warning: the input is empty (did a command before this one fail?)";
        assert_eq!(outcome, failure(0, "", message), "{option:?}");
    }
    assert_eq!(program(&["-q", "app.wasm"]).with_app().pipe(""), success(""));
}

/// The first bytes of other inputs, and the advice without and with `--text`.
const OTHER_INPUTS: &[(&[u8], FileKind, [&str; 2])] = &[
    (b"\x1f\x8b\x08\0\0\0\0\0\0\x03KJ", FileKind::Gzip, ["pipe it through zcat"; 2]),
    (b"\x28\xb5\x2f\xfd\x04\0\0\0 x", FileKind::Zstd, ["pipe it through zstdcat"; 2]),
    (b"\xfd7zXZ\0\0\x04 x", FileKind::Xz, ["pipe it through xzcat"; 2]),
    (
        b"PERFILE2\x68\0\0\0\0\0\0\0",
        FileKind::PerfData,
        [
            "run perf script and pipe its output through stackcollapse-perf.pl",
            "pipe in the output of perf script",
        ],
    ),
    (b"\xff\xfem\0a\0i\0n\0\n\0", FileKind::Utf16, ["pipe it through iconv -f UTF-16 -t UTF-8"; 2]),
    (b"\xfe\xff\0m\0a\0i\0n\0\n", FileKind::Utf16, ["pipe it through iconv -f UTF-16 -t UTF-8"; 2]),
    (b"<?xml version=\"1.0\"?>\n", FileKind::Xml, [DRAW; 2]),
    (b"<svg width=\"1\">\n", FileKind::Xml, [DRAW; 2]),
];
const DRAW: &str = "translate the folded stacks, and draw the flame graph from the result";

#[test]
fn other_inputs_are_identified() {
    for (input, kind, [folded, text]) in OTHER_INPUTS {
        let unnamed = || file(input);
        let outcome = program(&["app.wasm"]).with_app().file(unnamed());
        let lines = if input.ends_with(b"\n\0") { "2 lines" } else { "1 line" };
        let message = format!("<stdin>:1: {lines} without a sample count: the input {kind}: {folded}");
        assert_eq!((outcome.status, outcome.messages()), (Some(1), vec![&*message]));

        let outcome = program(&["--text", "app.wasm"]).with_app().file(unnamed());
        let message = format!("<stdin>: warning: the input {kind}: {text}");
        assert_eq!((outcome.status, outcome.messages()), (Some(0), vec![&*message]));
    }
    // Also if each line has a count.
    let outcome = program(&["app.wasm"]).with_app().pipe("<svg> 5\n");
    let message = format!("<stdin>: warning: the input {}: {DRAW}", FileKind::Xml);
    assert_eq!(outcome, failure(0, "<svg> 5\n", &message));
}

#[test]
fn text_without_counts_advice() {
    for (text, advice) in [
        // The output of perf script.
        (
            "iwasm 7 3.5:\n\t1 aot_func#0 (x)\n\n",
            "expected folded stacks, the output of stackcollapse-perf.pl (for other text, pass --text)",
        ),
        // Neither counts nor symbols.
        ("hello\n\n", "expected folded stacks, the output of stackcollapse-perf.pl"),
    ] {
        let outcome = program(&["app.wasm"]).with_app().pipe(text);
        assert_eq!(outcome.status, Some(1));
        assert!(outcome.messages()[0].ends_with(advice), "{outcome:?}");
    }
}

#[test]
fn warnings_do_not_depend_on_read_sizes() {
    let inputs = OTHER_INPUTS.iter().map(|(input, ..)| input.to_vec());
    let others = [
        "",
        "main\n",
        "# x\n\r\r\n",
        "main [Wasm]\n\nmain 1\n",
        "main 1\nmain\nx[Wasm]",
        "x\naot_func#",
        "\n# x\n",
    ];
    for input in inputs.chain(others.map(|text| text.as_bytes().to_vec())) {
        for format in [Format::Folded, Format::Text] {
            let report = |size: usize| {
                let mut translator = translator(&["app"], options(|options| options.format = format));
                let input = Portions::of_sizes(&input, &[size]);
                Filter::new(&mut translator, Vec::new()).run(input).unwrap();
                let report = translator.report();
                (report.lines, report.lacks_symbols(), report.input_kind())
            };
            for size in [1, 2, 7, 11] {
                assert_eq!(report(size), report(100), "{input:?} in portions of {size}");
            }
        }
    }
}

#[test]
fn input_text_in_messages_is_escaped_and_cut() {
    let mut filter = program(&["app.wasm"]).with_app();
    let message = filter.pipe(b"[\x1b[31m\xff\xe2\x80\xae]#aot_func#1 1\n").stderr;
    assert!(message.contains(r#"module "\x1b[31m\xff\u{202e}","#), "{message}");
    assert!(message.is_ascii() && !message.contains('\x1b'), "{message}");
    let message = filter.pipe(format!("[{}]#aot_func#1 1\n", "x".repeat(100_000))).stderr;
    assert!(message.len() < 400, "{} bytes", message.len());
}

#[test]
fn paths_and_options_in_messages_are_escaped() {
    // Control characters, and format characters that are invisible or change the direction of text.
    for (char, escaped) in [
        ("\x1b", r"\u{1b}"),
        ("\n", r"\n"),
        ("\u{85}", r"\u{85}"),
        ("\u{ad}", r"\u{ad}"),
        ("\u{61c}", r"\u{61c}"),
        ("\u{200b}", r"\u{200b}"),
        ("\u{200f}", r"\u{200f}"),
        ("\u{202e}", r"\u{202e}"),
        ("\u{2066}", r"\u{2066}"),
        ("\u{feff}", r"\u{feff}"),
        ("\u{e0041}", r"\u{e0041}"),
    ] {
        let outcome = program(&[&format!("no{char}such.wasm")]).pipe("");
        assert_eq!(outcome, failure(2, "", &format!("no{escaped}such.wasm: no such file")));
        let outcome = program(&[&format!("--no{char}such"), "app.wasm"]).with_app().pipe("");
        assert_eq!(outcome, failure(2, "", &format!("unknown option '--no{escaped}such' (see --help)")));
        for arguments in [
            &["-s", &format!("x{char}")][..],
            &["-o", &format!("x{char}")],
            &[&format!("x{char}=")],
            &["-d", &format!("app.wasm/x{char}"), "app.wasm"],
        ] {
            let message = program(arguments).with_app().pipe("").stderr;
            assert!(message.is_ascii() && message.lines().count() == 1, "{arguments:?}: {message}");
        }
    }
    assert_eq!(program(&["größe\\'\".wasm"]).pipe(""), failure(2, "", "größe\\'\".wasm: no such file"));
}

#[test]
fn terminal_stdin_hint() {
    for (option, hint) in [
        ("", "reading folded stacks from the terminal (Ctrl-D to end); to read a file, use < out.folded"),
        ("--text", "reading text from the terminal (Ctrl-D to end); to read a file, use < out.txt"),
        ("-q", ""),
    ] {
        // `script` makes a terminal, whose output it copies.
        let script = r#"command -v script > /dev/null || exit 99
            printf '\4' | script --quiet --command "$COMMAND" /dev/null"#;
        let mut shell = shell(script).with_app();
        shell.command.env("COMMAND", format!(r#""$FILTER" {option} app.wasm"#));
        let Some(outcome) = shell.run_or_skip("`script` is missing") else {
            return;
        };
        assert_eq!(outcome.stdout.contains("from the terminal"), !hint.is_empty(), "{outcome:?}");
        assert!(outcome.stdout.contains(hint), "{outcome:?}");
    }
}
