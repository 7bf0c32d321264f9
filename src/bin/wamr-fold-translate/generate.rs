//! Help, man page and shell completions. Each has a template beside this file, whose placeholders, such as
//! `@OPTIONS@`, are filled in from the table of flags.

use crate::options::{EXIT_STATUSES, FLAGS, Flag, Kind, MODULE, MODULE_FORMS, Printed};

pub(crate) fn generate(printed: Printed) -> String {
    match printed {
        Printed::Help => help(),
        Printed::Version => format!("wamr-fold-translate {}\n", env!("CARGO_PKG_VERSION")),
        Printed::Man => man(),
        Printed::Bash => bash(),
        Printed::Zsh => fill(include_str!("complete.zsh"), "@OPTIONS@", FLAGS.iter().flat_map(zsh)),
        Printed::Fish => fill(include_str!("complete.fish"), "@OPTIONS@", FLAGS.iter().map(fish)),
    }
}

/// Replaces the line `place` of `template` with `lines`.
fn fill(template: &str, place: &str, lines: impl Iterator<Item = String>) -> String {
    template.replace(place, &lines.collect::<Vec<_>>().join("\n"))
}

// --help.

fn help() -> String {
    let form = |(form, frames): &(&str, &str)| format!("{:28}{form:17}  {frames}", "");
    let arguments = [row("MODULE", 24, MODULE)].into_iter().chain(MODULE_FORMS.iter().map(form));
    let options = FLAGS.iter().map(|flag| row(&synopsis(flag), 24, flag.help));
    let statuses = EXIT_STATUSES.iter().map(|(status, meaning)| row(status, 3, meaning));
    let text = fill(include_str!("help.txt"), "@ARGUMENTS@", arguments);
    fill(&fill(&text, "@OPTIONS@", options), "@EXIT_STATUSES@", statuses)
}

/// `-d, --split-dir DIR`.
fn synopsis(flag: &Flag) -> String {
    let short = flag.short.map_or("    ".to_owned(), |short| format!("-{short}, "));
    let value = flag.kind.placeholder().map_or(String::new(), |name| format!(" {name}"));
    format!("{short}--{}{value}", flag.long)
}

/// `label` in a column of this width, and `text` beside it, or below a label that does not fit.
fn row(label: &str, width: usize, text: &str) -> String {
    let text = text.replace('\n', &format!("\n  {:width$}", ""));
    if label.len() < width {
        format!("  {label:width$}{text}")
    } else {
        format!("  {label}\n  {:width$}{text}", "")
    }
}

// The man page, in the macros of man(7).

fn man() -> String {
    let form = |(form, frames): &(&str, &str)| item(&bold(form), frames);
    let option =
        |flag: &Flag| item(&man_synopsis(flag), format!("{}. {}", flag.help, flag.details).trim_end());
    let status = |(status, meaning): &(&str, &str)| item(&bold(status), &format!("{meaning}."));
    let text = include_str!("man.1").replace("@VERSION@", env!("CARGO_PKG_VERSION"));
    let text = text.replace("@MODULE@", &roff(MODULE));
    let text = fill(&text, "@MODULE_FORMS@", MODULE_FORMS.iter().map(form));
    let text = fill(&text, "@OPTIONS@", FLAGS.iter().map(option));
    fill(&text, "@EXIT_STATUSES@", EXIT_STATUSES.iter().map(status))
}

/// `-d, --split-dir DIR`, in bold and italics.
fn man_synopsis(flag: &Flag) -> String {
    let names: Vec<_> = names(flag).iter().map(|name| bold(name)).collect();
    let value = flag.kind.placeholder().map_or(String::new(), |name| format!(r" \fI{}\fR", roff(name)));
    names.join(", ") + &value
}

fn item(tag: &str, text: &str) -> String {
    format!(".TP\n{tag}\n{}", roff(text))
}

fn bold(text: &str) -> String {
    format!(r"\fB{}\fR", roff(text))
}

/// Escapes `text` for roff.
fn roff(text: &str) -> String {
    text.replace('\\', r"\e").replace('-', r"\-").replace('\'', r"\(aq")
}

// Shell completions.

fn bash() -> String {
    let options = FLAGS.iter().flat_map(names).collect::<Vec<_>>().join(" ");
    let template = include_str!("complete.bash").replace("@OPTIONS@", &options);
    fill(&template, "@VALUES@", FLAGS.iter().filter_map(bash_value))
}

/// The bash `case` that completes the value of `flag`.
fn bash_value(flag: &Flag) -> Option<String> {
    let command = match flag.kind {
        Kind::Switch(_) => return None,
        Kind::OneOf(_, words) => format!("compgen -W '{}' --", joined(words)),
        Kind::Directory(..) => "compgen -d --".to_owned(),
        Kind::Modules(..) => "_wamr_fold_translate_modules".to_owned(),
    };
    // A short option may be the last of several, as in -Cat.
    let bundled = flag.short.map(|short| format!("-[!-]*{short}"));
    let names = names(flag).into_iter().chain(bundled).collect::<Vec<_>>().join(" | ");
    Some(format!("        {names}) mapfile -t COMPREPLY < <({command} \"$current\") ;;"))
}

/// The names of `flag` as arguments of zsh's `_arguments`.
fn zsh(flag: &Flag) -> Vec<String> {
    let help = one_line(flag).replace('\'', r"'\''").replace('[', r"\[").replace(']', r"\]");
    let (repeat, value) = match flag.kind {
        Kind::Switch(_) => ("", String::new()),
        Kind::OneOf(name, words) => ("", format!(":{name}:({})", joined(words))),
        Kind::Directory(name, _) => ("", format!(":{name}:_files -/")),
        Kind::Modules(..) => ("*", ":FILE:_wamr_fold_translate_modules".to_owned()),
    };
    let argument = |name: String| {
        let equals = if !value.is_empty() && name.starts_with("--") { "=" } else { "" };
        format!(r"        '{repeat}{name}{equals}[{help}]{value}' \")
    };
    names(flag).into_iter().map(argument).collect()
}

/// `flag` as a command of fish.
fn fish(flag: &Flag) -> String {
    let short = flag.short.map_or(String::new(), |short| format!(" -s {short}"));
    let value = match flag.kind {
        Kind::Switch(_) => String::new(),
        Kind::OneOf(_, words) => format!(" -x -a '{}'", joined(words)),
        Kind::Directory(..) => " -x -a '(__fish_complete_directories)'".to_owned(),
        Kind::Modules(..) => " -k -x -a '(__fish_complete_suffix .wasm)'".to_owned(),
    };
    let help = one_line(flag).replace('\'', r"\'");
    format!("complete -c wamr-fold-translate{short} -l {}{value} -d '{help}'", flag.long)
}

/// The names of `flag` as typed: the short one, if any, and the long one.
fn names(flag: &Flag) -> Vec<String> {
    let short = flag.short.map(|short| format!("-{short}"));
    short.into_iter().chain([format!("--{}", flag.long)]).collect()
}

fn joined<T>(words: &[(&str, T)]) -> String {
    words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(" ")
}

fn one_line(flag: &Flag) -> String {
    flag.help.replace('\n', " ")
}
