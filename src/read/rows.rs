//! The rows of a block of CSV, TSV or white-space separated text.
//!
//! Written by hand because it is faster than the `csv` crate here: blocks are parsed in parallel, fields are
//! not copied, and lines are numbered and hashed on the way.

use std::path::Path;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::read::fields::{Separator, Span, find_fields};
use crate::read::not_text::{BadLine, Reason, find_bad_lines, is_plain};
use crate::read::source::Block;
use crate::read::values::MAX_FIELD_BYTES;

/// The rows of a block, read one at a time into the same buffers.
///
/// Skips blank lines, lines that begin with `#`, and, before the first row, lines that begin with `%`.
/// Carriage returns at the end of lines are removed. The first row decides the separator: a tab if it
/// contains one, else a comma, else a semicolon, else white space. A field may be in double quotes, as in RFC
/// 4180, but must end on its line.
pub(crate) struct Rows {
    path: Arc<Path>,
    /// The text of the block, followed by the unescaped text of quoted fields.
    text: String,
    /// The end of the block.
    end: usize,
    /// The start of the next line.
    next: usize,
    /// The number of lines read so far, including those of earlier blocks.
    num_lines: u64,
    num_late_comments: u64,
    separator: Option<Separator>,
    fields: Vec<Span>,
    bad_lines: Vec<BadLine>,
}

impl Rows {
    /// Builds the rows of `block` of the file `path`. If `separator` is `None`, the first row decides it.
    pub(super) fn new(path: Arc<Path>, block: Block, separator: Option<Separator>) -> Self {
        let num_lines = block.num_lines_before;
        let (text, bad_lines) = match String::from_utf8(block.bytes) {
            Ok(text) if is_plain(&text) => (text, Vec::new()),
            Ok(text) => {
                let bad_lines = find_bad_lines(text.as_bytes(), num_lines);
                (text, bad_lines)
            }
            Err(error) => {
                let bytes = error.into_bytes();
                (String::from_utf8_lossy(&bytes).into_owned(), find_bad_lines(&bytes, num_lines))
            }
        };
        let end = text.len();
        let fields = Vec::new();
        Rows { path, text, end, next: 0, num_lines, num_late_comments: 0, separator, fields, bad_lines }
    }

    /// Moves to the next row; returns `false` at the end of the block.
    pub(crate) fn advance(&mut self) -> Result<bool> {
        while self.next < self.end {
            let bytes = &self.text.as_bytes()[self.next..self.end];
            let length = memchr::memchr(b'\n', bytes).unwrap_or(bytes.len());
            let content = bytes[..length].trim_ascii_end();
            let (start, end) = (self.next, self.next + content.len());
            self.next += length + 1;
            self.num_lines += 1;
            let is_first = self.separator.is_none();
            match content.first() {
                None => {}
                Some(b'%') if is_first => {}
                Some(b'#') => self.num_late_comments += u64::from(!is_first),
                Some(_) => {
                    self.split(start, end)?;
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Returns the number of fields of the row.
    pub(crate) fn len(&self) -> usize {
        self.fields.len()
    }

    /// Returns field `at`, which must be below `len`, without the white space around it.
    pub(crate) fn field(&self, at: usize) -> &str {
        self.slice(self.fields[at])
    }

    /// Returns the fields of the row.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|&span| self.slice(span))
    }

    /// Returns the span of field `at` in [`Rows::text`].
    pub(super) fn span(&self, at: usize) -> Span {
        self.fields[at]
    }

    /// Returns the text that all spans refer to.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Takes the text that all spans refer to; no rows are left.
    pub(super) fn take_text(&mut self) -> String {
        (self.next, self.end) = (0, 0);
        std::mem::take(&mut self.text)
    }

    /// Returns the text of a span.
    pub(super) fn slice(&self, span: Span) -> &str {
        span.slice(&self.text)
    }

    /// Returns the two node ids in these columns, or an error if one is missing or empty.
    pub(crate) fn pair(&self, (source, target): (usize, usize)) -> Result<(&str, &str)> {
        let found = self.len();
        if found <= source.max(target) {
            let plural = if found == 1 { "" } else { "s" };
            let separator = self.separator_name();
            let other = [("semicolon", ';'), ("comma", ','), ("tab", '\t'), ("vertical bar", '|')]
                .into_iter()
                .find(|&(_, sign)| found == 1 && self.field(0).contains(sign));
            let hint = other.map_or(String::new(), |(name, sign)| {
                format!(
                    "; hint: it has a {name}; `tr '{}' ','` turns each into a comma",
                    sign.escape_default()
                )
            });
            return Err(self.error(format!(
                "expected source,target, found {found} column{plural} (separated by {separator}, as in the \
                 first row){hint}"
            )));
        }
        for (name, column) in [("source", source), ("target", target)] {
            if self.field(column).is_empty() {
                return Err(self.error(format!("the {name} is empty; expected a node id")));
            }
        }
        Ok((self.field(source), self.field(target)))
    }

    /// Returns the line of the row in the file, counted from 1.
    pub(crate) fn line_number(&self) -> u64 {
        self.num_lines
    }

    /// Returns the number of lines after the first row that were read as comments.
    pub(super) fn num_late_comments(&self) -> u64 {
        self.num_late_comments
    }

    /// Returns the name of the separator in the plural.
    pub(super) fn separator_name(&self) -> &'static str {
        self.separator.map_or("white space", Separator::name)
    }

    /// Returns the separator for the following blocks.
    pub(super) fn found_separator(&self) -> Option<Separator> {
        self.separator
    }

    /// Returns the path of the file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Builds an error at the current row.
    pub(crate) fn error(&self, problem: String) -> Error {
        self.error_at(self.num_lines, problem)
    }

    /// Builds an error at another row.
    pub(super) fn error_at(&self, line: u64, problem: String) -> Error {
        Error::Row { path: self.path.to_path_buf(), line, problem }
    }

    /// Builds an error about the file as a whole.
    pub(crate) fn file_error(&self, problem: String) -> Error {
        Error::Input { path: self.path.to_path_buf(), problem }
    }

    /// Finds the fields of the line from `start` to `end`.
    fn split(&mut self, start: usize, end: usize) -> Result<()> {
        if let Ok(at) = self.bad_lines.binary_search_by_key(&self.num_lines, |bad| bad.line) {
            return Err(match self.bad_lines[at].reason {
                Reason::Utf16(encoding) => self.file_error(format!(
                    "is UTF-16 text; expected UTF-8; hint: `iconv -f {encoding} -t UTF-8` converts it"
                )),
                Reason::Byte(0, column) => {
                    self.error(format!("byte {column} of the line is 0x00; expected UTF-8 text"))
                }
                Reason::Byte(byte, column) => self.error(format!(
                    "byte {column} of the line is 0x{byte:02x}; expected UTF-8 text; hint: `iconv -f WINDOWS-1252 -t \
                     UTF-8` converts text of older programs"
                )),
                Reason::CarriageReturn(column) => self.error(format!(
                    "byte {column} of the line is a carriage return with text after it; expected one row per \
                     line; hint: `tr '\\r' '\\n'` converts the line ends of old Macs"
                )),
            });
        }
        let line = &self.text[start..end];
        let separator = *self.separator.get_or_insert_with(|| Separator::detect(line));
        find_fields(&mut self.text, start..end, separator, &mut self.fields)
            .map_err(|problem| self.error(problem.into()))?;
        // Few lines exceed the limit of a field, so the fields are rarely checked.
        let is_long = |field: &Span| field.len() > MAX_FIELD_BYTES;
        match self.fields.iter().position(is_long).filter(|_| end - start > MAX_FIELD_BYTES) {
            None => Ok(()),
            Some(at) => {
                let (column, length) = (at + 1, self.field(at).len());
                let problem =
                    format!("column {column} has {length} bytes; expected at most {MAX_FIELD_BYTES}");
                Err(self.error(problem))
            }
        }
    }
}
