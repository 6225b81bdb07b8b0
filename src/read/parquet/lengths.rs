//! Lengths as `DELTA_BINARY_PACKED` has them, read without room made for them: Apache Parquet's Encodings.md, "Delta Encoding".

/// A summary of a run of lengths.
pub(super) struct Lengths {
    /// The number of lengths.
    pub(super) count: u64,
    /// Their sum.
    pub(super) sum: u64,
    /// The bytes after the lengths.
    pub(super) num_rest: usize,
}

impl Lengths {
    /// Returns the number of lengths that the beginning of `bytes` declares.
    pub(super) fn count(bytes: &[u8]) -> Option<u64> {
        Some(Header::read(&mut Bytes(bytes))?.count)
    }

    /// Reads the lengths at the beginning of `bytes`; `None` if they are truncated or invalid. O(count) time.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut bytes = Bytes(bytes);
        let Header { block_size, num_parts, count, first } = Header::read(&mut bytes)?;
        let per_part = block_size.checked_div(num_parts).filter(|per_part| per_part.is_multiple_of(32))?;
        let mut length = first as i32;
        let mut sum = if count == 0 { 0 } else { u64::try_from(length).ok()? };
        let mut left = count.saturating_sub(1);
        while left > 0 {
            let min_difference = bytes.zigzag()? as i32;
            for &width in bytes.take(usize::try_from(num_parts).ok()?)? {
                let width = usize::from(width);
                if left == 0 || per_part == 0 {
                    break;
                }
                if width > 32 {
                    return None;
                }
                let part = bytes.take(width.checked_mul(usize::try_from(per_part / 8).ok()?)?)?;
                let num_here = left.min(per_part);
                for at in 0..num_here as usize {
                    let difference = bits(part, at * width, width) as i32;
                    length = length.wrapping_add(min_difference).wrapping_add(difference);
                    sum = sum.checked_add(u64::try_from(length).ok()?)?;
                }
                left -= num_here;
            }
            if per_part == 0 {
                return None;
            }
        }
        Some(Lengths { count, sum, num_rest: bytes.0.len() })
    }
}

struct Header {
    block_size: u64,
    num_parts: u64,
    count: u64,
    first: i64,
}

impl Header {
    fn read(bytes: &mut Bytes) -> Option<Self> {
        let [block_size, num_parts, count] = [bytes.number()?, bytes.number()?, bytes.number()?];
        Some(Header { block_size, num_parts, count, first: bytes.zigzag()? })
    }
}

struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// Seven bits a byte, the lowest first.
    fn number(&mut self) -> Option<u64> {
        let end = self.0.iter().take(10).position(|byte| byte & 0x80 == 0)?;
        let digits = self.take(end + 1)?;
        Some(digits.iter().rev().fold(0, |number, digit| number << 7 | u64::from(digit & 0x7f)))
    }

    /// A number whose lowest bit is its sign.
    fn zigzag(&mut self) -> Option<i64> {
        let number = self.number()?;
        Some((number >> 1) as i64 ^ -((number & 1) as i64))
    }
}

/// `width` bits, 32 at most, from the bit `at` on, the lowest first.
fn bits(bytes: &[u8], at: usize, width: usize) -> u32 {
    let (first, end) = (at / 8, (at + width).div_ceil(8));
    let word = bytes[first..end].iter().rev().fold(0u64, |word, byte| word << 8 | u64::from(*byte));
    (word >> (at % 8) & ((1 << width) - 1)) as u32
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parquet::basic::Encoding;
    use parquet::data_type::Int32Type;
    use parquet::file::properties::WriterProperties;
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;
    use proptest::prelude::*;

    use super::*;

    /// A page of numbers as the crate writes it.
    fn written(numbers: &[i32]) -> Vec<u8> {
        let schema = Arc::new(parse_message_type("message rows { required int32 number; }").unwrap());
        let properties = WriterProperties::builder()
            .set_dictionary_enabled(false)
            .set_encoding(Encoding::DELTA_BINARY_PACKED)
            .build();
        let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties)).unwrap();
        let mut group = writer.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<Int32Type>().write_batch(numbers, None, None).unwrap();
        column.close().unwrap();
        group.close().unwrap();
        let reader = SerializedFileReader::new(bytes::Bytes::from(writer.into_inner().unwrap())).unwrap();
        let page = reader.get_row_group(0).unwrap().get_column_page_reader(0).unwrap().get_next_page();
        page.unwrap().unwrap().buffer().to_vec()
    }

    proptest! {
        #[test]
        fn what_the_crate_writes_is_what_is_read(
            lengths in prop::collection::vec(prop_oneof![Just(7), 0..50, 0..1_000_000], 1..700),
            rest in prop::collection::vec(any::<u8>(), 0..50),
        ) {
            let bytes = [written(&lengths), rest.clone()].concat();
            let read = Lengths::read(&bytes).unwrap();
            prop_assert_eq!(Lengths::count(&bytes), Some(lengths.len() as u64));
            prop_assert_eq!(read.count, lengths.len() as u64);
            prop_assert_eq!(read.sum, lengths.iter().map(|&length| length as u64).sum::<u64>());
            prop_assert_eq!(read.num_rest, rest.len());
        }

        /// Random bytes are read or refused, without a panic.
        #[test]
        fn bytes_are_read_or_refused(bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(0x80), Just(1)], 0..60)) {
            Lengths::read(&bytes);
        }
    }
}
