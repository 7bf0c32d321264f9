//! What `--help` prints.

use crate::options::{ABOUT, DESCRIPTION, EXIT_STATUSES, MODULE, MODULE_FORMS, OPTIONS, Opt, PIPELINE};

const WIDTH: usize = 90;
/// Where the explanation of an option starts.
const COLUMN: usize = 26;
/// Where that of an exit status does.
const STATUS_COLUMN: usize = 5;

/// The help, for a terminal.
pub(crate) fn help() -> String {
    let mut text = format!("wamr-fold-translate: {ABOUT}\n\n");
    text += "Usage: wamr-fold-translate [OPTIONS] MODULE...\n\n";
    text += &wrapped(DESCRIPTION, 0);
    text += &format!("\n    {PIPELINE}\n\nArguments:\n");
    text += &row("  MODULE", MODULE, COLUMN);
    for (form, meaning) in MODULE_FORMS {
        text += &format!("{:COLUMN$}  {form:17}  {meaning}\n", "");
    }
    text += "\nOptions:\n";
    for option in OPTIONS {
        text += &row(&names(option), option.help, COLUMN);
    }
    text += "\nExit status:\n";
    for (status, when) in EXIT_STATUSES {
        text += &row(&format!("  {status}"), when, STATUS_COLUMN);
    }
    text
}

fn names(option: &Opt) -> String {
    let short = option.short.map_or("    ".to_owned(), |short| format!("-{short}, "));
    let value = option.value.name().map_or(String::new(), |name| format!(" {name}"));
    format!("  {short}--{}{value}", option.long)
}

/// `label` and, from `column` on, what it means: beside it or, where it is too long for that, below it.
fn row(label: &str, meaning: &str, column: usize) -> String {
    let meaning = wrapped(meaning, column);
    if label.len() + 2 <= column {
        format!("{label}{}", &meaning[label.len()..])
    } else {
        format!("{label}\n{meaning}")
    }
}

/// The words of `text` in lines that begin with `indent` blanks.
fn wrapped(text: &str, indent: usize) -> String {
    let mut lines = String::new();
    let mut line = " ".repeat(indent);
    for word in text.split(' ') {
        if line.len() > indent && line.len() + 1 + word.len() > WIDTH {
            lines += &line;
            lines.push('\n');
            line.truncate(indent);
        }
        if line.len() > indent {
            line.push(' ');
        }
        line += word;
    }
    lines + &line + "\n"
}
