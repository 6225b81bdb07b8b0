//! How the parts of a message are put into words.

use std::io;
use std::path::Path;

/// A path that is read; `-` is stdin.
pub(super) fn show(path: &Path) -> String {
    named("read", path)
}

/// A path; `-` is stdout where something is written, else stdin.
pub(super) fn named(action: &str, path: &Path) -> String {
    match (path == Path::new("-"), action) {
        (true, "write") => "stdout".into(),
        (true, _) => "stdin".into(),
        (false, _) => path.display().to_string(),
    }
}

/// What helps against a loss that is no number: before any step was taken, only the features can be the cause.
pub(super) fn remedy(epoch: usize, learning_rate: f64, largest_feature: f32) -> String {
    if epoch == 1 && largest_feature > 10.0 {
        format!(
            "bring the features to about the size of 1 (they reach {largest_feature}), or lower --learning-rate"
        )
    } else {
        format!("lower --learning-rate (now {learning_rate})")
    }
}

/// What a signal that stops a process is called.
pub(super) fn signal_name(signal: i32) -> String {
    match signal {
        2 => "SIGINT".into(),
        15 => "SIGTERM".into(),
        other => format!("signal {other}"),
    }
}

/// What helps where a server cannot listen.
pub(super) fn place(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "another program is there, maybe an explorer too; --port 0 takes a free port"
        }
        io::ErrorKind::PermissionDenied => "ports below 1024 belong to the system; take a higher --port",
        _ => "--bind takes an address of this machine, such as 127.0.0.1",
    }
}

/// The message without Rust's ` (os error 2)`.
pub(super) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_string(),
        None => text,
    }
}
