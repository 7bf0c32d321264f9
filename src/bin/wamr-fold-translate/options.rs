//! The table of options. The parser, `--help`, the man page and the shell completions are made from it.

/// What the program does, in a phrase.
pub(crate) const ABOUT: &str = "put wasm function names back into folded perf stacks of WAMR";

/// What the program does, in a sentence.
pub(crate) const DESCRIPTION: &str = "Reads folded stacks from standard input, replaces frames such as \
     aot_func#7 and [app]#aot_func#7 with the names of the wasm functions, and writes the stacks to \
     standard output.";

/// The pipeline that the program is made for.
pub(crate) const PIPELINE: &str =
    "stackcollapse-perf.pl out.perf | wamr-fold-translate app.wasm | flamegraph.pl > app.svg";

/// What a MODULE is.
pub(crate) const MODULE: &str = "A profiled wasm file, as [NAME=]FILE.wasm. If it is the only MODULE, it \
     also takes frames without a module name.";

/// The forms of a MODULE, and which frames each takes. zsh would take an unquoted `=FILE` for a command.
pub(crate) const MODULE_FORMS: &[(&str, &str)] = &[
    ("dir/app.wasm", "frames of module app"),
    ("core=dir/app.wasm", "frames of module core"),
    ("'=dir/app.wasm'", "frames without a module name"),
];

/// The exit statuses, and what each means.
pub(crate) const EXIT_STATUSES: &[(&str, &str)] = &[
    ("0", "Everything was translated, or the reader closed the output early"),
    (
        "1",
        "Frames or lines were left unresolved, including frames past a module's last function; or reading \
         or writing failed",
    ),
    ("2", "Usage error, or a MODULE or DIR cannot be used; nothing was read from standard input"),
];

/// An option of the command line.
#[derive(Debug)]
pub(crate) struct Flag {
    pub(crate) id: FlagId,
    pub(crate) short: Option<char>,
    pub(crate) long: &'static str,
    pub(crate) value: Option<ValueKind>,
    /// A phrase, for `--help` and the completions.
    pub(crate) help: &'static str,
    /// Sentences that the man page adds.
    pub(crate) details: &'static str,
}

/// Identifies a [`Flag`].
#[derive(Clone, Copy, Debug)]
pub(crate) enum FlagId {
    SplitDir,
    StackCheck,
    Demangle,
    ExportNames,
    Annotate,
    NameFirst,
    Text,
    AllowUnresolved,
    Verbose,
    Quiet,
    Wasm,
    WasmNames,
    Generate,
    Help,
    Version,
}

/// The kind of value that a flag takes, with the placeholder that the help shows for it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ValueKind {
    Directory(&'static str),
    Modules(&'static str),
    OneOf(&'static str, &'static [&'static str]),
}

impl ValueKind {
    /// The placeholder.
    pub(crate) fn placeholder(self) -> &'static str {
        match self {
            Self::Directory(name) | Self::Modules(name) | Self::OneOf(name, _) => name,
        }
    }
}

/// All options, in the order of the help.
pub(crate) const FLAGS: &[Flag] = &[
    Flag {
        id: FlagId::SplitDir,
        short: Some('d'),
        long: "split-dir",
        value: Some(ValueKind::Directory("DIR")),
        help: "Also write each line to DIR/NAME.folded, where NAME is the module of its last wasm frame",
        details: "DIR is created if missing. Every MODULE gets a file, which may stay empty. It is named \
                  after the module, or after the wasm file for =FILE; slashes, percent signs, control \
                  bytes and a leading dot are written as %XX. No file appears until all are complete. \
                  If the run fails, the files of an earlier run are kept. Other files in DIR are left alone.",
    },
    Flag {
        id: FlagId::StackCheck,
        short: Some('s'),
        long: "stack-check",
        value: Some(ValueKind::OneOf("WHEN", &["auto", "on", "off"])),
        help: "Whether aot_func#N is only a stack check, shown as NAME_precheck: auto (default), on or off",
        details: "auto decides for each module name: its code has stack checks if an aot_func_internal#N \
                  with that name occurs anywhere in the input. On a pipe, lines wait from the first aot_func#N of a \
                  MODULE until such a symbol comes or the input ends, so in a live pipeline pass \
                  --stack-check=off for AOT code, which never has stack checks.",
    },
    Flag {
        id: FlagId::Demangle,
        short: None,
        long: "demangle",
        value: None,
        help: "Demangle Rust and C++ names",
        details: "Rust names (legacy and v0) lose their hash. Names that are not mangled stay as they are.",
    },
    Flag {
        id: FlagId::ExportNames,
        short: None,
        long: "export-names",
        value: None,
        help: "Show a function without a name by the name of its first export",
        details: "Useful for stripped modules.",
    },
    Flag {
        id: FlagId::Annotate,
        short: None,
        long: "annotate",
        value: None,
        help: "Append _[j], the mark of JIT code, to translated frames",
        details: "flamegraph.pl --color=java and inferno-flamegraph --colors java then draw wasm frames in \
                  a colour of their own. Frames that end in _[k], _[i], _[j] or _[w] keep that mark.",
    },
    Flag {
        id: FlagId::NameFirst,
        short: None,
        long: "name-first",
        value: None,
        help: "Write NAME [Wasm] instead of [Wasm] NAME",
        details: "With a module name, write NAME [Wasm] [MODULE]. Narrow boxes in a flame graph then show \
                  the name.",
    },
    Flag {
        id: FlagId::Text,
        short: None,
        long: "text",
        value: None,
        help: "Translate symbols in any text, such as the output of perf script",
        details: "The input need not be folded stacks; see IN PERF ITSELF. Cannot be used together with \
                  --split-dir or --annotate.",
    },
    Flag {
        id: FlagId::AllowUnresolved,
        short: None,
        long: "allow-unresolved",
        value: None,
        help: "Exit with status 0 even if frames or lines were left unresolved",
        details: "They are still reported.",
    },
    Flag {
        id: FlagId::Verbose,
        short: Some('v'),
        long: "verbose",
        value: None,
        help: "Print a summary for each MODULE at the end",
        details: "It shows how far the result can be trusted: how many functions have names, how many \
                  frames were translated, and how many of those are only func[IDX].",
    },
    Flag {
        id: FlagId::Quiet,
        short: Some('q'),
        long: "quiet",
        value: None,
        help: "Do not print warnings",
        details: "Errors are still printed.",
    },
    Flag {
        id: FlagId::Wasm,
        short: None,
        long: "wasm",
        value: Some(ValueKind::Modules("FILE")),
        help: "Same as a MODULE, for scripts written for process_folded_data.py",
        details: "",
    },
    Flag {
        id: FlagId::WasmNames,
        short: None,
        long: "wasm-names",
        value: Some(ValueKind::Modules("NAME=FILE[,NAME=FILE...]")),
        help: "Same as several MODULEs; also spelt --wasm_names",
        details: "",
    },
    Flag {
        id: FlagId::Generate,
        short: None,
        long: "generate",
        value: Some(ValueKind::OneOf("WHAT", &["man", "complete-bash", "complete-zsh", "complete-fish"])),
        help: "Print the man page or shell completions: man, complete-bash, complete-zsh or complete-fish",
        details: "",
    },
    Flag {
        id: FlagId::Help,
        short: Some('h'),
        long: "help",
        value: None,
        help: "Print this help",
        details: "",
    },
    Flag {
        id: FlagId::Version,
        short: Some('V'),
        long: "version",
        value: None,
        help: "Print the version",
        details: "",
    },
];

/// The flag with this long name. `--wasm_names` is how `process_folded_data.py` spells `--wasm-names`.
pub(crate) fn long(name: &str) -> Option<&'static Flag> {
    let name = if name == "wasm_names" { "wasm-names" } else { name };
    FLAGS.iter().find(|flag| flag.long == name)
}

/// The flag with this short name.
pub(crate) fn short(name: char) -> Option<&'static Flag> {
    FLAGS.iter().find(|flag| flag.short == Some(name))
}

/// The flag that was probably meant by an unknown long name: one at most two typos away, or the only one that
/// starts with it.
pub(crate) fn similar(name: &str) -> Option<&'static Flag> {
    let nearest = FLAGS.iter().min_by_key(|flag| edit_distance(flag.long, name));
    let mut longer = FLAGS.iter().filter(|flag| flag.long.starts_with(name));
    match (longer.next(), longer.next()) {
        _ if nearest.is_some_and(|flag| edit_distance(flag.long, name) <= 2) => nearest,
        (only, None) => only,
        _ => None,
    }
}

/// The Levenshtein distance: how many bytes must be inserted, deleted or replaced.
fn edit_distance(from: &str, to: &str) -> usize {
    // The distances from the bytes of `from` read so far to each prefix of `to`.
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.bytes().enumerate() {
        let mut replaced = i;
        row[0] = i + 1;
        for (j, b) in to.bytes().enumerate() {
            let kept_or_replaced = replaced + usize::from(a != b);
            replaced = row[j + 1];
            row[j + 1] = kept_or_replaced.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[to.len()]
}
