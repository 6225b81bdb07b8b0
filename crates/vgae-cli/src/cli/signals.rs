//! SIGINT and SIGTERM: which of them this process heeds, and what a verb that has nothing to go on with does.

use std::{fs, thread};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level;
use vgae::write::Output;
use vgae::{Error, Result};

/// The signals to stop, as they come; without those that this process was started to ignore, as a script's `command &` is.
pub(super) fn listen() -> Result<Signals> {
    let ignored = ignored();
    let heeded = [SIGINT, SIGTERM].into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 0);
    Signals::new(heeded).map_err(error)
}

/// Calls `wait` on a thread of its own.
pub(super) fn spawn(wait: impl FnOnce() + Send + 'static) -> Result<()> {
    thread::Builder::new().name("signals".into()).spawn(wait).map_err(error)?;
    Ok(())
}

/// From here on a signal takes the files that are not whole yet with the process.
pub(super) fn leave_nothing_unfinished() -> Result<()> {
    let mut signals = listen()?;
    spawn(move || {
        if let Some(signal) = signals.forever().next() {
            Output::discard_unfinished();
            // It only returns for a signal that it does not know.
            let _ = low_level::emulate_default_handler(signal);
        }
    })
}

/// A bit for each signal that is ignored, the first for signal 1, where Linux tells.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

fn error(source: std::io::Error) -> Error {
    Error::Io { action: "listen for", path: "signals".into(), source }
}
