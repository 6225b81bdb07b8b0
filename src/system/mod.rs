//! The machine: its processor, its name, its memory and the threads that compute. Uses no other room.

pub mod memory;
pub mod threads;

use std::fs;

/// The version of libtorch that this crate was built with; `None` without the feature `torch`.
pub const LIBTORCH_VERSION: Option<&str> = option_env!("VGAE_LIBTORCH_VERSION");

/// The processor's name: `model name` of Linux's `/proc/cpuinfo`.
///
/// # Examples
/// ```
/// assert_ne!(vgae::system::processor(), Some(String::new()));
/// ```
pub fn processor() -> Option<String> {
    proc_entry("/proc/cpuinfo", "model name")
}

/// The machine's name on its network: Linux's `/proc/sys/kernel/hostname`; empty where the system does not tell.
///
/// # Examples
/// ```
/// assert!(!vgae::system::host_name().contains('\n'));
/// ```
pub fn host_name() -> String {
    fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_string()
}

/// The value of the line `name:` in a file of Linux's `/proc`, such as `/proc/self/status`.
///
/// # Examples
/// ```
/// if let Some(threads) = vgae::system::proc_entry("/proc/self/status", "Threads") {
///     assert!(threads.parse::<usize>().is_ok());
/// }
/// ```
pub fn proc_entry(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim_start().strip_prefix(':')?.trim().to_string())
}
