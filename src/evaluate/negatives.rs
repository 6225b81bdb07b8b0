//! Seeds negatives for evaluation: those of the split, or ones that are harder to tell from edges.
//!
//! Most random pairs join low-degree nodes that are far apart. Degrees and common neighbours alone tell such
//! pairs from edges, so a high AUC says little. [`Negatives::Degree`] removes the degree as a clue;
//! [`Negatives::Hard`] picks the pairs that such heuristics score highest. A negative is never an edge of the
//! graph. Its difficulty is computed from the training edges only, so held-out edges do not influence it.
//!
//! # Examples
//! ```
//! use rand::SeedableRng;
//! use vgae::config::{ReadConfig, SplitConfig};
//! use vgae::evaluate::negatives::{NegativeLists, Negatives, by_degree, draw, hard};
//! use vgae::progress::Progress;
//! use vgae::{read, split};
//!
//! let graph = read::data("datasets/karate".as_ref(), &ReadConfig::default(), &Progress::default())?;
//! let split = split::edges(&graph, &SplitConfig::default(), 0)?;
//! let uniform = draw(Negatives::Uniform, &graph, &split, 0)?;
//! assert_eq!(uniform.test, NegativeLists::Shared(split.test.negatives.clone()));
//! let harder = draw(Negatives::Hard { per_edge: 4 }, &graph, &split, 0)?;
//! assert!(harder.test.pairs().iter().all(|&pair| !graph.edges.contains(pair)));
//!
//! let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(0);
//! assert_eq!(by_degree(&graph.edges, &split.train, 10, &mut rng)?.len(), 10);
//! let lists = hard(&graph, &split.train, split.test.edges.pairs(), 4, &mut rng)?;
//! assert_eq!(lists.len(), split.test.edges.len());
//! # Ok::<(), vgae::Error>(())
//! ```

mod degree;
mod hard;
mod heart;
mod push;

use std::fmt;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::error::{Error, Result};
use crate::graph::{Graph, Pair};
use crate::split::{HeldOut, Split};

pub use degree::by_degree;
pub use hard::hard;
pub use heart::heart;

/// The kind of pairs that the held-out edges are ranked among.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Negatives {
    /// The negatives of the split, which are uniform among the absent pairs unless the split was made
    /// otherwise.
    Uniform,
    /// One negative per held-out edge, with the degree distribution of edges; see [`by_degree`].
    Degree,
    /// The likeliest pairs at the ends of each held-out edge; see [`hard()`].
    Hard {
        /// The number of negatives for each edge, at least 1; half of them at each end.
        per_edge: usize,
    },
    /// The negatives of the benchmark HeaRT; see [`heart()`].
    Heart {
        /// The number of negatives for each edge, at least 1; half of them at each end; the benchmark has [`HEART_PER_EDGE`].
        per_edge: usize,
    },
}

/// The number of negatives for each edge in the benchmark HeaRT.
pub const HEART_PER_EDGE: usize = 500;

/// The negatives of the held-out parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartNegatives {
    /// The negatives of the validation part.
    pub validation: NegativeLists,
    /// The negatives of the test part.
    pub test: NegativeLists,
}

/// The negatives of one part: absent pairs, (source, target) in a directed graph, else the lower node first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NegativeLists {
    /// One list that every edge is ranked among.
    Shared(Vec<Pair>),
    /// One list for each edge of the part, in the order of the edges. Two lists may share pairs.
    PerEdge(Vec<Vec<Pair>>),
}

impl NegativeLists {
    /// Returns all pairs, list after list.
    pub fn pairs(&self) -> Vec<Pair> {
        match self {
            NegativeLists::Shared(pairs) => pairs.clone(),
            NegativeLists::PerEdge(lists) => lists.concat(),
        }
    }
}

impl fmt::Display for Negatives {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Negatives::Uniform => "uniform",
            Negatives::Degree => "degree",
            Negatives::Hard { .. } => "hard",
            Negatives::Heart { .. } => "heart",
        })
    }
}

/// Seeds the negatives of both parts of `split`, a split of `graph`. The same seed gives the same negatives
/// on every machine with any number of threads; the uniform ones are those of the split for every seed. The
/// cost is that of [`by_degree`], [`hard()`] or [`heart()`].
///
/// # Errors
/// [`Error::Argument`] for 0 negatives per edge; [`Error::TooFewDegreeNegatives`] from [`by_degree`].
pub fn draw(kind: Negatives, graph: &Graph, split: &Split, seed: u64) -> Result<PartNegatives> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let Split { train, validation, test, .. } = split;
    match kind {
        Negatives::Uniform => {
            let shared = |part: &HeldOut| NegativeLists::Shared(part.negatives.clone());
            Ok(PartNegatives { validation: shared(validation), test: shared(test) })
        }
        Negatives::Degree => {
            let (num_validation, num_test) = (validation.edges.len(), test.edges.len());
            let mut drawn = by_degree(&graph.edges, train, num_validation + num_test, &mut rng)?;
            let test = NegativeLists::Shared(drawn.split_off(num_validation));
            Ok(PartNegatives { validation: NegativeLists::Shared(drawn), test })
        }
        Negatives::Hard { per_edge: 0 } | Negatives::Heart { per_edge: 0 } => {
            let problem = "0 negatives per edge leave nothing to rank among; expected at least 1";
            Err(Error::argument("per_edge", problem))
        }
        Negatives::Hard { per_edge } => {
            let edges = [validation.edges.pairs(), test.edges.pairs()].concat();
            let mut lists = hard(graph, train, &edges, per_edge, &mut rng)?;
            let test = NegativeLists::PerEdge(lists.split_off(validation.edges.len()));
            Ok(PartNegatives { validation: NegativeLists::PerEdge(lists), test })
        }
        Negatives::Heart { per_edge } => heart(split, graph.features(), per_edge, &mut rng),
    }
}
