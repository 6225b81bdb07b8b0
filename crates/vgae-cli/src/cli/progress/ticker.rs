//! A thread beside the work, to say how far it has come.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Calls something again and again on a thread of its own, until it is dropped.
pub(super) struct Ticker {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    /// Calls `tick` after `first`, then after every `period`. Without a thread to be had, never.
    pub(super) fn start(first: Duration, period: Duration, mut tick: impl FnMut() + Send + 'static) -> Self {
        let (stop, stopped) = mpsc::channel();
        let run = move || {
            let mut wait = first;
            while stopped.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                tick();
                wait = period;
            }
        };
        let thread = thread::Builder::new().name("progress".into()).spawn(run).ok();
        Ticker { stop: Some(stop), thread }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A thread that failed has nothing more to say.
            let _ = thread.join();
        }
    }
}
