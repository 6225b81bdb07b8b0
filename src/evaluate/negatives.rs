//! Negatives to evaluate with: the split's own, or ones that are harder to tell from edges.
//!
//! Most pairs drawn at random join nodes of few edges that lie far apart, so that a degree or a common neighbour
//! tells them from edges and a high AUC says little. [`Negatives::Degree`] takes the first clue away and
//! [`Negatives::Hard`] turns every clue against the model. Negatives are edges nowhere in the graph; what makes them
//! hard is read off the training edges alone, so that no held-out edge shows through.
//!
//! # Examples
//! ```
//! use rand::SeedableRng;
//! use vgae::config::{ReadConfig, SplitConfig};
//! use vgae::evaluate::negatives::{NegativeLists, Negatives, by_degree, draw, hard};
//! use vgae::{read, split};
//!
//! let graph = read::data("datasets/karate".as_ref(), &ReadConfig::default())?;
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

use std::fmt;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::error::{Error, Result};
use crate::graph::{Graph, Pair};
use crate::split::{Part, Split};

pub use degree::by_degree;
pub use hard::hard;

/// Which pairs the held-out edges are ranked among.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Negatives {
    /// The split's own, which are uniform among the absent pairs unless the split was made otherwise.
    Uniform,
    /// As many as held-out edges, whose ends have the degrees that the ends of edges have; see [`by_degree`].
    Degree,
    /// The likeliest pairs at the ends of each held-out edge; see [`hard()`].
    Hard {
        /// How many for each edge, at least 1, half of them at either end.
        per_edge: usize,
    },
}

/// The negatives of the held-out parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartNegatives {
    /// Those of the validation part.
    pub validation: NegativeLists,
    /// Those of the test part.
    pub test: NegativeLists,
}

/// The negatives of one part: absent pairs, (source, target), or lower node first where edges have no directions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NegativeLists {
    /// One list, which every edge is ranked among.
    Shared(Vec<Pair>),
    /// A list for each edge of the part, in their order. Two lists may share pairs.
    PerEdge(Vec<Vec<Pair>>),
}

impl NegativeLists {
    /// All pairs, list after list.
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
        })
    }
}

/// The negatives of both parts of `split`, which is one of `graph`. The same seed gives the same ones on every
/// machine and any number of threads; the uniform ones are the split's whatever the seed. Costs as [`by_degree`] and
/// [`hard()`].
///
/// # Errors
/// [`Error::Config`] for 0 negatives per edge, [`Error::TooFewDegreeNegatives`] as [`by_degree`].
pub fn draw(kind: Negatives, graph: &Graph, split: &Split, seed: u64) -> Result<PartNegatives> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let Split { train, validation, test } = split;
    match kind {
        Negatives::Uniform => {
            let shared = |part: &Part| NegativeLists::Shared(part.negatives.clone());
            Ok(PartNegatives { validation: shared(validation), test: shared(test) })
        }
        Negatives::Degree => {
            let (num_validation, num_test) = (validation.edges.len(), test.edges.len());
            let mut drawn = by_degree(&graph.edges, train, num_validation + num_test, &mut rng)?;
            let test = NegativeLists::Shared(drawn.split_off(num_validation));
            Ok(PartNegatives { validation: NegativeLists::Shared(drawn), test })
        }
        Negatives::Hard { per_edge: 0 } => {
            let problem = "--negatives-per-edge 0 leaves nothing to rank among; expected at least 1";
            Err(Error::Config(problem.into()))
        }
        Negatives::Hard { per_edge } => {
            let edges = [validation.edges.pairs(), test.edges.pairs()].concat();
            let mut lists = hard(graph, train, &edges, per_edge, &mut rng)?;
            let test = NegativeLists::PerEdge(lists.split_off(validation.edges.len()));
            Ok(PartNegatives { validation: NegativeLists::PerEdge(lists), test })
        }
    }
}
