//! Removes the temporary directory before a signal ends the program.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

/// Handles the signals that end a program.
#[derive(Debug, Default)]
pub(crate) struct SignalCleanup {
    blocked: Arc<Mutex<()>>,
    directory: Arc<Mutex<Option<PathBuf>>>,
}

impl SignalCleanup {
    /// Handles signals from now on.
    pub(crate) fn install() -> io::Result<Self> {
        let cleanup = Self::default();
        let ignored = ignored_signals();
        let handled = [SIGHUP, SIGINT, SIGQUIT, SIGTERM].into_iter();
        let mut signals = Signals::new(handled.filter(|signal| ignored & (1 << (signal - 1)) == 0))?;
        let (blocked, directory) = (Arc::clone(&cleanup.blocked), Arc::clone(&cleanup.directory));
        thread::Builder::new().spawn(move || {
            for signal in signals.forever() {
                let _unblocked = lock(&blocked);
                if let Some(directory) = &*lock(&directory) {
                    _ = fs::remove_dir_all(directory);
                }
                _ = emulate_default_handler(signal);
            }
        })?;
        Ok(cleanup)
    }

    /// Removes `directory`, with its content, before a signal ends the program.
    pub(crate) fn remove(&self, directory: &Path) {
        *lock(&self.directory) = Some(directory.to_owned());
    }

    /// Blocks signals until the guard is dropped.
    pub(crate) fn block(&self) -> MutexGuard<'_, ()> {
        lock(&self.blocked)
    }
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
