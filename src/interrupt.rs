//! Signals that end the program: before that, its temporary directory is removed.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

/// What a signal must remove before it ends the program.
#[derive(Debug, Default)]
pub struct Interrupt {
    temporary: Arc<Mutex<Option<PathBuf>>>,
}

impl Interrupt {
    /// Watches for signals from now on.
    pub fn watch() -> io::Result<Self> {
        let interrupt = Self::default();
        let ignored = ignored_signals();
        let watched = [SIGHUP, SIGINT, SIGQUIT, SIGTERM].into_iter();
        let mut signals = Signals::new(watched.filter(|signal| ignored & (1 << (signal - 1)) == 0))?;
        let temporary = Arc::clone(&interrupt.temporary);
        thread::spawn(move || {
            for signal in signals.forever() {
                let temporary = lock(&temporary);
                if let Some(directory) = &*temporary {
                    _ = fs::remove_dir_all(directory);
                }
                _ = emulate_default_handler(signal);
            }
        });
        Ok(interrupt)
    }

    /// The directory to remove, with all that is in it. Signals wait as long as this is held; it does not
    /// return where one is about to end the program.
    pub fn hold_off(&self) -> MutexGuard<'_, Option<PathBuf>> {
        lock(&self.temporary)
    }
}

fn lock(temporary: &Mutex<Option<PathBuf>>) -> MutexGuard<'_, Option<PathBuf>> {
    temporary.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The signals that were ignored when the program started (`nohup` does that) and must stay so, a bit each.
fn ignored_signals() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}
