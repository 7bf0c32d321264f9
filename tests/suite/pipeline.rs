//! The filter between its real neighbours: what `perf script` printed is folded by inferno, translated, and
//! drawn by inferno.

use std::process::Command;

use inferno::collapse::Collapse;
use inferno::collapse::perf::{Folder, Options};
use inferno::flamegraph;

use crate::support::{program, recordings};

/// The flame graph of `out.perf.gz` in a recording, with the frames translated by these modules.
fn draw(recording: &str, modules: &[&str], options: &[&str]) -> String {
    let recording = recordings().join(recording);
    let perf = Command::new("gzip").arg("-dc").arg(recording.join("out.perf.gz")).output().unwrap();
    assert!(perf.status.success() && !perf.stdout.is_empty());
    let mut folded = Vec::new();
    Folder::from(Options::default()).collapse(perf.stdout.as_slice(), &mut folded).unwrap();

    let modules: Vec<_> = modules
        .iter()
        .map(|operand| {
            let (name, file) = operand.split_once('=').unwrap();
            format!("{name}={}", recording.join(file).display())
        })
        .collect();
    let arguments: Vec<_> = options.iter().copied().chain(modules.iter().map(String::as_str)).collect();
    let translated = program(&arguments).pipe(folded);
    assert_eq!((translated.status, translated.stderr.as_str()), (Some(0), ""));

    let mut svg = Vec::new();
    let mut options = flamegraph::Options::default();
    flamegraph::from_reader(&mut options, translated.stdout.as_bytes(), &mut svg).unwrap();
    String::from_utf8(svg).unwrap()
}

#[test]
fn a_profile_becomes_a_flame_graph_with_the_names() {
    let modules = [
        "interp=../a1-aot-interp/interp.wasm",
        "matrec=matrec.wasm",
        "cppheavy=cppheavy.wasm",
        "rustapp=../a4-aot-rustapp/rustapp.wasm",
    ];
    let svg = draw("b3-aot-four-threads", &modules, &["--demangle"]);
    for title in
        ["[Wasm] [interp] qsort", "[Wasm] [cppheavy] main", "[Wasm] [rustapp] rustapp::main", "start_thread"]
    {
        assert!(svg.contains(&format!("<title>{title} (")), "{title}");
    }
    assert!(!svg.contains("aot_func#"));
}
