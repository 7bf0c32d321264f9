//! What `--help` prints.

use crate::options::{ABOUT, DESCRIPTION, EXIT_STATUSES, FLAGS, Flag, MODULE, MODULE_FORMS, PIPELINE};

const WIDTH: usize = 90;
/// The column of the explanation of an option.
const COLUMN: usize = 26;
/// The column of the explanation of an exit status.
const STATUS_COLUMN: usize = 5;

/// The text of `--help`.
pub(crate) fn help() -> String {
    let mut text = format!("wamr-fold-translate: {ABOUT}\n\n");
    text += "Usage: wamr-fold-translate [OPTIONS] MODULE...\n\n";
    text += &wrap(DESCRIPTION, 0);
    text += &format!("\n    {PIPELINE}\n\nArguments:\n");
    text += &row("  MODULE", MODULE, COLUMN);
    for (form, frames) in MODULE_FORMS {
        text += &format!("{:COLUMN$}  {form:17}  {frames}\n", "");
    }
    text += "\nOptions:\n";
    for flag in FLAGS {
        text += &row(&synopsis(flag), flag.help, COLUMN);
    }
    text += "\nExit status:\n";
    for (status, meaning) in EXIT_STATUSES {
        text += &row(&format!("  {status}"), meaning, STATUS_COLUMN);
    }
    text
}

/// `-d, --split-dir DIR`, indented.
fn synopsis(flag: &Flag) -> String {
    let short = flag.short.map_or("    ".to_owned(), |short| format!("-{short}, "));
    let value = flag.value.map_or(String::new(), |value| format!(" {}", value.placeholder()));
    format!("  {short}--{}{value}", flag.long)
}

/// `label`, and `explanation` from `column` on: on the same line, or below a label that is too long for that.
fn row(label: &str, explanation: &str, column: usize) -> String {
    let explanation = wrap(explanation, column);
    if label.len() + 2 <= column {
        format!("{label}{}", &explanation[label.len()..])
    } else {
        format!("{label}\n{explanation}")
    }
}

/// Wraps `text` into lines indented by `indent`.
fn wrap(text: &str, indent: usize) -> String {
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
