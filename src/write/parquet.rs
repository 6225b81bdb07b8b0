//! Columns as a Parquet file, a row group after the other.

use std::io::{self, Write};
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as PhysicalType};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, FloatType};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{ColumnPath, Type};

use crate::error::{Error, Result};
use crate::write::Output;

/// Strings that are copied for the encoder at a time.
const STRINGS_AT_A_TIME: usize = 1024;

/// What a column holds, never null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColumnKind {
    /// Strings.
    Text,
    /// f32 numbers.
    Float,
    /// f64 numbers.
    Double,
}

/// The values of a column in a row group.
pub(crate) enum Column<'a> {
    /// Of [`ColumnKind::Text`].
    Text(Vec<&'a str>),
    /// Of [`ColumnKind::Float`].
    Float(Vec<f32>),
    /// Of [`ColumnKind::Double`].
    Double(Vec<f64>),
}

/// Writes a Parquet file. What it holds in memory is one row group, compressed.
pub(crate) struct ParquetWriter {
    output: Output,
    /// Collects the bytes of a row group: standard output cannot be given to the crate, which may change threads.
    writer: SerializedFileWriter<Vec<u8>>,
}

impl ParquetWriter {
    /// Begins a file of these columns, each with its name.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub(crate) fn new(output: Output, columns: &[(String, ColumnKind)]) -> Result<Self> {
        let mut properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by(format!("vgae version {}", env!("CARGO_PKG_VERSION")));
        // Numbers that hardly ever come twice make a dictionary for nothing.
        for (name, _) in columns.iter().filter(|(_, kind)| *kind != ColumnKind::Text) {
            properties = properties.set_column_dictionary_enabled(ColumnPath::from(name.as_str()), false);
        }
        let writer = schema(columns)
            .and_then(|schema| {
                SerializedFileWriter::new(Vec::new(), Arc::new(schema), properties.build().into())
            })
            .map_err(|error| Error::io("write", output.path(), io_error(error)))?;
        Ok(ParquetWriter { output, writer })
    }

    /// Writes a row group. `column` makes each column when its turn comes, given its place from 0, so that one of them
    /// is in memory; all have as many values.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub(crate) fn write_group<'a>(&mut self, column: impl FnMut(usize) -> Column<'a>) -> Result<()> {
        let written = self.encode_group(column).map_err(io_error);
        written.and_then(|()| self.pass_on()).map_err(|error| Error::io("write", self.output.path(), error))
    }

    /// Writes the rest and gives the file its name.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub(crate) fn finish(mut self) -> Result<()> {
        let ended = self.writer.finish().map(|_| ()).map_err(io_error);
        let ended = ended.and_then(|()| self.pass_on());
        ended.map_err(|error| Error::io("write", self.output.path(), error))?;
        self.output.finish()
    }

    fn encode_group<'a>(
        &mut self,
        mut column: impl FnMut(usize) -> Column<'a>,
    ) -> std::result::Result<(), ParquetError> {
        let mut group = self.writer.next_row_group()?;
        let mut at = 0;
        while let Some(mut writer) = group.next_column()? {
            write_column(&mut writer, &column(at))?;
            writer.close()?;
            at += 1;
        }
        group.close().map(|_| ())
    }

    /// Gives what was collected to the output.
    fn pass_on(&mut self) -> io::Result<()> {
        self.writer.flush()?;
        let bytes = self.writer.inner_mut();
        self.output.write_all(bytes)?;
        bytes.clear();
        Ok(())
    }
}

fn write_column(
    writer: &mut SerializedColumnWriter,
    column: &Column,
) -> std::result::Result<(), ParquetError> {
    match column {
        Column::Text(values) => {
            for values in values.chunks(STRINGS_AT_A_TIME) {
                let values: Vec<ByteArray> = values.iter().map(|&text| text.into()).collect();
                writer.typed::<ByteArrayType>().write_batch(&values, None, None)?;
            }
        }
        Column::Float(values) => {
            writer.typed::<FloatType>().write_batch(values, None, None)?;
        }
        Column::Double(values) => {
            writer.typed::<DoubleType>().write_batch(values, None, None)?;
        }
    }
    Ok(())
}

fn schema(columns: &[(String, ColumnKind)]) -> std::result::Result<Type, ParquetError> {
    let field = |(name, kind): &(String, ColumnKind)| {
        let (physical, logical) = match kind {
            ColumnKind::Text => (PhysicalType::BYTE_ARRAY, Some(LogicalType::String)),
            ColumnKind::Float => (PhysicalType::FLOAT, None),
            ColumnKind::Double => (PhysicalType::DOUBLE, None),
        };
        let field = Type::primitive_type_builder(name, physical);
        field.with_repetition(Repetition::REQUIRED).with_logical_type(logical).build().map(Arc::new)
    };
    let fields = columns.iter().map(field).collect::<std::result::Result<_, _>>()?;
    Type::group_type_builder("schema").with_fields(fields).build()
}

/// The operating system's own answer, where that is what the crate hands on.
fn io_error(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(source) => match source.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(source) => io::Error::other(source),
        },
        error => io::Error::other(error.to_string()),
    }
}
