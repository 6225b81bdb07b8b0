//! Rows of fields out of CSV, TSV or white-space separated text: the one place that deals with bytes.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use flate2::bufread::MultiGzDecoder;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::graph::{InputFile, hex};

/// Reads one row after the other into the same buffers.
///
/// Blank lines, lines that begin with `#`, and lines that begin with `%` before the first row are passed over;
/// a byte-order mark and carriage returns are taken off; what separates fields is decided by the first row: a
/// tab if it has one, else a comma, else a semicolon, else white space. A field may stand in double quotes, as
/// in RFC 4180, but must end on its line.
pub(crate) struct RowReader {
    source: Box<dyn BufRead>,
    fingerprint: Rc<RefCell<Fingerprint>>,
    path: PathBuf,
    num_lines: u64,
    num_late_comments: u64,
    line: Vec<u8>,
    row: Row,
    separator: Option<Separator>,
    /// Rows that were looked at beforehand and come again.
    ahead: VecDeque<Row>,
}

/// One row: where it stands, and its fields within its text.
#[derive(Default)]
struct Row {
    line_number: u64,
    text: String,
    fields: Vec<Range<usize>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Separator {
    Byte(u8),
    WhiteSpace,
}

impl RowReader {
    /// Opens `path`, or stdin for `-`; a gzip stream is recognised by its first bytes.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let raw: Box<dyn Read> = if path == Path::new("-") {
            Box::new(io::stdin())
        } else {
            if path.is_dir() {
                let problem = "is a directory; expected a file".to_string();
                return Err(Error::Input { path: path.to_path_buf(), problem });
            }
            Box::new(File::open(path).map_err(|error| Error::io("read", path, error))?)
        };
        let fingerprint = Rc::new(RefCell::new(Fingerprint::default()));
        let hashed = Hashing { inner: raw, fingerprint: fingerprint.clone() };
        let mut buffered = BufReader::with_capacity(1 << 17, hashed);
        let start = buffered.fill_buf().map_err(|error| Error::io("read", path, error))?;
        let source: Box<dyn BufRead> = if start.starts_with(&[0x1f, 0x8b]) {
            Box::new(BufReader::with_capacity(1 << 17, MultiGzDecoder::new(buffered)))
        } else {
            Box::new(buffered)
        };
        Ok(RowReader {
            source,
            fingerprint,
            path: path.to_path_buf(),
            num_lines: 0,
            num_late_comments: 0,
            line: Vec::new(),
            row: Row::default(),
            separator: None,
            ahead: VecDeque::new(),
        })
    }

    /// Goes to the next row; false at the end of the file.
    pub(crate) fn advance(&mut self) -> Result<bool> {
        if let Some(row) = self.ahead.pop_front() {
            self.row = row;
            return Ok(true);
        }
        loop {
            self.line.clear();
            let length =
                self.source.read_until(b'\n', &mut self.line).map_err(|error| self.read_error(error))?;
            if length == 0 {
                return Ok(false);
            }
            self.num_lines += 1;
            if self.num_lines == 1 && self.line.starts_with(b"\xef\xbb\xbf") {
                self.line.drain(..3);
            }
            let content = self.line.trim_ascii_end();
            let is_first = self.separator.is_none();
            if content.is_empty() || is_first && content.starts_with(b"%") {
                continue;
            }
            if content.starts_with(b"#") {
                self.num_late_comments += u64::from(!is_first);
                continue;
            }
            self.take_line(content.len())?;
            return Ok(true);
        }
    }

    /// The fields of the first two rows, before any `advance`, which will give them again.
    pub(crate) fn look_ahead(&mut self) -> Result<[Option<Vec<String>>; 2]> {
        let mut looked_at = [None, None];
        let mut rows = VecDeque::new();
        for fields in &mut looked_at {
            if self.advance()? {
                *fields = Some(self.fields().map(str::to_string).collect());
                rows.push_back(std::mem::take(&mut self.row));
            }
        }
        self.ahead = rows;
        Ok(looked_at)
    }

    /// How many fields the row has.
    pub(crate) fn len(&self) -> usize {
        self.row.fields.len()
    }

    /// Field `at` of the row, which must be below `len`, without the white space around it.
    pub(crate) fn field(&self, at: usize) -> &str {
        &self.row.text[self.row.fields[at].clone()]
    }

    /// The fields of the row.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &str> {
        self.row.fields.iter().map(|range| &self.row.text[range.clone()])
    }

    /// The two node ids in these columns of the row, an error if one is missing or empty.
    pub(crate) fn pair(&self, (source, target): (usize, usize)) -> Result<(&str, &str)> {
        let found = self.len();
        if found <= source.max(target) {
            let plural = if found == 1 { "" } else { "s" };
            let separator = self.separator();
            return Err(self.error(format!(
                "expected source,target, found {found} column{plural} (separated by {separator}, as in the first row)"
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
        self.row.line_number
    }

    /// Lines after the first row that were taken for comments, as a note if there are any.
    pub(crate) fn comment_note(&self) -> Option<String> {
        let count = self.num_late_comments;
        let note = format!("lines taken for comments as they begin with #: {count}; quote ids that begin so");
        (count > 0).then_some(note)
    }

    /// What separates the fields, in words.
    pub(super) fn separator(&self) -> &'static str {
        match self.separator {
            Some(Separator::Byte(b'\t')) => "tabs",
            Some(Separator::Byte(b';')) => "semicolons",
            Some(Separator::Byte(_)) => "commas",
            Some(Separator::WhiteSpace) | None => "white space",
        }
    }

    /// The file's path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// An error at the present row.
    pub(crate) fn error(&self, problem: String) -> Error {
        Error::Row { path: self.path.clone(), line: self.row.line_number, problem }
    }

    /// An error of the file as a whole.
    pub(crate) fn file_error(&self, problem: String) -> Error {
        Error::Input { path: self.path.clone(), problem }
    }

    /// What was read, once it has been read to its end.
    pub(crate) fn finish(self) -> InputFile {
        let fingerprint = self.fingerprint.borrow();
        let digest = fingerprint.sha256.clone().finalize();
        InputFile { path: self.path.clone(), sha256: hex(&digest), num_bytes: fingerprint.num_bytes }
    }

    fn take_line(&mut self, length: usize) -> Result<()> {
        self.row.line_number = self.num_lines;
        let line = match std::str::from_utf8(&self.line[..length]) {
            Ok(line) => line,
            Err(error) => {
                if self.num_lines == 1
                    && (self.line.starts_with(b"\xff\xfe") || self.line.starts_with(b"\xfe\xff"))
                {
                    return Err(self.file_error("is UTF-16 text; expected UTF-8".into()));
                }
                let byte = self.line[error.valid_up_to()];
                let column = error.valid_up_to() + 1;
                return Err(
                    self.error(format!("byte {column} of the line is 0x{byte:02x}; expected UTF-8 text"))
                );
            }
        };
        let separator = *self.separator.get_or_insert_with(|| detect(line));
        self.row.text.clear();
        self.row.fields.clear();
        match separator {
            Separator::Byte(byte) if line.contains('"') => {
                if !split_quoted(line, byte as char, &mut self.row.text, &mut self.row.fields) {
                    let problem = "a quoted field does not end where the field does, on its line";
                    return Err(self.error(problem.into()));
                }
            }
            Separator::Byte(byte) => {
                self.row.text.push_str(line);
                let mut start = 0;
                for end in memchr::memchr_iter(byte, line.as_bytes()).chain([line.len()]) {
                    let field = &line[start..end];
                    let left = start + (field.len() - field.trim_ascii_start().len());
                    self.row.fields.push(left..left + field.trim_ascii().len());
                    start = end + 1;
                }
            }
            Separator::WhiteSpace => {
                self.row.text.push_str(line);
                for field in line.split_ascii_whitespace() {
                    let start = field.as_ptr().addr() - line.as_ptr().addr();
                    self.row.fields.push(start..start + field.len());
                }
            }
        }
        Ok(())
    }

    fn read_error(&self, error: io::Error) -> Error {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Error::Row {
                path: self.path.clone(),
                line: self.num_lines + 1,
                problem: "the gzip stream ends in the middle; expected a whole one".into(),
            },
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => Error::Row {
                path: self.path.clone(),
                line: self.num_lines + 1,
                problem: format!("the gzip stream is damaged: {error}"),
            },
            _ => Error::io("read", &self.path, error),
        }
    }
}

/// A finite number, or what was found instead.
pub(crate) fn parse_finite(text: &str) -> std::result::Result<f32, String> {
    match text.parse::<f32>() {
        Ok(value) if value.is_finite() => Ok(value),
        _ if text.parse::<f64>().is_ok_and(f64::is_finite) => {
            Err(format!("{text:?}; expected a number within ±3.4e38"))
        }
        _ => Err(format!("{text:?}; expected a finite number")),
    }
}

/// Splits a line with quotes in it: a field may stand in double quotes, where `""` is one quote, with white
/// space around them. False if a quoted field goes on after its end or has none.
fn split_quoted(line: &str, separator: char, text: &mut String, fields: &mut Vec<Range<usize>>) -> bool {
    let mut rest = line;
    loop {
        let start = text.len();
        let end = match rest.trim_start().strip_prefix('"') {
            None => {
                let end = rest.find(separator).unwrap_or(rest.len());
                text.push_str(rest[..end].trim());
                end
            }
            Some(mut quoted) => loop {
                let Some(quote) = quoted.find('"') else { return false };
                text.push_str(&quoted[..quote]);
                quoted = &quoted[quote + 1..];
                match quoted.strip_prefix('"') {
                    Some(more) => {
                        text.push('"');
                        quoted = more;
                    }
                    None => {
                        let end = quoted.find(separator).unwrap_or(quoted.len());
                        if !quoted[..end].trim().is_empty() {
                            return false;
                        }
                        break rest.len() - quoted.len() + end;
                    }
                }
            },
        };
        fields.push(start..text.len());
        match rest.get(end + 1..) {
            Some(more) => rest = more,
            None => return true,
        }
    }
}

fn detect(line: &str) -> Separator {
    match line {
        _ if line.contains('\t') => Separator::Byte(b'\t'),
        _ if line.contains(',') => Separator::Byte(b','),
        _ if line.contains(';') => Separator::Byte(b';'),
        _ => Separator::WhiteSpace,
    }
}

#[derive(Default)]
struct Fingerprint {
    sha256: Sha256,
    num_bytes: u64,
}

/// Hashes what passes through, so that the record of the input costs no second pass.
struct Hashing<R> {
    inner: R,
    fingerprint: Rc<RefCell<Fingerprint>>,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        let mut fingerprint = self.fingerprint.borrow_mut();
        fingerprint.sha256.update(&buffer[..length]);
        fingerprint.num_bytes += length as u64;
        Ok(length)
    }
}
