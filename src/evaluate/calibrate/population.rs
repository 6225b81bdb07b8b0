//! Samples the population of all pairs: the held-out edges, and enough negatives to represent all pairs.

use hashbrown::HashSet;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::config::Calibration;
use crate::error::{Error, Result};
use crate::evaluate::calibrate::Calibrator;
use crate::graph::{EdgeList, Pair};
use crate::model::score::Score;
use crate::split::{self, Split};

/// The number of negatives for each held-out edge, within the two bounds below.
const PER_EDGE: usize = 100;
/// The minimal number of negatives of a part, which resolves one false positive in a hundred thousand.
const LEAST: usize = 100_000;
/// The maximal number of negatives of a part; their logits take about a second.
const MOST: usize = 1_000_000;

/// The logits of the held-out edges of both parts and of negatives drawn uniformly from all pairs that are
/// not edges.
///
/// There are more negatives than in the split, so that they also cover the tail of the scores: a hundred for
/// each edge, but between a hundred thousand and a million for each part, and never more than a quarter of
/// all available ones. No pair is in both parts, and no negative of the validation part is a negative of the
/// split's test part.
///
/// ```
/// use vgae::model::baseline::Baseline;
/// use vgae::evaluate::calibrate::{Threshold, Population};
/// use vgae::config::{BaselineKind, Calibration, Config};
/// use vgae::progress::Progress;
/// use vgae::{read, split};
///
/// let config = Config::default();
/// let graph = read::data("datasets/karate".as_ref(), &config.read, &Progress::default())?;
/// let split = split::edges(&graph, &config.split, config.seed)?;
/// let score = Baseline::new(BaselineKind::AdamicAdar, &split.train, None, 0)?;
/// let population = Population::draw(&score, &graph.edges, &split, 0)?;
/// assert!((population.density - 78.0 / 561.0).abs() < 1e-12);
/// let calibrator = population.calibrate(Calibration::Platt)?;
/// assert!(calibrator.probability(0.0) < calibrator.probability(3.0));
/// let threshold = Threshold::at(population.reported(), population.density, 0.0)?;
/// assert_eq!(threshold.recall, 1.0);
/// # Ok::<(), vgae::Error>(())
/// ```
pub struct Population {
    /// The share of all pairs that are edges; see [`density`].
    pub density: f64,
    /// The logits used to fit a calibrator or choose a threshold.
    pub validation: ClassLogits,
    /// The logits used to report on that choice.
    pub test: ClassLogits,
}

/// The logits of edges and of negatives.
#[derive(Debug, Clone, Default)]
pub struct ClassLogits {
    /// The logits of the edges.
    pub edges: Vec<f64>,
    /// The logits of the negatives.
    pub negatives: Vec<f64>,
}

/// Returns the share of all possible pairs that are edges: 2m / (n·(n − 1)) for an undirected graph.
pub fn density(edges: &EdgeList) -> f64 {
    edges.len() as f64 / edges.num_pairs() as f64
}

impl Population {
    /// Seeds negatives with `seed` and scores them and the held-out edges of `split`, a split of the graph
    /// with these `edges`. Takes one logit per pair.
    ///
    /// # Errors
    /// [`Error::Argument`] if fewer than 4 pairs are not edges.
    pub fn draw(
        score: &(impl Score + ?Sized),
        edges: &EdgeList,
        split: &Split,
        seed: u64,
    ) -> Result<Population> {
        let available = (edges.num_pairs() - edges.len() as u64) as usize;
        if available < 4 {
            let problem =
                format!("only {available} pairs are not edges; expected at least 4 to sample negatives from");
            return Err(Error::argument("edges", problem));
        }
        let count = |part: &EdgeList| (PER_EDGE * part.len()).clamp(LEAST, MOST).min(available / 4);
        let (num_validation, num_test) = (count(&split.validation.edges), count(&split.test.edges));
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut validation = split::sample_negatives(edges, num_validation + num_test, &mut rng)?;
        let test = validation.split_off(num_validation);
        let tested: HashSet<Pair> = split.test.negatives.iter().copied().collect();
        validation.retain(|pair| !tested.contains(pair));
        let classes = |edges: &EdgeList, negatives: &[Pair]| ClassLogits {
            edges: score.logits(edges.pairs()),
            negatives: score.logits(negatives),
        };
        Ok(Population {
            density: density(edges),
            validation: classes(&split.validation.edges, &validation),
            test: classes(&split.test.edges, &test),
        })
    }

    /// Fits a calibrator to the validation part, for the density of the population.
    ///
    /// # Errors
    /// [`Error::Config`] if there are no validation edges; otherwise the errors of [`Calibrator::fit`].
    pub fn calibrate(&self, method: Calibration) -> Result<Calibrator> {
        let ClassLogits { edges, negatives } = &self.validation;
        if edges.is_empty() {
            let problem = "`calibrate` needs validation edges, but this run held none out";
            return Err(Error::config("calibrate", problem));
        }
        Calibrator::fit(method, edges, negatives, self.density)
    }
}
