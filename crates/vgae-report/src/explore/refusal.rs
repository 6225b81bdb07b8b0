//! The reasons for which a request is refused.

/// A reason for which a request is refused. Its text says what was found, [`Refusal::hint`] what was
/// expected.
///
/// # Examples
/// ```
/// use vgae_report::explore::Refusal;
///
/// let refusal = Refusal::UnknownNode { node: "an".into(), near: vec!["ann".into()] };
/// assert_eq!(refusal.status(), 404);
/// assert_eq!(refusal.to_string(), "the run has no node \"an\"");
/// assert_eq!(refusal.hint(), "similar ids: \"ann\"");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The run has no such node.
    #[error("the run has no node {node:?}")]
    UnknownNode {
        /// The requested id.
        node: String,
        /// Similar ids.
        near: Vec<String>,
    },
    /// No model can link the pair.
    #[error("{source_node:?} and {target:?} are never linked: {why}")]
    NeverLinked {
        /// The id of the source.
        source_node: String,
        /// The id of the target.
        target: String,
        /// The reason.
        why: &'static str,
    },
    /// A parameter is missing, unknown, given twice, or out of range.
    #[error("{name} {problem}")]
    Parameter {
        /// The name of the parameter, or the part of the path.
        name: String,
        /// The problem.
        problem: String,
        /// The expected value.
        expected: String,
    },
    /// The model has no embeddings.
    #[error("there is no map: the model has no embeddings")]
    NoMap,
    /// The path does not exist.
    #[error("there is no {0}")]
    NoSuchPath(String),
    /// The method is neither GET nor HEAD.
    #[error("the method {0} is not supported")]
    Method(String),
    /// The request names a host other than this machine, as a page of another site would after rebinding its
    /// name.
    #[error("the Host header is {0:?}")]
    Host(String),
    /// A page of another site made the browser send the request.
    #[error("the request comes from another site")]
    CrossSite,
    /// The URL is longer than this number of bytes.
    #[error("the address is longer than {0} bytes")]
    LongAddress(usize),
    /// The body is larger than this number of bytes.
    #[error("the body is larger than {0} bytes")]
    LargeBody(usize),
    /// The body did not arrive within this number of seconds.
    #[error("the body did not arrive within {0} seconds")]
    SlowBody(u64),
    /// Other requests kept the server busy for more than this number of seconds.
    #[error("the server was busy with other requests for {0} seconds")]
    Busy(u64),
    /// A bug in this program.
    #[error("the answer could not be computed")]
    Failed,
}

impl Refusal {
    /// Returns the HTTP status of the answer.
    pub fn status(&self) -> u16 {
        match self {
            Refusal::NeverLinked { .. } | Refusal::Parameter { .. } => 400,
            Refusal::Host(_) | Refusal::CrossSite => 403,
            Refusal::UnknownNode { .. } | Refusal::NoMap | Refusal::NoSuchPath(_) => 404,
            Refusal::Method(_) => 405,
            Refusal::SlowBody(_) => 408,
            Refusal::LargeBody(_) => 413,
            Refusal::LongAddress(_) => 414,
            Refusal::Failed => 500,
            Refusal::Busy(_) => 503,
        }
    }

    /// Returns what was expected, or what helps.
    pub fn hint(&self) -> String {
        match self {
            Refusal::UnknownNode { near, .. } if near.is_empty() => {
                "/api/nodes?query=TEXT finds nodes by part of their id".into()
            }
            Refusal::UnknownNode { near, .. } => {
                let near: Vec<String> = near.iter().map(|id| format!("{id:?}")).collect();
                format!("similar ids: {}", near.join(", "))
            }
            Refusal::NeverLinked { .. } => "choose another pair".into(),
            Refusal::Parameter { expected, .. } => format!("expected {expected}"),
            Refusal::NoMap => "the model scores pairs from the graph alone; all other paths work".into(),
            Refusal::NoSuchPath(_) => {
                "the paths are /, /api/run, /api/nodes, /api/node/ID, /api/predict/ID, /api/score, \
                                       /api/why and /api/map"
                    .into()
            }
            Refusal::Method(_) => "use GET or HEAD".into(),
            Refusal::Host(_) => "use the address that vgae explore printed".into(),
            Refusal::CrossSite => {
                "only the page of vgae explore and programs other than browsers may use the API".into()
            }
            Refusal::LongAddress(_) => "use shorter ids or texts".into(),
            Refusal::LargeBody(_) | Refusal::SlowBody(_) => "send no body".into(),
            Refusal::Busy(_) => "try again later".into(),
            Refusal::Failed => "this is a bug in vgae; see its stderr".into(),
        }
    }
}
