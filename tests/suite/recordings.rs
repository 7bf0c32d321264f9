//! The recordings give their expected output, from a file and from a pipe. `BLESS=1` rewrites it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::support::{program, recordings};

/// The profiles that cause a message: exit status, and the start of the message.
const MESSAGES: &[(&str, i32, &str)] = &[
    ("a6-aot-matrec-stripped/out.folded", 0, "matrec_stripped.wasm: warning: 0 of "),
    ("a14-aot-interp-nomap/out.folded", 0, "<stdin>: warning: no WAMR symbols: "),
    ("b7-aot-odd-names/out.folded", 1, "<stdin>:33: 36 malformed WAMR frames, "),
    ("b7-aot-odd-names/out.all.folded", 1, "<stdin>:33: 36 malformed WAMR frames, "),
    ("e4-aot-variants/out.nodso.folded", 0, "<stdin>: warning: no WAMR symbols: "),
    ("i10-aot-systemwide-two-processes/out.folded", 1, "<stdin>:9: 297 frames without a module name, "),
    ("i10-aot-systemwide-two-processes/out.pid.folded", 1, "<stdin>:6: 297 frames without a module name, "),
];

#[test]
fn recordings_give_their_expected_output() {
    let mut profiles = 0;
    for folder in entries(&recordings()).into_iter().filter(|path| path.is_dir()) {
        let files = entries(&folder);
        for profile in files.iter().filter(|path| path.extension().is_some_and(|name| name == "folded")) {
            check(&folder, profile);
            profiles += 1;
        }
    }
    assert_eq!(profiles, 30, "profiles in the recordings");
}

#[test]
fn processes_of_one_profile_are_translated_separately() {
    let profile =
        fs::read_to_string(recordings().join("i10-aot-systemwide-two-processes/out.pid.folded")).unwrap();
    for (process, module, function) in [
        (
            "iwasm-15622;",
            "i10-aot-systemwide-two-processes/zig_ReleaseFast.wasm",
            "[Wasm] burn_zig.Tree(u64,(function 'lt')).sum",
        ),
        ("iwasm-15623;", "i9-aot-diff-v1/burn_d.wasm", "[Wasm] _D6burn_d__T9quicksortTiZQnFNbNiNfAiZv"),
    ] {
        let stacks: String = profile
            .lines()
            .filter(|line| line.starts_with(process))
            .map(|line| format!("{line}\n"))
            .collect();
        let outcome = program(&[recordings().join(module).to_str().unwrap()]).pipe(&stacks);
        assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""), "{process}");
        assert!(outcome.stdout.contains(function), "{process}");
    }
}

fn check(folder: &Path, profile: &Path) {
    let operands = fs::read_to_string(folder.join("modules.txt")).unwrap();
    let operands: Vec<_> = operands.lines().map(|operand| absolute(operand, folder)).collect();
    let arguments: Vec<_> = ["-d", "split"].into_iter().chain(operands.iter().map(String::as_str)).collect();
    let mut run = program(&arguments);
    let outcome = run.file(File::open(profile).unwrap());
    let shown = profile.strip_prefix(recordings()).unwrap().to_str().unwrap();
    let piped = program(&arguments).pipe(fs::read(profile).unwrap());
    assert!(outcome == piped, "{shown}: the output differs between a pipe and a file");

    let message = MESSAGES.iter().find(|(profile, ..)| *profile == shown);
    let (status, start) = message.map_or((0, ""), |(_, status, start)| (*status, *start));
    assert_eq!(outcome.status, Some(status), "{shown}: {}", outcome.stderr);
    assert_eq!(outcome.messages().len(), usize::from(message.is_some()), "{shown}: {}", outcome.stderr);
    assert!(outcome.stderr.contains(start), "{shown}: {}", outcome.stderr);

    let expected = folder.join("expected").join(profile.file_name().unwrap());
    compare(&expected.with_extension("translated"), outcome.stdout.as_bytes());
    let expected = expected.with_extension("split");
    if expected.is_dir() {
        for file in entries(&run.path("split")) {
            compare(&expected.join(file.file_name().unwrap()), &fs::read(file).unwrap());
        }
        assert_eq!(names(&expected), names(&run.path("split")));
    }
}

/// The operand of `modules.txt` for a program that runs elsewhere.
fn absolute(operand: &str, folder: &Path) -> String {
    match operand.split_once('=') {
        Some((name, file)) => format!("{name}={}", folder.join(file).display()),
        None => folder.join(operand).display().to_string(),
    }
}

fn compare(expected: &Path, actual: &[u8]) {
    if std::env::var_os("BLESS").is_some() {
        fs::write(expected, actual).unwrap();
    }
    let same = fs::read(expected).unwrap() == actual;
    assert!(same, "the output differs from {}; BLESS=1 writes it there", expected.display());
}

fn names(dir: &Path) -> Vec<PathBuf> {
    entries(dir).iter().map(|path| path.file_name().unwrap().into()).collect()
}

fn entries(dir: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}
