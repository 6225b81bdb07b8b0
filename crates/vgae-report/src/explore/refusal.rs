//! Why a question is not answered.

/// Why a question is not answered: what was found, and, as its [`Refusal::hint`], what was expected.
///
/// # Examples
/// ```
/// use vgae_report::explore::Refusal;
///
/// let refusal = Refusal::UnknownNode { node: "an".into(), near: vec!["ann".into()] };
/// assert_eq!(refusal.status(), 404);
/// assert_eq!(refusal.to_string(), "the run has no node \"an\"");
/// assert_eq!(refusal.hint(), "near it: \"ann\"");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The run has no such node.
    #[error("the run has no node {node:?}")]
    UnknownNode {
        /// The id that was asked for.
        node: String,
        /// Ids like it.
        near: Vec<String>,
    },
    /// A pair that no model could link.
    #[error("{source_node:?} and {target:?} are never linked: {why}")]
    NeverLinked {
        /// The source's id.
        source_node: String,
        /// The target's id.
        target: String,
        /// Why not.
        why: &'static str,
    },
    /// A parameter is missing, unknown, there twice, or out of its range.
    #[error("{name}: {problem}")]
    Parameter {
        /// Its name, or the part of the path.
        name: String,
        /// What was found.
        problem: String,
        /// What was expected.
        expected: String,
    },
    /// The model has no embeddings.
    #[error("there is no map: the model has no embeddings")]
    NoMap,
    /// There is nothing of this path.
    #[error("there is no {0}")]
    NoSuchPath(String),
    /// Another method than GET or HEAD.
    #[error("{0} is not served")]
    Method(String),
    /// A request that names another host than this machine, as a page elsewhere would send after rebinding its name.
    #[error("the Host header is {0:?}")]
    Host(String),
    /// A request that a page of another site had the browser send.
    #[error("another site asks")]
    CrossSite,
    /// The address asked for is longer than this number of bytes.
    #[error("the address is longer than {0} bytes")]
    LongAddress(usize),
    /// There is a body of more than this number of bytes.
    #[error("the body is larger than {0} bytes")]
    LargeBody(usize),
    /// The body did not come in time.
    #[error("the body did not come within {0} seconds")]
    SlowBody(u64),
    /// Other questions are being computed, and were not ready in time.
    #[error("other questions took more than {0} seconds")]
    Busy(u64),
    /// A mistake in this program.
    #[error("the answer could not be computed")]
    Failed,
}

impl Refusal {
    /// The status of the HTTP answer.
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

    /// What was expected, or what helps.
    pub fn hint(&self) -> String {
        match self {
            Refusal::UnknownNode { near, .. } if near.is_empty() => {
                "/api/nodes?query=TEXT finds nodes by a part of their ids".into()
            }
            Refusal::UnknownNode { near, .. } => {
                let near: Vec<String> = near.iter().map(|id| format!("{id:?}")).collect();
                format!("near it: {}", near.join(", "))
            }
            Refusal::NeverLinked { .. } => "choose another pair".into(),
            Refusal::Parameter { expected, .. } => format!("expected {expected}"),
            Refusal::NoMap => "it scores pairs by the graph alone; everything else is answered".into(),
            Refusal::NoSuchPath(_) => {
                "there are /, /api/run, /api/nodes, /api/node/ID, /api/predict/ID, /api/score, \
                                       /api/why and /api/map"
                    .into()
            }
            Refusal::Method(_) => "everything is read with GET".into(),
            Refusal::Host(_) => "use the address that vgae explore printed".into(),
            Refusal::CrossSite => "the API answers its own page, and programs".into(),
            Refusal::LongAddress(_) => "ask for less at once".into(),
            Refusal::LargeBody(_) | Refusal::SlowBody(_) => "send no body".into(),
            Refusal::Busy(_) => "try again later".into(),
            Refusal::Failed => "this is a mistake in vgae; stderr has more".into(),
        }
    }
}
