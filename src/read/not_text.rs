//! Lines that are no text, or that nobody meant to be one.

/// A line that is no row of text.
pub(super) struct NotText {
    pub(super) line: u64,
    pub(super) why: WhyNot,
}

/// Why a line is no row of text.
#[derive(Clone, Copy)]
pub(super) enum WhyNot {
    /// The first line of a UTF-16 file.
    Utf16,
    /// This byte of it, at this place counted from 1, is no UTF-8, or zero.
    Byte(u8, usize),
    /// A carriage return stands at this place, counted from 1, with more text behind it.
    CarriageReturn(usize),
}

/// Returns `true` if [`not_text`] finds nothing in `text`.
pub(super) fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memchr2_iter(0, b'\r', bytes).all(|at| bytes[at] == b'\r' && bytes.get(at + 1) == Some(&b'\n'))
}

/// Returns the lines of `bytes` that are not text, in order.
pub(super) fn not_text(bytes: &[u8], num_lines_before: u64) -> Vec<NotText> {
    let lines = bytes.split(|&byte| byte == b'\n').zip(num_lines_before + 1..);
    let is_not = lines.filter_map(|(line, number)| {
        let line = line.trim_ascii_end();
        let is_utf16 = number == 1 && (line.starts_with(b"\xff\xfe") || line.starts_with(b"\xfe\xff"));
        let why = match std::str::from_utf8(line) {
            Err(_) if is_utf16 => WhyNot::Utf16,
            Err(error) => WhyNot::Byte(line[error.valid_up_to()], error.valid_up_to() + 1),
            Ok(_) => match memchr::memchr2(0, b'\r', line)? {
                at if line[at] == 0 => WhyNot::Byte(0, at + 1),
                at => WhyNot::CarriageReturn(at + 1),
            },
        };
        Some(NotText { line: number, why })
    });
    is_not.collect()
}
