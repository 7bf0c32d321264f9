//! The command line: what there is to pass, and what was passed.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use bstr::{BStr, ByteSlice};
use wamr_fold_translate::StackCheck;

use crate::completions;
use crate::help::help;
use crate::man::man;
use crate::options::{self, Flag, Opt};

/// What to do.
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
    pub(crate) allow_unresolved: bool,
    pub(crate) verbose: bool,
    pub(crate) quiet: bool,
}

/// A `[NAME=]FILE` from the command line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Operand {
    /// `None` for `=FILE`.
    pub(crate) name: Option<Vec<u8>>,
    pub(crate) path: PathBuf,
}

/// What is wrong with a command line.
#[derive(Debug)]
pub(crate) enum Error {
    Arguments(lexopt::Error),
    NoModule,
    /// This operand ends before the file.
    NoFile(OsString),
    /// This option was given this value, which it does not take.
    Value(&'static Opt, OsString),
}

/// Reads a command line, given without the program's name.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, Error> {
    use lexopt::Arg::{Long, Short, Value};

    let mut config = Config::default();
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        let option = match &argument {
            Short(name) => options::short(*name),
            Long(name) => options::long(name),
            Value(operand) => {
                config.modules.push(Operand::parse(operand)?);
                continue;
            }
        };
        let Some(option) = option else {
            return Err(argument.unexpected().into());
        };
        match option.flag {
            Flag::SplitDir => config.split_dir = Some(value(option, parser.value()?, directory)?),
            Flag::StackCheck => config.stack_check = value(option, parser.value()?, stack_check)?,
            Flag::Demangle => config.demangle = true,
            Flag::ExportNames => config.export_names = true,
            Flag::Annotate => config.annotate = true,
            Flag::AllowUnresolved => config.allow_unresolved = true,
            Flag::Verbose => config.verbose = true,
            Flag::Quiet => config.quiet = true,
            Flag::Wasm => config.modules.push(Operand::parse(&parser.value()?)?),
            Flag::WasmNames => {
                for operand in parser.value()?.as_bytes().split(|&byte| byte == b',') {
                    config.modules.push(Operand::parse(OsStr::from_bytes(operand))?);
                }
            }
            Flag::Generate => return value(option, parser.value()?, generated).map(Command::Print),
            Flag::Help => return Ok(Command::Print(help())),
            Flag::Version => {
                return Ok(Command::Print(format!("wamr-fold-translate {}\n", env!("CARGO_PKG_VERSION"))));
            }
        }
    }
    if config.modules.is_empty() { Err(Error::NoModule) } else { Ok(Command::Translate(config)) }
}

/// What `read` makes of the value of `option`.
fn value<T>(option: &'static Opt, value: OsString, read: fn(&[u8]) -> Option<T>) -> Result<T, Error> {
    read(value.as_bytes()).ok_or(Error::Value(option, value))
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
    fn parse(operand: &OsStr) -> Result<Self, Error> {
        let (name, path) = match operand.as_bytes().split_once_str("=") {
            Some((b"", file)) => (None, file),
            Some((name, file)) => (Some(name.to_vec()), file),
            None => (Some(stem(operand)), operand.as_bytes()),
        };
        if path.is_empty() {
            return Err(Error::NoFile(operand.to_owned()));
        }
        Ok(Self { name, path: OsString::from_vec(path.to_vec()).into() })
    }
}

fn stem(path: &OsStr) -> Vec<u8> {
    std::path::Path::new(path).file_stem().unwrap_or(path).as_bytes().to_vec()
}

impl From<lexopt::Error> for Error {
    fn from(error: lexopt::Error) -> Self {
        Self::Arguments(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Arguments(error) => write!(f, "{error}")?,
            Self::NoModule => f.write_str("pass at least one MODULE, the wasm file that was profiled")?,
            Self::NoFile(operand) => write!(f, "{:?} names no file", BStr::new(operand.as_bytes()))?,
            Self::Value(option, value) => {
                let value = BStr::new(value.as_bytes());
                write!(f, "--{} cannot be {value:?}: pass {}", option.long, option.value.accepted())?;
            }
        }
        f.write_str(" (--help shows the usage)")
    }
}

impl std::error::Error for Error {}
