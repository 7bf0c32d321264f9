//! The program: standard input and output, and the exit status.

mod args;
mod completions;
mod help;
mod man;
mod messages;
mod options;
mod signals;

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use args::{Command, Config, Operand};
use signals::SignalCleanup;
use wamr_fold_translate::{
    Filter, FilterError, Format, Module, Modules, SplitDir, SplitError, Translator, Wasm,
};

/// Frames or lines were left unresolved, or reading or writing failed.
const INCOMPLETE: u8 = 1;
/// The command line, a module or the split directory cannot be used. Nothing was read.
const UNUSABLE: u8 = 2;

fn main() -> ExitCode {
    match args::parse(std::env::args_os().skip(1)) {
        Ok(Command::Translate(config)) => match Job::new(&config) {
            Ok(job) => job.run(&config),
            Err(message) => fail(UNUSABLE, &message),
        },
        Ok(Command::Print(text)) => print(&text),
        Err(error) => fail(UNUSABLE, &error.to_string()),
    }
}

/// A translation that is ready to run.
struct Job {
    input: File,
    filter: Filter<File>,
    signals: Option<SignalCleanup>,
}

impl Job {
    /// Loads the modules, checks the files and creates the split files.
    fn new(config: &Config) -> Result<Self, String> {
        signals::survive_file_size_limit();
        let modules = load_modules(config)?;
        let (input, output) = standard_streams().map_err(|error| error.to_string())?;
        let split_files = match &config.split_dir {
            Some(directory) => {
                SplitDir::files(directory, &modules).map_err(|error| messages::split(&error))?
            }
            None => Vec::new(),
        };
        check_files(config, &input, &output, &split_files)?;
        let (split_dir, signals) = match &config.split_dir {
            Some(directory) => {
                let signals = SignalCleanup::install().map_err(|error| messages::signals(&error))?;
                let created = create_split_dir(directory, &modules, &signals);
                (Some(created.map_err(|error| messages::split(&error))?), Some(signals))
            }
            None => (None, None),
        };
        let mut translator = Translator::new(modules);
        translator.set_format(if config.text { Format::Text } else { Format::Folded });
        translator.set_annotate(config.annotate);
        translator.set_name_first(config.name_first);
        translator.set_stack_check(config.stack_check);
        let mut filter = Filter::new(translator, output);
        filter.set_split_dir(split_dir);
        Ok(Self { input, filter, signals })
    }

    /// Translates standard input to standard output.
    fn run(mut self, config: &Config) -> ExitCode {
        if self.input.is_terminal() {
            messages::warn(config, messages::terminal(config));
        }
        let result =
            self.filter.run_file(self.input).and_then(|()| finish(&mut self.filter, self.signals.as_ref()));
        let translator = self.filter.translator();
        messages::report(config, translator);
        if result.is_ok()
            && !self.filter.is_closed()
            && !config.text
            && translator.summary().lacks_wamr_frames()
        {
            messages::warn(config, messages::NO_WAMR_FRAMES);
        }
        if config.verbose {
            messages::summary(config, translator);
        }
        if let Err(error) = result {
            return fail(INCOMPLETE, &messages::filter(&error));
        }
        let is_complete = translator.report().unresolved() == 0;
        let succeeds = is_complete || config.allow_unresolved || self.filter.is_closed();
        if succeeds { ExitCode::SUCCESS } else { INCOMPLETE.into() }
    }
}

fn load_modules(config: &Config) -> Result<Modules, String> {
    let mut modules = Modules::default();
    for operand in &config.modules {
        let module = load(config, operand)?;
        modules.add(module).map_err(|_| messages::duplicate_name(&operand.path))?;
    }
    Ok(modules)
}

fn load(config: &Config, operand: &Operand) -> Result<Module, String> {
    let mut wasm = Wasm::open(&operand.path).map_err(|error| messages::wasm(operand, &error))?;
    wasm.set_export_names(config.export_names);
    if let Some(warning) = wasm.warning() {
        messages::warn(config, messages::names(&operand.path, &warning));
    }
    let mut module = Module::new(operand.name.clone(), &operand.path, wasm);
    module.set_demangle(config.demangle);
    Ok(module)
}

/// Refuses to write a regular file that is also read or otherwise written.
fn check_files(config: &Config, input: &File, output: &File, split_files: &[PathBuf]) -> Result<(), String> {
    let metadata = |file: &File| file.metadata().map_err(|error| error.to_string());
    let (input, output) = (metadata(input)?, metadata(output)?);
    let modules = config.modules.iter().map(|operand| (&operand.path, fs::metadata(&operand.path)));
    let modules: Vec<_> = modules.filter_map(|(path, module)| Some((path, module.ok()?))).collect();
    if is_same(&input, &output) {
        return Err("<stdin>: input file is output file".to_owned());
    }
    if let Some((path, _)) = modules.iter().find(|(_, module)| is_same(module, &output)) {
        return Err(format!("{}: MODULE is output file", path.display()));
    }
    for path in split_files {
        let Ok(file) = fs::symlink_metadata(path) else {
            continue;
        };
        let used_as = if is_same(&file, &input) {
            "input"
        } else if is_same(&file, &output) {
            "output"
        } else if modules.iter().any(|(_, module)| is_same(module, &file)) {
            "MODULE"
        } else {
            continue;
        };
        return Err(format!(
            "{}: a split file would overwrite the {used_as}: pass another DIR",
            path.display()
        ));
    }
    Ok(())
}

/// Whether both are the same regular file.
fn is_same(a: &Metadata, b: &Metadata) -> bool {
    a.is_file() && (a.dev(), a.ino()) == (b.dev(), b.ino())
}

fn create_split_dir(
    directory: &Path,
    modules: &Modules,
    signals: &SignalCleanup,
) -> Result<SplitDir, SplitError> {
    let _blocked = signals.block();
    let split_dir = SplitDir::create(directory, modules)?;
    signals.remove(split_dir.temporary_paths());
    Ok(split_dir)
}

fn finish(filter: &mut Filter<File>, signals: Option<&SignalCleanup>) -> Result<(), FilterError> {
    let _blocked = signals.map(SignalCleanup::block);
    filter.finish()
}

/// Standard input and output, without the buffers of the standard library.
fn standard_streams() -> io::Result<(File, File)> {
    let input = io::stdin().as_fd().try_clone_to_owned()?;
    let output = io::stdout().as_fd().try_clone_to_owned()?;
    Ok((input.into(), output.into()))
}

/// Prints `text` to standard output. A closed output is no error.
fn print(text: &str) -> ExitCode {
    match io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            fail(INCOMPLETE, &format!("<stdout>: {error}"))
        }
        _ => ExitCode::SUCCESS,
    }
}

fn fail(status: u8, message: &str) -> ExitCode {
    messages::print(message);
    status.into()
}
