//! Puts wasm function names back into folded perf stacks of WAMR, the WebAssembly Micro Runtime.
//!
//! WAMR reports its compiled functions to Linux perf by number, as symbols such as `aot_func#7`. This library
//! replaces these symbols with the function names that the wasm files have. The program `wamr-fold-translate`
//! is a thin layer over it.
//!
//! # A single line
//!
//! [`Translator`] translates one line at a time. The caller reads and writes.
//!
//! ```
//! use std::error::Error;
//!
//! use wamr_fold_translate::{Module, Modules, Translator, Wasm};
//!
//! fn main() -> Result<(), Box<dyn Error>> {
//!     let path = "tests/recordings/a1-aot-interp/interp.wasm";
//!     let mut modules = Modules::default();
//!     modules.add(Module::new(Some(b"interp".to_vec()), path, Wasm::open(path)?))?;
//!
//!     let mut translator = Translator::new(modules);
//!     let mut output = Vec::new();
//!     translator.translate(b"iwasm;main;aot_call_function;aot_func#1;aot_func#4 12", &mut output);
//!     assert_eq!(output, b"iwasm;main;aot_call_function;[Wasm] main;[Wasm] sort_strings 12");
//!     Ok(())
//! }
//! ```
//!
//! # A whole stream
//!
//! [`Filter`] reads a stream to its end and writes each line as soon as its translation is known.
//!
//! ```
//! use std::error::Error;
//! use std::fs::{self, File};
//!
//! use wamr_fold_translate::{Filter, Module, Modules, Translator, Wasm};
//!
//! fn main() -> Result<(), Box<dyn Error>> {
//!     let path = "tests/recordings/a1-aot-interp/interp.wasm";
//!     let mut modules = Modules::default();
//!     modules.add(Module::new(Some(b"interp".to_vec()), path, Wasm::open(path)?))?;
//!
//!     let mut output = Vec::new();
//!     let mut filter = Filter::new(Translator::new(modules), &mut output);
//!     filter.run_file(File::open("tests/recordings/a1-aot-interp/out.folded")?)?;
//!     assert_eq!(filter.translator().report().unresolved(), 0);
//!     assert_eq!(output, fs::read("tests/recordings/a1-aot-interp/expected/out.translated")?);
//!     Ok(())
//! }
//! ```
//!
//! # Stack checks
//!
//! LLVM JIT code of a WAMR that checks the stack in software has two symbols for a function:
//! `aot_func_internal#N` is the function, `aot_func#N` only the check in front of it, shown as
//! `NAME_precheck`. [`StackCheck`] sets whether `aot_func#N` is a check. With the default,
//! [`StackCheck::Auto`], it is one if an `aot_func_internal#N` with the same module name is anywhere in the
//! input.
//!
//! [`Filter`] finds these symbols itself. A [`Translator`] sees one line at a time, so its caller passes the
//! whole input to [`Translator::find_stack_checks`] before translating the first line. Without that call,
//! `Auto` is the same as [`StackCheck::Off`]. AOT code never has such checks.
//!
//! # The two grammars
//!
//! [`Format::Folded`] reads folded stacks, one a line: frames separated by `;`, and one or two sample counts. A
//! WAMR frame is
//!
//! ```text
//! frame  = blanks? ( "[" MODULE "]#" )? KIND "#" N REST
//! KIND   = "aot_func" | "aot_func_internal"
//! MODULE = one or more bytes other than ";"
//! N      = a decimal number up to 4294967295
//! REST   = nothing, or text that starts with "_wrapper", "_[", "+" or ":"
//! ```
//!
//! MODULE ends at the last `]#aot_func` of the frame, so a module name may itself hold brackets. N numbers the
//! functions that the module defines, without its imports. REST is what collapsers and perf append, such as
//! `_[j]`, `+0x1c` or `:tid 42`. It stays after the name. All other frames stay as they are, those that are
//! already translated included.
//!
//! [`Format::Text`] reads any text, such as the output of `perf script`, and finds symbols anywhere in it:
//!
//! ```text
//! symbol = ( "[" MODULE "]#" )? KIND "#" N "_wrapper"?
//! ```
//!
//! Such a symbol is never part of a longer word. MODULE is the longest name of a loaded module that ends there;
//! if none does, the symbol belongs to an unknown module.
//!
//! # The way of a line
//!
//! ```text
//! line_buffer -> filter -> translate -> format -> folded and frame, or text -> module -> label
//! ```
//!
//! `line_buffer` reads the stream in blocks of whole lines. `filter` hands each line to `translate`. `folded`
//! strips the sample counts, `frame` parses one frame (`text` finds the symbols of any text instead), `module`
//! finds the module of a symbol, and `label` is what a function is shown as. The translated line goes back to
//! `filter`, which writes it to the output and to the file of its module in `split_dir`. Lines that wait for a
//! stack check are kept in `hold`.

mod demangle;
mod filter;
mod folded;
mod format;
mod frame;
mod hold;
mod label;
mod line_buffer;
mod module;
mod prefix_cache;
mod report;
mod split_dir;
mod stack_check;
mod summary;
mod text;
mod translate;
mod wasm;

pub use filter::{Filter, FilterError};
pub use format::Format;
pub use label::Label;
pub use module::{DuplicateName, Module, ModuleId, Modules};
pub use report::{Cause, Finding, Report};
pub use split_dir::{SplitDir, SplitError};
pub use stack_check::StackCheck;
pub use summary::{ModuleSummary, Summary};
pub use translate::Translator;
pub use wasm::{FileKind, Malformed, Warning, Wasm, WasmError};
