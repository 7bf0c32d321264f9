//! Translates WAMR's perf symbols to wasm function names.
//!
//! WAMR, the WebAssembly Micro Runtime, reports its compiled functions to Linux perf by number, as symbols such
//! as `aot_func#7`. This library replaces these symbols with function names from the wasm files. The program
//! `wamr-fold-translate` is built on it. Both are for Unix.
//!
//! # Translating a line
//!
//! [`Translator`] translates one line at a time. The caller reads and writes.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use wamr_fold_translate::{Module, Modules, Options, Translator};
//!
//! let mut modules = Modules::default();
//! modules.add(Module::open(Some(b"interp".to_vec()), "tests/recordings/a1-aot-interp/interp.wasm")?)?;
//!
//! let mut translator = Translator::new(modules, Options::default())?;
//! let mut output = Vec::new();
//! translator.translate(b"iwasm;main;aot_call_function;aot_func#1;aot_func#4 12", &mut output);
//! assert_eq!(output, b"iwasm;main;aot_call_function;[Wasm] main;[Wasm] sort_strings 12");
//! # Ok(())
//! # }
//! ```
//!
//! # Translating a stream
//!
//! [`Filter`] reads a stream to its end and writes each line as soon as it can be translated.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::fs::{self, File};
//! use wamr_fold_translate::{Filter, Module, Modules, Options, Translator};
//!
//! let mut modules = Modules::default();
//! modules.add(Module::open(Some(b"interp".to_vec()), "tests/recordings/a1-aot-interp/interp.wasm")?)?;
//!
//! let mut translator = Translator::new(modules, Options::default())?;
//! let mut output = Vec::new();
//! let input = File::open("tests/recordings/a1-aot-interp/out.folded")?;
//! Filter::new(&mut translator, &mut output).run_file(input)?;
//! assert_eq!(translator.report().unresolved(), 0);
//! assert_eq!(output, fs::read("tests/recordings/a1-aot-interp/expected/out.translated")?);
//! # Ok(())
//! # }
//! ```
//!
//! # Stack checks
//!
//! With software stack checks, WAMR's LLVM JIT emits two symbols for a function: `aot_func_internal#N` is the
//! function, and `aot_func#N` only its stack check, shown as `NAME_precheck`. With [`StackCheck::Auto`], code has
//! stack checks if an `aot_func_internal#N` with the same module name occurs anywhere in the input. [`Filter`]
//! finds these symbols itself; with a [`Translator`] alone, call [`Translator::find_stack_checks`] first.
//!
//! # Formats
//!
//! [`Format::Folded`] is folded stacks: frames separated by `;`, and one or two sample counts. A WAMR frame is
//!
//! ```text
//! frame  = blanks? ( "[" MODULE "]#" )? KIND "#" N REST
//! KIND   = "aot_func" | "aot_func_internal"
//! MODULE = one or more bytes other than ";"
//! N      = a decimal number up to 4294967295
//! REST   = nothing, or text that starts with "_wrapper", "_[", "+", ":", "." or "@"
//! ```
//!
//! MODULE ends at the last `]#aot_func` of the frame, so a module name may itself contain brackets. N is the index
//! of the function among those that the module defines. REST is what WAMR, perf and collapsers append, such as
//! `_wrapper`, `+0x1c` or `_[j]`; it stays after the name. All other frames, including translated ones, are copied
//! unchanged.
//!
//! [`Format::Text`] is any text, such as the output of `perf script`, with symbols anywhere in it:
//!
//! ```text
//! symbol = ( "[" MODULE "]#" )? KIND "#" N "_wrapper"?
//! ```
//!
//! Symbols must be delimited by characters that are not part of a word. MODULE is the longest name of a loaded
//! module that matches.

mod calls;
mod code;
mod demangle;
mod file_kind;
mod filter;
mod folded;
mod hold;
mod label;
mod line_buffer;
mod module;
mod options;
mod prefix_cache;
mod report;
mod split_dir;
mod stack_check;
mod symbol;
mod text;
mod translate;
mod wasm;

pub use calls::CallCheck;
pub use file_kind::FileKind;
pub use filter::{Filter, FilterError};
pub use module::{Module, Modules, NameError};
pub use options::{Format, Options, StackCheck, Tag};
pub use report::{Cause, Finding, ModuleReport, Report};
pub use split_dir::{SplitError, split_files};
pub use translate::Translator;
pub use wasm::{Malformed, WasmError};
