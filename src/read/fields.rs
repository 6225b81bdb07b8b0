//! Finds the fields of a line: the separator, double quotes, and white space around fields.
//!
//! Written by hand because the row reader finds fields inside a block of text without copying them, while the
//! `csv` crate copies every record, and does not split at runs of white space.

use std::ops::Range;

use crate::read::values::parse_finite;

/// A part of the text that fields are found in.
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub(super) start: u32,
    end: u32,
}

/// The separator of the fields of a row.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Separator {
    Byte(u8),
    WhiteSpace,
}

impl Span {
    fn new(start: usize, end: usize) -> Self {
        Span { start: start as u32, end: end as u32 }
    }

    /// Returns the number of bytes.
    pub(super) fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    /// Returns the part of `text`.
    pub(super) fn slice(self, text: &str) -> &str {
        &text[self.start as usize..self.end as usize]
    }
}

impl Separator {
    /// Returns the separator of `line`: a tab if it contains one, else a comma, else a semicolon, else white
    /// space. Numbers separated by both tabs and blanks, as in KONECT's files, are separated by white space.
    pub(super) fn detect(line: &str) -> Self {
        match line {
            _ if line.contains('\t') && are_numbers_with_blanks(line) => Separator::WhiteSpace,
            _ if line.contains('\t') => Separator::Byte(b'\t'),
            _ if line.contains(',') => Separator::Byte(b','),
            _ if line.contains(';') => Separator::Byte(b';'),
            _ => Separator::WhiteSpace,
        }
    }

    /// Returns the name of the separator in the plural.
    pub(super) fn name(self) -> &'static str {
        match self {
            Separator::Byte(b'\t') => "tabs",
            Separator::Byte(b';') => "semicolons",
            Separator::Byte(_) => "commas",
            Separator::WhiteSpace => "white space",
        }
    }
}

/// Returns `true` if all words of `line` are numbers and a field between two tabs has more than one.
fn are_numbers_with_blanks(line: &str) -> bool {
    line.split('\t').any(|field| field.split_ascii_whitespace().count() > 1)
        && line.split_ascii_whitespace().all(|word| parse_finite(word).is_ok())
}

/// Replaces `fields` with the fields at `line` of `text`, without the white space around them. A field may be
/// in double quotes; the text of fields with quotes in them, written `""`, is appended to `text`.
///
/// # Errors
/// Returns a message if a closing quote is missing or followed by more text.
pub(super) fn find_fields(
    text: &mut String,
    line: Range<usize>,
    separator: Separator,
    fields: &mut Vec<Span>,
) -> Result<(), &'static str> {
    fields.clear();
    let start = line.start;
    let content = &text[line.clone()];
    match separator {
        Separator::Byte(byte) => {
            let mut from = 0;
            for at in memchr::memchr2_iter(byte, b'"', content.as_bytes()) {
                if content.as_bytes()[at] == b'"' {
                    return find_quoted(text, line, separator, fields);
                }
                fields.push(trimmed(content, start, from, at));
                from = at + 1;
            }
            fields.push(trimmed(content, start, from, content.len()));
        }
        Separator::WhiteSpace => {
            for field in content.split_ascii_whitespace() {
                if field.starts_with('"') {
                    return find_quoted(text, line, separator, fields);
                }
                let at = start + (field.as_ptr().addr() - content.as_ptr().addr());
                fields.push(Span::new(at, at + field.len()));
            }
        }
    }
    Ok(())
}

/// Finds the fields of a line that contains quotes. The line does not end with white space.
fn find_quoted(
    text: &mut String,
    line: Range<usize>,
    separator: Separator,
    fields: &mut Vec<Span>,
) -> Result<(), &'static str> {
    let separates = |letter: char| match separator {
        Separator::Byte(byte) => letter == byte as char,
        Separator::WhiteSpace => is_blank(letter),
    };
    let mut unquoted = String::new();
    let unquoted_start = text.len();
    fields.clear();
    let mut rest = &text[line.clone()];
    if separator == Separator::WhiteSpace {
        rest = rest.trim_start_matches(is_blank);
    }
    loop {
        let field_start = line.end - rest.len();
        let opened = rest.trim_start_matches(is_blank);
        let length = match opened.strip_prefix('"') {
            None => {
                let length = rest.find(separates).unwrap_or(rest.len());
                let field = &rest[..length];
                let at = field_start + field.len() - field.trim_start_matches(is_blank).len();
                fields.push(Span::new(at, at + field.trim_matches(is_blank).len()));
                length
            }
            Some(quoted) => {
                let quoted_start = line.end - quoted.len();
                let (inner, length, has_quotes) = quoted_length(quoted, separates).ok_or(
                    "a quoted field has no closing quote, or text after it; expected it to end on its line; \
                     hint: write a quote within quotes twice",
                )?;
                fields.push(match has_quotes {
                    false => Span::new(quoted_start, quoted_start + inner),
                    true => {
                        let at = unquoted_start + unquoted.len();
                        unquoted.push_str(&quoted[..inner].replace("\"\"", "\""));
                        Span::new(at, unquoted_start + unquoted.len())
                    }
                });
                rest.len() - quoted.len() + length
            }
        };
        match rest.get(length + 1..) {
            Some(more) if separator == Separator::WhiteSpace => rest = more.trim_start_matches(is_blank),
            Some(more) => rest = more,
            None => break,
        }
    }
    text.push_str(&unquoted);
    Ok(())
}

/// Returns, for the text after an opening quote, the number of bytes before the closing quote, the number
/// before the next separator, and `true` if the field contains quotes, written `""`. Returns `None` if the
/// closing quote is missing or followed by more text.
fn quoted_length(quoted: &str, separates: impl Fn(char) -> bool) -> Option<(usize, usize, bool)> {
    let (mut at, mut has_quotes) = (0, false);
    loop {
        let quote = at + quoted[at..].find('"')?;
        if quoted[quote + 1..].starts_with('"') {
            has_quotes = true;
            at = quote + 2;
            continue;
        }
        let after = &quoted[quote + 1..];
        let length = after.find(&separates).unwrap_or(after.len());
        let is_closed = after[..length].trim_matches(is_blank).is_empty();
        return is_closed.then_some((quote, quote + 1 + length, has_quotes));
    }
}

/// Returns `true` for the white space that is trimmed around a field, whether the line has quotes or not.
fn is_blank(letter: char) -> bool {
    letter.is_ascii_whitespace()
}

/// Returns the field from `from` to `to` of a line that begins at `start`, trimmed.
fn trimmed(line: &str, start: usize, from: usize, to: usize) -> Span {
    let field = line.as_bytes()[from..to].trim_ascii_end();
    let left = field.len() - field.trim_ascii_start().len();
    Span::new(start + from + left, start + from + field.len())
}
