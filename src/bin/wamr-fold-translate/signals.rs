//! Removes temporary files before a signal ends the program.

use std::fs;
use std::hint::black_box;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use signal_hook::consts::{
    SIGABRT, SIGALRM, SIGHUP, SIGINT, SIGIO, SIGPROF, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGVTALRM, SIGXCPU,
    SIGXFSZ,
};
use signal_hook::iterator::Signals;
use signal_hook::low_level;

/// The signals of POSIX that end a program and that others send. SIGPIPE is ignored, as in every Rust program.
const FATAL: [i32; 12] = [
    SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGABRT, SIGALRM, SIGUSR1, SIGUSR2, SIGXCPU, SIGVTALRM, SIGPROF, SIGIO,
];

/// The thread that handles fatal signals does little.
const STACK_SIZE: usize = 64 * 1024;

/// Memory that must be free before anything is made: a thread that has none to start ends the program.
const MIN_MEMORY: usize = 1024 * 1024;

/// Handles fatal signals.
#[derive(Debug, Default)]
pub(crate) struct SignalCleanup {
    blocked: Arc<Mutex<()>>,
    paths: Arc<Mutex<Vec<PathBuf>>>,
}

impl SignalCleanup {
    /// Handles fatal signals from now on.
    pub(crate) fn install() -> io::Result<Self> {
        let cleanup = Self::default();
        let mut free: Vec<u8> = Vec::new();
        free.try_reserve_exact(MIN_MEMORY).map_err(|_| ErrorKind::OutOfMemory)?;
        drop(black_box(free));
        let ignored = ignored_signals();
        let handled = FATAL.into_iter().filter(|signal| ignored & (1 << (signal - 1)) == 0);
        let mut signals = Signals::new(handled)?;
        let (blocked, paths) = (Arc::clone(&cleanup.blocked), Arc::clone(&cleanup.paths));
        thread::Builder::new().stack_size(STACK_SIZE).spawn(move || {
            if let Some(signal) = signals.forever().next() {
                let _unblocked = lock(&blocked);
                for path in &*lock(&paths) {
                    _ = fs::remove_file(path).or_else(|_| fs::remove_dir(path));
                }
                _ = low_level::emulate_default_handler(signal);
                // The default of SIGIO is not emulated: exit with the status that a shell shows for it.
                low_level::exit(128 + signal);
            }
        })?;
        Ok(cleanup)
    }

    /// Removes `paths`, files and then directories, before a signal ends the program.
    pub(crate) fn remove(&self, paths: Vec<PathBuf>) {
        *lock(&self.paths) = paths;
    }

    /// Blocks signals until the guard is dropped.
    pub(crate) fn block(&self) -> MutexGuard<'_, ()> {
        lock(&self.blocked)
    }
}

/// Makes a write past the file size limit an error, as on a full disk. By default a signal ends the program.
pub(crate) fn survive_file_size_limit() {
    _ = signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)));
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The signals that were ignored when the program started, such as by `nohup`, a bit each. They stay ignored.
fn ignored_signals() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}
