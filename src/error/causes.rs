//! The causes of errors that callers can match on.

/// A weight, or a moment of Adam, does not fit its model.
///
/// # Examples
/// ```
/// use vgae::config::Config;
/// use vgae::error::WeightError;
/// use vgae::model::Model;
///
/// let error = Model::from_weights(&Config::default(), 3, 0, &Default::default()).err();
/// assert!(matches!(error, Some(WeightError::Missing { name }) if name.starts_with("encoder.")));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WeightError {
    /// The model has no weight of this name.
    #[error("{name} is unknown; a {model} has no such weight")]
    Unknown {
        /// The name.
        name: String,
        /// The model.
        model: String,
    },
    /// A weight of the model is missing.
    #[error("{name} is missing")]
    Missing {
        /// The name.
        name: String,
    },
    /// A weight has another shape than the settings give it.
    #[error("{name} is {found:?}; the settings expect {expected:?}")]
    Shape {
        /// The name.
        name: String,
        /// The shape found.
        found: Vec<usize>,
        /// The shape that the settings give it.
        expected: Vec<usize>,
    },
    /// A number of a weight is NaN or an infinity.
    #[error("{name}[{row}, {column}] is not finite")]
    NotFinite {
        /// The name.
        name: String,
        /// The row, counted from 0.
        row: usize,
        /// The column, counted from 0.
        column: usize,
    },
    /// The weights are far smaller than the settings say.
    #[error("holds {found} numbers; the settings expect at least {expected}")]
    TooFew {
        /// The numbers found.
        found: usize,
        /// The fewest numbers that the settings need.
        expected: usize,
    },
    /// Adam has moments of something that is not a weight.
    #[error("{name} has moments but is not a weight")]
    UnknownMoments {
        /// The name.
        name: String,
    },
    /// One of Adam's two moments of a weight is missing.
    #[error("one of the two moments of {name} is missing")]
    MissingMoment {
        /// The name of the weight.
        name: String,
    },
    /// The moments of a weight have another shape than the weight.
    #[error("the moments of {name} are {found:?}; the weight is {expected:?}")]
    MomentShape {
        /// The name of the weight.
        name: String,
        /// The shape of the moment.
        found: Vec<usize>,
        /// The shape of the weight.
        expected: Vec<usize>,
    },
    /// The weights belong to another network of the same model.
    #[error("the weights are of the network {found}; expected {expected}")]
    OtherNetwork {
        /// The name of the network found.
        found: String,
        /// The name of the network expected.
        expected: String,
    },
}

impl WeightError {
    /// Puts `prefix`, the name of a network within a larger model and a dot, before the name of the weight.
    pub(crate) fn within(mut self, prefix: &str) -> Self {
        use WeightError::*;
        match &mut self {
            Unknown { name, .. }
            | Missing { name }
            | Shape { name, .. }
            | NotFinite { name, .. }
            | UnknownMoments { name }
            | MissingMoment { name }
            | MomentShape { name, .. } => name.insert_str(0, prefix),
            TooFew { .. } | OtherNetwork { .. } => {}
        }
        self
    }
}

/// A text is not a value of a setting.
///
/// # Examples
/// ```
/// let error = "fast".parse::<vgae::config::KlWeight>().unwrap_err();
/// assert_eq!(error.found, "fast");
/// assert_eq!(error.to_string(), "expected `kipf`, `elbo` or a number of at least 0");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}")]
pub struct ParseError {
    /// The text.
    pub found: String,
    /// The values of the setting.
    pub expected: &'static str,
}

impl ParseError {
    pub(crate) fn new(found: &str, expected: &'static str) -> Self {
        ParseError { found: found.into(), expected }
    }
}

/// The features of a graph lack columns that a model needs, or have others.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ColumnError {
    /// Only one of the two tables has names for its columns.
    #[error("the features are called {found}, those of the model {expected}; expected the same names")]
    Names {
        /// The first names of the features, or `numbers`.
        found: String,
        /// The first names of the model's features, or `numbers`.
        expected: String,
    },
    /// The number of columns differs, and they have no names.
    #[error(
        "the features have {found} columns; the model was trained with {expected}, which are matched by place, as they \
         have no names"
    )]
    Count {
        /// The number of columns found.
        found: usize,
        /// The number of columns that the model was trained with.
        expected: usize,
    },
    /// Columns that the model was trained with are missing.
    #[error(
        "the features lack {num_missing} of the model's {num_expected} columns, the first: {first:?}; they have {found}"
    )]
    Missing {
        /// The number of missing columns.
        num_missing: usize,
        /// The number of columns that the model was trained with.
        num_expected: usize,
        /// The first missing column.
        first: String,
        /// The first names of the features.
        found: String,
    },
}

/// A node is both a source and a target, which a bipartite graph does not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "node {node} is a target, of {source_of_node}, and a source, of {target_of_node}; expected two kinds of nodes with \
     `read.bipartite`; hint: give the ids of one kind a prefix"
)]
pub struct TwoKinds {
    /// The node.
    pub node: String,
    /// A node with an edge to it.
    pub source_of_node: String,
    /// A node that it has an edge to.
    pub target_of_node: String,
}
