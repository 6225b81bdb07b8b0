//! The machine and the date of a benchmark.

use std::thread::available_parallelism;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

/// A machine; a field is `None` if the system does not provide it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Machine {
    /// The name of the processor.
    pub cpu: Option<String>,
    /// The number of threads that run in parallel.
    pub num_cores: Option<usize>,
    /// The size of the main memory in bytes.
    pub memory_bytes: Option<u64>,
}

impl Machine {
    /// Describes the current machine, from `/proc` of Linux.
    pub fn this() -> Machine {
        Machine {
            cpu: vgae::system::processor(),
            num_cores: available_parallelism().ok().map(|count| count.get()),
            memory_bytes: vgae::system::proc_entry("/proc/meminfo", "MemTotal")
                .and_then(|text| text.strip_suffix(" kB")?.parse::<u64>().ok())
                .map(|kibibytes| kibibytes * 1024),
        }
    }

    /// Describes the machine in words.
    pub(super) fn describe(&self) -> String {
        let cpu = self.cpu.clone().unwrap_or_else(|| std::env::consts::ARCH.into());
        let cores = self.num_cores.map(|count| format!("; cores: {count}")).unwrap_or_default();
        let memory = self
            .memory_bytes
            .map(|bytes| format!("; memory: {:.1} GB", bytes as f64 / 1e9))
            .unwrap_or_default();
        format!("{cpu}{cores}{memory}")
    }
}

/// Returns the current date in UTC as `YYYY-MM-DD`.
pub fn today() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    date(seconds / 86_400)
}

/// Converts a day, counted from 1970-01-01, to a date. It counts years from 0000-03-01 in eras of 400 years,
/// so that a leap day is the last day of its year (Hinnant, "chrono-Compatible Low-Level Date Algorithms",
/// `civil_from_days`). Written by hand to avoid a date crate for one conversion.
fn date(day: u64) -> String {
    let day = day + 719_468;
    let (era, day_of_era) = (day / 146_097, day % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day_of_month:02}")
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn days_convert_to_dates() {
        // Python's date.fromordinal(719163 + day).
        let days = [
            (0, "1970-01-01"),
            (58, "1970-02-28"),
            (59, "1970-03-01"),
            (11_016, "2000-02-29"),
            (11_017, "2000-03-01"),
            (19_722, "2023-12-31"),
            (20_780, "2026-11-23"),
            (47_540, "2100-02-28"),
            (47_541, "2100-03-01"),
        ];
        for (day, expected) in days {
            assert_eq!(date(day), expected);
        }
    }
}
