//! Messages on standard error, and quoting for a terminal and for a shell.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use bstr::{BStr, ByteSlice};
use rustix::io::Errno;
use wamr_fold_translate::{
    CallCheck, Cause, FileKind, FilterError, Finding, Malformed, Module, ModuleReport, Modules, NameError,
    Report, SplitError, StackCheck, Translator, WasmError,
};

use crate::args::{self, Foreign};
use crate::options::{Config, Flag, Kind, Operand};

/// Maximum length of text from the input, in bytes.
const MAX_SHOWN: usize = 80;

/// Prints a line to standard error, escaped. Write errors are ignored.
pub(crate) fn print(message: impl Display) {
    let line = format!("wamr-fold-translate: {}\n", printable(&message.to_string()));
    _ = io::stderr().write_all(line.as_bytes());
}

/// Prints a warning, unless `--quiet` was given.
pub(crate) fn warn(config: &Config, place: impl Display, warning: impl Display) {
    if !config.quiet {
        print(format_args!("{place}: warning: {warning}"));
    }
}

// The command line.

pub(crate) fn usage(error: &args::Error) -> String {
    match error {
        args::Error::Syntax(error) => format!("{error} (see --help)"),
        args::Error::UnknownOption(option, Some(flag)) => {
            format!("unknown option '{option}': did you mean --{}?", flag.long)
        }
        args::Error::UnknownOption(option, None) => format!("unknown option '{option}' (see --help)"),
        args::Error::InvalidValue(flag, value) => {
            format!(
                "invalid value {} for --{}: expected {}",
                quoted(value.as_bytes()),
                flag.long,
                expected(flag)
            )
        }
        args::Error::Foreign(words, modules) => {
            let words = words.iter().map(foreign).chain(modules.iter().filter_map(profile));
            words.collect::<Vec<_>>().join("; ")
        }
        args::Error::Conflict(one, other) => format!("{one} and {other} cannot be used together"),
        args::Error::NoModule => "no MODULE: pass the wasm file that was profiled (see --help)".to_owned(),
        args::Error::NoFile(typed) => {
            format!("missing FILE in {}: expected [NAME=]FILE.wasm", quoted(typed.as_bytes()))
        }
    }
}

/// The values that `flag` takes.
fn expected(flag: &Flag) -> String {
    match flag.kind {
        Kind::OneOf(_, [others @ .., (last, _)]) => {
            let others: Vec<_> = others.iter().map(|(word, _)| *word).collect();
            format!("{} or {last}", others.join(", "))
        }
        _ => "a directory".to_owned(),
    }
}

/// What to do instead of `word`.
fn foreign(word: &Foreign) -> String {
    match word {
        Foreign::Folded(path) => {
            let path = shell_word(path.as_bytes(), "out.folded");
            format!("--folded is not needed: redirect the profile instead (< {path})")
        }
        Foreign::WabtHome => "wabt is not needed: leave out --wabt_home".to_owned(),
        Foreign::Output(path) => {
            let path = shell_word(path.as_bytes(), "app.folded");
            format!("-o is not needed: redirect the output instead (> {path})")
        }
        Foreign::NameFirst => "--name-first is now --tag=last".to_owned(),
        Foreign::Dash => "\"-\" is not needed: standard input is read without it".to_owned(),
    }
}

/// What to do with a MODULE that is a profile.
fn profile(operand: &Operand) -> Option<String> {
    match Module::open(None, &operand.path) {
        Err(error @ WasmError::NotWasm(FileKind::Text)) => Some(wasm(operand, &error)),
        _ => None,
    }
}

// Modules and files.

/// Why the file of `operand` cannot be used.
pub(crate) fn wasm(operand: &Operand, error: &WasmError) -> String {
    let path = operand.path.display();
    match error {
        WasmError::Io(error) if error.kind() == ErrorKind::NotFound => {
            format!("{path}: no such file{}", operand_advice(operand))
        }
        WasmError::Io(error) => format!("{path}: {error}"),
        error => format!("{path}: {error}{}", wasm_advice(&operand.path, error)),
    }
}

/// What to pass instead of an operand that was misread.
fn operand_advice(operand: &Operand) -> String {
    let typed = operand.typed.as_bytes();
    let is_module = |part: &[u8]| part.contains(&b'=') || part.ends_with(b".wasm");
    if typed.contains(&b',') && typed.split_str(",").all(is_module) {
        let modules: Vec<_> = typed.split_str(",").map(|part| shell_word(part, "NAME=FILE.wasm")).collect();
        return format!(": separate MODULEs with blanks ({})", modules.join(" "));
    }
    let is_path = typed.split_once_str("=").is_some_and(|(name, _)| name.contains(&b'/'));
    if is_path || operand.path.as_os_str() != operand.typed && Path::new(&operand.typed).exists() {
        let word = shell_word(&[b"NAME=", typed].concat(), "NAME=FILE.wasm");
        return format!(" ({} was read as NAME=FILE; for a path with \"=\", pass {word})", quoted(typed));
    }
    String::new()
}

/// What to do about a file that is not a usable module.
fn wasm_advice(path: &Path, error: &WasmError) -> String {
    let advice = match error {
        WasmError::Directory => ": pass a wasm file in it",
        WasmError::Component => ": pass its core module (wasm-tools component unbundle extracts it)",
        WasmError::NotWasm(kind) => return file_advice(path, kind),
        _ => ": copy or rebuild it",
    };
    advice.to_owned()
}

/// What to do about a file that is not a wasm file.
fn file_advice(path: &Path, kind: &FileKind) -> String {
    let advice = match kind {
        FileKind::Aot => ": pass the .wasm file that it was made from",
        FileKind::Gzip | FileKind::Zstd | FileKind::Xz | FileKind::Zip => ": unpack it first",
        FileKind::Elf | FileKind::Xml | FileKind::Utf16 => ": pass the .wasm file that was profiled",
        FileKind::GitLfsPointer => ": fetch the file with git lfs pull",
        FileKind::Wat => ": convert it with wat2wasm --debug-names",
        FileKind::ComponentWat => ": pass a core module as .wasm",
        FileKind::Html => " (failed download?)",
        FileKind::PerfData => {
            ": pass the wasm file, and pipe in the profile (perf script | stackcollapse-perf.pl | ...)"
        }
        FileKind::Text => {
            let path = shell_word(path.as_os_str().as_bytes(), "FILE");
            return format!(": if it is the profile, redirect it (< {path})");
        }
        _ => "",
    };
    advice.to_owned()
}

/// Why the module of `operand` cannot be added to the others.
pub(crate) fn duplicate_name(operand: &Operand) -> String {
    let problem = match operand.name {
        None => "another MODULE matches frames without a module name: drop one",
        Some(_) => "another MODULE has the same name: pass NAME=FILE.wasm, or drop one",
    };
    format!("{}: {problem}", operand.path.display())
}

/// Why a module cannot be used with these options.
pub(crate) fn refused_name(error: &NameError) -> String {
    match error {
        NameError::ContainsSymbol(name) => format!(
            "module name {} contains a symbol or a newline, so --text cannot find it: \
             fold first, then translate without --text",
            quoted(name)
        ),
        error => error.to_string(),
    }
}

/// Why standard output, which is also `other`, is not written.
pub(crate) fn overwritten_by_output(other: &str) -> String {
    format!("<stdout>: is also {other}: write to another file")
}

/// Why the split file `path`, which is also `other`, is not written.
pub(crate) fn overwritten_by_split(path: &Path, other: &str) -> String {
    format!("{}: is also {other}: pass another DIR", path.display())
}

/// Warns about modules with few names or malformed ones.
pub(crate) fn load_warnings(config: &Config, translator: &Translator) {
    for (module, report) in translator.modules().iter().zip(&translator.report().modules) {
        let exports = module.malformed_exports().filter(|_| config.options.export_names).map(malformed);
        for warning in names(config, module, report.named_functions).into_iter().chain(exports) {
            warn(config, module.path().display(), warning);
        }
    }
}

/// A problem with the names of `module`, if any.
fn names(config: &Config, module: &Module, named: usize) -> Option<String> {
    let defined = module.defined_functions();
    if module.malformed_names().is_some() {
        return module.malformed_names().map(malformed);
    }
    if module.has_only_names() {
        let text = "has names but no functions (debug information?): pass the module itself, unstripped";
        return Some(text.to_owned());
    }
    if named * 10 >= defined {
        return None;
    }
    let have = match named {
        0 => format!("0 of {defined} functions have names"),
        1 => format!("only 1 of {defined} functions has a name"),
        _ => format!("only {named} of {defined} functions have names"),
    };
    let exports = match module.exported_functions() as u64 {
        exports if exports > 0 && !config.options.export_names => {
            format!(" or --export-names ({})", counted(exports, "export"))
        }
        _ => String::new(),
    };
    Some(format!("{have}: pass the unstripped build (same indices){exports}"))
}

fn malformed(section: &Malformed) -> String {
    format!("{section}: using the names that could be read")
}

/// Why the split files cannot be written.
pub(crate) fn split(error: &SplitError) -> String {
    match error {
        SplitError::Directory(path, error) | SplitError::File(path, error)
            if error.raw_os_error() == Some(Errno::MFILE.raw_os_error()) =>
        {
            format!("{}: too many open files (one for each MODULE): raise ulimit -n", path.display())
        }
        SplitError::SameFile(path) => {
            format!("{}: two modules map to this file: rename the file of =FILE", path.display())
        }
        SplitError::Directory(path, error) => {
            format!("{}: cannot create split files: {error}", path.display())
        }
        SplitError::File(path, error) => format!("{}: {error}", path.display()),
        error => error.to_string(),
    }
}

// The run.

/// Hint if standard input is a terminal.
pub(crate) fn terminal(config: &Config) {
    let (what, file) = if config.is_text() { ("text", "out.txt") } else { ("folded stacks", "out.folded") };
    if !config.quiet {
        print(format_args!("reading {what} from the terminal (Ctrl-D to end); to read a file, use < {file}"));
    }
}

/// Why the input was not translated to its end.
pub(crate) fn filter(error: &FilterError) -> String {
    match error {
        FilterError::Read(error) => format!("<stdin>: {error}"),
        FilterError::Write(error) => format!("<stdout>: {error}"),
        FilterError::Hold(error) => format!(
            "{}: cannot buffer held lines: {error}: the output is cut short; \
             set TMPDIR, or pass --stack-check=on or off",
            std::env::temp_dir().display()
        ),
        FilterError::Split(error) => split(error),
        error => error.to_string(),
    }
}

/// Prints each cause of unresolved frames and lines.
pub(crate) fn findings(config: &Config, report: &Report, modules: &Modules) {
    for finding in &report.findings {
        let text = self::finding(config, finding, report, modules);
        print(format_args!("<stdin>:{}: {text}", finding.first_line));
    }
}

fn finding(config: &Config, finding: &Finding, report: &Report, modules: &Modules) -> String {
    let symbols = counted(finding.count, symbol(config));
    let example = quoted(&finding.example);
    match &finding.cause {
        Cause::UnknownModule(name) => format!(
            "{symbols} of unknown module {}, for example {example}: {}",
            quoted(name),
            module_advice(name)
        ),
        Cause::MoreUnknownModules => {
            format!("{symbols} of other unknown modules, for example {example}: pass NAME=FILE.wasm for each")
        }
        Cause::NoModule => format!(
            "{symbols} without a module name, for example {example}: pass their module as '=FILE.wasm'"
        ),
        Cause::Malformed => format!(
            "{}, for example {example}{}",
            counted(finding.count, &format!("malformed WAMR {}", symbol(config))),
            malformed_advice(config, finding)
        ),
        Cause::NoCount => {
            let lines = counted(finding.count, "line");
            match report.input_kind() {
                Some(kind) => format!("{lines} without a sample count: {}", input_problem(config, &kind)),
                None => format!(
                    "{lines} without a sample count, for example {example}: \
                     expected folded stacks, the output of stackcollapse-perf.pl{}",
                    if report.lacks_symbols() { "" } else { " (for other text, pass --text)" }
                ),
            }
        }
        Cause::IndexOutOfRange(module) => format!(
            "{symbols} with an index out of range, for example {example}: {}: pass the build that was profiled",
            modules.get(*module).map(defined_functions).unwrap_or_default()
        ),
        _ => format!("{symbols} not translated, for example {example}"),
    }
}

/// How to pass the module `name`.
fn module_advice(name: &[u8]) -> String {
    if name.find_byteset(b"=\0").is_some() {
        return "rename the module (a NAME cannot hold \"=\" or NUL)".to_owned();
    }
    format!("pass {}", operand(name))
}

/// Where a malformed symbol probably comes from.
fn malformed_advice(config: &Config, finding: &Finding) -> &'static str {
    let symbol = finding.example.trim_ascii_start();
    if finding.first_line == 1 && symbol.starts_with("\u{feff}".as_bytes()) {
        ": remove the byte order mark at the start of the input"
    } else if config.is_text() && is_glued(symbol) {
        ": if WAMR truncated a line of /tmp/perf-PID.map at 127 bytes, load the module under a shorter name"
    } else if !config.is_text() && symbol.contains_str("]#") && !symbol.starts_with(b"[") {
        ": if the collapser cut the module name at \"->\" or \"(\", rename the module"
    } else {
        ": expected aot_func#N or [MODULE]#aot_func#N"
    }
}

/// Whether the index of `symbol` runs into an address, as WAMR truncated a line of its map.
fn is_glued(symbol: &[u8]) -> bool {
    let index = symbol.rsplit_str("#").next().unwrap_or_default();
    index.first().is_some_and(u8::is_ascii_digit) && !index.iter().all(u8::is_ascii_digit)
}

/// What the input is instead of a profile, and what to do.
fn input_problem(config: &Config, kind: &FileKind) -> String {
    let advice = match kind {
        FileKind::Gzip => "pipe it through zcat",
        FileKind::Zstd => "pipe it through zstdcat",
        FileKind::Xz => "pipe it through xzcat",
        FileKind::PerfData if config.is_text() => "pipe in the output of perf script",
        FileKind::PerfData => "run perf script and pipe its output through stackcollapse-perf.pl",
        FileKind::Utf16 => "pipe it through iconv -f UTF-16 -t UTF-8",
        _ => "translate the folded stacks, and draw the flame graph from the result",
    };
    format!("the input {kind}: {advice}")
}

fn defined_functions(module: &Module) -> String {
    let path = module.path().display();
    match module.defined_functions() {
        0 => format!("{path} defines no functions"),
        1 => format!("{path} defines only aot_func#0"),
        count => format!("{path} defines aot_func#0 to aot_func#{}", count - 1),
    }
}

/// Warns about an input that is empty or has no symbols, and about modules that do not fit it.
pub(crate) fn end_warnings(
    config: &Config,
    report: &Report,
    modules: &Modules,
    checks: &[Option<CallCheck>],
) {
    let lacks_counts = report.findings.iter().any(|finding| finding.cause == Cause::NoCount);
    match report.input_kind() {
        _ if report.lines == 0 => {
            warn(config, "<stdin>", "the input is empty (did a command before this one fail?)");
        }
        Some(_) if lacks_counts => {}
        Some(kind) => warn(config, "<stdin>", input_problem(config, &kind)),
        None if report.lacks_symbols() => warn(config, "<stdin>", NO_SYMBOLS),
        None => {}
    }
    for (module, check) in modules.iter().zip(checks) {
        if let Some(check) = check.filter(|check| !check.fits()) {
            warn(config, module.path().display(), misfit(check));
        }
    }
}

const NO_SYMBOLS: &str = "no WAMR symbols: perhaps iwasm ran without --enable-linux-perf or interpreted the module, perf inject \
     --jit was not run (JIT code), or /tmp/perf-PID.map was gone when perf script ran (AOT code)";

/// Why a module may not fit the profile.
fn misfit(check: CallCheck) -> String {
    format!(
        "of {} calls in the profile only {} {} possible in this module: perhaps it is not the build that was \
         profiled, or frames of other processes are in the profile",
        check.pairs,
        check.possible,
        if check.possible == 1 { "is" } else { "are" }
    )
}

// The summary.

/// Prints the summary as a table. Module names come last, so they need no padding.
pub(crate) fn summary(
    config: &Config,
    report: &Report,
    translator: &Translator,
    checks: &[Option<CallCheck>],
) {
    let titles = ["names", "calls", "frames", "func[IDX]", "lines"].map(str::to_owned);
    let modules = translator.modules().iter().zip(&report.modules).zip(checks);
    let rows = modules.map(|((module, report), check)| row(module, report, *check));
    let rows: Vec<_> = [(titles, "module".to_owned())].into_iter().chain(rows).collect();
    let widths = [0, 1, 2, 3, 4].map(|column| rows.iter().map(|(cells, _)| cells[column].len()).max());
    for (cells, module) in &rows {
        let cells = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:>0$}  ", width.unwrap_or(0)));
        print(cells.collect::<String>() + module);
    }
    let unresolved = match report.unresolved() {
        count if config.is_text() => counted(count, "symbol"),
        1 => "1 frame or line".to_owned(),
        count => format!("{count} frames or lines"),
    };
    print(format_args!(
        "{} ({} without WAMR {}s), {unresolved} unresolved",
        counted(report.lines, "line"),
        report.lines_without_symbols,
        symbol(config)
    ));
    print(format_args!("stack checks: {}", stack_checks(config, translator)));
}

fn row(module: &Module, report: &ModuleReport, check: Option<CallCheck>) -> ([String; 5], String) {
    let name = module.name().map_or("(no name)".to_owned(), quoted);
    let cells = [
        format!("{} of {}", report.named_functions, module.defined_functions()),
        check.map_or("-".to_owned(), |check| format!("{} of {}", check.possible, check.pairs)),
        report.frames.to_string(),
        report.unnamed_frames.to_string(),
        report.lines.to_string(),
    ];
    (cells, format!("{name} {}", module.path().display()))
}

/// Which code has stack checks.
fn stack_checks(config: &Config, translator: &Translator) -> String {
    match config.options.stack_check {
        StackCheck::On => return "on (--stack-check=on)".to_owned(),
        StackCheck::Off => return "off (--stack-check=off)".to_owned(),
        _ => {}
    }
    let names = translator.modules().iter().filter_map(Module::name);
    let names = [None].into_iter().chain(names.map(Some)).filter(|&name| translator.has_stack_checks(name));
    let unnamed = || format!("{}s without a module name", symbol(config));
    let names: Vec<_> = names.map(|name| name.map_or_else(unnamed, quoted)).collect();
    if names.is_empty() { "none found".to_owned() } else { format!("found in {}", names.join(", ")) }
}

// Words and quoting.

/// The noun for what is translated.
fn symbol(config: &Config) -> &'static str {
    if config.is_text() { "symbol" } else { "frame" }
}

fn counted(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// `text` with unprintable characters escaped, such as control and format characters.
fn printable(text: &str) -> String {
    let escaped = text.escape_debug().to_string();
    escaped.replace("\\\"", "\"").replace("\\'", "'").replace(r"\\", r"\")
}

/// `text` in double quotes, escaped, and cut to a readable length.
fn quoted(text: &[u8]) -> String {
    if text.len() <= MAX_SHOWN {
        return escaped(text);
    }
    // Never cut inside a character.
    let whole = (MAX_SHOWN - 3..=MAX_SHOWN).rev().find(|&end| is_char_start(text[end])).unwrap_or(MAX_SHOWN);
    escaped(&text[..whole]) + "..."
}

fn escaped(text: &[u8]) -> String {
    format!("{:?}", BStr::new(text)).replace(r"\'", "'")
}

fn is_char_start(byte: u8) -> bool {
    byte & 0b1100_0000 != 0b1000_0000
}

/// `word`, quoted for a shell if needed, or `placeholder` if it is too long or unprintable. A `=` needs quotes only
/// at the start (in zsh).
fn shell_word(word: &[u8], placeholder: &str) -> String {
    let is_readable = |word: &&str| word.len() <= MAX_SHOWN && printable(word) == *word;
    let is_plain = |part| shlex::try_quote(part).is_ok_and(|quoted| quoted == part);
    match word.to_str().ok().filter(is_readable) {
        Some(word) if word.split('=').all(is_plain) => word.to_owned(),
        Some(word) => shlex::try_quote(word).unwrap_or(placeholder.into()).into_owned(),
        None => placeholder.to_owned(),
    }
}

/// The operand for the module `name`, quoted for a shell if needed.
fn operand(name: &[u8]) -> String {
    let operand = shell_word(&[name, b"=FILE.wasm"].concat(), "NAME=FILE.wasm");
    // Or it would be an option.
    if name.starts_with(b"-") { format!("-- {operand}") } else { operand }
}

#[cfg(test)]
mod tests {
    use super::{operand, printable, quoted, shell_word};

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
    fn messages_are_escaped_except_quotes_and_backslashes() {
        for (text, shown) in [
            (r#"it's "quoted" \ \" \' \\"#, r#"it's "quoted" \ \" \' \\"#),
            ("größe-模块", "größe-模块"),
            ("a\u{1b}[31m\r\n\t\0", r"a\u{1b}[31m\r\n\t\0"),
            ("\u{202e}\u{feff}\u{ad}\u{2028}", r"\u{202e}\u{feff}\u{ad}\u{2028}"),
        ] {
            assert_eq!(printable(text), shown);
        }
    }

    #[test]
    fn words_are_quoted_for_a_shell() {
        for (word, typed) in [
            ("out.folded", "out.folded"),
            ("NAME=./p=q/app.wasm", "NAME=./p=q/app.wasm"),
            ("=app.wasm", "'=app.wasm'"),
            ("my out.folded", "'my out.folded'"),
            ("it's", "\"it's\""),
            ("a\\b", r#""a\\b""#),
            ("größe", "'größe'"),
            ("\u{202e}", "FILE"),
        ] {
            assert_eq!(shell_word(word.as_bytes(), "FILE"), typed);
        }
    }

    #[test]
    fn unknown_modules_are_named_as_operands() {
        for (name, typed) in [
            (&b"core"[..], "core=FILE.wasm"),
            (b"./dir/mod.wasm", "./dir/mod.wasm=FILE.wasm"),
            (b"my app", "'my app=FILE.wasm'"),
            (b"-d", "-- -d=FILE.wasm"),
            (b"-d x", "-- '-d x=FILE.wasm'"),
            (b"a\x1b", "NAME=FILE.wasm"),
            (b"caf\xe9", "NAME=FILE.wasm"),
            (&[b'x'; 81], "NAME=FILE.wasm"),
        ] {
            assert_eq!(operand(name), typed);
        }
    }
}
