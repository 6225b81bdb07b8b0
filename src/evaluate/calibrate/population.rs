//! Edges as rare as they are: held-out edges, and enough negatives to say what happens among all pairs.

use hashbrown::HashSet;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::config::Calibration;
use crate::error::{Error, Result};
use crate::evaluate::calibrate::Calibrator;
use crate::graph::{EdgeList, Pair};
use crate::model::score::Score;
use crate::split::{self, Split};

/// Negatives for each held-out edge, if the two bounds allow.
const PER_EDGE: usize = 100;
/// Negatives of a part at least: a false positive in a hundred thousand can be seen.
const LEAST: usize = 100_000;
/// Negatives of a part at most: their logits take a second.
const MOST: usize = 1_000_000;

/// The logits of the held-out edges of both parts and of pairs drawn evenly from those that are edges nowhere.
///
/// There are more negatives than in the split, so that they tell of the tail too: a hundred for an edge, but between a
/// hundred thousand and a million for a part, and never more than a quarter of all there are. No pair is in both parts,
/// and none of the validation part is a negative of the split's test part.
///
/// ```
/// use vgae::model::baseline::Baseline;
/// use vgae::evaluate::calibrate::{Cut, Population};
/// use vgae::config::{BaselineKind, Calibration, Config};
/// use vgae::{read, split};
///
/// let config = Config::default();
/// let graph = read::data("datasets/karate".as_ref(), &config.read)?;
/// let split = split::edges(&graph, &config.split, config.seed)?;
/// let score = Baseline::new(BaselineKind::AdamicAdar, &split.train, None, 0)?;
/// let population = Population::draw(&score, &graph.edges, &split, 0)?;
/// assert!((population.density - 78.0 / 561.0).abs() < 1e-12);
/// let calibrator = population.calibrate(Calibration::Platt)?;
/// assert!(calibrator.probability(0.0) < calibrator.probability(3.0));
/// let cut = Cut::at(population.reported(), population.density, 0.0)?;
/// assert_eq!(cut.recall, 1.0);
/// # Ok::<(), vgae::Error>(())
/// ```
pub struct Population {
    /// The share of all pairs that are edges; see [`density`].
    pub density: f64,
    /// What may be chosen by.
    pub validation: Classes,
    /// What the choice is reported on.
    pub test: Classes,
}

/// Logits of edges and of negatives.
#[derive(Debug, Clone, Default)]
pub struct Classes {
    /// Of the edges.
    pub edges: Vec<f64>,
    /// Of the negatives.
    pub negatives: Vec<f64>,
}

/// The share of the pairs that could be edges of a graph which are: 2m / (n·(n − 1)) where there are no directions.
pub fn density(edges: &EdgeList) -> f64 {
    edges.len() as f64 / edges.num_pairs() as f64
}

impl Population {
    /// The logits by `score` of the held-out edges of `split`, which is one of the graph with these `edges`, and of
    /// negatives that `seed` draws. As many logits as pairs.
    ///
    /// # Errors
    /// [`Error::Config`] if every pair is an edge.
    pub fn draw(
        score: &(impl Score + ?Sized),
        edges: &EdgeList,
        split: &Split,
        seed: u64,
    ) -> Result<Population> {
        let available = (edges.num_pairs() - edges.len() as u64) as usize;
        if available < 4 {
            let problem =
                format!("only {available} pairs are no edges: nothing can be said of their density");
            return Err(Error::Config(problem));
        }
        let count = |part: &EdgeList| (PER_EDGE * part.len()).clamp(LEAST, MOST).min(available / 4);
        let (num_validation, num_test) = (count(&split.validation.edges), count(&split.test.edges));
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut validation = split::sample_negatives(edges, num_validation + num_test, &mut rng)?;
        let test = validation.split_off(num_validation);
        let tested: HashSet<Pair> = split.test.negatives.iter().copied().collect();
        validation.retain(|pair| !tested.contains(pair));
        let classes = |edges: &EdgeList, negatives: &[Pair]| Classes {
            edges: score.logits(edges.pairs()),
            negatives: score.logits(negatives),
        };
        Ok(Population {
            density: density(edges),
            validation: classes(&split.validation.edges, &validation),
            test: classes(&split.test.edges, &test),
        })
    }

    /// A calibrator of its validation part, for its density.
    ///
    /// # Errors
    /// [`Error::Config`] if nothing was held out to validate; as [`Calibrator::fit`].
    pub fn calibrate(&self, method: Calibration) -> Result<Calibrator> {
        let Classes { edges, negatives } = &self.validation;
        if edges.is_empty() {
            let problem = "--calibrate needs validation edges, and this run held none out";
            return Err(Error::Config(problem.into()));
        }
        Calibrator::fit(method, edges, negatives, self.density)
    }
}
