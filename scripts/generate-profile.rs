//! Prints a large folded profile as `stackcollapse-perf.pl` would: sorted stacks of call trees, mixing host and
//! wasm frames. The same arguments give the same profile.
//!
//! ```sh
//! cargo run --release --example generate-profile -- [OPTIONS] BYTES [NAME]=FILE.wasm...
//! ```
//!
//! Wasm frames are symbols of functions that the modules define, called at random. `=FILE` gives frames that name
//! no module. Without modules, all frames are host frames. `--annotate` appends `_[j]` to wasm frames, and
//! `--stack-checks` makes most of them `aot_func_internal#N`. The profile ends after the first call tree that
//! reaches BYTES.

use std::collections::BTreeSet;
use std::io::{self, BufWriter, Write};

use lexopt::Arg::{Long, Value};
use lexopt::ValueExt;
use wamr_fold_translate::Module;

type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

const ENTRY: &str = "__libc_start_call_main;main;wasm_application_execute_main;wasm_runtime_call_wasm;\
                     aot_call_function;invoke_native_with_hw_bound_check";
const HOST: [&str; 6] = [
    "__memset_avx512_unaligned_erms;asm_exc_page_fault;exc_page_fault;handle_mm_fault;do_anonymous_page",
    "aot_invoke_native;invokeNative;wasi_fd_write;writev;entry_SYSCALL_64_after_hwframe;do_syscall_64",
    "aot_invoke_native;invokeNative;wasi_clock_time_get;clock_gettime",
    "asm_sysvec_apic_timer_interrupt;sysvec_apic_timer_interrupt;__hrtimer_run_queues;tick_nohz_handler",
    "aot_enlarge_memory;wasm_enlarge_memory_internal;mprotect;entry_SYSCALL_64_after_hwframe;do_syscall_64",
    "memmove",
];
const DEEPEST_CALL: usize = 24;

#[derive(Default)]
struct Profile {
    bytes: usize,
    modules: Vec<Functions>,
    annotate: bool,
    stack_checks: bool,
    random: Random,
}

/// The functions that a module defines.
struct Functions {
    /// The start of their symbols: `[NAME]#`, or nothing.
    prefix: String,
    count: u64,
}

fn main() -> Result<()> {
    let mut profile = Profile::parse()?;
    let mut output = BufWriter::new(io::stdout().lock());
    let mut written = 0;
    for process in 10_000.. {
        let mut stacks = BTreeSet::new();
        profile.call(&format!("iwasm-{process};{ENTRY}"), 0, &mut stacks);
        for stack in stacks {
            writeln!(output, "{stack} {}", 1_001_001 * (1 + profile.random.below(40)))?;
            written += stack.len() + 9;
        }
        if written >= profile.bytes {
            break;
        }
    }
    Ok(output.flush()?)
}

impl Profile {
    fn parse() -> Result<Self> {
        let mut profile = Self::default();
        let mut arguments = lexopt::Parser::from_env();
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("annotate") => profile.annotate = true,
                Long("stack-checks") => profile.stack_checks = true,
                Value(bytes) if profile.bytes == 0 => profile.bytes = bytes.parse()?,
                Value(module) => profile.modules.push(Functions::of(&module.string()?)?),
                _ => return Err(argument.unexpected().into()),
            }
        }
        Ok(profile)
    }

    /// Adds the stacks of a function and of its callees to `stacks`. `stack` ends with the function.
    fn call(&mut self, stack: &str, depth: usize, stacks: &mut BTreeSet<String>) {
        if self.random.below(3) > 0 {
            stacks.insert(stack.to_owned());
        }
        if self.random.below(4) == 0 {
            stacks.insert(format!("{stack};{}", self.random.choose(&HOST)));
        }
        let calls = match depth {
            0..4 => 2,
            4..DEEPEST_CALL => self.random.below(3),
            _ => 0,
        };
        for _ in 0..calls {
            let frame = self.frame();
            self.call(&format!("{stack};{frame}"), depth + 1, stacks);
        }
    }

    fn frame(&mut self) -> String {
        if self.modules.is_empty() {
            let calls = self.random.choose(&HOST);
            return calls.split(';').next().unwrap_or(calls).to_owned();
        }
        let module = self.random.choose(&self.modules);
        let kind =
            if self.stack_checks && self.random.below(50) > 0 { "aot_func_internal" } else { "aot_func" };
        // Some functions are called far more often than others.
        let number = self.random.below(module.count);
        let number = self.random.below(number + 1);
        let annotation = if self.annotate { "_[j]" } else { "" };
        format!("{}{kind}#{number}{annotation}", module.prefix)
    }
}

impl Functions {
    fn of(operand: &str) -> Result<Self> {
        let (name, file) = operand.split_once('=').ok_or("expected NAME=FILE.wasm or =FILE.wasm")?;
        let module = Module::open(None, file).map_err(|error| format!("{file}: {error}"))?;
        let prefix = if name.is_empty() { String::new() } else { format!("[{name}]#") };
        match module.defined_functions() {
            0 => Err(format!("{file}: defines no functions").into()),
            count => Ok(Self { prefix, count: count as u64 }),
        }
    }
}

/// The generator splitmix64.
#[derive(Default)]
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn choose<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let place = self.below(from.len() as u64);
        &from[usize::try_from(place).expect("it is an index")]
    }
}
