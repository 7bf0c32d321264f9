//! What the program says on standard error: warnings and errors with what to do about them, the report and
//! the summary.

use std::error::Error;
use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use bstr::{BStr, ByteSlice};
use wamr_fold_translate::{
    Cause, FileKind, FilterError, Finding, Module, ModuleSummary, Modules, SplitError, StackCheck,
    Translator, Warning, WasmError,
};

use crate::args::{Config, Operand};

/// How many bytes of text from the input are shown.
const MAX_SHOWN: usize = 80;

/// For a profile without any WAMR frame.
pub(crate) const NO_WAMR_FRAMES: &str = "<stdin>: warning: no WAMR frames: perhaps iwasm ran without --enable-linux-perf, \
     or /tmp/perf-PID.map was gone when perf script ran";

/// Prints a line to standard error, with control characters escaped. Write errors are ignored.
pub(crate) fn print(message: impl Display) {
    let mut line = String::from("wamr-fold-translate: ");
    for char in message.to_string().chars() {
        if char.is_control() { line.extend(char.escape_debug()) } else { line.push(char) }
    }
    _ = writeln!(io::stderr(), "{line}");
}

/// Prints a warning, unless `--quiet` was given.
pub(crate) fn warn(config: &Config, message: impl Display) {
    if !config.quiet {
        print(message);
    }
}

/// For a user who has forgotten to redirect standard input.
pub(crate) fn terminal(config: &Config) -> String {
    let (what, file) = if config.text { ("text", "out.txt") } else { ("folded stacks", "out.folded") };
    format!("reading {what} from the terminal until Ctrl-D; to read a file, use < {file}")
}

/// Prints what is unresolved.
pub(crate) fn report(config: &Config, translator: &Translator) {
    for finding in translator.report().findings() {
        let text = self::finding(finding, translator.modules(), config.text);
        let line = finding.first_line;
        if config.allow_unresolved {
            warn(config, format_args!("<stdin>:{line}: warning: {text}"));
        } else {
            print(format_args!("<stdin>:{line}: {text}"));
        }
    }
}

fn finding(finding: &Finding, modules: &Modules, is_text: bool) -> String {
    let symbols = counted(finding.count, if is_text { "symbol" } else { "frame" });
    let example = quoted(&finding.example);
    match &finding.cause {
        Cause::UnknownModule(name) => {
            format!("{symbols} of unknown module {}, such as {example}: {}", quoted(name), pass_module(name))
        }
        Cause::MoreUnknownModules => {
            format!("{symbols} of other unknown modules, such as {example}: pass NAME=FILE.wasm for each")
        }
        Cause::NoModule => format!(
            "{symbols} without a module name, such as {example}: \
             pass '=FILE.wasm' for the module they belong to, or pass only that module"
        ),
        Cause::Unreadable if is_text => format!(
            "{symbols} not readable, such as {example}: if WAMR cut a line of /tmp/perf-PID.map at 127 bytes, \
             load the module under a shorter name"
        ),
        Cause::Unreadable => format!(
            "{symbols} not readable as a WAMR symbol, such as {example}: \
             if a collapser cut a module name at \"->\" or \"(\", load the module under another name"
        ),
        Cause::NoCount => format!(
            "{} without a sample count, such as {example}: pass the output of stackcollapse-perf.pl, or --text",
            counted(finding.count, "line")
        ),
        Cause::IndexOutOfRange(id) => format!(
            "{symbols} past the last function, such as {example}: {}: pass the build that was profiled",
            defined_functions(&modules[*id])
        ),
        _ => format!("{symbols} not translated, such as {example}"),
    }
}

/// How to pass the module `name`.
fn pass_module(name: &[u8]) -> String {
    if name.find_byteset(b"=\0").is_some() {
        "no MODULE can have a name with \"=\" or NUL, so load it under another name".to_owned()
    } else {
        format!("pass {}", operand(name))
    }
}

fn defined_functions(module: &Module) -> String {
    let path = module.path().display();
    match module.wasm().functions() - module.wasm().imported_functions() {
        0 => format!("{path} defines no functions"),
        1 => format!("{path} defines only aot_func#0"),
        count => format!("{path} defines aot_func#0 to aot_func#{}", count - 1),
    }
}

fn counted(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Prints how much was translated, as aligned lines. Module names are last, where their width does not matter.
pub(crate) fn summary(config: &Config, translator: &Translator) {
    let (modules, summary) = (translator.modules(), translator.summary());
    let titles = ["names", "frames", "func[IDX]", "lines"].map(str::to_owned);
    let rows = modules.ids().zip(&summary.modules).map(|(id, summary)| row(&modules[id], summary));
    let rows: Vec<_> = [(titles, "module".to_owned())].into_iter().chain(rows).collect();
    let width = |column: usize| rows.iter().map(|(cells, _)| cells[column].len()).max().unwrap_or(0);
    let widths = [0, 1, 2, 3].map(width);
    for (cells, module) in &rows {
        let cells = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:>width$}  "));
        print(cells.collect::<String>() + module);
    }
    print(format_args!(
        "{}, {} without a WAMR {}, {} unresolved",
        counted(summary.lines, "line"),
        summary.host_lines,
        if config.text { "symbol" } else { "frame" },
        translator.report().unresolved(),
    ));
    print(format_args!("stack checks: {}", stack_checks(config, translator)));
}

/// The module names whose code has stack checks.
fn stack_checks(config: &Config, translator: &Translator) -> String {
    match config.stack_check {
        StackCheck::On => return "on (--stack-check=on)".to_owned(),
        StackCheck::Off => return "off (--stack-check=off)".to_owned(),
        _ => {}
    }
    let modules = translator.modules();
    let names = modules.ids().filter_map(|id| modules[id].name());
    let names = [None].into_iter().chain(names.map(Some)).filter(|&name| translator.has_stack_checks(name));
    let names: Vec<_> =
        names.map(|name| name.map_or("frames without a module name".to_owned(), quoted)).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn row(module: &Module, summary: &ModuleSummary) -> ([String; 4], String) {
    let name = module.name().map_or("(no name)".to_owned(), quoted);
    let cells = [
        format!("{} of {}", module.wasm().named_functions(), module.wasm().functions()),
        (summary.named_frames + summary.unnamed_frames).to_string(),
        summary.unnamed_frames.to_string(),
        summary.lines.to_string(),
    ];
    (cells, format!("{name} {}", module.path().display()))
}

/// Why the module of `operand` cannot be used.
pub(crate) fn wasm(operand: &Operand, error: &WasmError) -> String {
    let path = &operand.path;
    let hint = match error {
        WasmError::Io(error) if error.kind() == ErrorKind::NotFound => {
            return format!("{}: no such file{}", path.display(), path_hint(operand));
        }
        WasmError::Directory => ": pass the .wasm file",
        WasmError::Truncated { .. } | WasmError::Malformed { .. } => ": copy or build it again",
        WasmError::Repeated { .. } => ": build it again",
        WasmError::Component => ": pass the core module in it (wasm-tools component unbundle extracts it)",
        WasmError::NotWasm(kind) => file_kind_hint(kind),
        _ => "",
    };
    format!("{}: {}{hint}", path.display(), chain(error))
}

/// What to pass for a path that was cut at its `=`.
fn path_hint(operand: &Operand) -> String {
    let typed = operand.typed.as_bytes();
    match typed.find_byte(b'=') {
        Some(equals) if typed[..equals].contains(&b'/') => {
            let typed = quoted(typed);
            format!(
                " ({typed} was read as NAME=FILE; for a path with \"=\", pass NAME={})",
                typed.trim_matches('"')
            )
        }
        _ => String::new(),
    }
}

fn file_kind_hint(kind: &FileKind) -> &'static str {
    match kind {
        FileKind::Aot => ": pass the .wasm file it was made from",
        FileKind::Gzip | FileKind::Zstd | FileKind::Xz | FileKind::Zip => ": unpack it first",
        FileKind::Elf => ": pass the .wasm file that WAMR ran",
        FileKind::GitLfsPointer => ": fetch the file with git lfs pull",
        FileKind::Wat => ": pass the binary (wat2wasm --debug-names makes it)",
        FileKind::ComponentWat => ": pass the binary of a core module",
        FileKind::Html => ", perhaps of a failed download",
        FileKind::Other(start) if start.contains(&b';') => {
            ": pass a profile on standard input (< out.folded)"
        }
        _ => "",
    }
}

/// What is wrong with the names of the module in `path`, which can be used.
pub(crate) fn names(path: &Path, warning: &Warning) -> String {
    let text = match warning {
        Warning::NoNames { exports } => {
            let exports = match exports {
                0 => String::new(),
                _ => {
                    format!(", or --export-names for the names of its {}", counted(*exports as u64, "export"))
                }
            };
            format!(
                "no function names, so frames show func[IDX]: \
                 pass the unstripped build, its indices are the same{exports}"
            )
        }
        malformed => format!("{malformed}: using the names that could be read"),
    };
    format!("{}: warning: {text}", path.display())
}

/// Why the module in `path` cannot be added.
pub(crate) fn duplicate_name(path: &Path) -> String {
    format!(
        "{}: another MODULE already takes these frames: give each its own NAME=FILE.wasm, or leave one out",
        path.display()
    )
}

/// Why the split files cannot be written.
pub(crate) fn split(error: &SplitError) -> String {
    match error {
        SplitError::SameFile(path) => {
            format!("{}: two modules have this file: pass NAME=FILE.wasm to rename one", path.display())
        }
        SplitError::File(path, error) => format!("{}: {error}", path.display()),
        error => chain(error),
    }
}

/// Why no temporary files can be removed before a signal ends the program.
pub(crate) fn signals(error: &io::Error) -> String {
    format!("cannot handle signals, which --split-dir needs: {error}")
}

/// Why the input was not translated to its end.
pub(crate) fn filter(error: &FilterError) -> String {
    match error {
        FilterError::Read(error) => format!("<stdin>: {error}"),
        FilterError::Write(error) => format!("<stdout>: {error}"),
        FilterError::Hold(error) => format!(
            "{}: cannot hold waiting lines, so they were written as if without stack checks: {error}: \
             set TMPDIR, or pass --stack-check=on or off",
            std::env::temp_dir().display()
        ),
        FilterError::Split(error) => split(error),
        error => chain(error),
    }
}

/// `error` with its causes.
fn chain(error: &dyn Error) -> String {
    error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {}", chain(source)))
}

/// `text` in double quotes, escaped, and cut to a readable length.
fn quoted(text: &[u8]) -> String {
    if text.len() <= MAX_SHOWN {
        return escaped(text);
    }
    // Cut between characters, or the last one would look broken.
    let whole = (MAX_SHOWN - 3..=MAX_SHOWN).rev().find(|&end| is_char_start(text[end])).unwrap_or(MAX_SHOWN);
    escaped(&text[..whole]) + "..."
}

fn escaped(text: &[u8]) -> String {
    format!("{:?}", BStr::new(text)).replace(r"\'", "'")
}

fn is_char_start(byte: u8) -> bool {
    byte & 0b1100_0000 != 0b1000_0000
}

/// The operand for the module `name`, as a shell takes it; `NAME=FILE.wasm` if the name is too long.
fn operand(name: &[u8]) -> String {
    let printable = |char: char| char == ' ' || char.is_alphanumeric() || char.is_ascii_punctuation();
    let operand = match name.to_str() {
        _ if name.len() > MAX_SHOWN => "NAME=FILE.wasm".to_owned(),
        Ok(name) if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./:+@%,".contains(&byte)) => {
            format!("{name}=FILE.wasm")
        }
        Ok(name) if name.chars().all(printable) => format!("'{}=FILE.wasm'", name.replace('\'', r"'\''")),
        _ => format!("$'{}=FILE.wasm'", name.iter().map(|&byte| ansi_c(byte)).collect::<String>()),
    };
    // It must not be taken for an option.
    if name.starts_with(b"-") { format!("-- {operand}") } else { operand }
}

/// `byte` between `$'` and `'`, as bash, zsh and ksh take it.
fn ansi_c(byte: u8) -> String {
    match byte {
        b'\'' | b'\\' => format!("\\{}", char::from(byte)),
        b' '..=b'~' => char::from(byte).to_string(),
        _ => format!("\\x{byte:02x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{operand, quoted};

    #[test]
    fn text_is_quoted_escaped_and_cut() {
        for (text, shown) in [
            (&b"main"[..], r#""main""#),
            ("größe-模块".as_bytes(), r#""größe-模块""#),
            (b"a\"b\\c", r#""a\"b\\c""#),
            (br"it's \'", r#""it's \\'""#),
            (b"\x1b[31m\r\n\t\0\x7f", r#""\x1b[31m\r\n\t\0\x7f""#),
            ("\u{85}\u{202e}".as_bytes(), r#""\u{85}\u{202e}""#),
            (b"caf\xe9", r#""caf\xe9""#),
        ] {
            assert_eq!(quoted(text), shown);
        }
        assert_eq!(quoted(&[b'x'; 80]), format!("{:?}", "x".repeat(80)));
        assert_eq!(quoted(&[b'x'; 81]), format!("{:?}...", "x".repeat(80)));
        let faces = |count| format!("x{}", "😀".repeat(count));
        assert_eq!(quoted(faces(40).as_bytes()), format!("{:?}...", faces(19)));
        assert_eq!(quoted("模".repeat(40).as_bytes()), format!("{:?}...", "模".repeat(26)));
    }

    #[test]
    fn an_operand_can_be_typed_in_a_shell() {
        for (name, typed) in [
            (&b"core"[..], "core=FILE.wasm"),
            (b"./dir/mod.wasm", "./dir/mod.wasm=FILE.wasm"),
            (b"my app", "'my app=FILE.wasm'"),
            (b"-d", "-- -d=FILE.wasm"),
            (b"it's", r"'it'\''s=FILE.wasm'"),
            ("größe".as_bytes(), "'größe=FILE.wasm'"),
            (b"a\x1b'\\\xff", r"$'a\x1b\'\\\xff=FILE.wasm'"),
            (&[b'x'; 81], "NAME=FILE.wasm"),
        ] {
            assert_eq!(operand(name), typed);
        }
    }
}
