//! The program: the order of its steps, standard input and output, and the exit status.

mod args;
mod generate;
mod messages;
mod options;

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::process::ExitCode;

use options::Config;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use wamr_fold_translate::{Filter, FilterError, Module, ModuleReport, Modules, Translator, split_files};

/// Frames or lines were left unresolved, or reading or writing failed.
const INCOMPLETE: u8 = 1;
/// The command line, a module or the split directory cannot be used. Nothing was read.
const UNUSABLE: u8 = 2;

fn main() -> ExitCode {
    match args::parse(std::env::args_os().skip(1)) {
        Ok(Config { print: Some(printed), .. }) => print(&generate::generate(printed)),
        Ok(config) => translate(&config).unwrap_or_else(|message| fail(UNUSABLE, &message)),
        Err(error) => fail(UNUSABLE, &messages::usage(&error)),
    }
}

/// Prints `text` to standard output. A broken pipe is not an error.
fn print(text: &str) -> ExitCode {
    match io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            fail(INCOMPLETE, &messages::filter(&FilterError::Write(error)))
        }
        _ => ExitCode::SUCCESS,
    }
}

fn fail(status: u8, message: &str) -> ExitCode {
    messages::print(message);
    status.into()
}

/// Translates standard input to standard output. Fails only before anything is read.
fn translate(config: &Config) -> Result<ExitCode, String> {
    let mut translator = load(config)?;
    let (input, output) = standard_streams().map_err(|error| error.to_string())?;
    check_files(config, &translator, &input, &output)?;
    messages::load_warnings(config, &translator);
    let mut filter = Filter::new(&mut translator, output);
    if let Some(directory) = &config.split_dir {
        raise_open_files_limit();
        filter = filter.split_into(directory).map_err(|error| messages::split(&error))?;
    }
    if input.is_terminal() {
        messages::terminal(config);
    }
    let result = filter.run_file(input);
    Ok(finish(config, &translator, result))
}

fn load(config: &Config) -> Result<Translator, String> {
    let mut modules = Modules::default();
    for operand in &config.modules {
        let module = Module::open(operand.name.clone(), &operand.path);
        let module = module.map_err(|error| messages::wasm(operand, &error))?;
        modules.add(module).map_err(|_| messages::duplicate_name(operand))?;
    }
    Translator::new(modules, config.options).map_err(|error| messages::refused_name(&error))
}

/// Standard input and output, unbuffered.
fn standard_streams() -> io::Result<(File, File)> {
    let input = io::stdin().as_fd().try_clone_to_owned()?;
    let output = io::stdout().as_fd().try_clone_to_owned()?;
    Ok((input.into(), output.into()))
}

/// Refuses output files that are also inputs, or written twice.
fn check_files(config: &Config, translator: &Translator, input: &File, output: &File) -> Result<(), String> {
    let metadata = |file: &File| file.metadata().map_err(|error| error.to_string());
    let (input, output) = (metadata(input)?, metadata(output)?);
    let mut used = vec![("<stdin>".to_owned(), input)];
    for module in translator.modules().iter() {
        let name = format!("the MODULE {}", module.path().display());
        used.extend(fs::metadata(module.path()).map(|file| (name, file)));
    }
    if let Some(other) = same_file(&output, &used) {
        return Err(messages::overwritten_by_output(other));
    }
    used.push(("<stdout>".to_owned(), output));
    let Some(directory) = &config.split_dir else { return Ok(()) };
    for path in split_files(directory, translator.modules()).map_err(|error| messages::split(&error))? {
        if let Ok(file) = fs::symlink_metadata(&path)
            && let Some(other) = same_file(&file, &used)
        {
            return Err(messages::overwritten_by_split(&path, other));
        }
    }
    Ok(())
}

/// The name of the file in `used` that is the regular file `written`.
fn same_file<'a>(written: &Metadata, used: &'a [(String, Metadata)]) -> Option<&'a str> {
    let is_same = |other: &Metadata| (other.dev(), other.ino()) == (written.dev(), written.ino());
    let used = used.iter().find(|(_, other)| written.is_file() && is_same(other));
    used.map(|(other, _)| other.as_str())
}

/// Raises the soft limit of open files to the hard limit, as each split file stays open.
fn raise_open_files_limit() {
    let limit = getrlimit(Resource::Nofile);
    _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}

/// Prints the findings, warnings and summary. Returns the exit status.
fn finish(config: &Config, translator: &Translator, result: Result<(), FilterError>) -> ExitCode {
    let (report, modules) = (translator.report(), translator.modules());
    let is_checked = result.is_ok() && (config.verbose || !config.quiet);
    let check =
        |(module, report): (&Module, &ModuleReport)| is_checked.then(|| report.check_calls(module)).flatten();
    let checks: Vec<_> = modules.iter().zip(&report.modules).map(check).collect();
    messages::findings(config, &report, modules);
    if result.is_ok() {
        messages::end_warnings(config, &report, modules, &checks);
    }
    if config.verbose {
        messages::summary(config, &report, translator, &checks);
    }
    match result {
        Err(FilterError::Write(error)) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => fail(INCOMPLETE, &messages::filter(&error)),
        Ok(()) if report.unresolved() == 0 || config.allow_unresolved => ExitCode::SUCCESS,
        Ok(()) => INCOMPLETE.into(),
    }
}
