//! The command line: what there is to pass, and what was passed.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use bstr::{BStr, ByteSlice};
use lexopt::ValueExt;
use wamr_fold_translate::StackCheck;

/// What `--help` prints.
pub const HELP: &str = "\
Put the names of wasm functions back into folded perf profiles of WAMR

Usage: wamr-fold-translate [OPTIONS] MODULE...

Reads folded stacks (one line a stack) from standard input, replaces frames such as aot_func#7
and [app]#aot_func#7 by the names of the functions, and writes the stacks to standard output:

    stackcollapse-perf.pl out.perf | wamr-fold-translate app.wasm | flamegraph.pl > app.svg

Arguments:
  MODULE               a wasm file that was profiled, as [NAME=]FILE.wasm:
                         dir/app.wasm       takes the frames of the module app
                         core=dir/app.wasm  takes the frames of the module core
                         =dir/app.wasm      takes the frames that name no module
                       a single MODULE takes the frames that name no module, too

Options:
  -d, --split-dir DIR  also write each line to DIR/NAME.folded, NAME being the module of the
                       line's last wasm frame
  -s, --stack-check WHEN
                       whether aot_func#N is only a stack check, shown as _precheck:
                       auto (if the profile has an aot_func_internal#N; the default), on, off
      --allow-unresolved
                       exit with 0 even if frames or lines could not be translated
  -q, --quiet          print no warnings
      --wasm FILE, --wasm-names NAME=FILE[,NAME=FILE...]
                       other ways to pass a MODULE, as process_folded_data.py has them
  -h, --help           print this help
  -V, --version        print the version

Exit status: 0 if everything was translated, or the output was closed by its reader; 1 if frames
or lines were left as they are, or reading or writing failed; 2 if the command line or a MODULE
cannot be used.
";

/// What `--version` prints.
pub const VERSION: &str = concat!("wamr-fold-translate ", env!("CARGO_PKG_VERSION"), "\n");

/// What to do.
#[derive(Debug)]
pub enum Command {
    /// Translate standard input.
    Translate(Config),
    /// Print this text to standard output.
    Print(&'static str),
}

/// How to translate.
#[derive(Debug, Default)]
pub struct Config {
    /// At least one.
    pub modules: Vec<Operand>,
    pub split_dir: Option<PathBuf>,
    pub stack_check: StackCheck,
    pub allow_unresolved: bool,
    pub quiet: bool,
}

/// A `[NAME=]FILE` from the command line.
#[derive(Debug, PartialEq, Eq)]
pub struct Operand {
    /// `None` for `=FILE`.
    pub name: Option<Vec<u8>>,
    pub path: PathBuf,
}

/// What is wrong with a command line.
#[derive(Debug)]
pub enum Error {
    Arguments(lexopt::Error),
    NoModule,
    NoFile(OsString),
}

/// Reads a command line, given without the program's name.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, Error> {
    use lexopt::Arg::{Long, Short, Value};

    let mut config = Config::default();
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Short('d') | Long("split-dir") => config.split_dir = Some(parser.value()?.into()),
            Short('s') | Long("stack-check") => {
                config.stack_check = parser.value()?.parse_with(stack_check)?;
            }
            Long("allow-unresolved") => config.allow_unresolved = true,
            Short('q') | Long("quiet") => config.quiet = true,
            Short('h') | Long("help") => return Ok(Command::Print(HELP)),
            Short('V') | Long("version") => return Ok(Command::Print(VERSION)),
            Long("wasm") => config.modules.push(Operand::parse(&parser.value()?)?),
            Long("wasm-names" | "wasm_names") => {
                for operand in parser.value()?.as_bytes().split(|&byte| byte == b',') {
                    config.modules.push(Operand::parse(OsStr::from_bytes(operand))?);
                }
            }
            Value(operand) => config.modules.push(Operand::parse(&operand)?),
            _ => return Err(argument.unexpected().into()),
        }
    }
    if config.modules.is_empty() { Err(Error::NoModule) } else { Ok(Command::Translate(config)) }
}

fn stack_check(when: &str) -> Result<StackCheck, &'static str> {
    match when {
        "auto" => Ok(StackCheck::Auto),
        "on" => Ok(StackCheck::On),
        "off" => Ok(StackCheck::Off),
        _ => Err("pass auto, on or off"),
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

    /// What the split file of this module is named after.
    pub fn split_name(&self) -> Vec<u8> {
        self.name.clone().unwrap_or_else(|| stem(self.path.as_os_str()))
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
            Self::NoModule => {
                f.write_str("no MODULE was passed, which is the wasm file that was profiled")?;
            }
            Self::NoFile(operand) => write!(f, "{:?} names no file", BStr::new(operand.as_bytes()))?,
        }
        f.write_str(" (--help shows the usage)")
    }
}

impl std::error::Error for Error {}
