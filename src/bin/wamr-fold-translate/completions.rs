//! Completions of the command line, for shells.

use crate::options::{FLAGS, Flag, ValueKind};

/// For bash, to be sourced or put into `bash-completion/completions/wamr-fold-translate`.
pub(crate) fn bash() -> String {
    let mut values = String::new();
    for flag in FLAGS {
        let complete = match flag.value {
            None => continue,
            Some(ValueKind::Directory(_)) => "compgen -d --".to_owned(),
            Some(ValueKind::Modules(_)) => "_wamr_fold_translate_modules".to_owned(),
            Some(ValueKind::OneOf(_, words)) => format!("compgen -W '{}' --", words.join(" ")),
        };
        let names = names(flag).join(" | ");
        values +=
            &format!("        {names}) mapfile -t COMPREPLY < <({complete} \"$current\") && return ;;\n");
    }
    let options: Vec<_> = FLAGS.iter().flat_map(names).collect();
    format!(
        r#"# bash completion for wamr-fold-translate

_wamr_fold_translate_modules() {{
    compgen -f -X '!*.wasm' -- "${{1#=}}"
    compgen -d -- "${{1#=}}"
}}

_wamr_fold_translate() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD - 1]}}
    # With --option=VALUE the sign is a word of its own.
    if [[ $previous == = && ${{COMP_WORDS[COMP_CWORD - 2]}} == --* ]]; then
        previous=${{COMP_WORDS[COMP_CWORD - 2]}}
    elif [[ $current == = && $previous == --* ]]; then
        current=
    fi
    case $previous in
{values}    esac
    if [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W '{options}' -- "$current")
    else
        mapfile -t COMPREPLY < <(_wamr_fold_translate_modules "$current")
    fi
}}

complete -o filenames -F _wamr_fold_translate wamr-fold-translate
"#,
        options = options.join(" "),
    )
}

/// For zsh, to be put as `_wamr-fold-translate` into a directory of `$fpath`, or sourced.
pub(crate) fn zsh() -> String {
    let mut options = String::new();
    for flag in FLAGS {
        let help = flag.help.replace('\'', "'\\''").replace('[', "\\[").replace(']', "\\]");
        let value = match flag.value {
            None => String::new(),
            Some(ValueKind::Directory(name)) => format!(":{name}:_files -/"),
            Some(ValueKind::Modules(_)) => ":FILE:_wamr_fold_translate_modules".to_owned(),
            Some(ValueKind::OneOf(name, words)) => format!(":{name}:({})", words.join(" ")),
        };
        let sign = if flag.value.is_none() { "" } else { "=" };
        for name in names(flag) {
            let sign = if name.starts_with("--") { sign } else { "" };
            options += &format!("        '{name}{sign}[{help}]{value}' \\\n");
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
{options}        '*:MODULE:_wamr_fold_translate_modules'
}}

if [[ ${{funcstack[1]}} == _wamr-fold-translate ]]; then
    _wamr_fold_translate "$@"
else
    compdef _wamr_fold_translate wamr-fold-translate
fi
"#
    )
}

/// For fish, to be put into `completions/wamr-fold-translate.fish`, or sourced.
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
        let help = flag.help.replace('\'', "\\'");
        text += &format!("complete -c wamr-fold-translate{short} -l {}{value} -d '{help}'\n", flag.long);
    }
    text
}

/// The option as it is typed: its short name, if it has one, and its long name.
fn names(flag: &Flag) -> Vec<String> {
    let short = flag.short.map(|short| format!("-{short}"));
    short.into_iter().chain([format!("--{}", flag.long)]).collect()
}
