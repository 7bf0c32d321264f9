//! The manual page, in the macros of man(7).

use crate::options::{ABOUT, DESCRIPTION, EXIT_STATUSES, MODULE, MODULE_FORMS, OPTIONS, Opt, PIPELINE};

/// Invocations to learn from, and what they do.
const EXAMPLES: &[(&str, &str)] = &[
    ("Translate the profile of one module:", "wamr-fold-translate app.wasm < out.folded > app.folded"),
    ("Draw a flame graph of it:", PIPELINE),
    (
        "Translate the profile of two modules with names and one without, and split it:",
        "wamr-fold-translate -d by-module core=build/core.wasm codec.wasm '=main.wasm' < out.folded > all.folded",
    ),
    (
        "Show wasm frames in a colour of their own:",
        "wamr-fold-translate --annotate app.wasm < out.folded | flamegraph.pl --color=java > app.svg",
    ),
];

/// The page.
pub(crate) fn man() -> String {
    let version = env!("CARGO_PKG_VERSION");
    let mut page = format!(
        ".TH WAMR\\-FOLD\\-TRANSLATE 1 \"\" \"wamr\\-fold\\-translate {version}\" \"User Commands\"\n.nh\n"
    );
    section(&mut page, "NAME", &[&format!("wamr\\-fold\\-translate \\- {}", escaped(ABOUT))]);
    section(&mut page, "SYNOPSIS", &[".B wamr\\-fold\\-translate", "[\\fIOPTIONS\\fR] \\fIMODULE\\fR..."]);
    section(&mut page, "DESCRIPTION", &[&escaped(DESCRIPTION)]);
    example(&mut page, PIPELINE);
    section(&mut page, "ARGUMENTS", &[".TP", ".I MODULE", &escaped(MODULE)]);
    page += ".RS\n";
    for (form, meaning) in MODULE_FORMS {
        tagged(&mut page, &format!(".B {}", escaped(form)), meaning);
    }
    page += ".RE\n";
    section(&mut page, "OPTIONS", &[]);
    for option in OPTIONS {
        tagged(&mut page, &names(option), &explanation(option));
    }
    section(&mut page, "EXIT STATUS", &[]);
    for (status, when) in EXIT_STATUSES {
        tagged(&mut page, &format!(".B {status}"), when);
    }
    section(&mut page, "EXAMPLES", &[]);
    for (what, command) in EXAMPLES {
        page += &format!(".PP\n{}\n", escaped(what));
        example(&mut page, command);
    }
    section(&mut page, "SEE ALSO", &[".BR perf\\-record (1),", ".BR perf\\-script (1)"]);
    page
}

fn section(page: &mut String, title: &str, lines: &[&str]) {
    *page += &format!(".SH {title}\n");
    for line in lines {
        *page += &format!("{line}\n");
    }
}

fn tagged(page: &mut String, tag: &str, text: &str) {
    *page += &format!(".TP\n{tag}\n{}\n", escaped(text));
}

fn example(page: &mut String, command: &str) {
    *page += &format!(".PP\n.RS 4\n.EX\n{}\n.EE\n.RE\n", escaped(command));
}

fn names(option: &Opt) -> String {
    let short = option.short.map_or(String::new(), |short| format!("\\fB\\-{short}\\fR, "));
    let value = option.value.name().map_or(String::new(), |name| format!(" \\fI{}\\fR", escaped(name)));
    format!("{short}\\fB\\-\\-{}\\fR{value}", escaped(option.long))
}

/// The phrase and the sentences about an option, as sentences.
fn explanation(option: &Opt) -> String {
    let mut phrase = option.help.chars();
    let first = phrase.next().map(|first| first.to_ascii_uppercase());
    let mut text: String = first.into_iter().chain(phrase).collect();
    text.push('.');
    if !option.details.is_empty() {
        text.push(' ');
        text += option.details;
    }
    text
}

/// `text` as roff takes it literally, on one line.
fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq");
    if text.starts_with('.') { format!("\\&{text}") } else { text }
}
