//! Puts the names of wasm functions back into folded stacks of WAMR, the WebAssembly Micro Runtime.
//!
//! WAMR shows its compiled functions to Linux `perf` as symbols such as `aot_func#7`. This library replaces
//! them with the names that the wasm files have, one line at a time:
//!
//! ```
//! use wamr_fold_translate::{Module, Modules, Translator, Wasm};
//!
//! let wasm = Wasm::open("tests/recordings/a1-aot-interp/interp.wasm")?;
//! let mut modules = Modules::default();
//! modules.add(Module::new(Some(b"interp".to_vec()), "interp.wasm", wasm))?;
//!
//! let mut translator = Translator::new(modules);
//! let mut output = Vec::new();
//! translator.translate(b"iwasm;aot_call_function;aot_func#79;aot_func#36 12", &mut output);
//! assert_eq!(output, b"iwasm;aot_call_function;[Wasm] _start;[Wasm] __main_void 12");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! or a whole stream with [`Filter`].
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
