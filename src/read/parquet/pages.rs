//! Checks the pages of a column before the `parquet` crate decodes them. The crate allocates memory for as
//! many values as a dictionary or a list of lengths claims to have, and a page of a few bytes can claim
//! billions.

use parquet::basic::Encoding;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};

use super::lengths::Lengths;

/// The most values per byte of a dictionary, whose smallest value is one bit.
const VALUES_PER_BYTE: usize = 8;

/// The most differences per byte. Equal differences take five bytes per 128 in the files of most programs,
/// and fewer in larger blocks.
const DIFFERENCES_PER_BYTE: usize = 256;

/// The maximum number of bytes per value that the values of a page may share with their predecessors. A
/// shared byte takes memory for each value once decoded.
const SHARED_BYTES_PER_VALUE: u64 = 16 << 10;

/// A page reader that refuses pages which claim more values than they can hold.
pub(super) struct Checked {
    pub(super) pages: Box<dyn PageReader>,
    /// The maximum definition level: 0 if no value can be null.
    pub(super) max_def_level: i16,
}

impl PageReader for Checked {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let page = self.pages.get_next_page()?;
        self.check(page)
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.pages.skip_next_page()
    }

    fn supports_deferred_dictionary(&self) -> bool {
        self.pages.supports_deferred_dictionary()
    }

    fn take_deferred_dictionary(&mut self) -> Result<Option<Page>> {
        let page = self.pages.take_deferred_dictionary()?;
        self.check(page)
    }

    fn at_record_boundary(&mut self) -> Result<bool> {
        self.pages.at_record_boundary()
    }
}

impl Iterator for Checked {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Result<Page>> {
        self.get_next_page().transpose()
    }
}

impl Checked {
    fn check(&self, page: Option<Page>) -> Result<Option<Page>> {
        let Some(found) = &page else { return Ok(None) };
        let problem = match found.is_dictionary_page() {
            true => {
                too_many("a dictionary", found.num_values().into(), found.buffer().len(), VALUES_PER_BYTE)
            }
            false => self.too_many_differences(found),
        };
        match problem {
            Some(problem) => Err(ParquetError::General(problem)),
            None => Ok(page),
        }
    }

    /// Returns the problem of the differences or lengths at the beginning of a page, if there is one.
    fn too_many_differences(&self, page: &Page) -> Option<String> {
        let encoding = page.encoding();
        let bytes = self.values_of(page)?;
        let check = |count, bytes: &[u8]| {
            let stated = u64::from(page.num_values());
            let more = || format!("a page of {stated} values has {count} differences");
            too_many("a page", count, bytes.len(), DIFFERENCES_PER_BYTE)
                .or_else(|| (count > stated).then(more))
        };
        match encoding {
            Encoding::DELTA_BINARY_PACKED | Encoding::DELTA_LENGTH_BYTE_ARRAY => {
                check(Lengths::count(bytes)?, bytes)
            }
            // Each value is a prefix of the previous value and a suffix of its own. The lengths come first.
            Encoding::DELTA_BYTE_ARRAY => check(Lengths::count(bytes)?, bytes).or_else(|| {
                let Some(shared) = Lengths::read(bytes) else {
                    return Some("the prefix lengths of a page are cut off".into());
                };
                let rest = &bytes[bytes.len() - shared.num_rest..];
                let too_much =
                    || format!("a page of {} values that share {} bytes", shared.count, shared.sum);
                (shared.sum > SHARED_BYTES_PER_VALUE * shared.count)
                    .then(too_much)
                    .or_else(|| check(Lengths::count(rest)?, rest))
            }),
            _ => None,
        }
    }

    /// Returns the bytes after the levels of a data page.
    fn values_of<'p>(&self, page: &'p Page) -> Option<&'p [u8]> {
        let bytes = page.buffer();
        match page {
            Page::DataPageV2 { def_levels_byte_len, rep_levels_byte_len, .. } => {
                bytes.get(def_levels_byte_len.checked_add(*rep_levels_byte_len)? as usize..)
            }
            // Levels, if there are any, are preceded by their length.
            _ if self.max_def_level > 0 => {
                let (length, rest) = bytes.split_first_chunk()?;
                rest.get(u32::from_le_bytes(*length) as usize..)
            }
            _ => Some(bytes),
        }
    }
}

/// Describes the problem if `count` values do not fit into `num_bytes`.
fn too_many(what: &str, count: u64, num_bytes: usize, per_byte: usize) -> Option<String> {
    let is_too_many = count > (num_bytes as u64).saturating_mul(per_byte as u64);
    is_too_many.then(|| format!("{what} of {count} values in {num_bytes} bytes"))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use parquet::column::page::PageReader;

    use super::*;

    struct NoPages;

    impl Iterator for NoPages {
        type Item = Result<Page>;

        fn next(&mut self) -> Option<Self::Item> {
            None
        }
    }

    impl PageReader for NoPages {
        fn get_next_page(&mut self) -> Result<Option<Page>> {
            Ok(None)
        }

        fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
            Ok(None)
        }

        fn skip_next_page(&mut self) -> Result<()> {
            Ok(())
        }
    }

    /// Returns the metadata of a page of `num_values` values without levels.
    fn problem(encoding: Encoding, num_values: u32, parts: &[&[u8]]) -> Option<String> {
        let page = Page::DataPage {
            buf: Bytes::from(parts.concat()),
            num_values,
            encoding,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        let checked = Checked { pages: Box::new(NoPages), max_def_level: 0 };
        checked.check(Some(page)).err().map(|error| error.to_string())
    }

    // Blocks of 128 values in four parts; then the number of values, the first value, and a block of zero
    // differences.
    const THREE_EMPTY: &[u8] = &[0x80, 1, 4, 3, 0, 0, 0, 0, 0, 0];
    const MANY_EMPTY: &[u8] = &[0x80, 1, 4, 0xff, 0xff, 0xff, 0xff, 7, 0, 0, 0, 0, 0, 0];
    /// The values 0, 50,000 and 50,000, as 16-bit differences above a minimum of 0.
    const TWO_LONG: &[u8] = &[
        0x80, 1, 4, 3, 0, 0, 16, 0, 0, 0, 0x50, 0xc3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];

    #[test]
    fn pages_that_claim_more_values_than_they_hold_are_refused() {
        use Encoding::{DELTA_BINARY_PACKED, DELTA_BYTE_ARRAY, DELTA_LENGTH_BYTE_ARRAY};
        for encoding in [DELTA_BINARY_PACKED, DELTA_LENGTH_BYTE_ARRAY] {
            assert_eq!(problem(encoding, 3, &[THREE_EMPTY]), None);
            let many = problem(encoding, i32::MAX as u32, &[MANY_EMPTY]).unwrap();
            assert!(many.ends_with("a page of 2147483647 values in 14 bytes"), "{many}");
            let more = problem(encoding, 2, &[THREE_EMPTY]).unwrap();
            assert!(more.ends_with("a page of 2 values has 3 differences"), "{more}");
        }
        let text_problem = |shared, own| problem(DELTA_BYTE_ARRAY, i32::MAX as u32, &[shared, own]);
        assert_eq!(text_problem(THREE_EMPTY, THREE_EMPTY), None);
        let shared = text_problem(MANY_EMPTY, THREE_EMPTY).unwrap();
        assert!(shared.ends_with("a page of 2147483647 values in 24 bytes"), "{shared}");
        let own = text_problem(THREE_EMPTY, MANY_EMPTY).unwrap();
        assert!(own.ends_with("a page of 2147483647 values in 14 bytes"), "{own}");
        let long = text_problem(TWO_LONG, THREE_EMPTY).unwrap();
        assert!(long.ends_with("a page of 3 values that share 100000 bytes"), "{long}");
        let cut = text_problem(&TWO_LONG[..20], &[]).unwrap();
        assert!(cut.ends_with("the prefix lengths of a page are cut off"), "{cut}");
    }
}
