//! How the parts of a message are put into words.

use std::borrow::Cow;
use std::io;
use std::path::Path;

/// `text` as one line for a terminal: what would steer it, such as the escape sequences that an id or a file's name from
/// elsewhere may hold, becomes `\u{1b}` and the like.
///
/// # Examples
/// ```
/// use vgae_report::error::printable;
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

/// Whether a terminal does something else than show it: control characters, and those that turn the text around.
fn steers(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

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

/// The most characters of a problem that are shown: it may quote a file.
const MAX_CHARS: usize = 1000;

/// A problem in one line of text that a terminal can show, its middle left out if it is long.
pub(super) fn plain(problem: &str) -> String {
    let text = printable(&clipped(problem)).into_owned();
    clipped(&text).into_owned()
}

/// The beginning and the end of a text of more than [`MAX_CHARS`].
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

/// Features above this size are the cause of numbers that overflow, whenever that is.
const HUGE_FEATURE: f32 = 1e4;

/// Features below this size vanish where they are squared.
const TINY_FEATURE: f32 = 1e-15;

/// What helps against a loss that is no number: before any step was taken, only the features can be the cause.
pub(super) fn remedy(epoch: usize, learning_rate: f64, largest_feature: f32) -> String {
    let is_large = largest_feature > if epoch == 1 { 10.0 } else { HUGE_FEATURE };
    let is_tiny = largest_feature > 0.0 && largest_feature < TINY_FEATURE;
    let size = match is_tiny || largest_feature > HUGE_FEATURE {
        true => format!("{largest_feature:e}"),
        false => largest_feature.to_string(),
    };
    match is_large || is_tiny {
        true => {
            format!("bring the features to about the size of 1 (they reach {size}), or lower --learning-rate")
        }
        false => format!("lower --learning-rate (now {learning_rate})"),
    }
}

/// As in ` of normalised`; nothing of what is no part.
pub(super) fn of_part(part: &str) -> String {
    if part.is_empty() { String::new() } else { format!(" of {part}") }
}

/// The name of a signal that stops a process.
pub(super) fn signal_name(signal: i32) -> String {
    match signal {
        2 => "SIGINT".into(),
        15 => "SIGTERM".into(),
        other => format!("signal {other}"),
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
