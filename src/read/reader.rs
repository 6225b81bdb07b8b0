//! The rows of a whole file, read one at a time or in blocks on all threads.

use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::graph::InputFile;
use crate::progress::Progress;
use crate::read::fields::Separator;
use crate::read::raw::Fingerprint;
use crate::read::rows::Rows;
use crate::read::source::{Block, MAX_LINE_BYTES, Sizes, Source};

/// Reads a file of rows. Dereferences to the [`Rows`] of the current block.
pub(crate) struct RowReader {
    source: Source,
    rows: Rows,
    path: Arc<Path>,
    num_late_comments: u64,
}

/// The result of parsing a block.
pub(super) struct Parsed<T> {
    pub(super) rows: Rows,
    /// The value of the rows before an error.
    pub(super) value: T,
    outcome: Result<()>,
}

impl RowReader {
    /// Opens `path`, or stdin for `-`, and recognises gzip by its first bytes. Counts the bytes of the file
    /// in `progress`.
    pub(crate) fn open(path: &Path, progress: &Progress) -> Result<Self> {
        Self::with_sizes(path, Sizes::USUAL, progress)
    }

    /// Opens `path` and reads it in pieces of the given sizes.
    pub(super) fn with_sizes(path: &Path, sizes: Sizes, progress: &Progress) -> Result<Self> {
        Ok(Self::from_source(Source::open(path, sizes, progress)?))
    }

    /// Reads a source from which nothing was read.
    pub(super) fn from_source(source: Source) -> Self {
        let path: Arc<Path> = Arc::from(source.path());
        let rows = Rows::new(path.clone(), Block { bytes: Vec::new(), num_lines_before: 0 }, None);
        RowReader { source, rows, path, num_late_comments: 0 }
    }

    /// Separates the fields of all rows by `separator`, whatever the first row has. Lines that begin with `%` are
    /// then rows. Call it before `advance`.
    pub(super) fn with_separator(mut self, separator: Separator) -> Self {
        self.rows = self.rows_of(Block { bytes: Vec::new(), num_lines_before: 0 }, Some(separator));
        self
    }

    /// Moves to the next row; returns `false` at the end of the file.
    pub(crate) fn advance(&mut self) -> Result<bool> {
        while !self.rows.advance()? {
            let Some(block) = self.source.next_lines(1)? else { return Ok(false) };
            self.num_late_comments += self.rows.num_late_comments();
            self.rows = self.rows_of(block, self.rows.found_separator());
        }
        Ok(true)
    }

    /// Returns the first line, even if it is not a row, or `None` for an empty file. Call it before
    /// `advance`.
    pub(super) fn first_line(&mut self) -> Result<Option<String>> {
        let Some(block) = self.source.next_lines(1)? else { return Ok(None) };
        self.rows = self.rows_of(block, None);
        Ok(self.rows.text().lines().next().map(str::to_string))
    }

    /// Returns the fields of the first two rows without consuming them. Call it before `advance`.
    pub(crate) fn look_ahead(&mut self) -> Result<[Option<Vec<String>>; 2]> {
        let (mut bytes, mut num_lines_before) = (Vec::new(), 0);
        loop {
            let block = || Block { bytes: bytes.clone(), num_lines_before };
            let mut rows = self.rows_of(block(), None);
            let mut first_rows = [None, None];
            for fields in &mut first_rows {
                if rows.advance()? {
                    *fields = Some(rows.fields().map(str::to_string).collect());
                }
            }
            let more = match &first_rows {
                [_, Some(_)] => None,
                // A second row this late does not help to interpret the first.
                [Some(_), None] if bytes.len() > MAX_LINE_BYTES => None,
                _ => self.source.next_lines(bytes.len())?,
            };
            match more {
                // The text before the first row need not be kept.
                Some(more) if first_rows[0].is_none() => {
                    (bytes, num_lines_before) = (more.bytes, more.num_lines_before);
                }
                Some(more) => bytes.extend(more.bytes),
                None => {
                    self.rows = self.rows_of(block(), None);
                    return Ok(first_rows);
                }
            }
        }
    }

    /// Parses the remaining rows. Blocks are parsed on all threads; within a block, `parse` adds each row in
    /// order to a value that `start` creates. `take` receives the values of the blocks in order, while the
    /// next blocks are read. Returns the error of the first bad row, after `take` has received the rows
    /// before it, or an error of `take`.
    pub(super) fn parse_blocks<T: Send>(
        &mut self,
        start: impl Fn() -> T + Sync,
        parse: impl Fn(&mut Rows, &mut T) -> Result<()> + Sync,
        mut take: impl FnMut(&mut [Parsed<T>]) -> Result<()> + Send,
    ) -> Result<()> {
        let parse = |mut rows: Rows| {
            let mut value = start();
            let mut parse_rows = || {
                while rows.advance()? {
                    parse(&mut rows, &mut value)?;
                }
                Ok(())
            };
            let outcome = parse_rows();
            Parsed { rows, value, outcome }
        };
        let empty = self.rows_of(Block { bytes: Vec::new(), num_lines_before: 0 }, None);
        let current = std::mem::replace(&mut self.rows, empty);
        let mut num_late_comments = 0;
        let mut take = |mut parsed: Vec<Parsed<T>>| -> Result<Option<Separator>> {
            if let Some(first) = parsed.iter().position(|block| block.outcome.is_err()) {
                parsed.truncate(first + 1);
            }
            num_late_comments += parsed.iter().map(|block| block.rows.num_late_comments()).sum::<u64>();
            let last = parsed.last_mut().expect("a batch has blocks");
            let separator = last.rows.found_separator();
            let outcome = std::mem::replace(&mut last.outcome, Ok(()));
            take(&mut parsed)?;
            outcome.map(|()| separator)
        };
        let path = &self.path;
        let separator = take(vec![parse(current)])?;
        let mut blocks = self.source.next_batch();
        while !blocks.is_empty() {
            let work = || {
                let rows = blocks.into_par_iter().map(|block| Rows::new(path.clone(), block, separator));
                take(rows.map(&parse).collect())
            };
            let (taken, next) = rayon::join(work, || self.source.next_batch());
            taken?;
            blocks = next;
        }
        self.num_late_comments += num_late_comments;
        self.source.take_error()
    }

    /// Returns a note on the lines after the first row that were read as comments, if there are any.
    pub(super) fn comment_note(&self) -> Option<String> {
        let count = self.num_late_comments + self.rows.num_late_comments();
        let note =
            format!("lines read as comments because they begin with #: {count}; put such ids in quotes");
        (count > 0).then_some(note)
    }

    /// Returns the fingerprint of the bytes read so far, which stays up to date.
    pub(super) fn fingerprint(&self) -> Fingerprint {
        self.source.fingerprint()
    }

    /// Returns a function that builds errors about the file as a whole and can be used while rows are parsed.
    pub(super) fn file_errors(&self) -> impl Fn(String) -> Error + Send + use<> {
        let path = self.path.clone();
        move |problem| Error::Input { path: path.to_path_buf(), problem }
    }

    /// Returns the description of the input file, after it was read to its end.
    pub(crate) fn finish(self) -> InputFile {
        self.source.finish()
    }

    fn rows_of(&self, block: Block, separator: Option<Separator>) -> Rows {
        Rows::new(self.path.clone(), block, separator)
    }
}

impl Deref for RowReader {
    type Target = Rows;

    fn deref(&self) -> &Rows {
        &self.rows
    }
}
