//! The progress of slow work, for whoever watches it from another thread. Uses no other room.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// The current stage of a piece of work, and how much of it is done. All clones share one state: the working
/// thread updates one clone, and the waiting thread reads another. Counting costs an atomic addition, reading
/// a lock.
///
/// # Examples
/// ```
/// use vgae::config::ReadConfig;
/// use vgae::read;
/// use vgae::progress::Progress;
///
/// let watch = Progress::default();
/// assert!(watch.look().is_none());
/// read::data_watched("datasets/karate/edges.csv".as_ref(), &ReadConfig::default(), &watch)?;
/// let progress = watch.look().unwrap();
/// assert_eq!(progress.stage, "reading edges.csv");
/// assert_eq!(Some(progress.num_done), progress.num_total);
/// # Ok::<(), vgae::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Progress {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    stage: Mutex<Option<Stage>>,
    num_done: AtomicU64,
}

#[derive(Debug)]
struct Stage {
    name: String,
    unit: Option<&'static str>,
    num_total: Option<u64>,
    start: Instant,
}

/// The progress that a [`Progress`] shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// The name of the stage, as in `reading edges.csv`.
    pub stage: String,
    /// The unit of the counts, such as `bytes` for a file, as stored on disk; `None` if nothing is counted.
    pub unit: Option<&'static str>,
    /// The number of units done.
    pub num_done: u64,
    /// The number of units in all, if known.
    pub num_total: Option<u64>,
    /// Seconds since the stage began.
    pub elapsed_seconds: f64,
}

impl Progress {
    /// Begins a stage in which nothing is counted.
    pub fn begin(&self, stage: impl Into<String>) {
        self.set(stage.into(), None, None);
    }

    /// Begins a stage that counts `unit`s from 0 to `num_total`, or without a known end.
    pub fn begin_counted(&self, stage: impl Into<String>, unit: &'static str, num_total: Option<u64>) {
        self.set(stage.into(), Some(unit), num_total);
    }

    /// Adds `count` units to those done.
    pub fn add(&self, count: u64) {
        self.shared.num_done.fetch_add(count, Ordering::Relaxed);
    }

    /// Returns the progress of the current stage, or `None` if no stage has begun.
    pub fn look(&self) -> Option<Snapshot> {
        let current = self.shared.stage.lock().unwrap_or_else(PoisonError::into_inner);
        current.as_ref().map(|stage| Snapshot {
            stage: stage.name.clone(),
            unit: stage.unit,
            num_done: self.shared.num_done.load(Ordering::Relaxed),
            num_total: stage.num_total,
            elapsed_seconds: stage.start.elapsed().as_secs_f64(),
        })
    }

    fn set(&self, name: String, unit: Option<&'static str>, num_total: Option<u64>) {
        let mut current = self.shared.stage.lock().unwrap_or_else(PoisonError::into_inner);
        self.shared.num_done.store(0, Ordering::Relaxed);
        *current = Some(Stage { name, unit, num_total, start: Instant::now() });
    }
}
