//! Formats CSV rows on all threads.
//!
//! The `csv` crate formats on one thread only, and is used for small files. This module writes the same text,
//! except that it also quotes white space around a field. A property test below verifies this.

use std::io::{self, Write};
use std::mem;

use rayon::prelude::*;

/// The number of rows that a thread formats in one task.
const ROWS_PER_TASK: usize = 1024;
/// The number of tasks per thread between two writes.
const TASKS_PER_THREAD: usize = 4;

/// Writes `header`, and then `num_rows` rows like [`write_separated`], separated by commas.
pub(crate) fn write_rows<H: AsRef<str>>(
    output: &mut impl Write,
    header: impl IntoIterator<Item = H>,
    num_rows: usize,
    row: impl Fn(usize, &mut Row) + Sync,
) -> io::Result<()> {
    write_header(output, header)?;
    write_separated(output, b',', num_rows, row)
}

/// Writes one row with the given fields.
pub(crate) fn write_header<H: AsRef<str>>(
    output: &mut impl Write,
    header: impl IntoIterator<Item = H>,
) -> io::Result<()> {
    let mut row = Row::new(b',');
    header.into_iter().for_each(|name| row.field(name.as_ref()));
    row.end();
    output.write_all(&row.text)
}

/// Writes `num_rows` rows without a header, with `separator` between the fields. `row` adds the fields of the
/// row with the given index.
pub(crate) fn write_separated(
    output: &mut impl Write,
    separator: u8,
    num_rows: usize,
    row: impl Fn(usize, &mut Row) + Sync,
) -> io::Result<()> {
    let num_tasks = TASKS_PER_THREAD * rayon::current_num_threads();
    let format = |texts: &mut Vec<Row>, first: usize| {
        texts.par_iter_mut().enumerate().for_each(|(task, text)| {
            let first = first + task * ROWS_PER_TASK;
            text.text.clear();
            for at in first..(first + ROWS_PER_TASK).min(num_rows) {
                row(at, text);
                text.end();
            }
        });
    };
    let new = || -> Vec<Row> { (0..num_tasks).map(|_| Row::new(separator)).collect() };
    let (mut written, mut formatted) = (new(), new());
    format(&mut formatted, 0);
    let num_at_a_time = num_tasks * ROWS_PER_TASK;
    for first in (0..num_rows).step_by(num_at_a_time) {
        mem::swap(&mut written, &mut formatted);
        // This thread writes while the others format, because stdout cannot be moved to another thread.
        rayon::in_place_scope(|scope| {
            scope.spawn(|_| format(&mut formatted, first + num_at_a_time));
            written.iter().try_for_each(|text| output.write_all(&text.text))
        })?;
    }
    Ok(())
}

/// A buffer of finished rows and the row that is being written.
pub(crate) struct Row {
    text: Vec<u8>,
    separator: u8,
    num_fields: usize,
    is_blank: bool,
    digits: zmij::Buffer,
}

impl Row {
    fn new(separator: u8) -> Self {
        Row { text: Vec::new(), separator, num_fields: 0, is_blank: false, digits: zmij::Buffer::new() }
    }

    /// Adds a field without quoting it.
    pub(crate) fn plain(&mut self, field: &str) {
        self.separate();
        self.text.extend_from_slice(field.as_bytes());
    }

    /// Adds a field, in quotes if a reader would otherwise change it: besides the separators, `#` starts a
    /// comment and white space around a field is trimmed.
    pub(crate) fn field(&mut self, field: &str) {
        self.separate();
        self.is_blank = self.num_fields == 1 && field.is_empty();
        let is_blank = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_whitespace);
        let has_blank_end = is_blank(field.as_bytes().first()) || is_blank(field.as_bytes().last());
        if !has_blank_end && !field.bytes().any(|byte| matches!(byte, b',' | b'"' | b'\r' | b'\n' | b'#')) {
            return self.text.extend_from_slice(field.as_bytes());
        }
        self.text.push(b'"');
        self.text.extend_from_slice(field.replace('"', "\"\"").as_bytes());
        self.text.push(b'"');
    }

    /// Adds the shortest decimal that reads back as the same f32.
    pub(crate) fn number(&mut self, number: f32) {
        self.separate();
        self.is_blank = false;
        // zmij takes a fraction of the time and gives the same text, except for numbers far from 1 and for
        // numbers halfway between two shortest decimals, which it rounds to even. The latter are multiples of
        // 2⁻¹⁶: with more factors of ½ a number has more digits than a shortest decimal plus one. From 256
        // on, every f32 is such a multiple.
        if (1e-4..256.0).contains(&number.abs()) && (number * 65536.0).fract() != 0.0 {
            return self.text.extend_from_slice(self.digits.format_finite(number).as_bytes());
        }
        // Writing to memory cannot fail.
        let _ = write!(self.text, "{number:?}");
    }

    /// Adds the shortest decimal that reads back as the same f64.
    pub(crate) fn f64(&mut self, number: f64) {
        self.separate();
        self.is_blank = false;
        let mut digits = zmij::Buffer::new();
        self.text.extend_from_slice(digits.format(number).as_bytes());
    }

    /// Returns the text so far, for appending something other than CSV.
    pub(crate) fn text(&mut self) -> &mut Vec<u8> {
        &mut self.text
    }

    fn separate(&mut self) {
        if self.num_fields > 0 {
            self.text.push(self.separator);
        }
        self.num_fields += 1;
    }

    fn end(&mut self) {
        // A reader would skip an empty line.
        if self.is_blank {
            self.text.extend_from_slice(b"\"\"");
        }
        self.text.push(b'\n');
        (self.num_fields, self.is_blank) = (0, false);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Any numbers, numbers as in embeddings, and numbers halfway between two decimals.
    fn numbers() -> impl Strategy<Value = f32> {
        let halfway = (-300i32..300, 0i32..20).prop_map(|(odd, power)| odd as f32 / 2f32.powi(power));
        prop_oneof![any::<u32>().prop_map(f32::from_bits), -300f32..300.0, halfway]
    }

    #[test]
    fn white_space_around_a_field_is_kept() {
        let mut found = Vec::new();
        let fields = [" a", "a\t", " ", "a b", "\u{a0}"];
        write_rows(&mut found, ["id"], fields.len(), |at, row| row.field(fields[at])).unwrap();
        assert_eq!(String::from_utf8(found).unwrap(), "id\n\" a\"\n\"a\t\"\n\" \"\na b\n\u{a0}\n");
    }

    proptest! {
        #[test]
        fn the_text_equals_that_of_the_csv_crate(
            ids in prop::collection::vec("[a-c,\"#\r\n é-]{0,4}", 1..9),
            numbers in prop::collection::vec(numbers(), 8),
            num_columns in 0usize..3,
            num_rows in 0usize..20_000,
        ) {
            // The csv crate does not quote white space around a field.
            let id = |row: usize| ids[row % ids.len()].trim_matches(' ');
            let number = |row: usize, column: usize| numbers[(row + column) % numbers.len()];
            let header: Vec<&str> = ["id", "a#", "b"][..=num_columns].to_vec();
            let mut expected = csv::WriterBuilder::new().comment(Some(b'#')).from_writer(Vec::new());
            expected.write_record(&header).unwrap();
            for row in 0..num_rows {
                expected.write_field(id(row)).unwrap();
                for column in 0..num_columns {
                    expected.write_field(format!("{:?}", number(row, column))).unwrap();
                }
                expected.write_record(None::<&[u8]>).unwrap();
            }
            let mut found = Vec::new();
            write_rows(&mut found, header, num_rows, |row, fields| {
                fields.field(id(row));
                (0..num_columns).for_each(|column| fields.number(number(row, column)));
            }).unwrap();
            prop_assert!(found == expected.into_inner().unwrap());
        }
    }
}
