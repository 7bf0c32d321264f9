//! The program: standard input and output, messages and the exit status.

mod cli;
mod completions;
mod help;
mod interrupt;
mod man;
mod usage;

use std::error::Error;
use std::fmt::Display;
use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::process::ExitCode;

use cli::{Command, Config, Operand};
use interrupt::Interrupt;
use wamr_fold_translate::{Filter, HOLD_LIMIT, Module, Modules, Split, Translator, Wasm, WasmError};

/// Frames or lines were left as they are, or reading or writing failed.
const INCOMPLETE: u8 = 1;
/// The command line, a module or the split directory cannot be used: nothing was read.
const UNUSABLE: u8 = 2;

fn main() -> ExitCode {
    match cli::parse(std::env::args_os().skip(1)) {
        Ok(Command::Translate(config)) => match prepare(&config) {
            Ok((translator, split)) => {
                translate(&config, translator, split).unwrap_or_else(|error| fail(INCOMPLETE, error))
            }
            Err(error) => fail(UNUSABLE, error),
        },
        Ok(Command::Print(text)) => print(&text),
        Err(error) => fail(UNUSABLE, error),
    }
}

/// Loads the modules and makes the split files; the error is a message.
fn prepare(config: &Config) -> Result<(Translator, Option<Split>), String> {
    let mut modules = Modules::default();
    for operand in &config.modules {
        let path = operand.path.display();
        let module = load(config, operand).map_err(|error| format!("{path}: {error}"))?;
        modules.add(module).map_err(|error| format!("{path}: {error}"))?;
    }
    let names: Vec<_> = config.modules.iter().map(Operand::split_name).collect();
    let create = |directory| Split::create(directory, names.iter().map(Vec::as_slice));
    let split = config.split_dir.as_deref().map(create).transpose().map_err(|error| error.to_string())?;
    let translator = Translator::new(modules);
    Ok((if config.annotate { translator.annotating() } else { translator }, split))
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
fn translate(
    config: &Config,
    translator: Translator,
    split: Option<Split>,
) -> Result<ExitCode, Box<dyn Error>> {
    let temporary = split.as_ref().map(|split| split.temporary_directory().to_owned());
    let interrupt = temporary.map(Interrupt::remove_first).transpose()?.unwrap_or_default();
    let (input, output) = standard_streams()?;
    if is_same_file(&input, &output)? {
        return Err("<stdin>: is also the output: write to another file".into());
    }
    if input.is_terminal() {
        config.warn(WAITING);
    }
    let mut filter = Filter::new(translator, output, split);
    let translated = filter.run_file(input, config.stack_check, HOLD_LIMIT);
    interrupt.check();
    let result = translated.and_then(|()| filter.finish());
    interrupt.check();
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

/// Whether both are the same file of a disk: then the output would be read again, or overwrite the input.
fn is_same_file(input: &File, output: &File) -> io::Result<bool> {
    let (input, output) = (input.metadata()?, output.metadata()?);
    Ok(input.is_file() && (input.dev(), input.ino()) == (output.dev(), output.ino()))
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
