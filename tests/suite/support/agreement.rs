//! Compares the library with the reference.

use bstr::BString;
use wamr_fold_translate::{Filter, Modules, Options, Translator};

use super::inputs::{Portions, file};
use super::reference::{Counts, Expected, Reference};

/// Checks that the filter agrees with the reference on `input`, from a file, from a pipe and in portions of `sizes`,
/// and that a translator does, line by line. Returns what the reference gives.
pub(crate) fn check_agreement(
    modules: &Modules,
    options: Options,
    input: &[u8],
    sizes: &[usize],
) -> Expected {
    let expected = Reference { modules, options }.translate(input);
    let translator = || Translator::new(modules.clone(), options).unwrap();
    for source in ["file", "pipe", "portions"] {
        let (mut translator, mut output) = (translator(), Vec::new());
        let filter = Filter::new(&mut translator, &mut output);
        match source {
            "file" => filter.run_file(file(input)).unwrap(),
            "pipe" => filter.run(input).unwrap(),
            _ => filter.run(Portions::of_sizes(input, sizes)).unwrap(),
        }
        assert_eq!(expected.output, BString::from(output), "{source}");
        assert_eq!(expected.counts, Counts::of(&translator.report()), "{source}");
    }

    let (mut translator, mut output, mut last_modules) = (translator(), Vec::new(), Vec::new());
    translator.find_stack_checks(input);
    for line in input.split_inclusive(|&byte| byte == b'\n') {
        last_modules.push(translator.translate(line.strip_suffix(b"\n").unwrap_or(line), &mut output));
        output.push(b'\n');
    }
    assert_eq!(expected.output, BString::from(output), "line by line");
    assert_eq!(expected.last_modules, last_modules);
    assert_eq!(expected.counts, Counts::of(&translator.report()), "line by line");
    expected
}
