//! What SIGINT and SIGTERM do to a training: the first ends it after its epoch, the second at once.

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, OnceLock};

use signal_hook::low_level;
use vgae::Result;

use crate::cli::progress::Voice;
use crate::cli::signals;

/// What is said of a process that stops at once.
const STOPPED: &str =
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
    /// What is said at the end instead of [`STOPPED`].
    what_is_left: OnceLock<String>,
}

impl Stop {
    /// Waits for the signals, on a thread of its own.
    pub(super) fn listen(voice: &Voice) -> Result<Self> {
        let mut signals = signals::listen()?;
        let state = Arc::new(State::default());
        let (shared, voice) = (state.clone(), voice.clone());
        signals::spawn(move || {
            for signal in signals.forever() {
                let is_first = shared.signal.swap(signal, Ordering::SeqCst) == 0;
                // What is being read or written stays as it is: it is known not to be whole.
                if !is_first || !shared.is_watched.load(Ordering::SeqCst) {
                    voice.say(shared.what_is_left.get().map_or(STOPPED, String::as_str));
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
    pub(super) fn leaves(&self, what: String) {
        // The first word on it stands.
        let _ = self.state.what_is_left.set(what);
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
pub(in crate::cli) fn code(signal: i32) -> i32 {
    128 + signal
}
