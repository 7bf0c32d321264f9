//! Puts the names of wasm functions back into folded stacks of WAMR (WebAssembly Micro Runtime).
//!
//! WAMR shows its compiled functions to Linux `perf` under symbols such as `aot_func#7`. A profile that was
//! folded to one stack a line is translated line by line, with the names in the wasm files:
//!
//! ```
//! use wamr_fold_translate::{Module, Modules, Translator, Wasm};
//!
//! # let mut file = &b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a\x04\x01\x02\0\x0b\0\x0e\x04name\x01\x07\x01\0\x04main"[..];
//! let mut modules = Modules::default();
//! modules.add(Module::new(Some(b"app".to_vec()), "app.wasm".into(), Wasm::read(&mut file)?))?;
//!
//! let mut translator = Translator::new(modules);
//! let mut output = Vec::new();
//! translator.translate(b"iwasm;aot_call_function;aot_func#0 12", &mut output);
//! assert_eq!(output, b"iwasm;aot_call_function;[Wasm] main 12");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The two grammars
//!
//! A line is `STACK COUNT`, or `STACK COUNT COUNT` in a differential profile; STACK is frames separated by
//! `;`. A WAMR frame is
//!
//! ```text
//! blanks? ( "[" MODULE "]#" )? KIND "#" N REST
//! KIND = aot_func | aot_func_internal        N = decimal, at most 4294967295
//! MODULE = at least one byte     REST = nothing, or what begins with  _wrapper   _[   +   :
//! ```
//!
//! and becomes `[Wasm] NAME REST`, or `[Wasm] [MODULE] NAME REST`, without the blank before REST. Every
//! other byte of every line stays as it is.

mod blocks;
mod counts;
mod demangle;
mod filter;
mod folded;
mod label;
mod module;
mod quote;
mod report;
mod reuse;
mod sections;
mod sniff;
mod split;
mod stack_check;
mod summary;
mod symbol;
mod translate;
mod wasm;

pub use counts::Frames;
pub use filter::{Error, Filter, HOLD_LIMIT};
pub use label::Label;
pub use module::{DuplicateName, Module, ModuleId, Modules};
pub use report::{Message, Report};
pub use sections::{Error as WasmError, Fault};
pub use split::{Error as SplitError, Split};
pub use stack_check::StackCheck;
pub use summary::{ModuleSummary, Summary};
pub use translate::Translator;
pub use wasm::{Warning, Wasm};
