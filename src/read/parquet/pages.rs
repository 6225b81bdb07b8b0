//! The pages of a column, looked at before they are decoded: the decoder makes room for as many values as a dictionary or a
//! block of differences says it has, and a page of a few bytes may say that there are billions.
//!
//! Not looked at are the lengths of suffixes in `DELTA_BYTE_ARRAY`, which begin only where the prefixes' end.

use parquet::basic::Encoding;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};

/// The smallest value is a bit.
const VALUES_PER_BYTE: usize = 8;

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
        let num_bytes = found.buffer().len();
        let (what, count, most) = match found.is_dictionary_page() {
            true => ("a dictionary", u64::from(found.num_values()), num_bytes * VALUES_PER_BYTE),
            false => ("a page", self.num_differences(found).unwrap_or(0), found.num_values() as usize),
        };
        match count > most as u64 {
            true => Err(ParquetError::General(format!("{what} of {count} values in {num_bytes} bytes"))),
            false => Ok(page),
        }
    }

    /// How many values the first block of differences of a page says it has; none if there is no such block.
    fn num_differences(&self, page: &Page) -> Option<u64> {
        let is_delta = matches!(
            page.encoding(),
            Encoding::DELTA_BINARY_PACKED | Encoding::DELTA_LENGTH_BYTE_ARRAY | Encoding::DELTA_BYTE_ARRAY
        );
        let bytes = page.buffer();
        let mut rest = match page {
            Page::DataPageV2 { def_levels_byte_len, rep_levels_byte_len, .. } => {
                bytes.get((def_levels_byte_len + rep_levels_byte_len) as usize..)?
            }
            // The levels, where there are any, have their length before them.
            _ if self.max_def_level > 0 => {
                let (length, rest) = bytes.split_first_chunk()?;
                rest.get(u32::from_le_bytes(*length) as usize..)?
            }
            _ => bytes,
        };
        // The size of a block, its parts, and all values.
        let mut number = || {
            let end = rest.iter().take(10).position(|byte| byte & 0x80 == 0)?;
            let (digits, after) = rest.split_at(end + 1);
            rest = after;
            Some(digits.iter().rev().fold(0u64, |number, digit| number << 7 | u64::from(digit & 0x7f)))
        };
        let numbers = [number()?, number()?, number()?];
        is_delta.then_some(numbers[2])
    }
}
