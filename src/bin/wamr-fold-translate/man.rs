//! The man page, in the macros of man(7).

use crate::options::{ABOUT, DESCRIPTION, EXIT_STATUSES, FLAGS, Flag, MODULE, MODULE_FORMS, PIPELINE};

/// What must be known about a MODULE besides its forms.
const MODULE_DETAILS: &str = "The quotes keep zsh from taking =dir/app.wasm for a command. The first = \
     ends NAME, so a path with a = needs a NAME in front: NAME=./p=q/app.wasm.";

const EXIT_STATUS_DETAILS: &str = "The output is complete even if frames or lines were left unresolved. \
     --allow-unresolved makes the exit status 0 then.";

const TMPDIR: &str = "Directory of the temporary file that holds waiting lines beyond 64 MiB \
     (--stack-check=auto on a pipe), /tmp by default. The file is unnamed, so it is gone when the program \
     ends.";

/// The section on `--text`: paragraphs and commands.
const IN_PERF: &[Block] = &[
    Block::Text("With --text, perf itself shows the names. Translate a report:"),
    Block::Command("perf report --stdio | wamr-fold-translate --text app.wasm"),
    Block::Text("Translate the samples, for other readers of perf script:"),
    Block::Command("perf script | wamr-fold-translate --text app.wasm > named.perf"),
    Block::Text("Or translate the map of process 123, so that every perf command shows the names:"),
    Block::Command(
        "tr -s ' ' < /tmp/perf-123.map | wamr-fold-translate --text app.wasm > names.map && cp names.map \
         /tmp/perf-123.map",
    ),
    Block::Text(
        "WAMR writes two blanks before a symbol. perf takes the second one as part of the symbol, so perf \
         report -S NAME would not find it. tr -s ' ' makes one blank of the two.",
    ),
    Block::Text("JIT code has no map, so translate the report or the samples instead."),
    Block::Text(
        "On a pipe, --stack-check=auto waits for the end of the text. For AOT code, pass \
         --stack-check=off.",
    ),
    Block::Text(
        "For a flame graph, fold first, then translate without --text: collapsers cut names at ( and ->.",
    ),
];

/// What may be wrong with a flame graph: what you see, why, and what helps.
const SYMPTOMS: &[(&str, &str, &str)] = &[
    (
        "[perf-123.map] instead of wasm functions",
        "iwasm ran without --enable-linux-perf, or /tmp/perf-123.map was gone when perf script ran. JIT \
         frames look like this without perf inject --jit.",
        "Run iwasm with the option, and perf script on the same machine while the map exists. For JIT \
         code, run perf inject --jit first.",
    ),
    (
        "[unknown] instead of AOT functions, beside JIT code",
        "perf inject --jit drops the map of an AOT module that was loaded after a JIT module.",
        "Load AOT modules first.",
    ),
    (
        "Stacks of one or two frames",
        "The AOT file was compiled without --enable-linux-perf, so it has no frame pointers.",
        "Run wamrc with the option.",
    ),
    (
        "Only func[IDX]",
        "The module has no function names. It was stripped, or clang -O2 found wasm-opt on PATH and ran \
         it, which drops the names.",
        "Pass the unstripped build, whose function indices are the same. Link without wasm-opt, or run it \
         with -g. Or pass --export-names.",
    ),
    (
        "Wrong names, or frames past the last function of a module",
        "The MODULE is not the build that was profiled.",
        "Pass the wasm file that the AOT file was compiled from.",
    ),
    (
        "Several modules, and unresolved frames without a module name",
        "JIT code never records the name of its module, and iwasm does not name modules.",
        "Profile one module at a time, or pass '=FILE' for the module that these frames belong to.",
    ),
    (
        "NAME_precheck",
        "This is the stack check that runs before the function.",
        "Nothing is wrong. --stack-check=off shows both under the same name.",
    ),
    (
        "Frames cut at ( or split at ->",
        "The module's name has these characters, and the collapser cuts there.",
        "Load the module under another name.",
    ),
    (
        "Long module names cut, or run into the next symbol",
        "WAMR cuts the lines of its map at 127 bytes.",
        "Load the module under a shorter name.",
    ),
];

const EXAMPLES: &[Block] = &[
    Block::Text("Translate the profile of one module:"),
    Block::Command("wamr-fold-translate app.wasm < out.folded > app.folded"),
    Block::Text("Draw a flame graph:"),
    Block::Command(PIPELINE),
    Block::Text(
        "Translate the profile of two named modules and one without a name, and split it by \
                 module:",
    ),
    Block::Command(
        "wamr-fold-translate -d split core=v2.wasm codec.wasm '=main.wasm' \\\n    < out.folded > all.folded",
    ),
    Block::Text("Draw wasm frames in a colour of their own:"),
    Block::Command(
        "stackcollapse-perf.pl --kernel out.perf | wamr-fold-translate --annotate app.wasm | flamegraph.pl \
         --color=java > app.svg",
    ),
];

/// A part of a section.
enum Block {
    Text(&'static str),
    Command(&'static str),
}

/// The man page.
pub(crate) fn man() -> String {
    let mut page = Page::default();
    page.line(&format!(
        r#".TH WAMR\-FOLD\-TRANSLATE 1 "" "wamr\-fold\-translate {}" "User Commands""#,
        env!("CARGO_PKG_VERSION")
    ));
    // No hyphenation (groff resets .nh, but keeps HY) and no justification: many words are options.
    page.line(".nr HY 0\n.nh\n.ad l");
    page.section("NAME");
    page.line(&format!(r"wamr\-fold\-translate \- {}", escape(ABOUT)));
    page.section("SYNOPSIS");
    page.line(r"\fBwamr\-fold\-translate\fR [\fIOPTIONS\fR] \fIMODULE\fR...");
    page.section("DESCRIPTION");
    page.text(DESCRIPTION);
    page.command(PIPELINE);
    page.section("ARGUMENTS");
    page.item(r"\fIMODULE\fR", MODULE);
    page.line(".RS");
    for (form, frames) in MODULE_FORMS {
        page.item(&bold(form), frames);
    }
    page.text(MODULE_DETAILS);
    page.line(".RE");
    page.section("OPTIONS");
    for flag in FLAGS {
        page.item(&synopsis(flag), format!("{}. {}", flag.help, flag.details).trim_end());
    }
    page.section("EXIT STATUS");
    for (status, meaning) in EXIT_STATUSES {
        page.item(&bold(status), &format!("{meaning}."));
    }
    page.text(EXIT_STATUS_DETAILS);
    page.section("ENVIRONMENT");
    page.item(&bold("TMPDIR"), TMPDIR);
    page.section("IN PERF ITSELF");
    page.blocks(IN_PERF);
    page.section("TROUBLESHOOTING");
    for (symptom, cause, remedy) in SYMPTOMS {
        page.item(&bold(symptom), &format!("{cause} {remedy}"));
    }
    page.section("EXAMPLES");
    page.blocks(EXAMPLES);
    page.section("SEE ALSO");
    page.line(
        ".BR perf\\-record (1),\n.BR perf\\-inject (1),\n.BR perf\\-script (1),\n.BR perf\\-report (1)",
    );
    page.roff
}

#[derive(Default)]
struct Page {
    roff: String,
}

impl Page {
    fn line(&mut self, roff: &str) {
        self.roff += roff;
        self.roff.push('\n');
    }

    fn section(&mut self, title: &str) {
        self.line(&format!(".SH {title}"));
    }

    fn text(&mut self, text: &str) {
        self.line(&format!(".PP\n{}", escape(text)));
    }

    fn item(&mut self, tag: &str, text: &str) {
        self.line(&format!(".TP\n{tag}\n{}", escape(text)));
    }

    fn command(&mut self, command: &str) {
        self.line(&format!(".PP\n.RS 4\n.EX\n{}\n.EE\n.RE", escape(&broken(command))));
    }

    fn blocks(&mut self, blocks: &[Block]) {
        for block in blocks {
            match block {
                Block::Text(text) => self.text(text),
                Block::Command(command) => self.command(command),
            }
        }
    }
}

fn bold(text: &str) -> String {
    format!(r"\fB{}\fR", escape(text))
}

/// `-d, --split-dir DIR`, in bold and italics.
fn synopsis(flag: &Flag) -> String {
    let short = flag.short.map_or(String::new(), |short| format!("{}, ", bold(&format!("-{short}"))));
    let value = flag.value.map_or(String::new(), |value| format!(r" \fI{}\fR", escape(value.placeholder())));
    format!("{short}{}{value}", bold(&format!("--{}", flag.long)))
}

/// Breaks a command that does not fit into 80 columns, where the shell goes on reading on the next line.
fn broken(command: &str) -> String {
    if command.len() <= 68 {
        return command.to_owned();
    }
    command.replace(" | ", " |\n    ").replace(" && ", " &&\n    ")
}

/// Escapes `text` for roff, which then prints it as it is.
fn escape(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq");
    if text.starts_with('.') { format!("\\&{text}") } else { text }
}
