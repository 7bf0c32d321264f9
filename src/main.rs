//! The program: standard input and output, messages and the exit status.

mod cli;
mod completions;
mod help;
mod interrupt;
mod man;
mod usage;

use std::error::Error;
use std::fmt::Display;
use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::ExitCode;

use cli::{Command, Config, Operand};
use interrupt::Interrupt;
use wamr_fold_translate::{
    Filter, HOLD_LIMIT, Module, Modules, Split, SplitError, Translator, Wasm, WasmError,
};

/// Frames or lines were left as they are, or reading or writing failed.
const INCOMPLETE: u8 = 1;
/// The command line, a module or the split directory cannot be used: nothing was read.
const UNUSABLE: u8 = 2;

fn main() -> ExitCode {
    match cli::parse(std::env::args_os().skip(1)) {
        Ok(Command::Translate(config)) => match prepare(&config) {
            Ok(job) => translate(&config, job).unwrap_or_else(|error| fail(INCOMPLETE, error)),
            Err(error) => fail(UNUSABLE, error),
        },
        Ok(Command::Print(text)) => print(&text),
        Err(error) => fail(UNUSABLE, error),
    }
}

/// A translation that can be started.
struct Job {
    input: File,
    filter: Filter<File>,
    interrupt: Option<Interrupt>,
}

/// Loads the modules and makes the split files.
fn prepare(config: &Config) -> Result<Job, Box<dyn Error>> {
    let mut modules = Modules::default();
    for operand in &config.modules {
        let path = operand.path.display();
        let module = load(config, operand).map_err(|error| format!("{path}: {error}"))?;
        modules.add(module).map_err(|error| format!("{path}: {error}"))?;
    }
    let (input, output) = standard_streams()?;
    let (split, interrupt) = match &config.split_dir {
        Some(directory) => {
            let interrupt = Interrupt::watch()?;
            (Some(create_split(directory, &modules, &interrupt)?), Some(interrupt))
        }
        None => (None, None),
    };
    check_files(&input, &output, split.as_ref())?;
    let translator = Translator::new(modules);
    let translator = if config.annotate { translator.annotating() } else { translator };
    Ok(Job { input, filter: Filter::new(translator, output, split), interrupt })
}

fn create_split(directory: &Path, modules: &Modules, interrupt: &Interrupt) -> Result<Split, SplitError> {
    let mut temporary = interrupt.hold_off();
    let split = Split::create(directory, modules)?;
    *temporary = Some(split.temporary_directory().to_owned());
    Ok(split)
}

/// Refuses to write or replace a file that is read, and to replace one that is written.
fn check_files(input: &File, output: &File, split: Option<&Split>) -> Result<(), Box<dyn Error>> {
    let is_same = |a: &Metadata, b: &Metadata| a.is_file() && (a.dev(), a.ino()) == (b.dev(), b.ino());
    let (input, output) = (input.metadata()?, output.metadata()?);
    if is_same(&input, &output) {
        return Err("<stdin>: is also the output: write to another file".into());
    }
    for path in split.into_iter().flat_map(Split::files) {
        if fs::symlink_metadata(&path).is_ok_and(|file| is_same(&file, &input) || is_same(&file, &output)) {
            let path = path.display();
            return Err(format!("{path}: is also the input or the output: split to another DIR").into());
        }
    }
    Ok(())
}

fn load(config: &Config, operand: &Operand) -> Result<Module, WasmError> {
    let mut wasm = Wasm::open(&operand.path)?;
    if config.export_names {
        wasm.use_export_names();
    }
    if let Some(warning) = wasm.warning() {
        config.warn(format_args!("{}: warning: {warning}", operand.path.display()));
    }
    let module = Module::new(operand.name.clone(), operand.path.clone(), wasm);
    Ok(if config.demangle { module.demangled() } else { module })
}

/// Translates standard input to standard output.
fn translate(config: &Config, job: Job) -> Result<ExitCode, Box<dyn Error>> {
    let Job { input, mut filter, interrupt } = job;
    if input.is_terminal() {
        config.warn(WAITING);
    }
    let translated = filter.run_file(input, config.stack_check, HOLD_LIMIT);
    let _finishing = interrupt.as_ref().map(Interrupt::hold_off);
    let result = translated.and_then(|()| filter.finish());
    report(config, filter.translator());
    result?;
    let is_complete = filter.translator().report().unresolved() == 0;
    let succeeds = is_complete || config.allow_unresolved || filter.is_closed();
    Ok(if succeeds { ExitCode::SUCCESS } else { INCOMPLETE.into() })
}

/// Says what could not be translated and, if asked to, how much was.
fn report(config: &Config, translator: &Translator) {
    for message in translator.report().messages(translator.modules()) {
        if message.is_warning || config.allow_unresolved {
            config.warn(format_args!("<stdin>:{}: warning: {}", message.line, message.text));
        } else {
            complain(format_args!("<stdin>:{}: {}", message.line, message.text));
        }
    }
    if config.verbose {
        translator.summary().messages(translator.modules()).iter().for_each(complain);
    }
}

const WAITING: &str = "reading folded stacks from the terminal until Ctrl-D; to read a file: \
                       wamr-fold-translate app.wasm < out.folded";

/// Standard input and output without the buffers of the standard library, which would only copy.
fn standard_streams() -> io::Result<(File, File)> {
    let input = io::stdin().as_fd().try_clone_to_owned()?;
    let output = io::stdout().as_fd().try_clone_to_owned()?;
    Ok((input.into(), output.into()))
}

/// Prints `text` to standard output; a reader who has gone wants no more of it.
fn print(text: &str) -> ExitCode {
    match io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            fail(INCOMPLETE, format_args!("<stdout>: {error}"))
        }
        _ => ExitCode::SUCCESS,
    }
}

impl Config {
    fn warn(&self, message: impl Display) {
        if !self.quiet {
            complain(message);
        }
    }
}

fn fail(status: u8, message: impl Display) -> ExitCode {
    complain(message);
    status.into()
}

/// Prints a line to standard error, with control characters (as in a path) escaped. Where that fails, there
/// is nobody left to tell.
fn complain(message: impl Display) {
    let mut line = String::from("wamr-fold-translate: ");
    for char in message.to_string().chars() {
        if char.is_control() { line.extend(char.escape_debug()) } else { line.push(char) }
    }
    _ = writeln!(io::stderr(), "{line}");
}
