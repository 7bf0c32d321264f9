//! The recordings give their expected output, from a file and through a pipe. `BLESS=1` rewrites that.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::support::{Outcome, program, recordings};

#[test]
fn every_recording_gives_its_expected_output() {
    let mut profiles = 0;
    for folder in entries(&recordings()).into_iter().filter(|path| path.is_dir()) {
        for profile in
            entries(&folder).iter().filter(|path| path.extension().is_some_and(|name| name == "folded"))
        {
            check(&folder, profile);
            profiles += 1;
        }
    }
    assert_eq!(profiles, 22, "profiles in the recordings");
}

fn check(folder: &Path, profile: &Path) {
    let modules = fs::read_to_string(folder.join("modules.txt")).unwrap();
    let mut arguments = vec!["--split-dir", "split"];
    let modules: Vec<_> = modules.lines().map(|operand| absolute(operand, folder)).collect();
    arguments.extend(modules.iter().map(String::as_str));

    let mut run = program(&arguments);
    let outcome = run.file(File::open(profile).unwrap());
    let (status, message) = match folder.file_name().unwrap().to_str().unwrap() {
        "a6-aot-matrec-stripped" => (0, "matrec_stripped.wasm: warning: no function names"),
        "a14-aot-interp-nomap" => (0, "<stdin>: warning: no WAMR frames"),
        "e4-aot-variants" if profile.ends_with("out.nodso.folded") => (0, "<stdin>: warning: no WAMR frames"),
        "b7-aot-odd-names" => (1, "<stdin>:33: 36 frames not readable"),
        _ => (0, ""),
    };
    let Outcome { stdout, stderr, .. } = &outcome;
    assert_eq!(outcome.status, Some(status), "{}: {stderr}", profile.display());
    assert!(stderr.contains(message), "{}: {stderr}", profile.display());
    assert_eq!(stderr.is_empty(), message.is_empty(), "{}: {stderr}", profile.display());
    let piped = program(&arguments).pipe(fs::read(profile).unwrap());
    assert!(outcome == piped, "{}: a pipe gives another output than a file", profile.display());

    let expected = folder.join("expected").join(profile.file_name().unwrap());
    compare(&expected.with_extension("translated"), stdout.as_bytes());
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
