//! Lines that are no UTF-8.

/// A line that is no UTF-8.
pub(super) struct NotText {
    pub(super) line: u64,
    /// The first byte that is none, and its place in the line; none for a UTF-16 file.
    pub(super) byte: Option<(u8, usize)>,
}

/// The lines of `bytes` that are no UTF-8, in order.
pub(super) fn not_text(bytes: &[u8], num_lines_before: u64) -> Vec<NotText> {
    let lines = bytes.split(|&byte| byte == b'\n').zip(num_lines_before + 1..);
    let is_not = lines.filter_map(|(line, number)| {
        let at = std::str::from_utf8(line.trim_ascii_end()).err()?.valid_up_to();
        let is_utf16 = number == 1 && (line.starts_with(b"\xff\xfe") || line.starts_with(b"\xfe\xff"));
        Some(NotText { line: number, byte: (!is_utf16).then_some((line[at], at + 1)) })
    });
    is_not.collect()
}
