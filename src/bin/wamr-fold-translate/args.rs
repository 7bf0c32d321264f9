//! Parses the command line.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use bstr::{BStr, ByteSlice};
use wamr_fold_translate::StackCheck;

use crate::completions;
use crate::help::help;
use crate::man::man;
use crate::options::{self, Flag, FlagId, ValueKind};

/// What the command line asks for.
#[derive(Debug)]
pub(crate) enum Command {
    /// Translate standard input.
    Translate(Config),
    /// Print this text to standard output.
    Print(String),
}

/// How to translate.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(crate) struct Config {
    /// At least one.
    pub(crate) modules: Vec<Operand>,
    pub(crate) split_dir: Option<PathBuf>,
    pub(crate) stack_check: StackCheck,
    pub(crate) demangle: bool,
    pub(crate) export_names: bool,
    pub(crate) annotate: bool,
    pub(crate) name_first: bool,
    pub(crate) text: bool,
    pub(crate) allow_unresolved: bool,
    pub(crate) verbose: bool,
    pub(crate) quiet: bool,
}

/// A MODULE: `[NAME=]FILE`.
#[derive(Debug)]
pub(crate) struct Operand {
    /// The operand as typed, for messages.
    pub(crate) typed: OsString,
    /// The name of the module, or `None` for `=FILE`.
    pub(crate) name: Option<Vec<u8>>,
    pub(crate) path: PathBuf,
}

/// Why a command line is refused.
#[derive(Debug)]
pub(crate) enum Error {
    /// A value is missing or unexpected.
    Syntax(lexopt::Error),
    UnknownOption {
        /// With its dashes.
        typed: String,
        similar: Option<&'static Flag>,
    },
    InvalidValue(&'static Flag, OsString),
    /// These two options exclude each other.
    Conflict(&'static str, &'static str),
    NoModule,
    /// An operand without a FILE.
    NoFile(OsString),
    /// `--folded FILE`, as the text of `process_folded_data.py` shows it.
    Folded(OsString),
    /// The `--wabt_home` of `process_folded_data.py`.
    WabtHome,
}

/// Parses a command line without the program's name.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, Error> {
    use lexopt::Arg::{Long, Short, Value};

    let mut config = Config::default();
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        let flag = match argument {
            Value(operand) => {
                config.modules.push(Operand::parse(&operand)?);
                continue;
            }
            Short(name) => options::short(name).ok_or_else(|| unknown_short(name))?,
            Long("folded") => return Err(Error::Folded(parser.value().unwrap_or("out.folded".into()))),
            Long("wabt_home" | "wabt-home") => return Err(Error::WabtHome),
            Long(name) => options::long(name).ok_or_else(|| unknown_long(name))?,
        };
        match flag.id {
            FlagId::SplitDir => config.split_dir = Some(parse_value(flag, parser.value()?, directory)?),
            FlagId::StackCheck => config.stack_check = parse_value(flag, parser.value()?, stack_check)?,
            FlagId::Demangle => config.demangle = true,
            FlagId::ExportNames => config.export_names = true,
            FlagId::Annotate => config.annotate = true,
            FlagId::NameFirst => config.name_first = true,
            FlagId::Text => config.text = true,
            FlagId::AllowUnresolved => config.allow_unresolved = true,
            FlagId::Verbose => config.verbose = true,
            FlagId::Quiet => config.quiet = true,
            FlagId::Wasm => config.modules.push(Operand::parse(&parser.value()?)?),
            FlagId::WasmNames => {
                for operand in parser.value()?.as_bytes().split(|&byte| byte == b',') {
                    config.modules.push(Operand::parse(OsStr::from_bytes(operand))?);
                }
            }
            FlagId::Generate => return parse_value(flag, parser.value()?, generated).map(Command::Print),
            FlagId::Help => return Ok(Command::Print(help())),
            FlagId::Version => {
                return Ok(Command::Print(format!("wamr-fold-translate {}\n", env!("CARGO_PKG_VERSION"))));
            }
        }
    }
    if config.text && config.split_dir.is_some() {
        return Err(Error::Conflict("--text", "--split-dir"));
    }
    if config.text && config.annotate {
        return Err(Error::Conflict("--text", "--annotate"));
    }
    if config.modules.is_empty() {
        return Err(Error::NoModule);
    }
    Ok(Command::Translate(config))
}

fn unknown_short(name: char) -> Error {
    Error::UnknownOption { typed: format!("-{name}"), similar: None }
}

fn unknown_long(name: &str) -> Error {
    Error::UnknownOption { typed: format!("--{name}"), similar: options::similar(name) }
}

fn parse_value<T>(flag: &'static Flag, value: OsString, parse: fn(&[u8]) -> Option<T>) -> Result<T, Error> {
    parse(value.as_bytes()).ok_or(Error::InvalidValue(flag, value))
}

fn directory(path: &[u8]) -> Option<PathBuf> {
    (!path.is_empty()).then(|| OsStr::from_bytes(path).into())
}

fn stack_check(when: &[u8]) -> Option<StackCheck> {
    match when {
        b"auto" => Some(StackCheck::Auto),
        b"on" => Some(StackCheck::On),
        b"off" => Some(StackCheck::Off),
        _ => None,
    }
}

fn generated(what: &[u8]) -> Option<String> {
    match what {
        b"man" => Some(man()),
        b"complete-bash" => Some(completions::bash()),
        b"complete-zsh" => Some(completions::zsh()),
        b"complete-fish" => Some(completions::fish()),
        _ => None,
    }
}

impl Operand {
    /// Parses `[NAME=]FILE`. The first `=` ends NAME.
    fn parse(typed: &OsStr) -> Result<Self, Error> {
        let (name, path) = match typed.as_bytes().split_once_str("=") {
            Some((b"", file)) => (None, OsStr::from_bytes(file)),
            Some((name, file)) => (Some(name.to_vec()), OsStr::from_bytes(file)),
            None => (Some(stem(typed)), typed),
        };
        if path.is_empty() {
            return Err(Error::NoFile(typed.to_owned()));
        }
        Ok(Self { typed: typed.to_owned(), name, path: path.into() })
    }
}

fn stem(path: &OsStr) -> Vec<u8> {
    Path::new(path).file_stem().unwrap_or(path).as_bytes().to_vec()
}

impl From<lexopt::Error> for Error {
    fn from(error: lexopt::Error) -> Self {
        Self::Syntax(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(error) => write!(f, "{error} (see --help)"),
            Self::UnknownOption { typed, similar: Some(flag) } => {
                write!(f, "unknown option '{typed}': did you mean --{}?", flag.long)
            }
            Self::UnknownOption { typed, similar: None } => {
                write!(f, "unknown option '{typed}' (see --help)")
            }
            Self::InvalidValue(flag, value) => {
                let value = BStr::new(value.as_bytes());
                write!(f, "invalid value {value:?} for --{}: pass ", flag.long)?;
                match flag.value {
                    Some(ValueKind::OneOf(_, [others @ .., last])) => {
                        write!(f, "{} or {last}", others.join(", "))
                    }
                    Some(ValueKind::Directory(_)) => write!(f, "a directory"),
                    _ => write!(f, "a file"),
                }
            }
            Self::Conflict(one, other) => write!(f, "{one} and {other} cannot be used together"),
            Self::NoModule => write!(f, "no MODULE: pass the wasm file that was profiled (see --help)"),
            Self::NoFile(typed) => {
                let typed = BStr::new(typed.as_bytes());
                write!(f, "{typed:?} has no FILE: pass [NAME=]FILE.wasm")
            }
            Self::Folded(path) => {
                write!(f, "no --folded option: pass the profile on standard input: < {}", path.display())
            }
            Self::WabtHome => write!(f, "wabt is not needed: leave out --wabt_home"),
        }
    }
}

impl std::error::Error for Error {}
