//! Writes columns to a Parquet file, one row group after another.
//!
//! This uses the low-level writer of the `parquet` crate. Its Arrow writer would add the Arrow crates as
//! dependencies and hold all columns of a row group in memory instead of one.

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
use crate::write::columns::{Column, ColumnKind};

/// The number of strings that are copied for the encoder at once.
const STRINGS_PER_BATCH: usize = 1024;

/// Writes a Parquet file. What it holds in memory is one row group, compressed.
pub(crate) struct ParquetWriter {
    output: Output,
    /// Collects the bytes of a row group. The crate requires a `Send` writer, and stdout is not one.
    writer: SerializedFileWriter<Vec<u8>>,
}

impl ParquetWriter {
    /// Starts a file with the given names and types of columns.
    ///
    /// # Errors
    /// [`Error::Io`] if the output cannot be written.
    pub(crate) fn new(output: Output, columns: &[(String, ColumnKind)]) -> Result<Self> {
        let mut properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by(format!("vgae version {}", env!("CARGO_PKG_VERSION")));
        // The numbers rarely repeat, so a dictionary would save nothing.
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

    /// Writes a row group. Calls `column` with the index of each column in turn, counted from 0, so only one
    /// column is in memory at a time. All columns must have the same number of values.
    ///
    /// # Errors
    /// [`Error::Io`] if the output cannot be written.
    pub(crate) fn write_group<'a>(&mut self, column: impl FnMut(usize) -> Column<'a>) -> Result<()> {
        let encoded = self.encode_group(column).map_err(io_error);
        encoded
            .and_then(|()| self.write_collected())
            .map_err(|error| Error::io("write", self.output.path(), error))
    }

    /// Writes the rest and moves the file to its final name.
    ///
    /// # Errors
    /// [`Error::Io`] if the output cannot be written.
    pub(crate) fn finish(mut self) -> Result<()> {
        let encoded = self.writer.finish().map(|_| ()).map_err(io_error);
        let written = encoded.and_then(|()| self.write_collected());
        written.map_err(|error| Error::io("write", self.output.path(), error))?;
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

    /// Writes the collected bytes to the output.
    fn write_collected(&mut self) -> io::Result<()> {
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
            for values in values.chunks(STRINGS_PER_BATCH) {
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

/// Returns the error of the operating system if the crate passes one on, else the error of the crate.
fn io_error(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(source) => match source.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(source) => io::Error::other(source),
        },
        error => io::Error::other(error.to_string()),
    }
}
