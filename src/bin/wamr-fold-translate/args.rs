//! Parses the command line.

use std::ffi::OsString;

use lexopt::Arg::{Long, Short, Value};

use crate::options::{Config, FLAGS, Flag, Kind, Operand};

/// An error in the command line.
#[derive(Debug)]
pub(crate) enum Error {
    /// A value is missing or unexpected.
    Syntax(lexopt::Error),
    /// The option with its dashes, and a similar flag.
    UnknownOption(String, Option<&'static Flag>),
    InvalidValue(&'static Flag, OsString),
    /// Arguments of other programs, and the MODULEs.
    Foreign(Vec<Foreign>, Vec<Operand>),
    /// Mutually exclusive options.
    Conflict(&'static str, &'static str),
    NoModule,
    /// An operand without a FILE.
    NoFile(OsString),
}

/// An argument of another program or of an earlier version.
#[derive(Debug)]
pub(crate) enum Foreign {
    /// `--folded FILE`, as documented by `process_folded_data.py`.
    Folded(OsString),
    /// `--wabt_home DIR` of `process_folded_data.py`.
    WabtHome,
    /// `-o FILE`.
    Output(OsString),
    /// `--name-first`.
    NameFirst,
    /// `-` for standard input.
    Dash,
}

/// Parses a command line without the program's name.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Config, Error> {
    let mut config = Config::default();
    let mut foreign = Vec::new();
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next().map_err(Error::Syntax)? {
        match argument {
            Value(word) if word == "-" => foreign.push(Foreign::Dash),
            Value(module) => config.add_module(&module),
            Long("folded") => foreign.push(Foreign::Folded(parser.value().unwrap_or("out.folded".into()))),
            Short('o') | Long("output") => {
                foreign.push(Foreign::Output(parser.value().unwrap_or("app.folded".into())));
            }
            Long("name-first" | "name_first") => foreign.push(Foreign::NameFirst),
            Long("wabt_home" | "wabt-home") => {
                _ = parser.value();
                foreign.push(Foreign::WabtHome);
            }
            Short(name) => set(&mut config, short(name)?, &mut parser)?,
            Long(name) => set(&mut config, long(name)?, &mut parser)?,
        }
        if config.print.is_some() {
            return Ok(config);
        }
    }
    if !foreign.is_empty() {
        return Err(Error::Foreign(foreign, config.modules));
    }
    check(config)
}

fn short(name: char) -> Result<&'static Flag, Error> {
    let flag = FLAGS.iter().find(|flag| flag.short == Some(name));
    flag.ok_or_else(|| Error::UnknownOption(format!("-{name}"), None))
}

/// `--wasm_names` is how `process_folded_data.py` spells `--wasm-names`.
fn long(name: &str) -> Result<&'static Flag, Error> {
    let flag = FLAGS.iter().find(|flag| flag.long == if name == "wasm_names" { "wasm-names" } else { name });
    flag.ok_or_else(|| Error::UnknownOption(format!("--{name}"), similar(name)))
}

/// The flag whose long name is most similar to an unknown one, if it is close.
fn similar(name: &str) -> Option<&'static Flag> {
    let similarity = |flag: &Flag| strsim::jaro_winkler(flag.long, name);
    let nearest = FLAGS.iter().max_by(|a, b| similarity(a).total_cmp(&similarity(b)));
    nearest.filter(|flag| similarity(flag) > 0.85)
}

/// Applies `flag`, and reads its value, if it takes one, from `parser`.
fn set(config: &mut Config, flag: &'static Flag, parser: &mut lexopt::Parser) -> Result<(), Error> {
    if let Kind::Switch(set) = flag.kind {
        set(config);
        return Ok(());
    }
    let value = parser.value().map_err(Error::Syntax)?;
    match flag.kind {
        Kind::OneOf(_, words) => match words.iter().find(|(word, _)| value == *word) {
            Some((_, set)) => set(config),
            None => return Err(Error::InvalidValue(flag, value)),
        },
        Kind::Directory(..) if value.is_empty() => return Err(Error::InvalidValue(flag, value)),
        Kind::Directory(_, set) | Kind::Modules(_, set) => set(config, &value),
        Kind::Switch(_) => {}
    }
    Ok(())
}

fn check(config: Config) -> Result<Config, Error> {
    if config.is_text() && config.split_dir.is_some() {
        return Err(Error::Conflict("--text", "--split-dir"));
    }
    if config.is_text() && config.options.annotate {
        return Err(Error::Conflict("--text", "--annotate"));
    }
    if config.modules.is_empty() {
        return Err(Error::NoModule);
    }
    match config.modules.iter().find(|module| module.path.as_os_str().is_empty()) {
        Some(module) => Err(Error::NoFile(module.typed.clone())),
        None => Ok(config),
    }
}
