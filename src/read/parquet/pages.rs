//! The pages of a column, looked at before they are decoded: the decoder makes room for as many values as a dictionary says
//! it has, and a page of a few bytes may say that there are billions.

use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};

/// The bits of the smallest value: a truth.
const BITS_PER_BYTE: usize = 8;

/// Pages whose dictionaries hold no more values than they have bytes for.
pub(super) struct Checked(pub(super) Box<dyn PageReader>);

impl PageReader for Checked {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        self.0.get_next_page().and_then(checked)
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.0.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.0.skip_next_page()
    }

    fn supports_deferred_dictionary(&self) -> bool {
        self.0.supports_deferred_dictionary()
    }

    fn take_deferred_dictionary(&mut self) -> Result<Option<Page>> {
        self.0.take_deferred_dictionary().and_then(checked)
    }

    fn at_record_boundary(&mut self) -> Result<bool> {
        self.0.at_record_boundary()
    }
}

impl Iterator for Checked {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Result<Page>> {
        self.get_next_page().transpose()
    }
}

fn checked(page: Option<Page>) -> Result<Option<Page>> {
    match &page {
        Some(Page::DictionaryPage { buf, num_values, .. })
            if *num_values as usize > buf.len() * BITS_PER_BYTE =>
        {
            let problem = format!("a dictionary of {num_values} values in {} bytes", buf.len());
            Err(ParquetError::General(problem))
        }
        _ => Ok(page),
    }
}
