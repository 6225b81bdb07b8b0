//! Rows of a whole file: one after the other, or a block of them on each thread.

use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::graph::InputFile;
use crate::progress::Progress;
use crate::read::fingerprint::BytesRead;
use crate::read::rows::{Rows, Separator};
use crate::read::source::{Block, MAX_LINE_BYTES, Sizes, Source};

/// Reads a file of rows. It is the [`Rows`] of the block that it stands in.
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
    /// Opens `path`, or stdin for `-`; a gzip stream is recognised by its first bytes.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        Self::watched(path, &Progress::default())
    }

    /// Opens a file like [`RowReader::open`]; `watch` counts the bytes of the file.
    pub(super) fn watched(path: &Path, watch: &Progress) -> Result<Self> {
        Self::with_sizes(path, Sizes::USUAL, watch)
    }

    /// Opens `path` to be read in pieces of these sizes.
    pub(super) fn with_sizes(path: &Path, sizes: Sizes, watch: &Progress) -> Result<Self> {
        let source = Source::open(path, sizes, watch)?;
        let path: Arc<Path> = Arc::from(path);
        let rows = Rows::new(path.clone(), Block { bytes: Vec::new(), num_lines_before: 0 }, None);
        Ok(RowReader { source, rows, path, num_late_comments: 0 })
    }

    /// Goes to the next row; false at the end of the file.
    pub(crate) fn advance(&mut self) -> Result<bool> {
        while !self.rows.advance()? {
            let Some(block) = self.source.next_lines(1)? else { return Ok(false) };
            self.num_late_comments += self.rows.num_late_comments();
            self.rows = self.rows_of(block, self.rows.found_separator());
        }
        Ok(true)
    }

    /// The first line, before any `advance`, whether it will be a row or not; none of an empty file.
    pub(super) fn first_line(&mut self) -> Result<Option<String>> {
        let Some(block) = self.source.next_lines(1)? else { return Ok(None) };
        self.rows = self.rows_of(block, None);
        Ok(self.rows.text().lines().next().map(str::to_string))
    }

    /// The fields of the first two rows, before any `advance`, which will give them again.
    pub(crate) fn look_ahead(&mut self) -> Result<[Option<Vec<String>>; 2]> {
        let (mut bytes, mut num_lines_before) = (Vec::new(), 0);
        loop {
            let block = || Block { bytes: bytes.clone(), num_lines_before };
            let mut rows = self.rows_of(block(), None);
            let mut looked_at = [None, None];
            for fields in &mut looked_at {
                if rows.advance()? {
                    *fields = Some(rows.fields().map(str::to_string).collect());
                }
            }
            let more = match &looked_at {
                [_, Some(_)] => None,
                // A second row that comes so late says nothing of the first.
                [Some(_), None] if bytes.len() > MAX_LINE_BYTES => None,
                _ => self.source.next_lines(bytes.len())?,
            };
            match more {
                // Before the first row there is nothing that must be kept.
                Some(more) if looked_at[0].is_none() => {
                    (bytes, num_lines_before) = (more.bytes, more.num_lines_before);
                }
                Some(more) => bytes.extend(more.bytes),
                None => {
                    self.rows = self.rows_of(block(), None);
                    return Ok(looked_at);
                }
            }
        }
    }

    /// Parses the rows that are left, those of a block after each other by `parse`, the blocks on all threads, each into
    /// a value of its own that `start` makes; `take` gets the values of the next blocks, in order, while further ones
    /// are read. The error is that of the first row that has one, with whatever `take` makes of the rows before.
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
        let begun = std::mem::replace(&mut self.rows, empty);
        let mut num_late_comments = 0;
        let mut take = |mut parsed: Vec<Parsed<T>>| -> Result<Option<Separator>> {
            if let Some(first) = parsed.iter().position(|block| block.outcome.is_err()) {
                parsed.truncate(first + 1);
            }
            take(&mut parsed)?;
            num_late_comments += parsed.iter().map(|block| block.rows.num_late_comments()).sum::<u64>();
            let last = parsed.pop().expect("a batch has blocks");
            last.outcome.map(|()| last.rows.found_separator())
        };
        let path = &self.path;
        let separator = take(vec![parse(begun)])?;
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

    /// Lines after the first row that were taken for comments, as a note if there are any.
    pub(super) fn comment_note(&self) -> Option<String> {
        let count = self.num_late_comments + self.rows.num_late_comments();
        let note = format!("lines taken for comments as they begin with #: {count}; quote ids that begin so");
        (count > 0).then_some(note)
    }

    /// Returns a counter of the bytes read so far.
    pub(super) fn bytes_read(&self) -> BytesRead {
        self.source.bytes_read()
    }

    /// Makes errors of the file as a whole, also while rows are parsed.
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
