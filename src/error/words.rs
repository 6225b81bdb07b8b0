//! Wording of the parts of a message.

use std::borrow::Cow;
use std::io;
use std::path::Path;

use bytesize::ByteSize;

/// Returns `text` as one safe line for a terminal: control characters, which ids and file names may contain, become
/// `\u{1b}` and the like.
///
/// # Examples
/// ```
/// use vgae::error::printable;
///
/// assert_eq!(printable("näh 🦀"), "näh 🦀");
/// assert_eq!(printable("\x1b[2Jgone\r\u{202e}"), "\\u{1b}[2Jgone\\r\\u{202e}");
/// ```
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(steers) {
        return Cow::Borrowed(text);
    }
    let shown = text.chars().map(|c| if steers(c) { c.escape_default().to_string() } else { c.into() });
    Cow::Owned(shown.collect())
}

/// Returns `true` for control characters and for characters that change the direction of text.
fn steers(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Returns a path that is read; `-` is stdin.
pub(super) fn show(path: &Path) -> String {
    named("read", path)
}

/// Returns a path; `-` is stdout if `action` is `write`, otherwise stdin.
pub(super) fn named(action: &str, path: &Path) -> String {
    match (path == Path::new("-"), action) {
        (true, "write") => "stdout".into(),
        (true, _) => "stdin".into(),
        (false, _) => path.display().to_string(),
    }
}

/// The maximum length of a problem in characters, as it may quote a file.
const MAX_CHARS: usize = 1000;

/// Returns a problem as one safe line for a terminal, without its middle if it is long.
pub(super) fn plain(problem: &str) -> String {
    let text = printable(&clipped(problem)).into_owned();
    clipped(&text).into_owned()
}

/// Returns the beginning and the end of a text longer than [`MAX_CHARS`].
fn clipped(text: &str) -> Cow<'_, str> {
    let num_chars = text.chars().count();
    if num_chars <= MAX_CHARS {
        return text.into();
    }
    let (num_first, num_last) = (MAX_CHARS * 6 / 10, MAX_CHARS * 3 / 10);
    let first: String = text.chars().take(num_first).collect();
    let last: String = text.chars().skip(num_chars - num_last).collect();
    format!("{first} … {last}").into()
}

/// Features larger than this explain an overflow in any epoch.
const HUGE_FEATURE: f32 = 1e4;

/// Features smaller than this vanish when squared.
const TINY_FEATURE: f32 = 1e-15;

/// Returns a hint against a loss that is not a number. Before the first step, only the features can be the cause.
pub(super) fn remedy(epoch: usize, learning_rate: f64, largest_feature: f32) -> String {
    let is_large = largest_feature > if epoch == 1 { 10.0 } else { HUGE_FEATURE };
    let is_tiny = largest_feature > 0.0 && largest_feature < TINY_FEATURE;
    let size = match is_tiny || largest_feature > HUGE_FEATURE {
        true => format!("{largest_feature:e}"),
        false => largest_feature.to_string(),
    };
    match is_large || is_tiny {
        true => {
            format!(
                "bring the features to about the size of 1 (they reach {size}), or lower `train.learning_rate`"
            )
        }
        false => format!("lower `train.learning_rate` (now {learning_rate})"),
    }
}

/// Returns ` of ` and the name of the part, or nothing if `part` is empty.
pub(super) fn of_part(part: &str) -> String {
    if part.is_empty() { String::new() } else { format!(" of {part}") }
}

/// Returns the name of a signal that stops a process.
pub(super) fn signal_name(signal: i32) -> String {
    match signal {
        2 => "SIGINT".into(),
        15 => "SIGTERM".into(),
        other => format!("signal {other}"),
    }
}

/// Returns the operating system's message, without Rust's ` (os error 2)`.
///
/// # Examples
/// ```
/// let error = std::fs::File::open("nowhere").unwrap_err();
/// assert_eq!(vgae::error::reason(&error), "No such file or directory");
/// ```
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_string(),
        None => text,
    }
}

/// Formats a number of bytes, as in `185.0 MB`.
pub fn size(num_bytes: u64) -> String {
    ByteSize(num_bytes).display().si().to_string()
}
