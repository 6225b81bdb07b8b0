//! The columns of a table that is written.

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
