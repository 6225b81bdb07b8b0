//! The pages of a column, looked at before they are decoded: the decoder makes room for as many values as a dictionary or a
//! list of lengths says it has, and a page of a few bytes may say that there are billions.

use parquet::basic::Encoding;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};

use super::lengths::Lengths;

/// The smallest value of a dictionary is a bit.
const VALUES_PER_BYTE: usize = 8;

/// Differences that are all the same take five bytes for each 128 as most programs write them, and fewer for larger blocks.
const DIFFERENCES_PER_BYTE: usize = 256;

/// The maximum number of bytes per value that the values of a page may share with their predecessors, as a shared byte
/// takes memory for each value once decoded.
const SHARED_BYTES_PER_VALUE: u64 = 16 << 10;

/// Pages that hold no more values than they can.
pub(super) struct Checked {
    pub(super) pages: Box<dyn PageReader>,
    /// 0 where no value can be null.
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
            // Each value is a prefix of the previous value and a suffix of its own; the lengths of both come first.
            Encoding::DELTA_BYTE_ARRAY => check(Lengths::count(bytes)?, bytes).or_else(|| {
                let Some(shared) = Lengths::read(bytes) else {
                    return Some("a page has no whole lengths of what its values share".into());
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
            // The levels, where there are any, have their length before them.
            _ if self.max_def_level > 0 => {
                let (length, rest) = bytes.split_first_chunk()?;
                rest.get(u32::from_le_bytes(*length) as usize..)
            }
            _ => Some(bytes),
        }
    }
}

/// A word on `count` values in fewer bytes than they take.
fn too_many(what: &str, count: u64, num_bytes: usize, per_byte: usize) -> Option<String> {
    let is_much = count > (num_bytes as u64).saturating_mul(per_byte as u64);
    is_much.then(|| format!("{what} of {count} values in {num_bytes} bytes"))
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

    // 128 values a block, in four parts: how many values, the first, then a block whose values rise by none.
    const THREE_EMPTY: &[u8] = &[0x80, 1, 4, 3, 0, 0, 0, 0, 0, 0];
    const MANY_EMPTY: &[u8] = &[0x80, 1, 4, 0xff, 0xff, 0xff, 0xff, 7, 0, 0, 0, 0, 0, 0];
    /// 0, then two times 50,000: the first difference is the least, 0, the others are in 16 bits.
    const TWO_LONG: &[u8] = &[
        0x80, 1, 4, 3, 0, 0, 16, 0, 0, 0, 0x50, 0xc3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];

    #[test]
    fn no_page_makes_room_for_more_than_it_can_hold() {
        use Encoding::{DELTA_BINARY_PACKED, DELTA_BYTE_ARRAY, DELTA_LENGTH_BYTE_ARRAY};
        for encoding in [DELTA_BINARY_PACKED, DELTA_LENGTH_BYTE_ARRAY] {
            assert_eq!(problem(encoding, 3, &[THREE_EMPTY]), None);
            let many = problem(encoding, i32::MAX as u32, &[MANY_EMPTY]).unwrap();
            assert!(many.ends_with("a page of 2147483647 values in 14 bytes"), "{many}");
            let more = problem(encoding, 2, &[THREE_EMPTY]).unwrap();
            assert!(more.ends_with("a page of 2 values has 3 differences"), "{more}");
        }
        let of_texts = |shared, own| problem(DELTA_BYTE_ARRAY, i32::MAX as u32, &[shared, own]);
        assert_eq!(of_texts(THREE_EMPTY, THREE_EMPTY), None);
        let shared = of_texts(MANY_EMPTY, THREE_EMPTY).unwrap();
        assert!(shared.ends_with("a page of 2147483647 values in 24 bytes"), "{shared}");
        let own = of_texts(THREE_EMPTY, MANY_EMPTY).unwrap();
        assert!(own.ends_with("a page of 2147483647 values in 14 bytes"), "{own}");
        let long = of_texts(TWO_LONG, THREE_EMPTY).unwrap();
        assert!(long.ends_with("a page of 3 values that share 100000 bytes"), "{long}");
        let cut = of_texts(&TWO_LONG[..20], &[]).unwrap();
        assert!(cut.ends_with("a page has no whole lengths of what its values share"), "{cut}");
    }
}
