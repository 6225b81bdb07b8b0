//! The columns of a row group that hold node ids and weights.

use std::fmt::Write;

use parquet::basic::{Compression, ConvertedType, LogicalType, Type as PhysicalType};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use parquet::data_type::{ByteArrayType, DataType, DoubleType, FloatType, Int32Type, Int64Type};
use parquet::file::reader::RowGroupReader;
use parquet::schema::types::SchemaDescriptor;

use crate::read::parquet::guarded;
use crate::read::parquet::pages::Checked;
use crate::read::values::{check_id, checked_weight};

/// The longest text of a batch of rows in bytes; positions in it are u32.
const MAX_TEXT_BYTES: usize = 1 << 30;

/// A column of the file.
pub(super) struct Field {
    name: String,
    /// The index among the columns that hold values.
    at: usize,
    physical: PhysicalType,
    meaning: Meaning,
}

/// The meaning of the values of a column.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Meaning {
    Plain,
    Unsigned,
    Text,
    Other,
}

/// A column of a row group and the rows of it that are decoded.
pub(super) struct Column<'a> {
    field: &'a Field,
    values: Values,
}

enum Values {
    Text(Decoder<ByteArrayType>),
    Int32(Decoder<Int32Type>),
    Int64(Decoder<Int64Type>),
    Float(Decoder<FloatType>),
    Double(Decoder<DoubleType>),
}

struct Decoder<T: DataType> {
    reader: ColumnReaderImpl<T>,
    values: Vec<T::T>,
    /// The definition level of each row: 0 for a null.
    levels: Vec<i16>,
}

/// The reason why rows could not be decoded.
enum Stop {
    Damaged(String),
    /// The column has fewer rows than the row group: only this many in the batch.
    Ended(usize),
    /// The row of the batch with a null.
    Null(usize),
}

impl Field {
    /// Finds the column `name` of node ids.
    pub(super) fn node_ids(schema: &SchemaDescriptor, name: &str) -> Result<Self, String> {
        use PhysicalType::{BYTE_ARRAY, INT32, INT64};
        let fits = |field: &Field| match field.physical {
            BYTE_ARRAY => matches!(field.meaning, Meaning::Text | Meaning::Plain),
            INT32 | INT64 => matches!(field.meaning, Meaning::Plain | Meaning::Unsigned),
            _ => false,
        };
        Self::find(schema, name, fits, "strings or whole numbers as node ids")
    }

    /// Finds the column `name` of weights.
    pub(super) fn weights(schema: &SchemaDescriptor, name: &str) -> Result<Self, String> {
        use PhysicalType::{DOUBLE, FLOAT, INT32, INT64};
        let fits = |field: &Field| match field.physical {
            FLOAT | DOUBLE => field.meaning == Meaning::Plain,
            INT32 | INT64 => matches!(field.meaning, Meaning::Plain | Meaning::Unsigned),
            _ => false,
        };
        Self::find(schema, name, fits, "numbers as weights")
    }

    fn find(
        schema: &SchemaDescriptor,
        name: &str,
        fits: impl Fn(&Field) -> bool,
        expected: &str,
    ) -> Result<Self, String> {
        let found = schema.columns().iter().enumerate().find(|(_, column)| column.path().parts() == [name]);
        let Some((at, column)) = found else {
            return Err(format!("the column {name:?} contains lists or structs; expected {expected}"));
        };
        let meaning = match (column.logical_type_ref(), column.converted_type()) {
            (Some(LogicalType::String | LogicalType::Enum), _) => Meaning::Text,
            (Some(LogicalType::Integer(integer)), _) if integer.is_signed => Meaning::Plain,
            (Some(LogicalType::Integer(_)), _) => Meaning::Unsigned,
            (Some(_), _) => Meaning::Other,
            (None, ConvertedType::UTF8 | ConvertedType::ENUM) => Meaning::Text,
            (None, ConvertedType::INT_8 | ConvertedType::INT_16 | ConvertedType::INT_32) => Meaning::Plain,
            (None, ConvertedType::INT_64 | ConvertedType::NONE) => Meaning::Plain,
            (None, ConvertedType::UINT_8 | ConvertedType::UINT_16) => Meaning::Unsigned,
            (None, ConvertedType::UINT_32 | ConvertedType::UINT_64) => Meaning::Unsigned,
            (None, _) => Meaning::Other,
        };
        let field = Field { name: name.to_string(), at, physical: column.physical_type(), meaning };
        // A list can also have this name; its elements have a repetition level.
        if fits(&field) && column.max_rep_level() == 0 {
            return Ok(field);
        }
        let logical = column.logical_type_ref().map_or(String::new(), |logical| format!(" ({logical:?})"));
        let hint = match field.physical {
            PhysicalType::FLOAT | PhysicalType::DOUBLE => {
                "; hint: pandas turns whole numbers into fractions if some values are missing"
            }
            _ => "",
        };
        Err(format!("the column {name:?} is of type {}{logical}; expected {expected}{hint}", field.physical))
    }
}

impl<'a> Column<'a> {
    /// Opens the column `field` of a row group.
    pub(super) fn open(field: &'a Field, group: &dyn RowGroupReader) -> Result<Self, String> {
        let compression = group.metadata().column(field.at).compression();
        if matches!(compression, Compression::BROTLI(_) | Compression::LZO) {
            return Err(format!(
                "the column {:?} is compressed with {}, which vgae does not read; expected snappy, zstd, gzip, lz4 or \
                 none; hint: `pandas.read_parquet(FILE).to_parquet(NEW)` writes it with snappy",
                field.name,
                if compression == Compression::LZO { "LZO" } else { "brotli" }
            ));
        }
        let pages =
            guarded(|| group.get_column_page_reader(field.at)).map_err(|error| field.damaged(&error))?;
        let description = group.metadata().column(field.at).column_descr_ptr();
        let pages = Checked { pages, max_def_level: description.max_def_level() };
        let reader = get_column_reader(description, Box::new(pages));
        let values = match reader {
            ColumnReader::ByteArrayColumnReader(reader) => Values::Text(Decoder::new(reader)),
            ColumnReader::Int32ColumnReader(reader) => Values::Int32(Decoder::new(reader)),
            ColumnReader::Int64ColumnReader(reader) => Values::Int64(Decoder::new(reader)),
            ColumnReader::FloatColumnReader(reader) => Values::Float(Decoder::new(reader)),
            ColumnReader::DoubleColumnReader(reader) => Values::Double(Decoder::new(reader)),
            _ => return Err(format!("the column {:?} has another type than the schema says", field.name)),
        };
        Ok(Column { field, values })
    }

    /// Decodes the next rows; the first of them is row `first` of the file, counted from 0.
    pub(super) fn read(&mut self, num_rows: usize, first: usize) -> Result<(), String> {
        let outcome = match &mut self.values {
            Values::Text(decoder) => decoder.read(num_rows),
            Values::Int32(decoder) => decoder.read(num_rows),
            Values::Int64(decoder) => decoder.read(num_rows),
            Values::Float(decoder) => decoder.read(num_rows),
            Values::Double(decoder) => decoder.read(num_rows),
        };
        let name = &self.field.name;
        outcome.map_err(|stop| match stop {
            Stop::Damaged(error) => self.field.damaged(&error),
            Stop::Ended(row) => {
                format!("the column {name:?} ends after {} rows; the file says it has more", first + row)
            }
            Stop::Null(row) => {
                format!("the column {name:?} has a null in row {}; expected a value", first + row + 1)
            }
        })
    }

    /// Appends the node id in `row` of the decoded rows.
    pub(super) fn push_id(&self, row: usize, text: &mut String) -> Result<(), String> {
        let is_unsigned = self.field.meaning == Meaning::Unsigned;
        // Writing to a string cannot fail.
        let _ = match &self.values {
            Values::Text(decoder) => {
                let id = std::str::from_utf8(decoder.values[row].data()).map_err(|_| "is not UTF-8 text")?;
                check_id(id)?;
                if text.len() + id.len() > MAX_TEXT_BYTES {
                    return Err("is too long, together with the ids in the rows around it".into());
                }
                text.push_str(id);
                Ok(())
            }
            Values::Int32(decoder) if is_unsigned => write!(text, "{}", decoder.values[row] as u32),
            Values::Int64(decoder) if is_unsigned => write!(text, "{}", decoder.values[row] as u64),
            Values::Int32(decoder) => write!(text, "{}", decoder.values[row]),
            Values::Int64(decoder) => write!(text, "{}", decoder.values[row]),
            Values::Float(_) | Values::Double(_) => return Err("is a fraction; expected a node id".into()),
        };
        Ok(())
    }

    /// Returns the weight in `row` of the decoded rows.
    pub(super) fn weight(&self, row: usize) -> Result<f32, String> {
        let is_unsigned = self.field.meaning == Meaning::Unsigned;
        checked_weight(match &self.values {
            Values::Int32(decoder) if is_unsigned => f64::from(decoder.values[row] as u32),
            Values::Int64(decoder) if is_unsigned => decoder.values[row] as u64 as f64,
            Values::Int32(decoder) => f64::from(decoder.values[row]),
            Values::Int64(decoder) => decoder.values[row] as f64,
            Values::Float(decoder) => f64::from(decoder.values[row]),
            Values::Double(decoder) => decoder.values[row],
            Values::Text(_) => return Err("is text; expected a weight".into()),
        })
    }

    /// Returns the error for row `row` of the file, from 0.
    pub(super) fn problem(&self, row: usize, problem: &str) -> String {
        format!("the column {:?}, row {}: {problem}", self.field.name, row + 1)
    }
}

impl Field {
    fn damaged(&self, error: &str) -> String {
        format!("the column {:?} is damaged: {error}", self.name)
    }
}

impl<T: DataType> Decoder<T> {
    fn new(reader: ColumnReaderImpl<T>) -> Self {
        Decoder { reader, values: Vec::new(), levels: Vec::new() }
    }

    fn read(&mut self, num_rows: usize) -> Result<(), Stop> {
        self.values.clear();
        self.levels.clear();
        let mut num_read = 0;
        // A call may stop at the end of a page.
        while num_read < num_rows {
            let levels = Some(&mut self.levels);
            let values = &mut self.values;
            let read = guarded(|| self.reader.read_records(num_rows - num_read, levels, None, values));
            match read.map_err(Stop::Damaged)? {
                (0, ..) => return Err(Stop::Ended(num_read)),
                (count, ..) => num_read += count,
            }
        }
        match self.values.len() == num_rows {
            true => Ok(()),
            false => Err(Stop::Null(self.levels.iter().position(|&level| level == 0).unwrap_or(0))),
        }
    }
}
