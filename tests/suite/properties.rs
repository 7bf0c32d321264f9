//! Property tests of folded stacks. `PROPTEST_CASES` sets the number of cases.

use std::env;
use std::fs;
use std::sync::LazyLock;

use bstr::{BString, ByteSlice};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use wamr_fold_translate::{
    Filter, Format, Module, Modules, Options, StackCheck, Tag, Translator, split_files,
};

use crate::support::agreement::check_agreement;
use crate::support::inputs::modules;
use crate::support::reference::Reference;
use crate::support::{app, options, wat};

/// Function names that could break a line, look like something else, or be missing.
static ODD: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let names = [
        "a;b 12",
        "12",
        " \\t ",
        "x]#aot_func#1",
        "foo\u{a0}12",
        "foo \u{661}",
        "1.5",
        "a [Wasm] b",
        "# x",
        "#",
        "[Wasm] y",
        "z_[j]",
        " ",
    ];
    let functions = names.iter().map(|name| format!(r#"(func (@name "{name}")) (func)"#)).collect::<String>();
    wat(&format!(
        r##"(module (import "env" "log" (func)) {functions} (func (export "e;f 1") (export "main")) (func (export "#")))"##
    ))
});

/// The modules of a profile: frames without a module name belong to one of them, to the only one, or to none.
static LOADED: LazyLock<[Modules; 3]> = LazyLock::new(|| {
    let named = [("a", &*ODD), ("b]#aot_func#7", &app())].map(|(name, wasm)| module(Some(name), wasm));
    let unnamed = module(None, &ODD);
    [[named.to_vec(), vec![unnamed]].concat(), named[..1].to_vec(), named.to_vec()].map(loaded)
});

fn module(name: Option<&str>, wasm: &[u8]) -> Module {
    Module::read(name.map(|name| name.as_bytes().to_vec()), "x.wasm", wasm).unwrap()
}

fn loaded(all: Vec<Module>) -> Modules {
    let mut modules = Modules::default();
    for module in all {
        modules.add(module).unwrap();
    }
    modules
}

/// Any options for folded stacks, with one of `tags`.
fn any_options(tags: &'static [Tag]) -> impl Strategy<Value = Options> {
    let stack_check = select(&[StackCheck::Auto, StackCheck::Auto, StackCheck::On, StackCheck::Off]);
    let tag = select(tags);
    (stack_check, tag, any::<bool>(), any::<bool>()).prop_map(|(stack_check, tag, export_names, annotate)| {
        options(|options| {
            options.stack_check = stack_check;
            options.tag = tag;
            options.export_names = export_names;
            options.annotate = annotate;
        })
    })
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
        "\t [Wasm] [a] run",
        "run [Wasm] [a]_[j]",
        "aot_func#1 [Wasm]",
        "[unknown]",
        "5",
    ]);
    let any = vec(any::<u8>().prop_filter("not in a frame", |byte| !b"\n;#".contains(byte)), 0..6);
    prop_oneof![known.prop_map(|frame| frame.as_bytes().to_vec()), any]
}

/// A WAMR symbol, of a module that is loaded or of one that is not.
fn symbol() -> impl Strategy<Value = Vec<u8>> {
    let blank = select(&["", "", "", " ", "\t "]);
    let module = prop_oneof![
        2 => Just(String::new()),
        4 => select(&["[a]#", "[a]#", "[b]#aot_func#7]#", "[Wasm]#"]).prop_map(str::to_owned),
        1 => (0..14_u32).prop_map(|unknown| format!("[c{unknown}]#")),
    ];
    let kind = select(&["aot_func", "aot_func", "aot_func_internal"]);
    let number = prop_oneof![8 => 0..30_u64, 1 => select(&[31, 4_294_967_295, 4_294_967_296])];
    let rest = select(&[
        "",
        "",
        "",
        "",
        "_[j]",
        "_[k]",
        "_wrapper",
        "_wrapper_[j]",
        "+0x1c",
        "+28_[i]",
        ":tid 42",
        ":]#aot_func#1",
        "_[",
        ".cold",
        ".5",
        "@plt",
        ".cold [Wasm]",
    ]);
    (blank, module, kind, number, rest).prop_map(|(blank, module, kind, number, rest)| {
        format!("{blank}{module}{kind}#{number}{rest}").into_bytes()
    })
}

fn broken_symbol() -> impl Strategy<Value = Vec<u8>> {
    let broken = select(&[
        "aot_func#",
        "aot_func#x",
        "aot_func#1 ",
        "aot_func#1_",
        "q]#aot_func#0",
        "[]#aot_func#1",
        "[a]#aot_func#1:]#aot_func",
        "\t[Wasm]\taot_func#1",
    ]);
    broken.prop_map(|frame| frame.as_bytes().to_vec())
}

fn frames() -> impl Strategy<Value = Vec<u8>> {
    let frame = prop_oneof![2 => host_frame(), 7 => symbol(), 1 => broken_symbol()];
    vec(frame, 1..6).prop_map(|frames| frames.join(&b';'))
}

/// What follows a stack; not always a count.
fn count() -> impl Strategy<Value = &'static str> {
    let odd = select(&["\t5", " 5 7", " 5.75 ", " 5\r", " 5.", "", " ", " x", " -3", " .5", " 5\r\r"]);
    prop_oneof![4 => Just(" 5"), 1 => odd]
}

/// Lines that share a prefix with the line before, which may end inside a frame.
fn profile() -> impl Strategy<Value = Vec<u8>> {
    let line = (any::<Index>(), select(&["", ";"]), frames(), count());
    let other =
        select(&["", " ", "\r", "\t\r\r", "# aot_func#1 5", "#aot_func#1 5", "aot_func#1", "\0", "5", " 5"]);
    let lines = vec((line, prop::option::weighted(0.1, other)), 0..25);
    (lines, any::<bool>(), any::<bool>()).prop_map(|(lines, is_sorted, ends_with_newline)| {
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
        let mut profile = profile.join(&b'\n');
        if ends_with_newline {
            profile.push(b'\n');
        }
        profile
    })
}

/// Modules of which each may have stack checks.
static HELD: LazyLock<Modules> = LazyLock::new(|| modules(&["", "a", "b"], &app()));

/// A short line that is held, or that releases others.
fn held_line() -> impl Strategy<Value = String> {
    let module = select(&["", "", "[a]#", "[b]#"]);
    let symbol = select(&["aot_func#0", "aot_func#0", "aot_func_internal#0"]);
    let frame = (module, symbol).prop_map(|(module, symbol)| format!("{module}{symbol}"));
    let host = select(&["main", "a long host frame"]).prop_map(str::to_owned);
    vec(prop_oneof![2 => frame, 1 => host], 1..4).prop_map(|frames| frames.join(";") + " 1\n")
}

fn translate(modules: &Modules, options: Options, profile: &[u8]) -> BString {
    let (mut translator, mut output) = (Translator::new(modules.clone(), options).unwrap(), Vec::new());
    Filter::new(&mut translator, &mut output).run(profile).unwrap();
    output.into()
}

proptest! {
    #[test]
    fn folded_stacks_match_the_reference(
        modules in select(&LOADED[..]),
        options in any_options(&[Tag::First, Tag::Last, Tag::None]),
        profile in profile(),
        sizes in vec(1..200_usize, 1..20),
    ) {
        check_agreement(&modules, options, &profile, &sizes);
    }

    #[test]
    fn translation_is_independent_of_previous_lines(
        modules in select(&LOADED[..]),
        options in any_options(&[Tag::First, Tag::Last, Tag::None]),
        profile in profile(),
    ) {
        let new = || Translator::new(modules.clone(), options).unwrap();
        let mut after_others = new();
        after_others.find_stack_checks(&profile);
        for line in profile.lines_with_terminator() {
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            let mut alone = new();
            alone.find_stack_checks(&profile);
            let [mut output, mut expected] = [BString::default(), BString::default()];
            let module = after_others.translate(line, &mut output);
            prop_assert_eq!(module, alone.translate(line, &mut expected));
            prop_assert_eq!(output, expected);
        }
    }

    #[test]
    fn held_lines_match_the_reference(
        lines in vec(held_line(), 0..20),
        is_text: bool,
        sizes in vec(1..40_usize, 1..10),
    ) {
        let options = options(|options| options.format = if is_text { Format::Text } else { Format::Folded });
        check_agreement(&HELD, options, lines.concat().as_bytes(), &sizes);
    }

    #[test]
    fn translating_twice_changes_nothing(
        modules in select(&LOADED[..]),
        first in any_options(&[Tag::First, Tag::Last]),
        second in any_options(&[Tag::First, Tag::Last, Tag::None]),
        profile in profile(),
    ) {
        let once = translate(&modules, first, &profile);
        prop_assert_eq!(translate(&modules, second, &once), once);
    }

    #[test]
    fn split_files_have_the_lines_of_their_modules(
        modules in select(&LOADED[..]),
        options in any_options(&[Tag::First, Tag::Last, Tag::None]),
        profile in profile(),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut translator = Translator::new(modules.clone(), options).unwrap();
        let filter = Filter::new(&mut translator, Vec::new());
        filter.split_into(dir.path()).unwrap().run(profile.as_slice()).unwrap();

        let expected = Reference { modules: &modules, options }.translate(&profile);
        let lines = || expected.output.lines_with_terminator().zip(&expected.last_modules);
        for (module, file) in split_files(dir.path(), &modules).unwrap().iter().enumerate() {
            let lines = lines().filter(|(_, last)| **last == Some(module)).map(|(line, _)| line);
            let lines = BString::from(lines.collect::<Vec<_>>().concat());
            prop_assert_eq!(BString::from(fs::read(file).unwrap()), lines);
        }
    }
}

/// `PROFILE` and `TRANSLATION` are files, `MODULES` the operands of the run (each `NAME=FILE`, or the only one
/// `=FILE`), which had `--stack-check=off`.
#[test]
#[ignore = "needs a run to compare with: scripts/bench.sh makes one"]
fn large_profile_matches_the_reference() {
    let variable = |name: &str| env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    let read = |name| fs::read(variable(name)).unwrap();
    let operands = variable("MODULES");
    let module = |operand: &str| {
        let (name, file) = operand.split_once('=').unwrap();
        Module::open((!name.is_empty()).then(|| name.as_bytes().to_vec()), file).unwrap()
    };
    let modules = loaded(operands.split_whitespace().map(module).collect());
    let options = options(|options| options.stack_check = StackCheck::Off);
    let expected = Reference { modules: &modules, options }.translate(&read("PROFILE"));
    let translation = read("TRANSLATION");
    for (at, (expected, line)) in expected.output.lines().zip(translation.lines()).enumerate() {
        assert_eq!(expected.as_bstr(), line.as_bstr(), "line {}", at + 1);
    }
    assert!(expected.output == translation, "the numbers of lines differ");
}
