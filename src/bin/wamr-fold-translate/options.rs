//! The configuration, and the table of flags that set it. The parser, `--help`, the man page and the shell
//! completions are made from the table.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use bstr::ByteSlice;
use wamr_fold_translate::{Format, Options, StackCheck, Tag};

/// A parsed command line.
#[derive(Debug, Default)]
pub(crate) struct Config {
    pub(crate) modules: Vec<Operand>,
    pub(crate) options: Options,
    pub(crate) split_dir: Option<PathBuf>,
    pub(crate) allow_unresolved: bool,
    pub(crate) verbose: bool,
    pub(crate) quiet: bool,
    /// What to print instead of translating.
    pub(crate) print: Option<Printed>,
}

/// A MODULE: `[NAME=]FILE`.
#[derive(Debug)]
pub(crate) struct Operand {
    /// As typed, for messages.
    pub(crate) typed: OsString,
    /// The name of the module, or `None` for `=FILE`.
    pub(crate) name: Option<Vec<u8>>,
    /// Empty if FILE is missing.
    pub(crate) path: PathBuf,
}

/// A text that the program can print.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Printed {
    Help,
    Version,
    Man,
    Bash,
    Zsh,
    Fish,
}

impl Config {
    pub(crate) fn is_text(&self) -> bool {
        self.options.format == Format::Text
    }

    /// Adds a MODULE. The first `=` ends its NAME.
    pub(crate) fn add_module(&mut self, typed: &OsStr) {
        let (name, file) = match typed.as_bytes().split_once_str("=") {
            Some((b"", file)) => (None, OsStr::from_bytes(file)),
            Some((name, file)) => (Some(name.to_vec()), OsStr::from_bytes(file)),
            None => (Some(stem(typed)), typed),
        };
        self.modules.push(Operand { typed: typed.to_owned(), name, path: file.into() });
    }

    /// Adds several MODULEs, separated by commas.
    fn add_modules(&mut self, typed: &OsStr) {
        typed.as_bytes().split_str(",").for_each(|module| self.add_module(OsStr::from_bytes(module)));
    }
}

fn stem(path: &OsStr) -> Vec<u8> {
    Path::new(path).file_stem().unwrap_or(path).as_bytes().to_vec()
}

/// An option of the command line.
#[derive(Debug)]
pub(crate) struct Flag {
    pub(crate) short: Option<char>,
    pub(crate) long: &'static str,
    pub(crate) kind: Kind,
    /// A phrase, for `--help` and the completions, in lines of at most 54 columns.
    pub(crate) help: &'static str,
    /// Sentences that the man page adds.
    pub(crate) details: &'static str,
}

/// The value of a flag, with its placeholder, and how it sets [`Config`].
#[derive(Debug)]
pub(crate) enum Kind {
    Switch(Set),
    OneOf(&'static str, &'static [(&'static str, Set)]),
    Directory(&'static str, SetTo),
    Modules(&'static str, SetTo),
}

type Set = fn(&mut Config);
type SetTo = fn(&mut Config, &OsStr);

impl Kind {
    /// The placeholder, if the flag takes a value.
    pub(crate) fn placeholder(&self) -> Option<&'static str> {
        match self {
            Self::Switch(_) => None,
            Self::OneOf(name, _) | Self::Directory(name, _) | Self::Modules(name, _) => Some(name),
        }
    }
}

/// MODULE, for `--help` and the man page.
pub(crate) const MODULE: &str = "Wasm file that was profiled, as [NAME=]FILE.wasm. A\n\
                                 single MODULE also matches frames that name no module.";

/// The forms of a MODULE, and which frames each matches. zsh would expand an unquoted `=FILE`.
pub(crate) const MODULE_FORMS: &[(&str, &str)] = &[
    ("dir/app.wasm", "frames of module app"),
    ("core=dir/app.wasm", "frames of module core"),
    ("'=dir/app.wasm'", "frames that name no module"),
];

/// The exit statuses, and what each means.
pub(crate) const EXIT_STATUSES: &[(&str, &str)] = &[
    ("0", "Everything was translated, or standard output was closed early"),
    (
        "1",
        "Frames or lines were left unresolved, including function indices out of\n\
         range, or reading or writing failed",
    ),
    ("2", "Usage error, or a MODULE or DIR cannot be used; no input was read"),
];

/// All flags, in the order of `--help`.
pub(crate) const FLAGS: &[Flag] = &[
    Flag {
        short: Some('d'),
        long: "split-dir",
        kind: Kind::Directory("DIR", |config, directory| config.split_dir = Some(directory.into())),
        help: "Also write each line to DIR/NAME.folded, where NAME is\nthe module of its last wasm frame",
        details: "DIR is created if missing. Every MODULE gets a file, which may stay empty. It is named after \
                  the module, or after the wasm file for =FILE; slashes, percent signs, control bytes and a \
                  leading dot are written as %XX. The files appear once the whole input is translated, and only \
                  then replace existing ones.",
    },
    Flag {
        short: Some('s'),
        long: "stack-check",
        kind: Kind::OneOf(
            "WHEN",
            &[
                ("auto", |config| config.options.stack_check = StackCheck::Auto),
                ("on", |config| config.options.stack_check = StackCheck::On),
                ("off", |config| config.options.stack_check = StackCheck::Off),
            ],
        ),
        help: "Show aot_func#N as a stack check, NAME_precheck:\nauto (default), on or off",
        details: "auto decides per module name: code has stack checks if an aot_func_internal#N with that \
                  module name occurs anywhere in the input. On a pipe, output is held from the first undecided \
                  aot_func#N on, until such a symbol appears or the input ends. In a live pipeline, pass \
                  --stack-check=off for AOT code, which never has stack checks.",
    },
    Flag {
        short: Some('t'),
        long: "tag",
        kind: Kind::OneOf(
            "WHERE",
            &[
                ("first", |config| config.options.tag = Tag::First),
                ("last", |config| config.options.tag = Tag::Last),
                ("none", |config| config.options.tag = Tag::None),
            ],
        ),
        help: "Where to put the tag [Wasm] [MODULE]: first (default),\nlast or none",
        details: "last writes NAME [Wasm] [MODULE], so that narrow boxes of a flame graph show the name. With \
                  none, translated frames cannot be told from others.",
    },
    Flag {
        short: Some('C'),
        long: "demangle",
        kind: Kind::Switch(|config| config.options.demangle = true),
        help: "Demangle Rust names",
        details: "Hashes are dropped, also from names that are already demangled. C++ names are unchanged: \
                  wasm-ld demangles them. For modules linked with --no-demangle, pipe the output through c++filt.",
    },
    Flag {
        short: Some('e'),
        long: "export-names",
        kind: Kind::Switch(|config| config.options.export_names = true),
        help: "Use the first export name for functions without a name",
        details: "Useful for stripped modules.",
    },
    Flag {
        short: Some('a'),
        long: "annotate",
        kind: Kind::Switch(|config| config.options.annotate = true),
        help: "Append the JIT annotation _[j] to translated frames",
        details: "flamegraph.pl --colors=java and inferno-flamegraph --colors java then draw wasm frames in a \
                  separate colour. Frames already annotated with _[k], _[i], _[j] or _[w] are unchanged.",
    },
    Flag {
        short: None,
        long: "text",
        kind: Kind::Switch(|config| config.options.format = Format::Text),
        help: "Translate symbols anywhere in the input, such as perf\nscript output",
        details: "The input need not be folded stacks; see PERF OUTPUT. Cannot be used together with \
                  --split-dir or --annotate.",
    },
    Flag {
        short: None,
        long: "allow-unresolved",
        kind: Kind::Switch(|config| config.allow_unresolved = true),
        help: "Exit with status 0 even if frames or lines were left\nunresolved",
        details: "They are still reported.",
    },
    Flag {
        short: Some('v'),
        long: "verbose",
        kind: Kind::Switch(|config| config.verbose = true),
        help: "Print a summary for each MODULE at the end",
        details: "It counts the functions with names, the calls in the profile that the module's code allows, \
                  the translated frames, those of them shown only as func[IDX], and the lines whose last \
                  translated frame belongs to the module.",
    },
    Flag {
        short: Some('q'),
        long: "quiet",
        kind: Kind::Switch(|config| config.quiet = true),
        help: "Do not print warnings",
        details: "Errors and unresolved frames are still reported.",
    },
    Flag {
        short: None,
        long: "wasm",
        kind: Kind::Modules("FILE", Config::add_module),
        help: "Same as MODULE, as in process_folded_data.py",
        details: "",
    },
    Flag {
        short: None,
        long: "wasm-names",
        kind: Kind::Modules("NAME=FILE[,NAME=FILE...]", Config::add_modules),
        help: "Comma-separated MODULEs; also spelt --wasm_names",
        details: "",
    },
    Flag {
        short: None,
        long: "generate",
        kind: Kind::OneOf(
            "WHAT",
            &[
                ("man", |config| config.print = Some(Printed::Man)),
                ("complete-bash", |config| config.print = Some(Printed::Bash)),
                ("complete-zsh", |config| config.print = Some(Printed::Zsh)),
                ("complete-fish", |config| config.print = Some(Printed::Fish)),
            ],
        ),
        help: "Print the man page or shell completions: man,\ncomplete-bash, complete-zsh or complete-fish",
        details: "",
    },
    Flag {
        short: Some('h'),
        long: "help",
        kind: Kind::Switch(|config| config.print = Some(Printed::Help)),
        help: "Print this help",
        details: "",
    },
    Flag {
        short: Some('V'),
        long: "version",
        kind: Kind::Switch(|config| config.print = Some(Printed::Version)),
        help: "Print the version",
        details: "",
    },
];
