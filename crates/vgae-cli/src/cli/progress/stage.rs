//! Shows the progress of a stage of work.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use vgae::progress::Progress;

use super::format::{UNCOUNTED, draw, line};
use super::{Reporter, Verbosity};

/// The time that work may take before a bar appears.
const BAR_DELAY: Duration = Duration::from_millis(500);

/// The time between two draws of a bar; each draw takes up to three redraws.
pub(super) const BAR_PERIOD: Duration = Duration::from_millis(200);

/// The time between two checks of whether a line is due.
pub(super) const CHECK_PERIOD: Duration = Duration::from_secs(1);

/// The time between two lines.
pub(super) const LINE_PERIOD: Duration = Duration::from_secs(5);

/// A stage of work, shown until it is dropped. It dereferences to the [`Progress`] that the work updates.
pub(crate) struct Stage {
    progress: Progress,
    num_pairs: Arc<AtomicU64>,
    _ticker: Option<Ticker>,
}

impl Stage {
    pub(super) fn start(name: &str, reporter: &Reporter) -> Self {
        let progress = Progress::default();
        progress.begin(name);
        let num_pairs = Arc::new(AtomicU64::new(0));
        let look = {
            let (progress, num_pairs) = (progress.clone(), num_pairs.clone());
            move || Some((progress.look()?, num_pairs.load(Ordering::Relaxed)))
        };
        let reporter = reporter.clone();
        let ticker = match reporter.verbosity {
            Verbosity::Quiet | Verbosity::Notes => None,
            Verbosity::Lines => {
                let mut last_line = Instant::now();
                Some(Ticker::start(CHECK_PERIOD, CHECK_PERIOD, move || {
                    if let (Some((snapshot, num_pairs)), true) = (look(), last_line.elapsed() >= LINE_PERIOD)
                    {
                        reporter.info(line(&snapshot, num_pairs));
                        last_line = Instant::now();
                    }
                }))
            }
            Verbosity::Bars => {
                let mut bar = None;
                Some(Ticker::start(BAR_DELAY, BAR_PERIOD, move || {
                    if let Some((snapshot, num_pairs)) = look() {
                        let bar = bar.get_or_insert_with(|| reporter.bar(UNCOUNTED));
                        draw(bar, &snapshot, num_pairs, &reporter);
                    }
                }))
            }
        };
        Stage { progress, num_pairs, _ticker: ticker }
    }

    /// Counts `count` more scored pairs; they are shown with the counts of the work.
    pub(crate) fn add_pairs(&self, count: usize) {
        self.num_pairs.fetch_add(count as u64, Ordering::Relaxed);
    }
}

impl Deref for Stage {
    type Target = Progress;

    fn deref(&self) -> &Progress {
        &self.progress
    }
}

/// Calls a closure periodically on its own thread until it is dropped.
pub(super) struct Ticker {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    /// Calls `tick` after `first`, then after every `period`; never, if no thread can be started.
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
            // Progress is optional, so a panic on that thread is ignored.
            let _ = thread.join();
        }
    }
}
