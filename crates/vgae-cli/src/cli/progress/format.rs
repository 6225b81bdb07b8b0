//! Formats progress: a stage as a plain line or on a bar, and times, speeds and sizes in a few letters.

use indicatif::{DecimalBytes, HumanCount, ProgressBar};
use vgae::progress::Snapshot;
use vgae::system::memory::memory_bytes;

use super::Reporter;

/// The template of a bar for a stage with a known total.
const COUNTED: &str = "{prefix} {bar} {percent:>3} %  {msg}";

/// The template of a bar for any other stage.
pub(super) const UNCOUNTED: &str = "{spinner} {prefix}: {msg}";

/// The bytes of pairs that may be read ahead of the pairs being scored: the reader's two batches. Until much
/// more than this was read, the bytes read do not predict the remaining time.
const READ_AHEAD: u64 = 1 << 25;

/// Formats the progress of a stage as a plain line.
pub(super) fn line(progress: &Snapshot, num_pairs: u64) -> String {
    let share = match total(progress) {
        Some(total) => format!(" ({:.0} %)", 100.0 * progress.num_done as f64 / total as f64),
        None => String::new(),
    };
    let counts = counts(progress, num_pairs).map(|counts| format!("{counts}{share}, "));
    let elapsed = time(progress.elapsed_seconds);
    let remaining = remaining(progress, num_pairs).map(|time| format!(", {time}")).unwrap_or_default();
    format!("{}: {}{elapsed} so far{remaining}", progress.stage, counts.unwrap_or_default())
}

/// Draws the progress of a stage on a bar.
pub(super) fn draw(bar: &ProgressBar, progress: &Snapshot, num_pairs: u64, reporter: &Reporter) {
    let total = total(progress);
    reporter.set_style(bar, if total.is_some() { COUNTED } else { UNCOUNTED });
    if bar.prefix() != progress.stage {
        bar.set_prefix(progress.stage.clone());
    }
    let elapsed = || time(progress.elapsed_seconds);
    let parts = counts(progress, num_pairs)
        .into_iter()
        .chain(Some(remaining(progress, num_pairs).unwrap_or_else(elapsed)));
    bar.set_message(parts.collect::<Vec<String>>().join(", "));
    bar.update(|state| {
        state.set_len(total.unwrap_or(0));
        state.set_pos(progress.num_done);
    });
}

/// Returns the total, if it is known and not yet reached.
fn total(progress: &Snapshot) -> Option<u64> {
    progress.num_total.filter(|&total| progress.num_done < total)
}

/// Formats the amount done, and the total if it is known.
fn counts(progress: &Snapshot, num_pairs: u64) -> Option<String> {
    let unit = progress.unit?;
    let done = amount(progress.num_done, unit);
    let name = if unit == "bytes" { String::new() } else { format!(" {unit}") };
    let of_total = total(progress).map(|total| format!(" of {}", amount(total, unit))).unwrap_or_default();
    let pairs =
        if num_pairs > 0 { format!("{} pairs scored, ", amount(num_pairs, "pairs")) } else { String::new() };
    Some(format!("{pairs}{done}{of_total}{name}"))
}

/// Formats the remaining time, if it can be estimated.
fn remaining(progress: &Snapshot, num_pairs: u64) -> Option<String> {
    let least = if num_pairs > 0 { 8 * READ_AHEAD } else { 0 };
    let total = total(progress).filter(|_| progress.num_done > least)?;
    let per_unit = progress.elapsed_seconds / progress.num_done as f64;
    Some(format!("{} left", time(per_unit * (total - progress.num_done) as f64)))
}

/// Formats a time, as in `5 s`, `2 min 05 s` or `3 h 20 min`.
pub(super) fn time(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    match whole {
        0..120 => format!("{whole} s"),
        120..7200 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole / 60 % 60),
    }
}

/// Formats a speed, as in `310 epochs/s` or `2.5 s/epoch`.
pub(super) fn speed(epochs_per_second: f64) -> String {
    match epochs_per_second {
        speed if speed >= 10.0 => format!("{speed:.0} epochs/s"),
        speed if speed >= 1.0 => format!("{speed:.1} epochs/s"),
        speed => format!("{:.1} s/epoch", 1.0 / speed),
    }
}

/// Formats the memory of this process, as in `182 MB`, if the system reports it.
pub(super) fn memory() -> Option<String> {
    let megabytes = memory_bytes()? as f64 / 1e6;
    Some(match megabytes < 10_000.0 {
        true => format!("{megabytes:.0} MB"),
        false => format!("{:.1} GB", megabytes / 1000.0),
    })
}

/// Formats a count without its unit; bytes are given in larger units.
fn amount(count: u64, unit: &str) -> String {
    match unit {
        "bytes" => DecimalBytes(count).to_string(),
        _ => HumanCount(count).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(unit: Option<&'static str>, num_done: u64, num_total: Option<u64>) -> Snapshot {
        Snapshot { stage: "reading edges.csv".into(), unit, num_done, num_total, elapsed_seconds: 5.0 }
    }

    #[test]
    fn a_line_shows_what_is_known() {
        let line = |unit, num_done, num_total| line(&progress(unit, num_done, num_total), 0);
        assert_eq!(line(None, 0, None), "reading edges.csv: 5 s so far");
        assert_eq!(line(Some("bytes"), 2_500_000, None), "reading edges.csv: 2.50 MB, 5 s so far");
        assert_eq!(
            line(Some("bytes"), 2_500_000, Some(10_000_000)),
            "reading edges.csv: 2.50 MB of 10.00 MB (25 %), 5 s so far, 15 s left"
        );
        // A file is read before its graph is built.
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

    #[test]
    fn numbers_are_short() {
        let times = [0.0, 119.4, 125.0, 7199.0, 12_000.0].map(time);
        assert_eq!(times, ["0 s", "119 s", "2 min 05 s", "119 min 59 s", "3 h 20 min"]);
        assert_eq!([310.4, 2.54, 0.4].map(speed), ["310 epochs/s", "2.5 epochs/s", "2.5 s/epoch"]);
        assert_eq!(amount(12_345_678, "bytes"), "12.35 MB");
        assert_eq!(amount(12_345_678, "pairs"), "12,345,678");
    }
}
