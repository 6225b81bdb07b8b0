//! The machine and the date of a benchmark.

use std::thread::available_parallelism;
use std::time::SystemTime;

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
    let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    now.split('T').next().unwrap_or_default().to_string()
}

#[cfg(test)]
mod tests {
    #[test]
    fn today_is_a_date() {
        let today = super::today();
        let numbers: Vec<&str> = today.split('-').collect();
        assert_eq!(numbers.iter().map(|number| number.len()).collect::<Vec<_>>(), [4, 2, 2], "{today}");
        assert!(numbers[0].parse::<u16>().unwrap() >= 2026, "{today}");
    }
}
