//! The columns of a table that is written.

/// The type of the values of a column, which are never null.
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
    /// The values of a [`ColumnKind::Text`].
    Text(Vec<&'a str>),
    /// The values of a [`ColumnKind::Float`].
    Float(Vec<f32>),
    /// The values of a [`ColumnKind::Double`].
    Double(Vec<f64>),
}
