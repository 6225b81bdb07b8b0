//! Holds rows of features out, for a model that learns from rows only.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::folds;
use crate::config::SplitConfig;

/// The random stream that selects rows, separate from the stream that selects edges.
const ROWS_STREAM: u64 = 3;

/// The rows of each part, in ascending order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowSplit {
    /// The training rows.
    pub train: Vec<usize>,
    /// The rows used to choose an epoch or a setting.
    pub validation: Vec<usize>,
    /// The rows used once, for the final metrics.
    pub test: Vec<usize>,
}

/// Holds out ⌊n · fraction⌋ of `num_rows` = n rows for each part, at random; with a fold, its rows are the test
/// part. The split depends only on n, the settings and the seed, so a run does not store it. O(n) time and memory.
pub fn rows(num_rows: usize, config: &SplitConfig, seed: u64) -> RowSplit {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(ROWS_STREAM);
    let count = |fraction: f64| (num_rows as f64 * fraction).floor() as usize;
    let mut order: Vec<usize> = (0..num_rows).collect();
    let [mut train, mut validation, mut test] = match config.fold {
        Some(fold) => folds::cut(order, fold, config.val_fraction, &mut rng),
        None => {
            order.shuffle(&mut rng);
            let mut test = order.split_off(count(config.val_fraction));
            let train = test.split_off(count(config.test_fraction));
            [train, order, test]
        }
    };
    [&mut train, &mut validation, &mut test].into_iter().for_each(|part| part.sort_unstable());
    RowSplit { train, validation, test }
}
