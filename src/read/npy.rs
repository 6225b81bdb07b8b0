//! Arrays in numpy's .npy format: a header, then the elements.
//!
//! Written by hand although the `npyz` crate exists: only plain arrays are needed, and one short function
//! reads elements of any number type, checks each one as it streams by, and bounds the length of the header.

use std::fmt;
use std::io::{ErrorKind, Read};

/// The number of elements read at a time.
const ELEMENTS_AT_A_TIME: usize = 1 << 14;
/// The maximum length of a header.
const MAX_HEADER_BYTES: usize = 1 << 16;

/// An array whose header has been read.
pub(super) struct NpyArray<R> {
    reader: R,
    /// A type such as `<i4`.
    kind: String,
    /// The length of each axis.
    pub(super) shape: Vec<u64>,
    /// `true` if the first axis varies fastest, which matters for two axes or more.
    is_column_major: bool,
}

/// An element of an array.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Integer(i64),
    Float(f64),
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Number::Integer(value) => value.fmt(f),
            Number::Float(value) => value.fmt(f),
        }
    }
}

impl Number {
    /// Returns the nearest f64.
    #[cfg(feature = "npz")]
    pub(super) fn to_f64(self) -> f64 {
        match self {
            Number::Integer(value) => value as f64,
            Number::Float(value) => value,
        }
    }
}

impl<R: Read> NpyArray<R> {
    /// Reads the header of format version 1, 2 or 3.
    pub(super) fn open(mut reader: R) -> Result<Self, String> {
        let mut start = [0; 8];
        fill(&mut reader, &mut start)?;
        if &start[..6] != b"\x93NUMPY" || !(1..=3).contains(&start[6]) {
            return Err("is not a numpy array".into());
        }
        let mut length = [0; 4];
        fill(&mut reader, &mut length[..if start[6] == 1 { 2 } else { 4 }])?;
        let length = u32::from_le_bytes(length) as usize;
        if length > MAX_HEADER_BYTES {
            return Err(format!("has a header of {length} bytes; expected at most {MAX_HEADER_BYTES}"));
        }
        let mut header = vec![0; length];
        fill(&mut reader, &mut header)?;
        let header = String::from_utf8_lossy(&header);
        let unlike = || format!("has the header {:?}; expected a plain array", header.trim_ascii());
        let value = |key: &str| Some(header.split_once(key)?.1.trim_start());
        let kind = value("'descr':").and_then(|text| Some(text.strip_prefix('\'')?.split_once('\'')?.0));
        let shape = value("'shape':").and_then(|text| Some(text.strip_prefix('(')?.split_once(')')?.0));
        let shape = shape.ok_or_else(unlike)?.split(',').map(str::trim).filter(|size| !size.is_empty());
        let shape: Option<Vec<u64>> = shape.map(|size| size.parse().ok()).collect();
        let shape = shape.ok_or_else(unlike)?;
        let is_column_major =
            shape.len() > 1 && value("'fortran_order':").is_some_and(|text| text.starts_with("True"));
        Ok(NpyArray { kind: kind.ok_or_else(unlike)?.to_string(), shape, is_column_major, reader })
    }

    /// Gives each element of a one-dimensional array to `take`.
    #[cfg(feature = "npz")]
    pub(super) fn numbers(self, take: impl FnMut(Number) -> Result<(), String>) -> Result<(), String> {
        match self.shape.len() {
            1 => self.all_numbers(take),
            num_axes => Err(format!("has {num_axes} axes; expected one")),
        }
    }

    /// Gives each element of an array in row-major order to `take`.
    pub(super) fn all_numbers(self, take: impl FnMut(Number) -> Result<(), String>) -> Result<(), String> {
        if self.is_column_major {
            return Err("is in column-major order; expected the order of numpy.ascontiguousarray".into());
        }
        let length = self.shape.iter().try_fold(1u64, |product, &size| product.checked_mul(size));
        let length = length.ok_or("has more elements than can be counted")?;
        match self.kind.as_str() {
            "|b1" | "|u1" => self.elements(length, |[byte]| integer(byte), take),
            "|i1" => self.elements(length, |bytes| integer(i8::from_le_bytes(bytes)), take),
            "<i2" => self.elements(length, |bytes| integer(i16::from_le_bytes(bytes)), take),
            "<u2" => self.elements(length, |bytes| integer(u16::from_le_bytes(bytes)), take),
            "<i4" => self.elements(length, |bytes| integer(i32::from_le_bytes(bytes)), take),
            "<u4" => self.elements(length, |bytes| integer(u32::from_le_bytes(bytes)), take),
            "<i8" => self.elements(length, |bytes| integer(i64::from_le_bytes(bytes)), take),
            "<u8" => self.elements(length, |bytes| integer(u64::from_le_bytes(bytes) as i64), take),
            "<f4" => self.elements(length, |bytes| Number::Float(f32::from_le_bytes(bytes).into()), take),
            "<f8" => self.elements(length, |bytes| Number::Float(f64::from_le_bytes(bytes)), take),
            kind => Err(format!(
                "is of type {kind:?}; expected bool, or little-endian integers or floats of up to 8 bytes"
            )),
        }
    }

    /// Returns the text of an array of one string: bytes (`S`) or four-byte characters (`U`).
    #[cfg(feature = "npz")]
    pub(super) fn text(mut self) -> Result<String, String> {
        let kind = self.kind.clone();
        let size = kind.trim_start_matches(['|', '<']);
        let width = size.get(1..).and_then(|size| size.parse::<usize>().ok()).filter(|&width| width <= 64);
        let (Some(width), []) = (width, self.shape.as_slice()) else {
            return Err(format!("is of type {kind:?}; expected a string"));
        };
        let width = if size.starts_with('U') { 4 * width } else { width };
        let mut bytes = vec![0; width];
        fill(&mut self.reader, &mut bytes)?;
        // Zeros pad strings and characters.
        Ok(bytes.into_iter().filter(|&byte| byte != 0).map(char::from).collect())
    }

    fn elements<const SIZE: usize>(
        mut self,
        length: u64,
        number: impl Fn([u8; SIZE]) -> Number,
        mut take: impl FnMut(Number) -> Result<(), String>,
    ) -> Result<(), String> {
        let mut bytes = vec![0; SIZE * ELEMENTS_AT_A_TIME];
        let mut left = length;
        while left > 0 {
            let count = left.min(ELEMENTS_AT_A_TIME as u64);
            let bytes = &mut bytes[..SIZE * count as usize];
            fill(&mut self.reader, bytes)?;
            bytes.as_chunks().0.iter().try_for_each(|&element| take(number(element)))?;
            left -= count;
        }
        // The end must be read too, because the checksum of a zip file is compared there.
        match self.reader.read(&mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => Err("has bytes after its last element".into()),
            Err(error) => Err(format!("is damaged: {error}")),
        }
    }
}

fn integer(value: impl Into<i64>) -> Number {
    Number::Integer(value.into())
}

fn fill(reader: &mut impl Read, bytes: &mut [u8]) -> Result<(), String> {
    reader.read_exact(bytes).map_err(|error| match error.kind() {
        ErrorKind::UnexpectedEof => "is cut off; expected a complete array".into(),
        _ => format!("is damaged: {error}"),
    })
}
