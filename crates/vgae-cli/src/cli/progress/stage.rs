//! How far a stage of the work has come.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use vgae::progress::{Progress, Watch};

use super::figures::{amount, time};
use super::ticker::Ticker;
use super::{Loudness, Voice};

/// How long work may take before a bar appears.
const PATIENCE: Duration = Duration::from_millis(500);

/// How often a bar is drawn; each time is up to three redraws.
pub(super) const BAR_PERIOD: Duration = Duration::from_millis(200);

/// How often it is looked whether a line is due.
pub(super) const LOOK_PERIOD: Duration = Duration::from_secs(1);

/// The time between two lines.
pub(super) const LINE_PERIOD: Duration = Duration::from_secs(5);

/// The bytes of pairs that may be read ahead of those that are scored: the reader's two batches. While they are not little
/// beside what was scored, they say nothing of the time that is left.
const READ_AHEAD: u64 = 1 << 25;

/// The bar of a stage whose end is known.
const COUNTED: &str = "{prefix} {bar} {percent:>3} %  {msg}";

/// That of another.
pub(super) const UNCOUNTED: &str = "{spinner} {prefix}: {msg}";

/// A stage of the work, shown until it is dropped. It is the [`Watch`] that the work keeps up to date.
pub(crate) struct Stage {
    watch: Watch,
    num_pairs: Arc<AtomicU64>,
    _ticker: Option<Ticker>,
}

impl Stage {
    pub(super) fn start(name: &str, voice: &Voice) -> Self {
        let watch = Watch::default();
        watch.begin(name);
        let num_pairs = Arc::new(AtomicU64::new(0));
        let look = {
            let (watch, num_pairs) = (watch.clone(), num_pairs.clone());
            move || Some((watch.look()?, num_pairs.load(Ordering::Relaxed)))
        };
        let voice = voice.clone();
        let ticker = match voice.loudness {
            Loudness::Quiet | Loudness::Notes => None,
            Loudness::Lines => {
                let mut last_line = Instant::now();
                Some(Ticker::start(LOOK_PERIOD, LOOK_PERIOD, move || {
                    if let (Some((progress, num_pairs)), true) = (look(), last_line.elapsed() >= LINE_PERIOD)
                    {
                        voice.say(line(&progress, num_pairs));
                        last_line = Instant::now();
                    }
                }))
            }
            Loudness::Bars => {
                let mut bar = None;
                Some(Ticker::start(PATIENCE, BAR_PERIOD, move || {
                    if let Some((progress, num_pairs)) = look() {
                        draw(bar.get_or_insert_with(|| voice.bar(UNCOUNTED)), &progress, num_pairs, &voice);
                    }
                }))
            }
        };
        Stage { watch, num_pairs, _ticker: ticker }
    }

    /// So many more pairs are done, beside what the watch counts.
    pub(crate) fn add_pairs(&self, count: usize) {
        self.num_pairs.fetch_add(count as u64, Ordering::Relaxed);
    }
}

impl Deref for Stage {
    type Target = Watch;

    fn deref(&self) -> &Watch {
        &self.watch
    }
}

/// A plain line.
pub(super) fn line(progress: &Progress, num_pairs: u64) -> String {
    let share = match total(progress) {
        Some(total) => format!(" ({:.0} %)", 100.0 * progress.num_done as f64 / total as f64),
        None => String::new(),
    };
    let counted = counted(progress, num_pairs).map(|counted| format!("{counted}{share}, "));
    let elapsed = time(progress.elapsed_seconds);
    let left = left(progress, num_pairs).map(|left| format!(", {left}")).unwrap_or_default();
    format!("{}: {}{elapsed} so far{left}", progress.stage, counted.unwrap_or_default())
}

/// Draws a stage on a bar.
pub(super) fn draw(bar: &ProgressBar, progress: &Progress, num_pairs: u64, voice: &Voice) {
    let total = total(progress);
    voice.set_style(bar, if total.is_some() { COUNTED } else { UNCOUNTED });
    if bar.prefix() != progress.stage {
        bar.set_prefix(progress.stage.clone());
    }
    let elapsed = || time(progress.elapsed_seconds);
    let parts = counted(progress, num_pairs)
        .into_iter()
        .chain(Some(left(progress, num_pairs).unwrap_or_else(elapsed)));
    bar.set_message(parts.collect::<Vec<String>>().join(", "));
    bar.update(|state| {
        state.set_len(total.unwrap_or(0));
        state.set_pos(progress.num_done);
    });
}

/// What there is to do, where it is known and not all is done.
fn total(progress: &Progress) -> Option<u64> {
    progress.num_total.filter(|&total| progress.num_done < total)
}

/// What is done, of what there is to do.
fn counted(progress: &Progress, num_pairs: u64) -> Option<String> {
    let unit = progress.unit?;
    let done = amount(progress.num_done, unit);
    let name = if unit == "bytes" { String::new() } else { format!(" {unit}") };
    let of = total(progress).map(|total| format!(" of {}", amount(total, unit))).unwrap_or_default();
    let pairs =
        if num_pairs > 0 { format!("{} pairs scored, ", amount(num_pairs, "pairs")) } else { String::new() };
    Some(format!("{pairs}{done}{of}{name}"))
}

/// The time that is left, where something tells it.
fn left(progress: &Progress, num_pairs: u64) -> Option<String> {
    let least = if num_pairs > 0 { 8 * READ_AHEAD } else { 0 };
    let total = total(progress).filter(|_| progress.num_done > least)?;
    let per_unit = progress.elapsed_seconds / progress.num_done as f64;
    Some(format!("{} left", time(per_unit * (total - progress.num_done) as f64)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(unit: Option<&'static str>, num_done: u64, num_total: Option<u64>) -> Progress {
        Progress { stage: "reading edges.csv".into(), unit, num_done, num_total, elapsed_seconds: 5.0 }
    }

    #[test]
    fn a_line_says_what_is_known() {
        let line = |unit, num_done, num_total| line(&progress(unit, num_done, num_total), 0);
        assert_eq!(line(None, 0, None), "reading edges.csv: 5 s so far");
        assert_eq!(line(Some("bytes"), 2_500_000, None), "reading edges.csv: 2.50 MB, 5 s so far");
        assert_eq!(
            line(Some("bytes"), 2_500_000, Some(10_000_000)),
            "reading edges.csv: 2.50 MB of 10.00 MB (25 %), 5 s so far, 15 s left"
        );
        // A file is read before its graph is made.
        assert_eq!(line(Some("bytes"), 10, Some(10)), "reading edges.csv: 10 B, 5 s so far");
        assert_eq!(
            line(Some("nodes"), 8192, Some(81_306)),
            "reading edges.csv: 8,192 of 81,306 nodes (10 %), 5 s so far, 45 s left"
        );
        assert_eq!(
            super::line(&progress(Some("bytes"), 500_000_000, Some(1_000_000_000)), 1_234_567),
            "reading edges.csv: 1,234,567 pairs scored, 500.00 MB of 1.00 GB (50 %), 5 s so far, 5 s left"
        );
    }
}
