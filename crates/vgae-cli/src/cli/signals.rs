//! Handles SIGINT and SIGTERM. Most verbs discard their unfinished files and end; training stops after the
//! current epoch at the first signal, and at once at the second.

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::{Error, Result};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level;
use vgae::write::Output;

use super::progress::Reporter;

/// Makes a signal remove the unfinished output files and end the process.
pub(super) fn discard_unfinished_on_signal() -> Result<()> {
    let mut signals = listen()?;
    spawn(move || {
        if let Some(signal) = signals.forever().next() {
            Output::discard_unfinished();
            // This returns only for an unknown signal.
            let _ = low_level::emulate_default_handler(signal);
        }
    })
}

/// Messages for [`StopSignal`].
pub(super) const NOTHING_WRITTEN: &str = "stopped at once; nothing was written";
pub(super) const RUN_UNFINISHED: &str =
    "stopped at once; the run is unfinished: `vgae train --resume` says whether it can be resumed";

/// The signal that asks training to stop.
pub(super) struct StopSignal {
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// The signal that arrived; 0 if none did.
    signal: AtomicI32,
    /// `true` while the training loop checks for signals.
    is_checked: AtomicBool,
    /// The message to print when a signal ends the process.
    message: Mutex<String>,
}

impl StopSignal {
    /// Listens for signals on a thread of its own. If one ends the process, `message` is printed first.
    pub(super) fn listen(message: &str, reporter: &Reporter) -> Result<Self> {
        let mut signals = listen()?;
        let state = Arc::new(State { message: Mutex::new(message.into()), ..State::default() });
        let (shared, reporter) = (state.clone(), reporter.clone());
        spawn(move || {
            for signal in signals.forever() {
                let is_first = shared.signal.swap(signal, Ordering::SeqCst) == 0;
                // Partly written files may stay: they are marked as unfinished.
                if !is_first || !shared.is_checked.load(Ordering::SeqCst) {
                    reporter.info(shared.message.lock().unwrap_or_else(PoisonError::into_inner).as_str());
                    low_level::exit(exit_code(signal));
                }
                reporter.info("stopping after this epoch; a second signal stops at once");
            }
        })?;
        Ok(StopSignal { state })
    }

    /// From now on, the caller checks [`StopSignal::received`] after every epoch, until
    /// [`StopSignal::end_checks`].
    pub(super) fn begin_checks(&self) {
        self.state.is_checked.store(true, Ordering::SeqCst);
    }

    /// From now on, a signal ends the process at once. One that arrived since the last check ends it here.
    pub(super) fn end_checks(&self) {
        self.state.is_checked.store(false, Ordering::SeqCst);
        if let Some(signal) = self.received() {
            low_level::exit(exit_code(signal));
        }
    }

    /// Replaces the message to print when a signal ends the process.
    pub(super) fn set_message(&self, message: impl Into<String>) {
        *self.state.message.lock().unwrap_or_else(PoisonError::into_inner) = message.into();
    }

    /// Returns the signal that arrived, if any.
    pub(super) fn received(&self) -> Option<i32> {
        Some(self.state.signal.load(Ordering::SeqCst)).filter(|&signal| signal != 0)
    }
}

/// Returns the exit code of a process that `signal` ended.
pub(super) fn exit_code(signal: i32) -> i32 {
    128 + signal
}

/// Listens for SIGINT and SIGTERM, except those that this process was started to ignore, as after `command &`
/// in a script.
fn listen() -> Result<Signals> {
    let ignored = ignored_signals();
    let heeded = [SIGINT, SIGTERM].into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 0);
    Signals::new(heeded).map_err(listen_error)
}

/// Runs `wait` on a thread of its own.
fn spawn(wait: impl FnOnce() + Send + 'static) -> Result<()> {
    thread::Builder::new().name("signals".into()).spawn(wait).map_err(listen_error)?;
    Ok(())
}

/// Returns a bit mask of the ignored signals, the lowest bit for signal 1; 0 on systems other than Linux.
fn ignored_signals() -> u64 {
    let mask = vgae::system::proc_entry("/proc/self/status", "SigIgn");
    mask.and_then(|mask| u64::from_str_radix(&mask, 16).ok()).unwrap_or(0)
}

fn listen_error(source: std::io::Error) -> Error {
    vgae::Error::io("listen for", "signals".as_ref(), source).into()
}
