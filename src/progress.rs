//! How far a long piece of work has come, for whoever waits for it on another thread.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// The stage that a piece of work is at, and how much of it is done. All clones are the same watch: whoever works keeps
/// one up to date, whoever waits looks at another. Counting costs an atomic addition, looking a lock.
///
/// # Examples
/// ```
/// use vgae::config::ReadConfig;
/// use vgae::read;
/// use vgae::progress::Watch;
///
/// let watch = Watch::default();
/// assert!(watch.look().is_none());
/// read::data_watched("datasets/karate/edges.csv".as_ref(), &ReadConfig::default(), &watch)?;
/// let progress = watch.look().unwrap();
/// assert_eq!(progress.stage, "reading edges.csv");
/// assert_eq!(Some(progress.num_done), progress.num_total);
/// # Ok::<(), vgae::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Watch {
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

/// What a [`Watch`] shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// What is being done, as in `reading edges.csv`.
    pub stage: String,
    /// What is counted, `bytes` of a file as they lie on the disk among them; none where nothing is.
    pub unit: Option<&'static str>,
    /// How much of it is done.
    pub num_done: u64,
    /// How much there is to do, where that is known.
    pub num_total: Option<u64>,
    /// Seconds since the stage began.
    pub elapsed_seconds: f64,
}

impl Watch {
    /// Begins a stage in which nothing is counted.
    pub fn begin(&self, stage: impl Into<String>) {
        self.set(stage.into(), None, None);
    }

    /// Begins a stage in which `num_total` of `unit` are to be done, if it is known how many; none of them is yet.
    pub fn begin_counted(&self, stage: impl Into<String>, unit: &'static str, num_total: Option<u64>) {
        self.set(stage.into(), Some(unit), num_total);
    }

    /// So much more of the stage is done.
    pub fn add(&self, count: u64) {
        self.shared.num_done.fetch_add(count, Ordering::Relaxed);
    }

    /// The stage, if one has begun.
    pub fn look(&self) -> Option<Progress> {
        let current = self.shared.stage.lock().unwrap_or_else(PoisonError::into_inner);
        current.as_ref().map(|stage| Progress {
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
