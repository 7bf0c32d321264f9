//! Profiles that were made to break it.

use crate::support::{Outcome, failure, program, shell, stack, success};

fn translate(profile: impl AsRef<[u8]>) -> Outcome {
    program(&["app.wasm"]).with_app().pipe(profile)
}

/// What is left of a frame that is no readable symbol.
fn unreadable(stdout: &str, example: &str) -> Outcome {
    let message = format!(
        "<stdin>:1: 1 frame not readable as a WAMR symbol, such as {example:?}: \
         if a collapser cut a module name at \"->\" or \"(\", load the module under another name"
    );
    failure(1, stdout, &message)
}

#[test]
fn odd_symbols_are_left_and_reported() {
    for frame in [
        "]#aot_func#",
        "[]#aot_func#1",
        "aot_func#",
        "aot_func#x",
        "aot_func#1aot_func#2",
        "aot_func#4294967296",
        "aot_func#9999999999999999999999999999999999999999",
        "aot_func_internal#",
        "\u{feff}aot_func#1",
    ] {
        let line = format!("main;{frame};leaf 5\n");
        assert_eq!(translate(&line), unreadable(&line, frame), "{frame:?}");
    }
}

#[test]
fn odd_symbols_that_are_right_are_translated() {
    for (frame, translated) in [
        ("aot_func#0000000000000000000000000000000000000001", "[Wasm] sum"),
        ("[app]#aot_func#0000000000000000000000000000000000000001_[j]", "[Wasm] [app] sum_[j]"),
        ("\t \taot_func#1", "[Wasm] sum"),
    ] {
        assert_eq!(
            translate(format!("main;{frame} 5")),
            success(format!("main;{translated} 5\n")),
            "{frame:?}"
        );
    }
}

#[test]
fn odd_counts_are_counts_only_if_a_renderer_takes_them() {
    for count in
        ["5", "5.75", "5.", "5 7", "5  7 ", "5\t7\t", "5\r", "007", &"9".repeat(40), &"9".repeat(100_000)]
    {
        assert_eq!(translate(format!("aot_func#0 {count}")), success(format!("[Wasm] run {count}\n")));
    }
    for count in ["", "x", "-5", "+5", ".5", "5e3", "5E+3", "0x5", "5,0", "5\r\r", "5\u{a0}"] {
        let line = format!("aot_func#0 {count}\n");
        let outcome = translate(&line);
        assert_eq!((outcome.status, outcome.stdout), (Some(1), line));
        assert!(outcome.stderr.contains("1 line without a sample count"), "{}", outcome.stderr);
    }
}

#[test]
fn odd_bytes_go_through() {
    for line in [
        &b";;;;; 5\n"[..],
        b"\0;\0aot\0;\xff\xfe 5\n",
        b"\xef\xbb\xbfmain;leaf 5\n",
        b"caf\xe9;\x80\x80 5\r\n",
        b"\x1b[31mmain;\x07 5\n",
        b"main;\xf0\x9f\x98 5\n",
        b" 5 5\n",
    ] {
        let mut copy = shell(r#"cat > in; "$FILTER" -q app.wasm < in | cmp in -"#).with_app();
        assert_eq!(copy.pipe(line), success(""), "{line:?}");
    }
}

#[test]
fn a_line_of_only_separators_is_no_stack() {
    let outcome = translate(";\n");
    assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(1), ";\n"));
}

#[test]
fn crlf_stays_crlf() {
    assert_eq!(
        translate("aot_func#0 5\r\n\r\naot_func#1 5\r"),
        success("[Wasm] run 5\r\n\r\n[Wasm] sum 5\r\n")
    );
}

#[test]
fn module_names_may_hold_any_bytes_and_be_long() {
    let name = "x]#".repeat(30_000);
    let mut filter =
        shell(r#"name=$(cat name); exec "$FILTER" "$name=app.wasm""#).with_app().with_file("name", &name);
    assert_eq!(filter.pipe(format!("[{name}]#aot_func#0 5\n")), success(format!("[Wasm] [{name}] run 5\n")));

    let mut filter = shell(r#"exec "$FILTER" $'\xff\x1b=app.wasm'"#).with_app();
    let outcome = filter.pipe(b"[\xff\x1b]#aot_func#0 5\n");
    assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""));
    assert_eq!(outcome.stdout, "[Wasm] [\u{fffd}\u{1b}] run 5\n");
}

#[test]
fn ten_thousand_unknown_modules_cost_no_memory() {
    let mut filter = shell(r#"ulimit -v 49152 && exec "$FILTER" -s off app.wasm | tail -n 1"#).with_app();
    let name = "x".repeat(10_000);
    let profile: String =
        (0..10_000).map(|module| stack(&[&format!("[{module}{name}]#aot_func#1")])).collect();
    let outcome = filter.pipe(&profile);
    assert_eq!(outcome.stdout, profile.lines().last().unwrap().to_owned() + "\n");
    assert_eq!(outcome.stderr.lines().count(), 11);
    assert!(outcome.stderr.len() < 8_000, "{} bytes", outcome.stderr.len());
}

#[test]
fn lines_of_100_mb_and_of_a_million_frames_pass() {
    let long = format!("main;{};aot_func#0", "x".repeat(100_000_000));
    let outcome = translate(&long);
    assert_eq!((outcome.status, outcome.stdout == long.clone() + "\n"), (Some(1), true));
    assert!(outcome.stderr.len() < 400, "{} bytes", outcome.stderr.len());

    let outcome = translate(long.clone() + " 5");
    assert_eq!(outcome.status, Some(0));
    assert!(outcome.stdout == long.replace("aot_func#0", "[Wasm] run 5\n"));

    let deep = "aot_func#0;".repeat(1_000_000) + "leaf 5\n";
    let outcome = translate(deep.repeat(2));
    assert_eq!(outcome.status, Some(0));
    assert!(outcome.stdout == deep.replace("aot_func#0", "[Wasm] run").repeat(2));
}
