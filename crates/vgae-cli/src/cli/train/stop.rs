//! What SIGINT and SIGTERM do to a training: the first ends it after its epoch, the second at once.

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use signal_hook::low_level;
use vgae::Result;

use crate::cli::progress::Voice;
use crate::cli::signals;

/// What is left of a process that stops at once.
pub(super) const NOTHING: &str = "stopped at once; nothing was written";
pub(super) const PART_OF_A_RUN: &str =
    "stopped at once; of a run that is not whole, `vgae train --resume` tells what can be gone on with";

/// Whether the process was told to stop.
pub(super) struct Stop {
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// The signal that came; 0 before.
    signal: AtomicI32,
    /// Whether there is somebody who looks.
    is_watched: AtomicBool,
    /// What is said at the end.
    what_is_left: Mutex<String>,
}

impl Stop {
    /// Waits for the signals, on a thread of its own; `what_is_left` is said if one ends the process.
    pub(super) fn listen(what_is_left: &str, voice: &Voice) -> Result<Self> {
        let mut signals = signals::listen()?;
        let state = Arc::new(State { what_is_left: Mutex::new(what_is_left.into()), ..State::default() });
        let (shared, voice) = (state.clone(), voice.clone());
        signals::spawn(move || {
            for signal in signals.forever() {
                let is_first = shared.signal.swap(signal, Ordering::SeqCst) == 0;
                // What is being read or written stays as it is: it is known not to be whole.
                if !is_first || !shared.is_watched.load(Ordering::SeqCst) {
                    voice.say(shared.what_is_left.lock().unwrap_or_else(PoisonError::into_inner).as_str());
                    low_level::exit(code(signal));
                }
                voice.say("stopping after this epoch; a second signal stops at once");
            }
        })?;
        Ok(Stop { state })
    }

    /// From here on until [`Stop::end`] somebody looks after every epoch.
    pub(super) fn begin(&self) {
        self.state.is_watched.store(true, Ordering::SeqCst);
    }

    /// What is left if a signal ends the process from here on.
    pub(super) fn leaves(&self, what: impl Into<String>) {
        *self.state.what_is_left.lock().unwrap_or_else(PoisonError::into_inner) = what.into();
    }

    /// The signal that came, if one did.
    pub(super) fn signal(&self) -> Option<i32> {
        Some(self.state.signal.load(Ordering::SeqCst)).filter(|&signal| signal != 0)
    }

    /// Nobody looks any more. What came after the last look ends the process here.
    pub(super) fn end(&self) {
        self.state.is_watched.store(false, Ordering::SeqCst);
        if let Some(signal) = self.signal() {
            low_level::exit(code(signal));
        }
    }
}

/// The exit code of a process that a signal ended.
pub(crate) fn code(signal: i32) -> i32 {
    128 + signal
}
