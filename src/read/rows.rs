//! Rows of fields out of CSV, TSV or white-space separated text: the one place that parses them.

use std::path::Path;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::read::not_text::{NotText, WhyNot, is_plain, not_text};
use crate::read::quotes::{is_blank, quoted_length};
use crate::read::source::Block;

/// The rows of a block, one after the other into the same buffers.
///
/// Blank lines, lines that begin with `#`, and lines that begin with `%` before the first row are passed over;
/// carriage returns are taken off; what separates fields is decided by the first row: a tab if it has one, else a
/// comma, else a semicolon, else white space. A field may stand in double quotes, as in RFC 4180, but must end on its
/// line.
pub(crate) struct Rows {
    path: Arc<Path>,
    /// The block, and behind it what was unquoted of its fields.
    text: String,
    /// The end of the block.
    end: usize,
    /// The start of the next line.
    next: usize,
    /// The lines up to here, those of the blocks before among them.
    num_lines: u64,
    num_late_comments: u64,
    separator: Option<Separator>,
    fields: Vec<Span>,
    not_text: Vec<NotText>,
}

/// A part of a block's text.
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub(super) start: u32,
    end: u32,
}

/// The longest field, which a node id, a label or the name of a feature is: more is a mistake in the separators.
pub(super) const MAX_FIELD_BYTES: usize = 1 << 16;

/// The separator of the fields of a row.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Separator {
    Byte(u8),
    WhiteSpace,
}

impl Rows {
    /// The rows of `block`, of the file `path`; the first row of all decides on the `separator`.
    pub(super) fn new(path: Arc<Path>, block: Block, separator: Option<Separator>) -> Self {
        let num_lines = block.num_lines_before;
        let (text, not_text) = match String::from_utf8(block.bytes) {
            Ok(text) if is_plain(&text) => (text, Vec::new()),
            Ok(text) => {
                let not_text = not_text(text.as_bytes(), num_lines);
                (text, not_text)
            }
            Err(error) => {
                let bytes = error.into_bytes();
                (String::from_utf8_lossy(&bytes).into_owned(), not_text(&bytes, num_lines))
            }
        };
        let end = text.len();
        let fields = Vec::new();
        Rows { path, text, end, next: 0, num_lines, num_late_comments: 0, separator, fields, not_text }
    }

    /// Goes to the next row; false at the end of the block.
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

    /// Field `at` of the row, which must be below `len`, without the white space around it.
    pub(crate) fn field(&self, at: usize) -> &str {
        self.slice(self.fields[at])
    }

    /// The fields of the row.
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

    /// The part of the text.
    pub(super) fn slice(&self, span: Span) -> &str {
        &self.text[span.start as usize..span.end as usize]
    }

    /// The two node ids in these columns of the row, an error if one is missing or empty.
    pub(crate) fn pair(&self, (source, target): (usize, usize)) -> Result<(&str, &str)> {
        let found = self.len();
        if found <= source.max(target) {
            let plural = if found == 1 { "" } else { "s" };
            let separator = self.separator();
            let other = [("semicolon", ';'), ("comma", ','), ("tab", '\t'), ("vertical bar", '|')]
                .into_iter()
                .find(|&(_, sign)| found == 1 && self.field(0).contains(sign));
            let hint = other.map_or(String::new(), |(name, sign)| {
                format!("; hint: it has a {name}; `tr '{}' ','` makes a comma of each", sign.escape_default())
            });
            return Err(self.error(format!(
                "expected source,target, found {found} column{plural} (separated by {separator}, as in the first row){hint}"
            )));
        }
        for (name, column) in [("source", source), ("target", target)] {
            if self.field(column).is_empty() {
                return Err(self.error(format!("the {name} is empty; expected a node id")));
            }
        }
        Ok((self.field(source), self.field(target)))
    }

    /// The row's line in the file, counted from 1.
    pub(crate) fn line_number(&self) -> u64 {
        self.num_lines
    }

    /// Lines after the first row that were taken for comments.
    pub(super) fn num_late_comments(&self) -> u64 {
        self.num_late_comments
    }

    /// Returns the separator in words.
    pub(super) fn separator(&self) -> &'static str {
        match self.separator {
            Some(Separator::Byte(b'\t')) => "tabs",
            Some(Separator::Byte(b';')) => "semicolons",
            Some(Separator::Byte(_)) => "commas",
            Some(Separator::WhiteSpace) | None => "white space",
        }
    }

    /// Returns the separator for the following blocks.
    pub(super) fn found_separator(&self) -> Option<Separator> {
        self.separator
    }

    /// The file's path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// An error at the present row.
    pub(crate) fn error(&self, problem: String) -> Error {
        self.error_at(self.num_lines, problem)
    }

    /// An error at another row.
    pub(super) fn error_at(&self, line: u64, problem: String) -> Error {
        Error::Row { path: self.path.to_path_buf(), line, problem }
    }

    /// An error of the file as a whole.
    pub(crate) fn file_error(&self, problem: String) -> Error {
        Error::Input { path: self.path.to_path_buf(), problem }
    }

    /// Finds the fields of the line from `start` to `end`.
    fn split(&mut self, start: usize, end: usize) -> Result<()> {
        if let Ok(at) = self.not_text.binary_search_by_key(&self.num_lines, |bad| bad.line) {
            return Err(match self.not_text[at].why {
                WhyNot::Utf16 => self.file_error(
                    "is UTF-16 text; expected UTF-8; hint: `iconv -f UTF-16 -t UTF-8` converts it".into(),
                ),
                WhyNot::Byte(byte, column) => {
                    self.error(format!("byte {column} of the line is 0x{byte:02x}; expected UTF-8 text"))
                }
                WhyNot::CarriageReturn(column) => self.error(format!(
                    "byte {column} of the line is a carriage return with text behind it; expected one row a line; hint: \
                     `tr '\\r' '\\n'` mends the line ends of old Macs"
                )),
            });
        }
        let line = &self.text[start..end];
        let separator = *self.separator.get_or_insert_with(|| detect(line));
        self.fields.clear();
        self.find_fields(start, end, separator)?;
        // Few lines are as long as a field may be.
        let is_long = |field: &Span| (field.end - field.start) as usize > MAX_FIELD_BYTES;
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

    fn find_fields(&mut self, start: usize, end: usize, separator: Separator) -> Result<()> {
        let line = &self.text[start..end];
        match separator {
            Separator::Byte(byte) => {
                let mut from = 0;
                for at in memchr::memchr2_iter(byte, b'"', line.as_bytes()) {
                    if line.as_bytes()[at] == b'"' {
                        return self.split_quoted(start, end, byte as char);
                    }
                    self.fields.push(trimmed(line, start, from, at));
                    from = at + 1;
                }
                self.fields.push(trimmed(line, start, from, line.len()));
            }
            Separator::WhiteSpace => self.fields.extend(line.split_ascii_whitespace().map(|field| {
                let at = start + (field.as_ptr().addr() - line.as_ptr().addr());
                Span::new(at, at + field.len())
            })),
        }
        Ok(())
    }

    /// Finds the fields of a line with quotes in it: a field may stand in double quotes, where `""` is one quote, with
    /// white space around them.
    fn split_quoted(&mut self, start: usize, end: usize, separator: char) -> Result<()> {
        let mut unquoted = String::new();
        let behind = self.text.len();
        self.fields.clear();
        let mut rest = &self.text[start..end];
        loop {
            let field_start = end - rest.len();
            let opened = rest.trim_start_matches(is_blank);
            let length = match opened.strip_prefix('"') {
                None => {
                    let length = rest.find(separator).unwrap_or(rest.len());
                    let field = &rest[..length];
                    let at = field_start + field.len() - field.trim_start_matches(is_blank).len();
                    self.fields.push(Span::new(at, at + field.trim_matches(is_blank).len()));
                    length
                }
                Some(quoted) => {
                    let quoted_start = end - quoted.len();
                    let Some((inner, length, has_quotes)) = quoted_length(quoted, separator) else {
                        let problem = "a quoted field does not end where the field does, on its line; hint: a quote in quotes is \
                                       written twice";
                        return Err(self.error(problem.into()));
                    };
                    self.fields.push(match has_quotes {
                        false => Span::new(quoted_start, quoted_start + inner),
                        true => {
                            let at = behind + unquoted.len();
                            unquoted.push_str(&quoted[..inner].replace("\"\"", "\""));
                            Span::new(at, behind + unquoted.len())
                        }
                    });
                    rest.len() - quoted.len() + length
                }
            };
            match rest.get(length + 1..) {
                Some(more) => rest = more,
                None => break,
            }
        }
        self.text.push_str(&unquoted);
        Ok(())
    }
}

impl Span {
    fn new(start: usize, end: usize) -> Self {
        Span { start: start as u32, end: end as u32 }
    }
}

/// Returns the field from `from` to `to` of a line that begins at `start`, trimmed.
fn trimmed(line: &str, start: usize, from: usize, to: usize) -> Span {
    let field = line.as_bytes()[from..to].trim_ascii_end();
    let left = field.len() - field.trim_ascii_start().len();
    Span::new(start + from + left, start + from + field.len())
}

fn detect(line: &str) -> Separator {
    match line {
        _ if line.contains('\t') => Separator::Byte(b'\t'),
        _ if line.contains(',') => Separator::Byte(b','),
        _ if line.contains(';') => Separator::Byte(b';'),
        _ => Separator::WhiteSpace,
    }
}
