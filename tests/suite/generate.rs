//! `--generate`: the man page and the completions, tested with `man`, `groff` and real shells.

use regex::Regex;

use crate::support::{program, shell, success};

/// Runs `script` where `tool` is installed, with what `--generate` prints for `what` in the file `generated`.
fn check(what: &str, tool: &str, script: &str, stdout: &str) {
    let prelude =
        format!(r#"command -v {tool} > /dev/null || exit 99; "$FILTER" --generate {what} > generated"#);
    let mut shell = shell(&format!("{prelude}\n{script}")).with_app();
    if let Some(outcome) = shell.run_or_skip(&format!("{tool} is missing")) {
        assert_eq!(outcome, success(stdout), "{what}");
    }
}

/// The long names of the options, from `--help`.
fn options() -> Vec<String> {
    let help = program(&["--help"]).pipe("").stdout;
    let long = Regex::new("(?m)^  (?:-., |    )--([a-z-]+)").unwrap();
    long.captures_iter(&help).map(|captures| captures[1].to_owned()).collect()
}

#[test]
fn man_page_and_completions_have_every_option() {
    assert!(options().contains(&"text".to_owned()), "{:?}", options());
    for option in options() {
        for (what, text) in [
            ("man", format!(r"\fB\-\-{}\fR", option.replace('-', r"\-"))),
            ("complete-bash", format!(" --{option}")),
            ("complete-zsh", format!("'--{option}")),
            ("complete-fish", format!(" -l {option} ")),
        ] {
            let outcome = program(&["--generate", what]).pipe("");
            let generated = outcome.stdout.replace("'*--", "'--");
            assert!(generated.contains(&text), "{what} has no {text}");
            assert_eq!(outcome, success(outcome.stdout.as_str()));
        }
    }
}

#[test]
fn man_page_is_formatted_without_warnings() {
    let man =
        "LC_ALL=C.UTF-8 MANROFFSEQ= MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z generated > /dev/null";
    check("man", "man", man, "");
    check("man", "groff", "groff -man -Tutf8 -ww generated > /dev/null", "");
}

#[test]
fn man_page_fits_80_columns_without_hyphenation() {
    // grep -E finds neither a longer line nor a hyphen that groff has added.
    let script = r#"export LC_ALL=C.UTF-8
        groff -man -Tutf8 -P-cbou -rLL=80n generated > page
        grep -c 'perf report --stdio | wamr-fold-translate --text app.wasm' page
        grep -c "^ *'=dir/app.wasm'" page
        grep -E '.{81}|‐' page; test $? = 1"#;
    check("man", "groff", script, "1\n1\n");
}

/// Types each line into an interactive bash that has run `setup`, and inserts all completions.
fn check_bash(setup: &str, lines: &[(&str, &str)]) {
    const INSERT_COMPLETIONS: &str = "\x1b*";
    const PRINT_AND_CLEAR: &str = "\x14";

    let keys: String = lines
        .iter()
        .map(|(typed, _)| format!("wamr-fold-translate {typed}{INSERT_COMPLETIONS}{PRINT_AND_CLEAR}"))
        .collect();
    // bash edits lines on any standard input. In a session of its own, it does not take the terminal.
    let script = format!(
        r#"command -v setsid > /dev/null || exit 99
        mkdir work; cd work; mkdir dir 'a dir'; touch app.wasm 'a b.wasm' dir/x.wasm out.folded out.txt
        "$FILTER" --generate complete-bash > ../generated
        cat > ../bashrc <<'END'
            {setup}
            bind -x '"\C-t": echo "${{READLINE_LINE#wamr-fold-translate }}" >> ../completed; READLINE_LINE='
END
        HOME=$PWD TERM=dumb LC_ALL=C setsid --wait bash --rcfile ../bashrc -i < ../keys > ../screen 2>&1
        [[ $? == 99 ]] && exit 99
        cat ../completed"#
    );
    let mut shell = shell(&script).with_file("keys", keys);
    if let Some(outcome) = shell.run_or_skip("setsid or bash-completion is missing") {
        let completed: String = lines.iter().map(|(_, completed)| format!("{completed}\n")).collect();
        assert_eq!(outcome, success(completed), "{setup}");
    }
}

/// Lines and their completions in bash, with and without the bash-completion package.
const BASH: &[(&str, &str)] = &[
    ("--dem", "--demangle "),
    ("-Cat l", "-Cat last "),
    ("--tag ", "--tag first last none "),
    ("-t l", "-t last "),
    ("-s o", "-s off on "),
    ("--stack-check=of", "--stack-check=off "),
    ("--stack-check=", "--stack-check=auto off on "),
    ("--split-dir ", "--split-dir a\\ dir dir "),
    ("--generate m", "--generate man "),
    ("ap", "app.wasm "),
    ("dir/", "dir/x.wasm "),
    ("a\\ b", "a\\ b.wasm "),
    ("core=ap", "core=app.wasm "),
    ("=ap", "=app.wasm "),
    ("'=ap", "'=app.wasm' "),
    ("'co re=ap", "'co re=app.wasm' "),
    ("--wasm-names a=app.wasm,b=ap", "--wasm-names a=app.wasm,b=app.wasm "),
    ("out", "out"),
    ("app.wasm < out.f", "app.wasm < out.folded "),
    ("app.wasm <out.f", "app.wasm <out.folded "),
    ("app.wasm < ", "app.wasm < a\\ b.wasm a\\ dir app.wasm dir out.folded out.txt "),
    ("app.wasm < out.folded > out", "app.wasm < out.folded > out.folded out.txt "),
    ("app.wasm >out.t", "app.wasm >out.txt "),
    ("app.wasm >> out.t", "app.wasm >> out.txt "),
    ("app.wasm >>out.t", "app.wasm >>out.txt "),
    ("app.wasm 2> out.t", "app.wasm 2> out.txt "),
    ("app.wasm 2>out.t", "app.wasm 2>out.txt "),
    ("app.wasm 2>> out.t", "app.wasm 2>> out.txt "),
    ("app.wasm &> out.t", "app.wasm &> out.txt "),
    ("app.wasm &>out.t", "app.wasm &>out.txt "),
    ("app.wasm <> out.t", "app.wasm <> out.txt "),
    ("app.wasm <>out.t", "app.wasm <>out.txt "),
    ("app.wasm >| out.t", "app.wasm >| out.txt "),
    ("app.wasm >|out.t", "app.wasm >|out.txt "),
    ("< out.folded ap", "< out.folded app.wasm "),
];

#[test]
fn bash_completes_options_values_modules_and_redirections() {
    check_bash("source ../generated", BASH);
}

#[test]
fn bash_completes_the_same_with_the_bash_completion_package() {
    let setup = "package=/usr/share/bash-completion/bash_completion
            [[ -e $package ]] || exit 99
            mkdir -p ../user/completions; mv ../generated ../user/completions/wamr-fold-translate
            BASH_COMPLETION_USER_DIR=../user; source $package";
    check_bash(setup, BASH);
}

#[test]
fn shellcheck_accepts_the_bash_completions() {
    check("complete-bash", "shellcheck", "shellcheck --shell=bash generated", "");
}

#[test]
fn zsh_loads_its_completions() {
    let load = "mv generated _wamr-fold-translate
        zsh -f -c 'fpath=($PWD $fpath); autoload -Uz compinit; compinit -u -D; echo $_comps[wamr-fold-translate]
                   autoload +X _wamr-fold-translate && echo loaded'
        zsh -f -c 'autoload -Uz compinit; compinit -u -D; source ./_wamr-fold-translate; echo $_comps[wamr-fold-translate]'";
    check("complete-zsh", "zsh", load, "_wamr-fold-translate\nloaded\n_wamr_fold_translate\n");
}

#[test]
fn fish_completes_options_values_modules_and_redirections() {
    let lines = [
        ("--dem", "--demangle\n"),
        ("--te", "--text\n"),
        ("-s o", "off\non\n"),
        ("--tag=l", "--tag=last\n"),
        ("core=ap", "core=app.wasm\n"),
        ("app.wasm < out", "out.folded\n"),
        ("app.wasm >out", "out.folded\n"),
    ];
    let complete: String =
        lines.iter().map(|(typed, _)| format!("complete -C 'wamr-fold-translate {typed}'; ")).collect();
    let completed: String = lines.iter().map(|(_, completed)| *completed).collect();
    let script = format!(
        r#"touch out.folded; export HOME=$PWD
        fish --no-config -c "source generated; {complete}" | cut -f 1"#
    );
    check("complete-fish", "fish", &script, &completed);
}
