//! The memory that the process has, and that there is, where the system tells.

use std::fs;

/// The process's peak resident memory: `VmHWM` of Linux's `/proc/self/status`.
///
/// # Examples
/// ```
/// if let Some(bytes) = vgae::system::memory::peak_memory_bytes() {
///     assert!(bytes > 1 << 20);
/// }
/// ```
pub fn peak_memory_bytes() -> Option<u64> {
    kibibytes("/proc/self/status", "VmHWM:")
}

/// The process's resident memory: `VmRSS` of Linux's `/proc/self/status`.
///
/// # Examples
/// ```
/// use vgae::system::memory::{memory_bytes, peak_memory_bytes};
///
/// assert!(memory_bytes() <= peak_memory_bytes());
/// ```
pub fn memory_bytes() -> Option<u64> {
    kibibytes("/proc/self/status", "VmRSS:")
}

/// What the process can have in all before the system runs out of memory, or takes its container's as used up: what it has,
/// and what Linux's `/proc/meminfo` and `/sys/fs/cgroup` say is left.
///
/// # Examples
/// ```
/// use vgae::system::memory::{available_bytes, memory_bytes};
///
/// assert!(available_bytes() >= memory_bytes());
/// ```
pub fn available_bytes() -> Option<u64> {
    let held = memory_bytes()?;
    let of_machine = kibibytes("/proc/meminfo", "MemAvailable:")?;
    let number = |name: &str| -> Option<u64> {
        fs::read_to_string(format!("/sys/fs/cgroup/memory.{name}")).ok()?.trim().parse().ok()
    };
    let of_container = number("max").zip(number("current")).map(|(most, now)| most.saturating_sub(now));
    Some(held + of_container.map_or(of_machine, |left| left.min(of_machine)))
}

/// A line's number of kB, in bytes.
fn kibibytes(file: &str, name: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}
