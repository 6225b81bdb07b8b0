//! Columns of a table, and the writer of Parquet files that takes them.

#[cfg(feature = "parquet")]
pub(crate) use crate::write::parquet::ParquetWriter;
#[cfg(not(feature = "parquet"))]
pub(crate) use absent::ParquetWriter;

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

/// Stands in for the writer where Parquet is left out: a type without values, so that nothing else needs to ask.
#[cfg(not(feature = "parquet"))]
mod absent {
    use super::{Column, ColumnKind};
    use crate::error::{Result, not_built_in};
    use crate::write::Output;

    pub(crate) enum ParquetWriter {}

    impl ParquetWriter {
        pub(crate) fn new(output: Output, _columns: &[(String, ColumnKind)]) -> Result<Self> {
            Err(not_built_in(&format!("{}: the format Parquet", output.path().display()), "parquet"))
        }

        pub(crate) fn write_group<'a>(&mut self, _column: impl FnMut(usize) -> Column<'a>) -> Result<()> {
            match *self {}
        }

        pub(crate) fn finish(self) -> Result<()> {
            match self {}
        }
    }
}
