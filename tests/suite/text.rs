//! `--text`: symbols anywhere in what perf prints, and in any text.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::sync::LazyLock;

use bstr::{BString, ByteSlice};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use wamr_fold_translate::{Filter, Format, Module, Modules, StackCheck, Translator, Wasm};

use crate::support::portions::Portions;
use crate::support::reference::{Checks, Reference};
use crate::support::text_reference::TextReference;
use crate::support::{app, failure, program, shell, success, wat};

#[test]
fn what_perf_printed_is_translated() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/text");
    for (file, operands) in [
        ("perf-11346.map", &["treecalc.wasm"][..]),
        ("perf-script.txt", &["treecalc.wasm"]),
        ("perf-report.txt", &["treecalc.wasm"]),
        ("perf-script-mixed.txt", &["core=fibq.wasm", "parser=nameless.wasm", "=treecalc.wasm"]),
    ] {
        let text = folder.join(file);
        let expected = success(fs::read_to_string(folder.join(format!("{file}.translated"))).unwrap());
        let arguments: Vec<_> = [&["--text"], operands].concat();
        let run = || {
            let mut run = program(&arguments);
            run.command.current_dir(&folder);
            run
        };
        assert!(run().file(File::open(&text).unwrap()) == expected, "{file} from a file");
        assert!(run().pipe(fs::read(&text).unwrap()) == expected, "{file} through a pipe");
        assert!(run().pipe(&expected.stdout) == expected, "{file} translated twice");
    }
}

#[test]
fn a_symbol_is_translated_wherever_it_stands() {
    for (options, text, translated) in [
        ("", "(aot_func#0)", "([Wasm] run)"),
        ("", "41a9e004  10  [app]#aot_func#1\n", "41a9e004  10  [Wasm] [app] sum\n"),
        ("", "\taot_func#1+0x1c (/tmp/perf-1.map)\r\n", "\t[Wasm] sum+0x1c (/tmp/perf-1.map)\r\n"),
        ("", "aot_func#0,aot_func#1;aot_func#0_wrapper", "[Wasm] run,[Wasm] sum;[Wasm] run_wrapper"),
        ("", "# aot_func#0 5\n\n \n#", "# [Wasm] run 5\n\n \n#"),
        ("", "no count, no symbol", "no count, no symbol"),
        ("-s on", "aot_func#1_wrapper aot_func#1", "[Wasm] sum_wrapper [Wasm] sum_precheck"),
        ("--name-first", "aot_func#1+0x1c", "sum [Wasm]+0x1c"),
        ("--name-first", "[app]#aot_func#1_[j]", "sum [Wasm] [app]_[j]"),
        ("--name-first", "[app]#aot_func#1_wrapper+0x1c", "sum_wrapper [Wasm] [app]+0x1c"),
        ("--name-first -s on", "aot_func#1+0x1c", "sum_precheck [Wasm]+0x1c"),
    ] {
        let arguments: Vec<_> = ["--text"].into_iter().chain(options.split_whitespace()).collect();
        let expected = success(format!("{}\n", translated.strip_suffix('\n').unwrap_or(translated)));
        let outcome = program(&[&arguments[..], &["app.wasm"]].concat()).with_app().pipe(text);
        assert_eq!(outcome, expected, "{options} {text:?}");
    }
}

#[test]
fn options_of_folded_stacks_are_refused() {
    for (options, other) in [
        (&["--split-dir", "dir"][..], "--split-dir"),
        (&["-ddir"], "--split-dir"),
        (&["--annotate"], "--annotate"),
    ] {
        let mut run = program(&[options, &["--text", "app.wasm"]].concat()).with_app();
        let message = format!("--text and {other} cannot be used together");
        assert_eq!(run.pipe("aot_func#0\n"), failure(2, "", &message));
        assert_eq!(run.list("."), ["app.wasm"], "nothing is created");
    }
}

#[test]
fn what_cannot_be_translated_is_left_and_reported() {
    for (text, translated, message) in [
        (
            "host\n\taot_func#3+0x1c (x)\n",
            "host\n\t[Wasm] func[4]+0x1c (x)\n",
            r#"2: 1 symbol past the last function, such as "aot_func#3": app.wasm defines aot_func#0 to aot_func#2: pass the build that was profiled"#,
        ),
        (
            "x [core]#aot_func#7 [core]#aot_func#8\n",
            "x [core]#aot_func#7 [core]#aot_func#8\n",
            r#"1: 2 symbols of unknown module "core", such as "[core]#aot_func#7": pass core=FILE.wasm"#,
        ),
        (
            "41a9e004  10  aot_func#41a9e014  210  aot_func#1\n",
            "41a9e004  10  aot_func#41a9e014  210  [Wasm] sum\n",
            r#"1: 1 symbol not readable, such as "aot_func#41a9e014": if WAMR cut a line of /tmp/perf-PID.map at 127 bytes, load the module under a shorter name"#,
        ),
    ] {
        let expected = failure(1, translated, &format!("<stdin>:{message}"));
        assert_eq!(program(&["--text", "app.wasm"]).with_app().pipe(text), expected);

        let warning = expected.stderr.replacen(": ", ": warning: ", 2).replacen(": warning: ", ": ", 1);
        let allowed = program(&["--text", "--allow-unresolved", "app.wasm"]).with_app().pipe(text);
        assert_eq!((allowed.status, allowed.stderr), (Some(0), warning));
    }
    let message = r#"<stdin>:1: 1 symbol without a module name, such as "aot_func#0": pass '=FILE.wasm' for the module they belong to, or pass only that module"#;
    let outcome = program(&["--text", "app.wasm", "lib=app.wasm"]).with_app().pipe("aot_func#0\n");
    assert_eq!(outcome, failure(1, "aot_func#0\n", message));
}

#[test]
fn a_text_without_symbols_is_no_cause_for_a_warning() {
    for text in ["main 1\n", "main\n", "\n", ""] {
        assert_eq!(program(&["--text", "app.wasm"]).with_app().pipe(text), success(text));
    }
}

#[test]
fn without_a_search_for_stack_checks_a_line_leaves_as_it_was_read() {
    let mut run = program(&["--text", "--stack-check=off", "app.wasm"]).with_app();
    let mut live = run.live();
    for (line, translated) in [
        ("iwasm 11346 3768.5:\n", "iwasm 11346 3768.5:"),
        ("\taot_func#0+0x1 (x)\n", "\t[Wasm] run+0x1 (x)"),
        ("\n", ""),
        ("# aot_func#1\n", "# [Wasm] sum"),
    ] {
        live.write(line);
        assert_eq!(live.read(), translated);
    }
    live.write("aot_func#2");
    assert!(live.is_silent(), "the line may go on");
    assert_eq!(live.finish(), ["[Wasm] inc"]);
}

#[test]
fn auto_holds_lines_from_the_first_aot_func_that_may_be_a_stack_check() {
    let mut run = program(&["--text", "app.wasm"]).with_app();
    let mut live = run.live();
    live.write("host\naot_func#0_wrapper+0x1\n[Wasm] aot_func#0\nmy_aot_func#0\n[other]#aot_func#0\n");
    for line in ["host", "[Wasm] run_wrapper+0x1", "[Wasm] aot_func#0", "my_aot_func#0", "[other]#aot_func#0"]
    {
        assert_eq!(live.read(), line);
    }
    live.write("aot_func#0+0x1\n");
    assert!(live.is_silent());
    live.write("host\n");
    assert!(live.is_silent());
    live.write("(aot_func_internal#0)\n");
    for line in ["[Wasm] run_precheck+0x1", "host", "([Wasm] run)"] {
        assert_eq!(live.read(), line);
    }
    live.write("aot_func#1\n");
    assert_eq!(live.read(), "[Wasm] sum_precheck");
    live.write("[app]#aot_func#1\n");
    assert!(live.is_silent(), "each module name is decided alone");
    drop(live.stdin.take());
    assert_eq!(live.read(), "[Wasm] [app] sum");
    // `my_aot_func#0` and `[other]#aot_func#0` are unresolved.
    assert_eq!(live.child.wait().unwrap().code(), Some(1));
}

/// `grep -P` stands in for iwasm: most of its time is spent in code that it compiled to anonymous memory. A map
/// as WAMR writes it, with a symbol for every 32 bytes of that memory, is put where perf looks for it.
const RECORD: &str = r#"
    export HOME=$PWD DEBUGINFOD_URLS=
    yes 'aaaaaaaaaaaaaaaab abc xyz' | head -n 1000 > in.txt
    perf record -q -N -e cpu-clock -o perf.data -- grep -cP '(a+)+c(b+)z$' in.txt > /dev/null 2> record.txt
    mapping='PERF_RECORD_MMAP.* ([0-9]+)\/[0-9]+: \[0x([0-9a-f]+)\((0x[0-9a-f]+)\).* \/\/anon$'
    read -r pid start size < <(perf script -i perf.data --show-mmap-events 2>> record.txt |
        sed -nE "s/.*$mapping/\1 \2 \3/p" | tail -n 1)
    [ -n "$pid" ] || exit 99
    map=/tmp/perf-$pid.map
    trap 'rm -f "$map"' EXIT
    for ((at = 0; at < size; at += 32)); do
        printf '%x  20  [my app]#aot_func#%d\n' $((0x$start + at)) $((at / 32 % 5))
    done > wamr.map

    print() {
        perf script -i perf.data > "script.$1" 2>> record.txt
        perf report -q --stdio -i perf.data > "report.$1" 2>> record.txt
    }
    cp wamr.map "$map"
    print wamr
    "$FILTER" --text $ORDER 'my app=app.wasm' < wamr.map > "$map"
    print translated
    for text in script report; do
        "$FILTER" --text $ORDER 'my app=app.wasm' < "$text.wamr" > "$text.expected"
        cmp "$text.expected" "$text.translated" || exit 1
    done
    cat script.translated
"#;

#[test]
fn perf_takes_a_translated_map() {
    let functions: String =
        (0..5).map(|number| format!(r#"(func (@name "größe<T>(a; b, 模块) f{number}"))"#)).collect();
    let module = wat(&format!("(module {functions})"));
    for (order, shown) in [
        ("", ["[Wasm] [my app] größe<T>(a: b, 模块) f", "+0x"]),
        ("--name-first", [" größe<T>(a: b, 模块) f", " [Wasm] [my app]+0x"]),
    ] {
        let mut run = shell(RECORD).with_file("app.wasm", &module);
        run.command.env("ORDER", order);
        let outcome = run.pipe("");
        if outcome.status == Some(99) {
            eprintln!("skipped: perf cannot record grep -P here");
            return;
        }
        assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""));
        assert!(shown.iter().all(|part| outcome.stdout.contains(part)), "{}", outcome.stdout);
        assert!(!outcome.stdout.contains("aot_func#"), "{}", outcome.stdout);
    }
}

static APP: LazyLock<Wasm> = LazyLock::new(|| Wasm::read(app().as_slice()).unwrap());
/// Function names that hold no symbol, but much of what symbols and translations are made of.
static PARTS: LazyLock<Wasm> = LazyLock::new(|| {
    named(&[
        "a;b 12",
        "aot_func",
        "[a]#aot_func",
        "a [Wasm] b",
        "[Wasm]",
        "x [Wasm] [a]",
        "größe]",
        "#",
        "[b",
    ])
});
/// Function names that hold symbols, or with the text around them, can become symbols.
static SYMBOLS: LazyLock<Wasm> = LazyLock::new(|| {
    named(&[
        "x]#aot_func#1",
        "aot_func#0",
        "[b]#aot_func_internal#1",
        "[Wasm] aot_func#2",
        "a [b",
        "aot_func#",
        "b]",
    ])
});

/// A module that defines functions with these names, and one without a name.
fn named(names: &[&str]) -> Wasm {
    let functions: String = names.iter().map(|name| format!(r#"(func (@name "{name}"))"#)).collect();
    Wasm::read(wat(&format!("(module {functions} (func))")).as_slice()).unwrap()
}

/// Modules under names that are hard to read out of a text.
fn modules(named: &'static Wasm) -> Vec<(Option<Vec<u8>>, &'static Wasm)> {
    let loaded = [
        Some("a"),
        Some("b"),
        Some("b]#aot_func#7"),
        Some("aot_func#7"),
        Some("[x"),
        Some("Wasm"),
        Some("ü y"),
    ];
    let named =
        loaded.into_iter().map(|name: Option<&str>| (name.map(|name| name.as_bytes().to_vec()), named));
    [(None, &*APP)].into_iter().chain(named).collect()
}

/// The lines of `text` without their newlines.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.lines_with_terminator().map(|line| line.strip_suffix(b"\n").unwrap_or(line))
}

/// The filter with some modules, and what it must give.
struct Case {
    reference: TextReference<'static>,
    modules: Vec<(Option<Vec<u8>>, &'static Wasm)>,
    name_first: bool,
}

impl Case {
    fn new(named: &'static Wasm, name_first: bool) -> Self {
        let modules = modules(named);
        let reference = Reference { modules: modules.iter().cloned().collect(), name_first };
        Self { reference: TextReference::new(reference), modules, name_first }
    }

    fn expected(&self, text: &[u8], checks: &Checks) -> BString {
        lines(text).flat_map(|line| [&self.reference.translate(line, checks)[..], b"\n"].concat()).collect()
    }

    /// What the filter makes of `text`, of which it holds 100 bytes in memory.
    fn filter(&self, text: impl Read, stack_check: StackCheck) -> BString {
        let mut loaded = Modules::default();
        for (name, wasm) in &self.modules {
            loaded.add(Module::new(name.clone(), "x.wasm", (*wasm).clone())).unwrap();
        }
        let mut translator = Translator::new(loaded);
        translator.set_format(Format::Text);
        translator.set_name_first(self.name_first);
        translator.set_stack_check(stack_check);
        let mut output = Vec::new();
        let mut filter = Filter::new(translator, &mut output);
        filter.set_hold_limit(100);
        filter.run(text).unwrap();
        output.into()
    }
}

fn module_name() -> impl Strategy<Value = &'static str> {
    let loaded = select(&["a", "b", "b]#aot_func#7", "aot_func#7", "[x", "Wasm", "ü y"]);
    let other =
        select(&["c", "x", "]", "[", "b]", "a]#aot_func#7", "aot_func#8", "aot_func#x", " ", "", "#"]);
    prop_oneof![4 => loaded, 1 => other]
}

fn symbol() -> impl Strategy<Value = String> {
    let module = prop_oneof![
        1 => Just(String::new()),
        2 => module_name().prop_map(|name| format!("[{name}]#")),
    ];
    let kind = select(&["aot_func", "aot_func", "aot_func_internal"]);
    let number = prop_oneof![8 => 0..12_u64, 1 => select(&[4_294_967_295, 4_294_967_296])];
    let rest = select(&["", "", "", "_wrapper"]);
    (module, kind, number, rest)
        .prop_map(|(module, kind, number, rest)| format!("{module}{kind}#{number}{rest}"))
}

/// Bytes that make a symbol end or go on, parts of symbols, and parts of translations.
fn part() -> impl Strategy<Value = Vec<u8>> {
    let boundary = select(&b" \t\r\0;,()[]+:<>/-\"_$.#aZ09\x7f\x80\xff"[..]).prop_map(|byte| vec![byte]);
    let part = select(&[
        "[Wasm] ",
        "[Wasm]",
        " [Wasm]",
        " [Wasm] ",
        "] ",
        "aot_func#",
        "aot_func_internal#",
        "]#",
        "#aot_func",
        "_wrapper",
        "_[j]",
        "+0x1c",
        "#7",
        "7",
        "ü",
        "\u{a0}",
        "wasm",
        "# ",
        "[",
    ]);
    let wasm_module = module_name().prop_map(|name| format!("[Wasm] [{name}] ").into_bytes());
    prop_oneof![3 => boundary, 2 => part.prop_map(|part| part.as_bytes().to_vec()), 1 => wasm_module]
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    let newline = Just(b"\n".to_vec());
    let piece = prop_oneof![6 => symbol().prop_map(String::into_bytes), 6 => part(), 2 => Just(b" ".to_vec()), 1 => newline];
    vec(piece, 0..25).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn texts_are_translated_as_by_the_reference(
        text in text(),
        sizes in vec(1..40_usize, 1..10),
        name_first: bool,
        symbols: bool,
    ) {
        let case = Case::new(if symbols { &SYMBOLS } else { &PARTS }, name_first);
        let found = case.reference.find_checks(lines(&text));
        for (stack_check, checks) in
            [(StackCheck::Auto, &found), (StackCheck::On, &Checks::All), (StackCheck::Off, &Checks::NONE)]
        {
            let expected = case.expected(&text, checks);
            prop_assert_eq!(&case.filter(text.as_slice(), stack_check), &expected);
            let in_portions = case.filter(Portions::of_sizes(&text, &sizes), stack_check);
            prop_assert_eq!(&in_portions, &expected);
        }
    }

    #[test]
    fn translating_a_text_twice_changes_nothing(text in text(), name_first: bool) {
        let case = |name_first| {
            let mut case = Case::new(&PARTS, name_first);
            // `run [Wasm]` before `#aot_func#1` would be a symbol of this module.
            case.modules.retain(|(name, _)| name.as_deref() != Some(b"Wasm"));
            case
        };
        let once = case(name_first).filter(text.as_slice(), StackCheck::Auto);
        prop_assert_eq!(&case(name_first).filter(once.as_slice(), StackCheck::Auto), &once);
        prop_assert_eq!(&case(!name_first).filter(once.as_slice(), StackCheck::Auto), &once);
    }
}
