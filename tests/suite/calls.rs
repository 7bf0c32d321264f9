//! The call check: whether a module fits the profile.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::Index;
use regex::{Captures, Regex};
use wamr_fold_translate::{CallCheck, Module, Modules, Options, Translator};
use wasm_encoder::Encode;

use crate::support::plain_module::plain_module;
use crate::support::sections::{module, section};
use crate::support::{program, recordings, shell, timed, wat};

const WARNING: &str = "calls in the profile";

/// The check of a module, in a file of its own, against a profile.
fn check(wasm: &[u8], profile: &str) -> Option<CallCheck> {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), wasm).unwrap();
    let mut modules = Modules::default();
    modules.add(Module::open(None, file.path()).unwrap()).unwrap();
    let mut translator = Translator::new(modules, Options::default()).unwrap();
    for line in profile.lines() {
        translator.translate(line.as_bytes(), &mut Vec::new());
    }
    translator.report().modules[0].check_calls(translator.modules().get(0).unwrap())
}

/// The possible pairs and all pairs of a check.
fn figures(check: Option<CallCheck>) -> Option<(usize, usize)> {
    check.map(|check| (check.possible, check.pairs))
}

/// A stack for each pair.
fn profile(pairs: impl IntoIterator<Item = (u32, u32)>) -> String {
    pairs
        .into_iter()
        .map(|(caller, callee)| format!("main;aot_func#{caller};aot_func#{callee} 1\n"))
        .collect()
}

/// A module of 60 functions, each of which calls the next, after an import.
fn chain() -> Vec<u8> {
    let functions: String = (2..=60).map(|callee| format!("(func $f{callee} call {callee})")).collect();
    wat(&format!(r#"(module (import "env" "log" (func)) {functions} (func $last))"#))
}

/// `pairs` calls that are possible in [`chain`].
fn possible(pairs: u32) -> String {
    profile((0..pairs).map(|caller| (caller, caller + 1)))
}

/// `pairs` calls that are not.
fn impossible(pairs: u32) -> String {
    profile((0..pairs).map(|callee| (59, callee)))
}

#[test]
fn adjacent_frames_are_pairs() {
    // Twenty possible pairs come before the lines.
    for (lines, possible_pairs, pairs) in [
        ("aot_func#30;aot_func#31 1\n", 1, 1),
        ("aot_func#30;aot_func#31;aot_func#32;aot_func#33 1\n", 3, 3),
        ("aot_func#30;aot_func#34 1\n", 1, 1),
        ("aot_func#30;aot_func#35 1\n", 0, 1),
        ("aot_func#30;aot_func#31 1\naot_func#30;aot_func#31 1\nx;aot_func#30;aot_func#31 1\n", 1, 1),
        ("aot_func#31;aot_func#30 1\n", 0, 1),
        // One function.
        ("aot_func#30;aot_func#30 1\n", 0, 0),
        ("aot_func#30;aot_func_internal#30 1\n", 0, 0),
        ("aot_func_internal#30;aot_func#32_wrapper;aot_func_internal#33+0x1c;aot_func#35_[j] 1\n", 3, 3),
        (" aot_func#30; aot_func#31 1 2\n", 1, 1),
        // Frames shared with the line before.
        ("x;aot_func#30;aot_func#31 1\nx;aot_func#30;aot_func#40 1\n", 1, 2),
        ("x;aot_func#30;aot_func#31 1\nx;aot_func#30;aot_func#31;aot_func#40 1\n", 1, 2),
        ("x;aot_func#30;y 1\nx;aot_func#30;y;aot_func#40 1\n", 0, 0),
        // Not adjacent.
        ("aot_func#30;host;aot_func#31 1\n", 0, 0),
        ("aot_func#30;;aot_func#31 1\n", 0, 0),
        ("aot_func#30;[unknown];aot_func#31 1\n", 0, 0),
        ("aot_func#30 1\naot_func#31 1\n", 0, 0),
        ("aot_func#30;[Wasm] f;aot_func#31 1\n", 0, 0),
        ("aot_func#30;[Wasm] f 1\n", 0, 0),
        // Another module, a malformed frame, an index out of range.
        ("[b]#aot_func#30;[b]#aot_func#31 1\n", 0, 0),
        ("aot_func#30;[b]#aot_func#31 1\n", 0, 0),
        ("aot_func#30;[b]#aot_func#9;aot_func#31 1\n", 0, 0),
        ("aot_func#30;aot_func#x;aot_func#31 1\n", 0, 0),
        ("aot_func#30;aot_func#60;aot_func#31 1\n", 0, 0),
        ("aot_func#30;aot_func#4294967295 1\n", 0, 0),
        // Not stacks.
        ("aot_func#30;aot_func#31\n", 0, 0),
        ("# aot_func#30;aot_func#31 1\n", 0, 0),
    ] {
        let found = figures(check(&chain(), &(possible(20) + lines)));
        assert_eq!(found, Some((20 + possible_pairs, 20 + pairs)), "{lines}");
    }
}

#[test]
fn only_the_first_1000_pairs_count() {
    let back = profile((0..60).flat_map(|caller| (0..caller).map(move |callee| (caller, callee))));
    assert_eq!(figures(check(&chain(), &(back.clone() + &possible(59)))), Some((0, 1_000)));
    assert_eq!(figures(check(&chain(), &(possible(59) + &back))), Some((59, 1_000)));
}

#[test]
fn check_needs_20_pairs() {
    let twenty = possible(10) + &impossible(10);
    let nineteen = possible(9) + &impossible(10);
    assert_eq!(figures(check(&chain(), &twenty)), Some((10, 20)));
    assert_eq!(check(&chain(), &nineteen), None);

    let mut filter = program(&["app.wasm"]).with_file("app.wasm", chain());
    assert!(!filter.pipe(&nineteen).stderr.contains(WARNING));
    let outcome = filter.pipe(&twenty);
    assert_eq!(outcome.status, Some(0));
    let warning = "wamr-fold-translate: app.wasm: warning: of 20 calls in the profile only 10 are possible in this module";
    assert!(outcome.stderr.lines().any(|line| line.starts_with(warning)), "{outcome:?}");
}

#[test]
fn a_module_fits_from_85_percent() {
    for (possible_pairs, impossible_pairs, fits) in
        [(17, 3, true), (16, 4, false), (34, 6, true), (33, 6, false)]
    {
        let profile = possible(possible_pairs) + &impossible(impossible_pairs);
        assert_eq!(
            check(&chain(), &profile).unwrap().fits(),
            fits,
            "{possible_pairs} and {impossible_pairs}"
        );
        let outcome = program(&["app.wasm"]).with_file("app.wasm", chain()).pipe(&profile);
        assert_eq!(!outcome.stderr.contains(WARNING), fits, "{outcome:?}");
    }
}

#[test]
fn quiet_and_text_skip_the_check() {
    let profile = impossible(30);
    for (options, warns, shows) in [
        (&["app.wasm"][..], true, None),
        (&["-v", "app.wasm"], true, Some("0 of 30")),
        (&["-q", "app.wasm"], false, None),
        (&["-q", "-v", "app.wasm"], false, Some("0 of 30")),
        (&["--text", "app.wasm"], false, None),
        (&["--text", "-v", "app.wasm"], false, Some("-")),
    ] {
        let outcome = program(options).with_file("app.wasm", chain()).pipe(&profile);
        assert_eq!(outcome.stderr.contains(WARNING), warns, "{options:?}: {outcome:?}");
        assert_eq!(calls(&outcome.stderr).first().map(String::as_str), shows, "{options:?}: {outcome:?}");
    }
}

/// The column `calls` of the table of `--verbose`.
fn calls(stderr: &str) -> Vec<String> {
    let lines = stderr.lines().filter_map(|line| line.strip_prefix("wamr-fold-translate: "));
    let table = lines.skip_while(|line| line.split_whitespace().next() != Some("names"));
    let columns = |line: &str| {
        line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    };
    table.skip(1).map(columns).filter(|row| row.len() == 6).map(|row| row[1].clone()).collect()
}

#[test]
fn unreadable_modules_are_not_judged() {
    let changed = [&chain()[..], b"\0\x01\0"].concat();
    let no_calls = wat(&format!("(module (func $first) {})", "(func)".repeat(59)));
    for (what, before, arguments, module) in [
        ("a pipe", "", "<(cat app.wasm)", chain()),
        ("a FIFO", "mkfifo fifo; cat app.wasm > fifo &", "fifo", chain()),
        ("a module without calls", "", "app.wasm", no_calls),
    ] {
        let script = format!("{before}\n\"$FILTER\" -v --allow-unresolved {arguments}");
        let outcome = shell(&script).with_file("app.wasm", &module).pipe(impossible(30));
        assert_eq!(outcome.status, Some(0), "{what}: {outcome:?}");
        assert!(!outcome.stderr.contains(WARNING), "{what}: {outcome:?}");
        assert_eq!(calls(&outcome.stderr), ["-"], "{what}: {outcome:?}");
    }
    // The module changes after it was read.
    for change in [
        "cp changed.wasm app.wasm",
        "mv changed.wasm app.wasm",
        "rm app.wasm",
        "rm app.wasm; mkfifo app.wasm",
    ] {
        // The first line comes out after the module was read.
        let script = format!(
            "mkfifo in out; \"$FILTER\" -v -s off app.wasm < in > out & exec 3> in 4< out
             head -n 1 profile >&3; read -r <&4; {change}; tail -n +2 profile >&3; exec 3>&-; cat <&4 > rest; wait $!"
        );
        let mut shell = shell(&script)
            .with_file("app.wasm", chain())
            .with_file("changed.wasm", &changed)
            .with_file("profile", impossible(30));
        let outcome = shell.pipe("");
        assert_eq!(outcome.status, Some(0), "{change}: {outcome:?}");
        assert_eq!(calls(&outcome.stderr), ["-"], "{change}: {outcome:?}");
    }
}

#[test]
fn large_bodies_are_not_read() {
    // 60 functions of one type. The body of the first is a hole in the file.
    const SIZE: u32 = 64 << 20;
    let mut code = Vec::new();
    60_u32.encode(&mut code);
    SIZE.encode(&mut code);
    let mut section_10 = vec![10];
    (u32::try_from(code.len()).unwrap() + SIZE).encode(&mut section_10);
    let functions = section(3, &[&[60], &[0; 60][..]].concat());
    let head = module(&[section(1, b"\x01\x60\0\0"), functions, section_10, code]);
    let mut filter = timed("ulimit -v 32768", "-v app.wasm").with_file("app.wasm", &head);
    let file = File::options().write(true).open(filter.path("app.wasm")).unwrap();
    file.set_len(head.len() as u64 + u64::from(SIZE)).unwrap();
    let outcome = filter.pipe(impossible(30));
    assert_eq!(calls(&outcome.stderr), ["-"], "{outcome:?}");
    assert!(filter.cpu_time() < Duration::from_millis(100), "{:?}: {outcome:?}", filter.cpu_time());
}

#[test]
fn closed_stdout_skips_the_check() {
    let script =
        r#"yes "$(cat profile)" | head -n 100000 | { "$FILTER" app.wasm; echo status $? >&2; } | head -n 1"#;
    let mut shell = shell(script).with_file("app.wasm", chain()).with_file("profile", impossible(30));
    assert_eq!(shell.pipe("").stderr, "status 0\n");
}

fn folded(recording: &str) -> String {
    fs::read_to_string(recordings().join(recording).join("out.folded")).unwrap()
}

/// Whether the program warns that a module does not fit a profile.
fn warns(module: &str, profile: &str) -> bool {
    let module = recordings().join(module);
    let outcome = program(&[&format!("={}", module.display())]).pipe(profile);
    outcome.stderr.contains(WARNING)
}

const INTERP: &str = "a1-aot-interp/interp.wasm";
const RUSTAPP: &str = "a4-aot-rustapp/rustapp.wasm";

#[test]
fn other_modules_do_not_fit() {
    let (interp, rustapp) = (folded("a1-aot-interp"), folded("a4-aot-rustapp"));
    assert!(!warns(INTERP, &interp));
    assert!(!warns(RUSTAPP, &rustapp));
    assert!(warns(INTERP, &rustapp));
    assert!(warns(RUSTAPP, &interp));
    assert!(warns("b3-aot-four-threads/cppheavy.wasm", &rustapp));
}

#[test]
fn shifted_indices_do_not_fit() {
    let index = Regex::new("aot_func#([0-9]+)").unwrap();
    let next = |parts: &Captures<'_>| format!("aot_func#{}", parts[1].parse::<u32>().unwrap() + 1);
    for (module, recording) in [(INTERP, "a1-aot-interp"), (RUSTAPP, "a4-aot-rustapp")] {
        let profile = folded(recording);
        assert!(warns(module, &index.replace_all(&profile, next)), "{module}");
    }
}

#[test]
fn profile_of_two_processes_does_not_fit() {
    let both = [folded("a4-aot-rustapp"), folded("a1-aot-interp")].concat();
    assert!(warns(INTERP, &both));
    assert!(warns(RUSTAPP, &both));
}

#[test]
fn recordings_fit_their_modules() {
    let mut judged = Vec::new();
    for folder in entries(&recordings()).iter().filter(|path| path.is_dir()) {
        for profile in
            entries(folder).iter().filter(|path| path.extension().is_some_and(|name| name == "folded"))
        {
            let operands = fs::read_to_string(folder.join("modules.txt")).unwrap();
            let mut arguments = vec!["-v", "--allow-unresolved"];
            arguments.extend(operands.lines());
            let mut filter = program(&arguments);
            filter.command.current_dir(folder);
            for outcome in
                [filter.file(File::open(profile).unwrap()), filter.pipe(fs::read(profile).unwrap())]
            {
                assert_eq!(outcome.status, Some(0), "{}: {outcome:?}", profile.display());
                assert!(!outcome.stderr.contains(WARNING), "{}: {outcome:?}", profile.display());
                judged.extend(calls(&outcome.stderr).into_iter().filter(|calls| calls != "-"));
            }
        }
    }
    for calls in ["53 of 53", "83 of 85", "58 of 58"] {
        assert!(judged.iter().any(|judged| judged == calls), "{calls}: {judged:?}");
    }
    assert!(judged.len() >= 36, "{judged:?}");
}

fn entries(dir: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

proptest! {
    #[test]
    fn possible_calls_match_the_reference(
        module in plain_module(),
        start in any::<Index>(),
        count in 18..200_usize,
    ) {
        let functions = module.defined_functions();
        let all = (0..functions).flat_map(|caller| (0..functions).map(move |callee| (caller, callee)));
        let all: Vec<_> = all.filter(|(caller, callee)| caller != callee).collect();
        let pairs: Vec<_> =
            all.iter().cycle().skip(start.index(all.len())).take(count.min(all.len())).copied().collect();
        let expected = (pairs.len() >= 20 && module.has_calls()).then(|| {
            let possible = pairs.iter().filter(|&&(caller, callee)| module.has_path(caller, callee)).count();
            (possible, pairs.len())
        });
        prop_assert_eq!(figures(check(&module.encode(), &profile(pairs))), expected);
    }
}
