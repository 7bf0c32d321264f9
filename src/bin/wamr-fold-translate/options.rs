//! What there is to pass to the program: the parser, the help, the manual page and the completions of shells
//! all come from here.

/// The program in one line.
pub(crate) const ABOUT: &str = "put the names of wasm functions back into folded perf profiles of WAMR";

/// The program in a few lines.
pub(crate) const DESCRIPTION: &str = "Reads folded stacks (one line a stack) from standard input, replaces frames such as \
     aot_func#7 and [app]#aot_func#7 by the names of the functions, and writes the stacks to standard output.";

/// The pipeline that the program is made for.
pub(crate) const PIPELINE: &str =
    "stackcollapse-perf.pl out.perf | wamr-fold-translate app.wasm | flamegraph.pl > app.svg";

/// What the operands are.
pub(crate) const MODULE: &str = "A wasm file that was profiled, as [NAME=]FILE.wasm. A single MODULE also takes the frames that name no module.";

/// The forms of an operand, and what they mean.
pub(crate) const MODULE_FORMS: &[(&str, &str)] = &[
    ("dir/app.wasm", "takes the frames of the module app"),
    ("core=dir/app.wasm", "takes the frames of the module core"),
    ("=dir/app.wasm", "takes the frames that name no module"),
];

/// The exit statuses, and when they occur.
pub(crate) const EXIT_STATUSES: &[(&str, &str)] = &[
    ("0", "everything was translated, or the output was closed by its reader"),
    ("1", "frames or lines were left as they are, or reading or writing failed"),
    ("2", "the command line, a MODULE or DIR cannot be used; nothing was read"),
];

/// An option.
#[derive(Debug)]
pub(crate) struct Opt {
    pub(crate) flag: Flag,
    pub(crate) short: Option<char>,
    pub(crate) long: &'static str,
    pub(crate) value: Value,
    /// A phrase, for the help and for completions.
    pub(crate) help: &'static str,
    /// Sentences that the manual page adds.
    pub(crate) details: &'static str,
}

/// Which option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flag {
    SplitDir,
    StackCheck,
    Demangle,
    ExportNames,
    Annotate,
    AllowUnresolved,
    Verbose,
    Quiet,
    Wasm,
    WasmNames,
    Generate,
    Help,
    Version,
}

/// What follows an option, and what that is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Nothing,
    Directory(&'static str),
    WasmFile(&'static str),
    OneOf(&'static str, &'static [&'static str]),
}

impl Value {
    /// What the value is called.
    pub(crate) fn name(self) -> Option<&'static str> {
        match self {
            Self::Nothing => None,
            Self::Directory(name) | Self::WasmFile(name) | Self::OneOf(name, _) => Some(name),
        }
    }

    /// What the value may be.
    pub(crate) fn accepted(self) -> String {
        match self {
            Self::OneOf(_, values) => format!("one of {}", values.join(", ")),
            other => other.name().unwrap_or("nothing").to_owned(),
        }
    }
}

/// All options, in the order in which they are shown.
pub(crate) const OPTIONS: &[Opt] = &[
    Opt {
        flag: Flag::SplitDir,
        short: Some('d'),
        long: "split-dir",
        value: Value::Directory("DIR"),
        help: "also write each line to DIR/NAME.folded, NAME being the module of its last wasm frame",
        details: "DIR is made if it is missing. There is a file for every MODULE, named after the module, or after \
                  the file for =FILE; / and % and control bytes and a leading . are written %XX. The files \
                  appear when all are complete, or not at all.",
    },
    Opt {
        flag: Flag::StackCheck,
        short: Some('s'),
        long: "stack-check",
        value: Value::OneOf("WHEN", &["auto", "on", "off"]),
        help: "whether aot_func#N is only a stack check, shown as NAME_precheck: auto (the default), on, off",
        details: "With auto that is done if the profile has an aot_func_internal#N anywhere. A file on \
                  standard input is searched for one first; on a pipe, lines are held from the first aot_func#N on \
                  until that is known. With on and off, each line leaves as soon as it was read.",
    },
    Opt {
        flag: Flag::Demangle,
        short: None,
        long: "demangle",
        value: Value::Nothing,
        help: "show Rust and C++ names demangled",
        details: "Rust names (legacy and v0) lose their hash. Names that are not mangled stay as they are.",
    },
    Opt {
        flag: Flag::ExportNames,
        short: None,
        long: "export-names",
        value: Value::Nothing,
        help: "show functions without a name by the name of their first export",
        details: "For builds that were stripped of their name section.",
    },
    Opt {
        flag: Flag::Annotate,
        short: None,
        long: "annotate",
        value: Value::Nothing,
        help: "mark translated frames with _[j], to be coloured as JIT code",
        details: "flamegraph.pl --color=java and inferno-flamegraph --colors java then show wasm frames in a colour \
                  of their own. A frame that has such a mark (_[k], _[i], _[j], _[w]) keeps it.",
    },
    Opt {
        flag: Flag::AllowUnresolved,
        short: None,
        long: "allow-unresolved",
        value: Value::Nothing,
        help: "exit with 0 even if frames or lines could not be translated",
        details: "They are reported nevertheless.",
    },
    Opt {
        flag: Flag::Verbose,
        short: Some('v'),
        long: "verbose",
        value: Value::Nothing,
        help: "say at the end how much was translated",
        details: "For each module: how many of its functions have names, how many frames were translated, how many \
                  of these show only an index (func[N]), and in how many lines its frame is the last wasm frame.",
    },
    Opt {
        flag: Flag::Quiet,
        short: Some('q'),
        long: "quiet",
        value: Value::Nothing,
        help: "print no warnings",
        details: "Errors are still printed.",
    },
    Opt {
        flag: Flag::Wasm,
        short: None,
        long: "wasm",
        value: Value::WasmFile("FILE"),
        help: "a MODULE, as an option for scripts made for process_folded_data.py",
        details: "",
    },
    Opt {
        flag: Flag::WasmNames,
        short: None,
        long: "wasm-names",
        value: Value::WasmFile("NAME=FILE[,NAME=FILE...]"),
        help: "several MODULEs, also spelt --wasm_names, for the same scripts",
        details: "",
    },
    Opt {
        flag: Flag::Generate,
        short: None,
        long: "generate",
        value: Value::OneOf("WHAT", &["man", "complete-bash", "complete-zsh", "complete-fish"]),
        help: "print the manual page or the completions of a shell: man, complete-bash, complete-zsh, complete-fish",
        details: "",
    },
    Opt {
        flag: Flag::Help,
        short: Some('h'),
        long: "help",
        value: Value::Nothing,
        help: "print this help",
        details: "",
    },
    Opt {
        flag: Flag::Version,
        short: Some('V'),
        long: "version",
        value: Value::Nothing,
        help: "print the version",
        details: "",
    },
];

/// The option of this long name. `--wasm_names` is the spelling of `process_folded_data.py`.
pub(crate) fn long(name: &str) -> Option<&'static Opt> {
    let name = if name == "wasm_names" { "wasm-names" } else { name };
    OPTIONS.iter().find(|option| option.long == name)
}

/// The option of this short name.
pub(crate) fn short(name: char) -> Option<&'static Opt> {
    OPTIONS.iter().find(|option| option.short == Some(name))
}
