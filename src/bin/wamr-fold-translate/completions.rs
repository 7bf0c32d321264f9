//! Shell completions.

use crate::options::{FLAGS, Flag, ValueKind};

/// For bash: sourced, or saved as `bash-completion/completions/wamr-fold-translate`.
pub(crate) fn bash() -> String {
    let mut values = String::new();
    for flag in FLAGS {
        let generate = match flag.value {
            None => continue,
            Some(ValueKind::Directory(_)) => "compgen -d --".to_owned(),
            Some(ValueKind::Modules(_)) => "_wamr_fold_translate_modules".to_owned(),
            Some(ValueKind::OneOf(_, words)) => format!("compgen -W '{}' --", words.join(" ")),
        };
        let names = names(flag).join(" | ");
        values += &format!("        {names}) mapfile -t COMPREPLY < <({generate} \"$current\") ;;\n");
    }
    let options: Vec<_> = FLAGS.iter().flat_map(names).collect();
    format!(
        r#"# bash completion for wamr-fold-translate

_wamr_fold_translate_modules() {{
    # Only in quotes, NAME= is part of the word.
    local name=
    [[ $1 == *=* ]] && name=${{1%%=*}}=
    compgen -P "$name" -f -X '!*.wasm' -- "${{1#"$name"}}"
    compgen -P "$name" -d -- "${{1#"$name"}}"
}}

_wamr_fold_translate() {{
    local current=$2 previous=${{COMP_WORDS[COMP_CWORD - 1]}}
    # In --option=VALUE, the = is a word.
    if [[ ${{COMP_WORDS[COMP_CWORD]}} == = ]]; then
        current=
    elif [[ $previous == = ]]; then
        previous=${{COMP_WORDS[COMP_CWORD - 2]}}
    fi
    case $previous in
{values}        [\<\>]*) COMPREPLY=() && compopt -o default ;; # any file after a redirection
        *)
            if [[ $current == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W '{options}' -- "$current")
            else
                mapfile -t COMPREPLY < <(_wamr_fold_translate_modules "$current")
            fi
            ;;
    esac
}}

complete -o filenames -F _wamr_fold_translate wamr-fold-translate
"#,
        options = options.join(" "),
    )
}

/// For zsh: saved as `_wamr-fold-translate` in a directory of `$fpath`, or sourced.
pub(crate) fn zsh() -> String {
    let mut specs = String::new();
    for flag in FLAGS {
        let help = flag.help.replace('\'', r"'\''").replace('[', r"\[").replace(']', r"\]");
        let (repeat, value) = match flag.value {
            None => ("", String::new()),
            Some(ValueKind::Directory(name)) => ("", format!(":{name}:_files -/")),
            Some(ValueKind::Modules(_)) => ("*", ":FILE:_wamr_fold_translate_modules".to_owned()),
            Some(ValueKind::OneOf(name, words)) => ("", format!(":{name}:({})", words.join(" "))),
        };
        for name in names(flag) {
            let equals = if flag.value.is_some() && name.starts_with("--") { "=" } else { "" };
            specs += &format!("        '{repeat}{name}{equals}[{help}]{value}' \\\n");
        }
    }
    format!(
        r#"#compdef wamr-fold-translate

_wamr_fold_translate_modules() {{
    compset -P '*='
    _files -g '*.wasm'
}}

_wamr_fold_translate() {{
    _arguments \
{specs}        '*:MODULE:_wamr_fold_translate_modules'
}}

if [[ ${{funcstack[1]}} == _wamr-fold-translate ]]; then
    _wamr_fold_translate "$@"
else
    compdef _wamr_fold_translate wamr-fold-translate
fi
"#
    )
}

/// For fish: saved as `completions/wamr-fold-translate.fish`, or sourced.
pub(crate) fn fish() -> String {
    let mut text = "# fish completion for wamr-fold-translate\n\n".to_owned();
    text += "complete -c wamr-fold-translate -k -x -a '(__fish_complete_suffix .wasm)'\n";
    for flag in FLAGS {
        let short = flag.short.map_or(String::new(), |short| format!(" -s {short}"));
        let value = match flag.value {
            None => String::new(),
            Some(ValueKind::Directory(_)) => " -x -a '(__fish_complete_directories)'".to_owned(),
            Some(ValueKind::Modules(_)) => " -k -x -a '(__fish_complete_suffix .wasm)'".to_owned(),
            Some(ValueKind::OneOf(_, words)) => format!(" -x -a '{}'", words.join(" ")),
        };
        let help = flag.help.replace('\'', r"\'");
        text += &format!("complete -c wamr-fold-translate{short} -l {}{value} -d '{help}'\n", flag.long);
    }
    text
}

/// The names of a flag as typed: the short one, if any, and the long one.
fn names(flag: &Flag) -> Vec<String> {
    let short = flag.short.map(|short| format!("-{short}"));
    short.into_iter().chain([format!("--{}", flag.long)]).collect()
}
