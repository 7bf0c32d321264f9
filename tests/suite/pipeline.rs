//! The filter between its real neighbours: what `perf script` printed is folded by inferno, translated, and drawn by
//! inferno.

use std::process::Command;

use inferno::collapse::Collapse;
use inferno::collapse::perf::{Folder, Options};
use inferno::flamegraph;

use crate::support::{program, recordings};

#[test]
fn profile_becomes_a_flame_graph() {
    let perf = recordings().join("b3-aot-four-threads/out.perf.gz");
    let perf = Command::new("gzip").arg("-dc").arg(perf).output().unwrap();
    assert!(perf.status.success() && !perf.stdout.is_empty());
    let mut folded = Vec::new();
    Folder::from(Options::default()).collapse(perf.stdout.as_slice(), &mut folded).unwrap();

    let modules = [
        ("interp", "a1-aot-interp/interp.wasm"),
        ("matrec", "b3-aot-four-threads/matrec.wasm"),
        ("cppheavy", "b3-aot-four-threads/cppheavy.wasm"),
        ("rustapp", "a4-aot-rustapp/rustapp.wasm"),
    ];
    let operands = modules.map(|(name, file)| format!("{name}={}", recordings().join(file).display()));
    let operands = operands.iter().map(String::as_str);
    let translated = program(&["-Cat", "last"].into_iter().chain(operands).collect::<Vec<_>>()).pipe(folded);
    assert_eq!((translated.status, translated.stderr.as_str()), (Some(0), ""));

    let mut svg = Vec::new();
    let mut options = flamegraph::Options::default();
    flamegraph::from_reader(&mut options, translated.stdout.as_bytes(), &mut svg).unwrap();
    let svg = String::from_utf8(svg).unwrap();
    // The renderer strips the annotation.
    for title in
        ["qsort [Wasm] [interp]", "main [Wasm] [cppheavy]", "rustapp::main [Wasm] [rustapp]", "start_thread"]
    {
        assert!(svg.contains(&format!("<title>{title} (")), "{title}");
    }
    assert!(!svg.contains("aot_func#"));
}
