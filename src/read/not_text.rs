//! Recognises input that is not text: binary files by their first bytes, and lines that are not UTF-8 or
//! contain several rows.

/// The number of bytes that [`check_beginning`] needs.
pub(super) const MAX_BEGINNING_BYTES: u64 = 7;

/// The first bytes of each kind of file, its name, and a hint.
const KINDS: [(&[u8], &str, &str); 7] = [
    (
        b"PAR1\x15",
        "a Parquet file",
        "only edge lists can be Parquet, with the extension .parquet or `read.format = parquet`; write other \
         files as CSV",
    ),
    (b"\x93NUMPY", "a numpy array", "write it as CSV with node ids in the first column"),
    (
        b"PK\x03\x04",
        "a zip file, such as .npz or .xlsx",
        "only edge lists can be .npz, with `read.format = npz`; write other files as CSV",
    ),
    (b"\x89HDF\r\n", "an HDF5 file", "write it as CSV"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "decompress it, or use gzip"),
    (b"\xfd7zXZ\0", "compressed with xz", "decompress it, or use gzip"),
    (b"BZh91AY", "compressed with bzip2", "decompress it, or use gzip"),
];

/// Checks the first bytes of a file that should be text, possibly gzipped.
///
/// # Errors
/// Returns a message if they are those of a binary file.
pub(super) fn check_beginning(beginning: &[u8]) -> Result<(), String> {
    match KINDS.iter().find(|(bytes, ..)| beginning.starts_with(bytes)) {
        Some((_, kind, hint)) => Err(format!("is {kind}; expected text, optionally gzipped; hint: {hint}")),
        None => Ok(()),
    }
}

/// A line that is not a row of text.
pub(super) struct BadLine {
    pub(super) line: u64,
    pub(super) reason: Reason,
}

/// The reason why a line is not a row of text.
#[derive(Clone, Copy)]
pub(super) enum Reason {
    /// The first line of a UTF-16 file, of this encoding as `iconv` names it.
    Utf16(&'static str),
    /// This byte, at this place counted from 1, is zero or not UTF-8.
    Byte(u8, usize),
    /// A carriage return is at this place, counted from 1, with more text after it.
    CarriageReturn(usize),
}

/// Returns `true` if [`find_bad_lines`] finds nothing in `text`.
pub(super) fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memchr2_iter(0, b'\r', bytes).all(|at| bytes[at] == b'\r' && bytes.get(at + 1) == Some(&b'\n'))
}

/// Returns the lines of `bytes` that are not text, in order.
pub(super) fn find_bad_lines(bytes: &[u8], num_lines_before: u64) -> Vec<BadLine> {
    let lines = bytes.split(|&byte| byte == b'\n').zip(num_lines_before + 1..);
    let bad = lines.filter_map(|(line, number)| {
        let line = line.trim_ascii_end();
        if let (1, Some(encoding)) = (number, utf16_of(line)) {
            return Some(BadLine { line: 1, reason: Reason::Utf16(encoding) });
        }
        let reason = match std::str::from_utf8(line) {
            Err(error) => Reason::Byte(line[error.valid_up_to()], error.valid_up_to() + 1),
            Ok(_) => match memchr::memchr2(0, b'\r', line)? {
                at if line[at] == 0 => Reason::Byte(0, at + 1),
                at => Reason::CarriageReturn(at + 1),
            },
        };
        Some(BadLine { line: number, reason })
    });
    bad.collect()
}

/// Returns the name of the UTF-16 encoding of the first line of a file, by its byte order mark or by the zero
/// bytes beside its first letters.
fn utf16_of(line: &[u8]) -> Option<&'static str> {
    match line {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("UTF-16"),
        [0, first, 0, second, ..] if *first > 0 && *second > 0 => Some("UTF-16BE"),
        [first, 0, second, 0, ..] if *first > 0 && *second > 0 => Some("UTF-16LE"),
        _ => None,
    }
}
