//! `--text`: symbols anywhere in what perf prints, and in any text.

use std::fs::{self, File};
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use bstr::{BString, ByteSlice};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use wamr_fold_translate::{Filter, Format, Module, Modules, NameError, Options, StackCheck, Tag, Translator};

use crate::support::agreement::check_agreement;
use crate::support::inputs::{file, modules};
use crate::support::{app, failure, options, program, shell, success, timed, wat};

#[test]
fn perf_output_is_translated() {
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
        assert!(run().pipe(fs::read(&text).unwrap()) == expected, "{file} from a pipe");
        assert!(run().pipe(&expected.stdout) == expected, "{file} translated twice");
    }
}

#[test]
fn symbols_are_translated_anywhere() {
    for (options, text, translated) in [
        ("", "(aot_func#0)", "([Wasm] run)"),
        ("", "41a9e004  10  [app]#aot_func#1\n", "41a9e004  10  [Wasm] [app] sum\n"),
        ("", "\taot_func#1+0x1c (/tmp/perf-1.map)\r\n", "\t[Wasm] sum+0x1c (/tmp/perf-1.map)\r\n"),
        ("", "aot_func#0,aot_func#1;aot_func#0_wrapper", "[Wasm] run,[Wasm] sum;[Wasm] run_wrapper"),
        ("", "aot_func#1.cold aot_func#1@plt", "[Wasm] sum.cold [Wasm] sum@plt"),
        ("", "# aot_func#0 5\n\n \n#", "# [Wasm] run 5\n\n \n#"),
        ("", "[x [app]#aot_func#1", "[x [Wasm] [app] sum"),
        ("", "[app]#aot_func#1[app]#aot_func#2", "[Wasm] [app] sum[Wasm] [app] inc"),
        (
            "",
            "aot_func#0 [Wasm] aot_func#1 [Wasm] [M] aot_func#2",
            "aot_func#0 [Wasm] aot_func#1 [Wasm] [M] aot_func#2",
        ),
        ("", "[Wasm]  aot_func#0; [Wasm] [M]  aot_func#1", "[Wasm]  [Wasm] run; [Wasm] [M]  [Wasm] sum"),
        ("", "[Wasm] [M]x] aot_func#0", "[Wasm] [M]x] [Wasm] run"),
        ("-s on", "aot_func#1_wrapper aot_func#1", "[Wasm] sum_wrapper [Wasm] sum_precheck"),
        ("-t last", "aot_func#1+0x1c", "sum [Wasm]+0x1c"),
        ("-t last", "[app]#aot_func#1_[j]", "sum [Wasm] [app]_[j]"),
        ("-t last", "[app]#aot_func#1_wrapper+0x1c", "sum_wrapper [Wasm] [app]+0x1c"),
        ("-t last -s on", "aot_func#1+0x1c", "sum_precheck [Wasm]+0x1c"),
        ("-t none", "x [app]#aot_func#1_wrapper+0x1c", "x sum_wrapper+0x1c"),
    ] {
        let arguments: Vec<_> = ["--text"].into_iter().chain(options.split_whitespace()).collect();
        let expected = success(format!("{}\n", translated.strip_suffix('\n').unwrap_or(translated)));
        let outcome = program(&[&arguments[..], &["app.wasm"]].concat()).with_app().pipe(text);
        assert_eq!(outcome, expected, "{options} {text:?}");
    }
}

#[test]
fn unresolved_symbols_are_kept_and_reported() {
    for (text, translated, message) in [
        (
            "host\n\taot_func#3+0x1c (x)\n",
            "host\n\t[Wasm] func[4]+0x1c (x)\n",
            r#"2: 1 symbol with an index out of range, for example "aot_func#3": app.wasm defines aot_func#0 to aot_func#2: pass the build that was profiled"#,
        ),
        (
            "x [core]#aot_func#7 [core]#aot_func#8\n",
            "x [core]#aot_func#7 [core]#aot_func#8\n",
            r#"1: 2 symbols of unknown module "core", for example "[core]#aot_func#7": pass core=FILE.wasm"#,
        ),
        (
            "41a9e004  10  aot_func#41a9e014  210  aot_func#1\n",
            "41a9e004  10  aot_func#41a9e014  210  [Wasm] sum\n",
            r#"1: 1 malformed WAMR symbol, for example "aot_func#41a9e014": if WAMR truncated a line of /tmp/perf-PID.map at 127 bytes, load the module under a shorter name"#,
        ),
    ] {
        let expected = failure(1, translated, &format!("<stdin>:{message}"));
        assert_eq!(program(&["--text", "app.wasm"]).with_app().pipe(text), expected);
    }
    let message = r#"<stdin>:1: 1 symbol without a module name, for example "aot_func#0": pass their module as '=FILE.wasm'"#;
    let outcome = program(&["--text", "app.wasm", "lib=app.wasm"]).with_app().pipe("aot_func#0\n");
    assert_eq!(outcome, failure(1, "aot_func#0\n", message));
}

#[test]
fn symbols_do_not_overlap() {
    // The name of an unknown module starts after the symbol before it.
    for (text, translated, unresolved) in [
        ("[app]#aot_func#0]#aot_func#1\n", "[Wasm] [app] run]#aot_func#1\n", "1 symbol"),
        ("[x]#aot_func#0]#aot_func#1\n", "[x]#aot_func#0]#aot_func#1\n", "2 symbols"),
        ("[aot_func#0]#aot_func#1\n", "[[Wasm] run]#aot_func#1\n", "1 symbol"),
        ("[aot_func#0 [app]#aot_func#1\n", "[[Wasm] run [Wasm] [app] sum\n", "0 symbols"),
    ] {
        let outcome = program(&["--text", "-v", "app.wasm"]).with_app().pipe(text);
        assert_eq!(outcome.stdout, translated);
        assert!(outcome.stderr.contains(&format!(", {unresolved} unresolved\n")), "{text}: {outcome:?}");
    }
}

#[test]
fn module_names_with_symbols_are_refused() {
    for name in ["aot_func#7", "b]#aot_func#7", "x aot_func_internal#", "a\nb"] {
        let text = || options(|options| options.format = Format::Text);
        let error = Translator::new(modules(&["app", name], &app()), text()).unwrap_err();
        assert_eq!(error, NameError::ContainsSymbol(name.into()));
        assert!(
            Translator::new(modules(&[name], &app()), Options::default()).is_ok(),
            "folded stacks: {name:?}"
        );

        let mut run = program(&["--text", "app.wasm", &format!("{name}=app.wasm")]).with_app();
        let outcome = run.file(file("aot_func#0\n"));
        assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(2), ""), "{name:?}");
        let message = format!("module name {name:?} contains a symbol or a newline, ");
        assert!(outcome.messages()[0].starts_with(&message), "{outcome:?}");
    }
}

#[test]
fn long_lines_take_linear_time() {
    for (symbol, status) in [
        ("[Wasm] aot_func#1", 0),
        ("[Wasm] [a] aot_func#1", 0),
        ("[Wasm] [aot_func#1", 0),
        ("[aot_func#1", 0),
        ("aot_func#x", 1),
        ("]#aot_func#1", 1),
        ("[aot_func#x]#aot_func#1", 1),
    ] {
        let time = |text: String| {
            let mut run = timed("cat > text", "--text app.wasm < text > translated").with_app();
            assert_eq!(run.pipe(text).status, Some(status), "{symbol:?}");
            run.cpu_time()
        };
        let (one, many) = (format!("{symbol} ").repeat(60_000), format!("{symbol}\n").repeat(60_000));
        let (one, many) = (time(one), time(many));
        assert!(
            one < 3 * many + Duration::from_millis(100),
            "{symbol:?}: {one:?} in one line, {many:?} in many"
        );
    }
}

/// `grep -P` stands in for iwasm: most of its time is spent in code that it compiled to anonymous memory. A map as
/// WAMR writes it, with a symbol for every 32 bytes of that memory, is put where perf looks for it. With a translated
/// map, perf must print the translation of what it printed with the original one.
const RECORD: &str = r#"
    command -v perf > /dev/null || exit 99
    export HOME=$PWD DEBUGINFOD_URLS=
    yes 'aaaaaaaaaaaaaaaab abc xyz' | head -n 200 > in.txt
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
    for tag in first last none; do
        translate() { "$FILTER" --text --tag=$tag 'my app=app.wasm'; }
        translate < wamr.map > "$map"
        print $tag
        for text in script report; do
            translate < $text.wamr > $text.expected
            cmp $text.expected $text.$tag || exit 1
        done
        grep -m 1 'größe.*+0x' script.$tag
    done
    ! grep aot_func# {script,report}.{first,last,none}"#;

#[test]
fn perf_reads_translated_map() {
    let functions: String =
        (0..5).map(|number| format!(r#"(func (@name "größe<T>(a; b, 模块) f{number}"))"#)).collect();
    let mut run = shell(RECORD).with_file("app.wasm", wat(&format!("(module {functions})")));
    if let Some(outcome) = run.run_or_skip("perf cannot record grep -P here") {
        assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""), "{outcome:?}");
        let shown: Vec<_> = outcome.stdout.lines().collect();
        let [first, last, none] = shown[..] else { panic!("{outcome:?}") };
        assert!(first.contains("[Wasm] [my app] größe<T>(a: b, 模块) f"), "{first}");
        assert!(last.contains(" größe<T>(a: b, 模块) f") && last.contains(" [Wasm] [my app]+0x"), "{last}");
        assert!(none.contains(" größe<T>(a: b, 模块) f") && !none.contains("[Wasm]"), "{none}");
    }
}

/// Function names that contain no symbol, but parts of symbols and translations.
static PARTS: LazyLock<Vec<u8>> = LazyLock::new(|| {
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
/// Function names that contain symbols, or form symbols with the text around them.
static SYMBOLS: LazyLock<Vec<u8>> = LazyLock::new(|| {
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
fn named(names: &[&str]) -> Vec<u8> {
    let functions: String = names.iter().map(|name| format!(r#"(func (@name "{name}"))"#)).collect();
    wat(&format!("(module {functions} (func))"))
}

/// Module names that are hard to find in text. The empty one stands for no name.
const NAMES: [&str; 7] = ["", "a", "b]", "a]#b", "[x", "ü y", "Wasm"];

/// Modules with these names. All but the one without a name are `wasm`.
fn loaded(wasm: &[u8], names: &[&str]) -> Modules {
    let mut loaded = Modules::default();
    for name in names {
        let wasm = if name.is_empty() { &app() } else { wasm };
        let name = (!name.is_empty()).then(|| name.as_bytes().to_vec());
        loaded.add(Module::read(name, "x.wasm", wasm).unwrap()).unwrap();
    }
    loaded
}

/// Any options for text, with one of `tags`.
fn any_options(tags: &'static [Tag]) -> impl Strategy<Value = Options> {
    let stack_check = select(&[StackCheck::Auto, StackCheck::Auto, StackCheck::On, StackCheck::Off]);
    (stack_check, select(tags)).prop_map(|(stack_check, tag)| {
        options(|options| {
            options.format = Format::Text;
            options.stack_check = stack_check;
            options.tag = tag;
        })
    })
}

fn module_name() -> impl Strategy<Value = &'static str> {
    let other = select(&["c", "x", "]", "[", "b", "a]#aot_func#7", "aot_func#8", "aot_func#x", " ", "", "#"]);
    prop_oneof![4 => select(&NAMES[1..]), 1 => other]
}

fn symbol() -> impl Strategy<Value = Vec<u8>> {
    let module = prop_oneof![
        1 => Just(String::new()),
        2 => module_name().prop_map(|name| format!("[{name}]#")),
    ];
    let kind = select(&["aot_func", "aot_func", "aot_func_internal"]);
    let number = prop_oneof![8 => 0..12_u64, 1 => select(&[4_294_967_295, 4_294_967_296])];
    let rest = select(&["", "", "", "_wrapper"]);
    (module, kind, number, rest)
        .prop_map(|(module, kind, number, rest)| format!("{module}{kind}#{number}{rest}").into_bytes())
}

/// Bytes at the boundaries of symbols, parts of symbols, and parts of translations.
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
    let tag = module_name().prop_map(|name| format!("[Wasm] [{name}] ").into_bytes());
    prop_oneof![3 => boundary, 2 => part.prop_map(|part| part.as_bytes().to_vec()), 1 => tag]
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    let [blank, newline] = [" ", "\n"].map(|text| Just(text.as_bytes().to_vec()));
    let piece = prop_oneof![6 => symbol(), 6 => part(), 2 => blank, 1 => newline];
    vec(piece, 0..25).prop_map(|pieces| pieces.concat())
}

fn translate(modules: &Modules, options: Options, text: &[u8]) -> BString {
    let (mut translator, mut output) = (Translator::new(modules.clone(), options).unwrap(), Vec::new());
    Filter::new(&mut translator, &mut output).run(text).unwrap();
    output.into()
}

proptest! {
    #[test]
    fn text_matches_the_reference(
        text in text(),
        options in any_options(&[Tag::First, Tag::Last, Tag::None]),
        named in select(vec![&PARTS, &SYMBOLS]),
        sizes in vec(1..40_usize, 1..10),
    ) {
        check_agreement(&loaded(named, &NAMES), options, &text, &sizes);
    }

    #[test]
    fn translating_text_twice_changes_nothing(
        text in text(),
        first in any_options(&[Tag::First, Tag::Last]),
        second in any_options(&[Tag::First, Tag::Last, Tag::None]),
    ) {
        // Except for modules called `Wasm` or with a `]` in their names, for functions whose names contain a
        // symbol, and for a symbol in the place of M in `[Wasm] [M] `.
        let modules = loaded(&PARTS, &["", "a", "[x", "ü y"]);
        if !tag_contains_symbol(&text) {
            let once = translate(&modules, first, &text);
            prop_assert_eq!(translate(&modules, second, &once), once);
        }
    }
}

fn tag_contains_symbol(text: &[u8]) -> bool {
    let mut tags = text.lines().flat_map(|line| line.split_str("Wasm] [").skip(1));
    tags.any(|tag| tag.split_str("]").next().is_some_and(|name| name.contains_str("aot_func")))
}
