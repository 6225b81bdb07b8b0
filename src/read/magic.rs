//! Files of other kinds that are given where text is expected, known by how they begin.

/// The longest of the beginnings.
pub(super) const MAX_BEGINNING_BYTES: u64 = 7;

/// Known kinds of files: the bytes at their beginning, their name, and a hint.
const KINDS: [(&[u8], &str, &str); 7] = [
    (
        b"PAR1\x15",
        "Parquet",
        "only an edge list may be Parquet, by the end of its name or `read.format = parquet`; write others as CSV",
    ),
    (b"\x93NUMPY", "an array of numpy", "write it as CSV with node ids in the first column"),
    (
        b"PK\x03\x04",
        "a zip file, as .npz and .xlsx are",
        "only an edge list may be .npz, by `read.format = npz`; write others as CSV",
    ),
    (b"\x89HDF\r\n", "HDF5", "write it as CSV"),
    (b"\x28\xb5\x2f\xfd", "packed by zstd", "unpack it, or pack it by gzip"),
    (b"\xfd7zXZ\0", "packed by xz", "unpack it, or pack it by gzip"),
    (b"BZh91AY", "packed by bzip2", "unpack it, or pack it by gzip"),
];

/// Returns the problem of a file that begins with these bytes but should be text.
pub(super) fn check_beginning(beginning: &[u8]) -> Result<(), String> {
    match KINDS.iter().find(|(bytes, ..)| beginning.starts_with(bytes)) {
        Some((_, kind, hint)) => Err(format!("is {kind}; expected text, maybe gzipped; hint: {hint}")),
        None => Ok(()),
    }
}
