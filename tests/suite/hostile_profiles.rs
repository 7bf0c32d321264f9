//! Malformed and adversarial profiles.

use crate::support::{Outcome, program, shell, stack, success};

fn translate(profile: impl AsRef<[u8]>) -> Outcome {
    program(&["app.wasm"]).with_app().pipe(profile)
}

#[test]
fn malformed_symbols_are_kept_and_reported() {
    for frame in [
        "]#aot_func#",
        "[]#aot_func#1",
        "aot_func#",
        "aot_func#x",
        "aot_func#1x",
        "aot_func#1 ",
        "aot_func#1_",
        "aot_func#-1",
        "aot_func#1aot_func#2",
        "aot_func#4294967296",
        "aot_func#9999999999999999999999999999999999999999",
        "aot_func_internal#",
        "my_aot_func#1",
        "[app]aot_func#1",
        "[app]##aot_func#1",
        "[app aot_func#1",
        "[app]#aot_func#1]#aot_func",
        "\u{a0}aot_func#1",
        "\t[Wasm]\taot_func#1",
    ] {
        let line = format!("main;{frame};leaf 5\n");
        let outcome = translate(&line);
        assert_eq!((outcome.status, &outcome.stdout), (Some(1), &line), "{frame:?}");
        let [message] = outcome.messages()[..] else { panic!("{outcome:?}") };
        assert!(
            message.starts_with("<stdin>:1: 1 malformed WAMR frame, for example "),
            "{frame:?}: {message}"
        );
    }
}

#[test]
fn unusual_valid_symbols() {
    for (frame, translated) in [
        ("aot_func#0000000000000000000000000000000000000001", "[Wasm] sum"),
        ("[app]#aot_func#0000000000000000000000000000000000000001_[j]", "[Wasm] [app] sum_[j]"),
        ("\t \taot_func#1", "[Wasm] sum"),
        (" [app]#aot_func_internal#1", "[Wasm] [app] sum"),
        ("aot_func#1.cold.5", "[Wasm] sum.cold.5"),
        ("aot_func#1.llvm.123", "[Wasm] sum.llvm.123"),
        ("aot_func#1@plt", "[Wasm] sum@plt"),
        ("aot_func#1:tid 29888", "[Wasm] sum:tid 29888"),
        ("aot_func#1_[", "[Wasm] sum_["),
        ("aot_func#1+", "[Wasm] sum+"),
        ("aot_func#1_wrapper+0x1c", "[Wasm] sum_wrapper+0x1c"),
    ] {
        assert_eq!(
            translate(format!("main;{frame} 5")),
            success(format!("main;{translated} 5\n")),
            "{frame:?}"
        );
    }
}

#[test]
fn unusual_counts() {
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
fn counts_leave_a_stack() {
    for (line, translated) in [
        ("aot_func#0 3 7\n", "[Wasm] run 3 7\n"),
        ("aot_func#0:tid 9 3 7\n", "[Wasm] run:tid 9 3 7\n"),
        ("aot_func#0:tid 9 3\n", "[Wasm] run:tid 9 3\n"),
        ("aot_func#0;1 3 7\n", "[Wasm] run;1 3 7\n"),
        ("aot_func#0; 7\n", "[Wasm] run; 7\n"),
    ] {
        assert_eq!(translate(line), success(translated));
    }
    // What is left is a malformed symbol.
    for line in ["aot_func#0 1 3 7\n", "3 aot_func#0 7\n"] {
        let outcome = translate(line);
        assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(1), line));
    }
}

#[test]
fn arbitrary_bytes_pass_through() {
    for line in [
        &b";;;;; 5\n"[..],
        b"\0;\0aot\0;\xff\xfe 5\n",
        b"\xef\xbb\xbfmain;leaf 5\n",
        b"caf\xe9;\x80\x80 5\r\n",
        b"\x1b[31mmain;\x07 5\n",
        b"main;\xf0\x9f\x98 5\n",
        b" 5 5\n",
        b"\r\n\n\r\n",
    ] {
        let mut copy = shell(r#"cat > in; "$FILTER" -q app.wasm < in | cmp in -"#).with_app();
        assert_eq!(copy.pipe(line), success(""), "{line:?}");
    }
}

#[test]
fn crlf_stays_crlf() {
    assert_eq!(
        translate("aot_func#0 5\r\n\r\naot_func#1 5\r"),
        success("[Wasm] run 5\r\n\r\n[Wasm] sum 5\r\n")
    );
}

#[test]
fn long_and_non_utf8_module_names() {
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
fn unknown_modules_use_bounded_memory() {
    let mut filter = shell(r#"ulimit -v 49152 && exec "$FILTER" -s off app.wasm | tail -n 1"#).with_app();
    // 60 MB.
    let name = "x".repeat(20_000);
    let profile: String = (0..3000).map(|module| stack(&[&format!("[{module}{name}]#aot_func#1")])).collect();
    let outcome = filter.pipe(&profile);
    assert_eq!(outcome.stdout, profile.lines().last().unwrap().to_owned() + "\n");
    assert_eq!(outcome.messages().len(), 11);
    assert!(outcome.stderr.len() < 8_000, "{} bytes", outcome.stderr.len());
}

#[test]
fn very_long_lines() {
    let long = format!("main;{};aot_func#0", "x".repeat(20_000_000));
    let outcome = translate(&long);
    assert_eq!((outcome.status, outcome.stdout == long.clone() + "\n"), (Some(1), true));
    assert!(outcome.stderr.len() < 400, "{} bytes", outcome.stderr.len());

    let outcome = translate(long.clone() + " 5");
    assert!(outcome == success(long.replace("aot_func#0", "[Wasm] run 5\n")), "{}", outcome.stderr);

    let deep = "aot_func#0;".repeat(200_000) + "leaf 5\n";
    let outcome = translate(deep.repeat(2));
    assert!(outcome == success(deep.replace("aot_func#0", "[Wasm] run").repeat(2)), "{}", outcome.stderr);
}
