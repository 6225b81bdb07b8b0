//! Rows of features held out, for a model that learns from rows alone.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::config::SplitConfig;

/// The random numbers that hold rows out are another stream than those that hold edges out.
const ROWS_STREAM: u64 = 3;

/// The rows of each part, in ascending order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowSplit {
    /// Those to learn from.
    pub train: Vec<usize>,
    /// Held out for choosing.
    pub validation: Vec<usize>,
    /// Held out for the one figure at the end.
    pub test: Vec<usize>,
}

/// Holds out ⌊n · fraction⌋ of `num_rows` = n rows for each part, at random. It follows from n, the fractions and
/// the seed alone, so that a run need not store it. O(n) time and memory.
pub fn rows(num_rows: usize, config: &SplitConfig, seed: u64) -> RowSplit {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(ROWS_STREAM);
    let count = |fraction: f64| (num_rows as f64 * fraction).floor() as usize;
    let mut validation: Vec<usize> = (0..num_rows).collect();
    validation.shuffle(&mut rng);
    let mut test = validation.split_off(count(config.val_fraction));
    let mut train = test.split_off(count(config.test_fraction));
    [&mut train, &mut validation, &mut test].into_iter().for_each(|part| part.sort_unstable());
    RowSplit { train, validation, test }
}
