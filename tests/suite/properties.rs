//! What holds for every profile.

use std::env;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::sync::LazyLock;

use bstr::ByteSlice;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use wamr_fold_translate::{Filter, Module, Modules, SplitDir, StackCheck, Translator, Wasm};

use crate::support::portions::Portions;
use crate::support::reference::{Checks, Reference};
use crate::support::{app, wat};

static APP: LazyLock<Wasm> = LazyLock::new(|| Wasm::read(app().as_slice()).unwrap());
static ODD: LazyLock<Wasm> = LazyLock::new(|| {
    let names =
        ["a;b 12", "12", " \\t ", "x]#aot_func#1", "foo\u{a0}12", "foo \u{661}", "1.5", "a [Wasm] b", "# x"];
    let functions: String = names.iter().map(|name| format!(r#"(func (@name "{name}")) (func)"#)).collect();
    Wasm::read(wat(&format!("(module {functions})")).as_slice()).unwrap()
});

fn reference() -> Reference<'static> {
    let modules = [(None, &*APP), (Some("a"), &*ODD), (Some("b]#aot_func#7"), &*APP)];
    let modules = modules.map(|(name, wasm)| (name.map(|name: &str| name.as_bytes().to_vec()), wasm));
    Reference { modules: modules.into(), name_first: false }
}

fn translator() -> Translator {
    let mut loaded = Modules::default();
    for (name, wasm) in reference().modules {
        loaded.add(Module::new(name, "x.wasm", wasm.clone())).unwrap();
    }
    Translator::new(loaded)
}

/// The output of the whole filter, which holds 100 bytes in memory.
fn filter(profile: impl Read, stack_check: StackCheck) -> Vec<u8> {
    let mut output = Vec::new();
    let mut translator = translator();
    translator.set_stack_check(stack_check);
    let mut filter = Filter::new(translator, &mut output);
    filter.set_hold_limit(100);
    filter.run(profile).unwrap();
    output
}

fn host_frame() -> impl Strategy<Value = Vec<u8>> {
    let known = select(&[
        "main",
        "",
        " ",
        "x y",
        "{lambda()#1}",
        "aot_func",
        "my_aot_func_helper",
        "[Wasm] run",
        "[unknown]",
        "5",
    ]);
    let any = vec(any::<u8>().prop_filter("not in a frame", |byte| !b"\n;#".contains(byte)), 0..6);
    prop_oneof![known.prop_map(|frame| frame.as_bytes().to_vec()), any]
}

/// A WAMR symbol, of a module that is loaded or of one that is not.
fn symbol() -> impl Strategy<Value = Vec<u8>> {
    let blank = select(&["", "", " ", "\t "]);
    let module = select(&["", "", "[a]#", "[b]#aot_func#7]#", "[c]#"]);
    let kind = select(&["aot_func", "aot_func_internal"]);
    let number = prop_oneof![0..40_u64, Just(4_294_967_295), Just(4_294_967_296)];
    let rest = select(&["", "", "", "_[j]", "_wrapper", "+0x1c", ":tid 42", ":]#aot_func#1", "_["]);
    (blank, module, kind, number, rest).prop_map(|(blank, module, kind, number, rest)| {
        format!("{blank}{module}{kind}#{number}{rest}").into_bytes()
    })
}

fn broken_symbol() -> impl Strategy<Value = Vec<u8>> {
    select(&[
        "aot_func#",
        "aot_func#x",
        "aot_func#1 ",
        "q]#aot_func#0",
        "[]#aot_func#1",
        "[a]#aot_func#1:]#aot_func",
    ])
    .prop_map(|frame| frame.as_bytes().to_vec())
}

fn frames() -> impl Strategy<Value = Vec<u8>> {
    let frame = prop_oneof![2 => host_frame(), 6 => symbol(), 1 => broken_symbol()];
    vec(frame, 1..6).prop_map(|frames| frames.join(&b';'))
}

/// What stands behind the stack; not always a count.
fn count() -> impl Strategy<Value = &'static str> {
    prop_oneof![4 => Just(" 5"), 1 => select(&["\t5", " 5 7", " 5.75 ", " 5\r", " 5.", "", " ", " x", " -3", " 5\r\r"])]
}

/// Lines that share bytes with the line before, which may end anywhere in a frame.
fn profile() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let line = (any::<Index>(), select(&["", ";"]), frames(), count());
    let other = select(&["", " ", "\r", "# aot_func#1 5", "#aot_func#1 5", "aot_func#1", "\0", "5", " 5"]);
    (vec((line, prop::option::weighted(0.1, other)), 0..30), any::<bool>()).prop_map(|(lines, is_sorted)| {
        let mut profile = Vec::new();
        let mut stack = Vec::new();
        for ((shared, separator, frames, count), other) in lines {
            stack.truncate(shared.index(stack.len() + 1));
            stack.extend([separator.as_bytes(), &frames].concat());
            profile.push([&stack, count.as_bytes()].concat());
            profile.extend(other.map(|other| other.as_bytes().to_vec()));
        }
        if is_sorted {
            profile.sort();
        }
        profile
    })
}

fn text(lines: &[Vec<u8>]) -> Vec<u8> {
    lines.iter().flat_map(|line| [line, &b"\n"[..]].concat()).collect()
}

proptest! {
    #[test]
    fn profiles_are_translated_as_by_the_reference(lines in profile(), sizes in vec(1..200_usize, 1..20)) {
        let found = Reference::find_checks(lines.iter().map(Vec::as_slice));
        for (stack_check, checks) in
            [(StackCheck::Auto, &found), (StackCheck::On, &Checks::All), (StackCheck::Off, &Checks::NONE)]
        {
            let translate = |line: &Vec<u8>| reference().translate(line, checks);
            let expected = text(&lines.iter().map(translate).collect::<Vec<_>>());
            prop_assert_eq!(&filter(text(&lines).as_slice(), stack_check), &expected);
            prop_assert_eq!(&filter(Portions::of_sizes(&text(&lines), &sizes), stack_check), &expected);
        }
    }

    #[test]
    fn names_come_first_as_in_the_reference(lines in profile()) {
        let reference = Reference { name_first: true, ..reference() };
        let expected: Vec<_> = lines.iter().map(|line| reference.translate(line, &Checks::NONE)).collect();
        let mut translator = translator();
        translator.set_name_first(true);
        for (line, expected) in lines.iter().zip(expected) {
            let mut output = Vec::new();
            translator.translate(line, &mut output);
            prop_assert_eq!(output.as_bstr(), expected.as_bstr());
        }
    }

    #[test]
    fn a_line_is_translated_alike_behind_any_other_lines(lines in profile()) {
        let mut one_translator = translator();
        for line in &lines {
            let (mut behind_others, mut alone) = (Vec::new(), Vec::new());
            let module = one_translator.translate(line, &mut behind_others);
            prop_assert_eq!(module, translator().translate(line, &mut alone));
            prop_assert_eq!(behind_others, alone);
        }
    }

    #[test]
    fn each_frame_and_line_that_is_left_is_counted(lines in profile()) {
        let mut one_translator = translator();
        let mut alone = 0;
        for line in &lines {
            one_translator.translate(line, &mut Vec::new());
            let mut translator = translator();
            translator.translate(line, &mut Vec::new());
            alone += translator.report().unresolved();
        }
        prop_assert_eq!(one_translator.report().unresolved(), alone);
    }

    #[test]
    fn a_line_without_a_wamr_symbol_is_unchanged(frames in vec(host_frame(), 0..8), count in count()) {
        let line = [&frames.join(&b';'), count.as_bytes()].concat();
        let mut output = Vec::new();
        prop_assert_eq!(translator().translate(&line, &mut output), None);
        prop_assert_eq!(output, line);
    }

    #[test]
    fn translating_twice_changes_nothing(lines in profile()) {
        let once = filter(text(&lines).as_slice(), StackCheck::Auto);
        prop_assert_eq!(filter(once.as_slice(), StackCheck::Auto), once);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50))]

    #[test]
    fn a_file_gives_what_a_pipe_gives(lines in profile()) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&text(&lines)).unwrap();
        let mut output = Vec::new();
        let mut filter = Filter::new(translator(), &mut output);
        // What is found in one input is forgotten with the next.
        filter.run(&b"aot_func_internal#0;[a]#aot_func_internal#1 1\n"[..]).unwrap();
        filter.run_file(File::open(file.path()).unwrap()).unwrap();
        let piped = self::filter(text(&lines).as_slice(), StackCheck::Auto);
        prop_assert_eq!(output.split_once_str("\n").unwrap().1.as_bstr(), piped.as_bstr());
    }

    #[test]
    fn the_split_files_hold_the_lines_with_a_translated_frame(lines in profile()) {
        let dir = tempfile::tempdir().unwrap();
        let files = SplitDir::files(dir.path(), self::translator().modules()).unwrap();
        let mut translator = translator();
        translator.set_stack_check(StackCheck::Off);
        let mut filter = Filter::new(translator, Vec::new());
        filter.set_split_dir(Some(SplitDir::create(dir.path(), self::translator().modules()).unwrap()));
        filter.run(text(&lines).as_slice()).unwrap();
        filter.finish().unwrap();

        let mut expected = [(); 3].map(|()| Vec::new());
        for line in &lines {
            let mut translated = Vec::new();
            if let Some(module) = self::translator().translate(line, &mut translated) {
                expected[module.index()].push(translated);
            }
        }
        for (file, lines) in files.iter().zip(&expected) {
            prop_assert_eq!(fs::read(file).unwrap(), text(lines));
        }
    }
}

/// `PROFILE` and `TRANSLATION` are files, `MODULES` the operands of the run (each `NAME=FILE`, or the only one
/// `=FILE`), which looked for no stack checks.
#[test]
#[ignore = "needs a run to compare with: scripts/bench.sh makes one"]
fn a_large_profile_is_translated_as_the_reference_does() {
    let variable = |name: &str| env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    let wasms: Vec<_> = variable("MODULES")
        .split_whitespace()
        .map(|operand| {
            let (name, file) = operand.split_once('=').unwrap();
            let name = (!name.is_empty()).then(|| name.as_bytes().to_vec());
            (name, Wasm::open(file).unwrap())
        })
        .collect();
    let modules = wasms.iter().map(|(name, wasm)| (name.clone(), wasm)).collect();
    let reference = Reference { modules, name_first: false };
    let (profile, translation) =
        (fs::read(variable("PROFILE")).unwrap(), fs::read(variable("TRANSLATION")).unwrap());
    assert_eq!(profile.lines().count(), translation.lines().count());
    for (number, (line, translated)) in profile.lines().zip(translation.lines()).enumerate() {
        assert!(reference.translate(line, &Checks::NONE) == translated, "line {}", number + 1);
    }
}
