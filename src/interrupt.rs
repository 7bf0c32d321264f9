//! Signals that end the program: before that, its temporary directory is removed.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

/// Knows whether such a signal has come.
#[derive(Debug, Default)]
pub struct Interrupt {
    has_come: Arc<AtomicBool>,
}

impl Interrupt {
    /// From now on removes `directory`, with all that is in it, before a signal ends the program.
    pub fn remove_first(directory: PathBuf) -> io::Result<Self> {
        let interrupt = Self::default();
        let ignored = ignored_signals();
        let watched: Vec<_> = [SIGHUP, SIGINT, SIGQUIT, SIGTERM]
            .into_iter()
            .filter(|signal| ignored & (1 << (signal - 1)) == 0)
            .collect();
        for &signal in &watched {
            signal_hook::flag::register(signal, Arc::clone(&interrupt.has_come))?;
        }
        let mut signals = Signals::new(watched)?;
        thread::spawn(move || {
            for signal in signals.forever() {
                _ = fs::remove_dir_all(&directory);
                _ = emulate_default_handler(signal);
            }
        });
        Ok(interrupt)
    }

    /// Does not return once a signal has come, which is about to end the program.
    pub fn check(&self) {
        while self.has_come.load(Ordering::SeqCst) {
            thread::park();
        }
    }
}

/// The signals that were ignored when the program started (`nohup` does that) and must stay so, a bit each.
fn ignored_signals() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}
