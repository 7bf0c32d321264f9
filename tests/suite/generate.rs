//! `--generate`: the manual page and the completions, as the programs that they are for take them.

use crate::support::{failure, program, shell, success};

/// Runs `script` where `tool` is installed, with what `--generate` prints for `what` in the file `generated`.
fn check(what: &str, tool: &str, script: &str, stdout: &str) {
    let prelude =
        format!(r#"command -v {tool} > /dev/null || exit 99; "$FILTER" --generate {what} > generated"#);
    let outcome = shell(&format!("{prelude}\n{script}")).with_app().pipe("");
    if outcome.status == Some(99) {
        eprintln!("skipped: {tool} is missing");
        return;
    }
    assert_eq!(outcome, success(stdout), "{what}");
}

#[test]
fn the_manual_page_has_no_faults() {
    let man =
        "LC_ALL=C.UTF-8 MANROFFSEQ= MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z generated > /dev/null";
    check("man", "man", man, "");
    check("man", "groff", "groff -man -Tutf8 -ww generated > /dev/null", "");
    let page = program(&["--generate", "man"]).pipe("").stdout;
    for option in ["split\\-dir", "stack\\-check", "demangle", "export\\-names", "annotate", "verbose"] {
        assert!(page.contains(&format!("\\fB\\-\\-{option}\\fR")), "{option}");
    }
}

#[test]
fn bash_completes_options_values_and_modules() {
    let complete = r#"source ./generated; mkdir dir; touch other.txt
        complete_words() {
            COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
            _wamr_fold_translate; echo "${COMPREPLY[*]}"
        }
        complete_words wamr-fold-translate --dem
        complete_words wamr-fold-translate -s o
        complete_words wamr-fold-translate --stack-check = of
        complete_words wamr-fold-translate --stack-check =
        complete_words wamr-fold-translate --split-dir ""
        complete_words wamr-fold-translate core = a
        complete_words wamr-fold-translate ="#;
    let words = "--demangle\non off\noff\nauto on off\ndir\napp.wasm\napp.wasm dir\n";
    check("complete-bash", "bash", complete, words);
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
fn fish_completes_options_and_values() {
    let complete = r#"export HOME=$PWD
        fish --no-config -c 'source generated; complete -C "wamr-fold-translate --dem"
                             complete -C "wamr-fold-translate -s o"' | cut -f 1"#;
    check("complete-fish", "fish", complete, "--demangle\noff\non\n");
}

#[test]
fn only_what_there_is_can_be_generated() {
    let message = "--generate cannot be \"complete-tcsh\": \
                   pass one of man, complete-bash, complete-zsh, complete-fish (--help shows the usage)";
    assert_eq!(program(&["--generate", "complete-tcsh"]).pipe(""), failure(2, "", message));
}
