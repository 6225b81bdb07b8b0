//! Times, speeds and sizes in a few letters.

use indicatif::{DecimalBytes, HumanCount};
use vgae::system::memory::memory_bytes;

/// A time, as in `5 s`, `2 min 05 s` or `3 h 20 min`.
pub(super) fn time(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    match whole {
        0..120 => format!("{whole} s"),
        120..7200 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole / 60 % 60),
    }
}

/// A speed, as in `310 epochs/s` or `2.5 s/epoch`.
pub(super) fn pace(epochs_per_second: f64) -> String {
    match epochs_per_second {
        speed if speed >= 10.0 => format!("{speed:.0} epochs/s"),
        speed if speed >= 1.0 => format!("{speed:.1} epochs/s"),
        speed => format!("{:.1} s/epoch", 1.0 / speed),
    }
}

/// The process's memory, as in `182 MB`, where the system tells it.
pub(super) fn memory() -> Option<String> {
    let megabytes = memory_bytes()? as f64 / 1e6;
    Some(match megabytes < 10_000.0 {
        true => format!("{megabytes:.0} MB"),
        false => format!("{:.1} GB", megabytes / 1000.0),
    })
}

/// So many of something, without its name; of bytes in larger units.
pub(super) fn amount(count: u64, unit: &str) -> String {
    match unit {
        "bytes" => DecimalBytes(count).to_string(),
        _ => HumanCount(count).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short() {
        let times = [0.0, 119.4, 125.0, 7199.0, 12_000.0].map(time);
        assert_eq!(times, ["0 s", "119 s", "2 min 05 s", "119 min 59 s", "3 h 20 min"]);
        assert_eq!([310.4, 2.54, 0.4].map(pace), ["310 epochs/s", "2.5 epochs/s", "2.5 s/epoch"]);
        assert_eq!(amount(12_345_678, "bytes"), "12.35 MB");
        assert_eq!(amount(12_345_678, "pairs"), "12,345,678");
    }
}
