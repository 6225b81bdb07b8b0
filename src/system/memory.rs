//! The memory of the process and of the machine, on systems that report it.

use std::fs;

use super::proc_entry;

/// Returns the peak resident memory of the process: `VmHWM` in Linux's `/proc/self/status`.
///
/// # Examples
/// ```
/// if let Some(bytes) = vgae::system::memory::peak_memory_bytes() {
///     assert!(bytes > 1 << 20);
/// }
/// ```
pub fn peak_memory_bytes() -> Option<u64> {
    kibibytes("/proc/self/status", "VmHWM")
}

/// Returns the resident memory of the process: `VmRSS` in Linux's `/proc/self/status`.
///
/// # Examples
/// ```
/// use vgae::system::memory::{memory_bytes, peak_memory_bytes};
///
/// assert!(memory_bytes() <= peak_memory_bytes());
/// ```
pub fn memory_bytes() -> Option<u64> {
    kibibytes("/proc/self/status", "VmRSS")
}

/// Returns the most memory that the process can hold before the machine or its container runs out: its
/// resident memory, and the memory that is left according to Linux's `/proc/meminfo` and `/sys/fs/cgroup`.
///
/// # Examples
/// ```
/// use vgae::system::memory::{available_bytes, memory_bytes};
///
/// assert!(available_bytes() >= memory_bytes());
/// ```
pub fn available_bytes() -> Option<u64> {
    let held = memory_bytes()?;
    let left_on_machine = kibibytes("/proc/meminfo", "MemAvailable")?;
    let number = |name: &str| -> Option<u64> {
        fs::read_to_string(format!("/sys/fs/cgroup/memory.{name}")).ok()?.trim().parse().ok()
    };
    let left_in_container =
        number("max").zip(number("current")).map(|(max, current)| max.saturating_sub(current));
    Some(held + left_in_container.map_or(left_on_machine, |left| left.min(left_on_machine)))
}

/// Reads the line of `file` that starts with `name` and gives a number of kB, and returns it in bytes.
fn kibibytes(file: &str, name: &str) -> Option<u64> {
    let kibibytes: u64 = proc_entry(file, name)?.strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}
