//! Cuts edges, or rows, into the folds of a cross-validation.

use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::config::{Fold, SplitConfig};
use crate::error::{Error, Result};

/// The random streams of the negatives of folds, one for each, begin here: far from the streams of training.
const FOLDS_STREAM: u64 = 1 << 32;

/// Returns the positions of the validation and of the test edges among `num_edges`, and sets `rng` to the stream
/// from which the negatives of the fold are drawn.
///
/// # Errors
/// [`Error::Config`] if, for any fold, the test part, the training part, or a validation part with a fraction above 0
/// would be empty.
pub(super) fn hold_out(
    num_edges: usize,
    fold: Fold,
    config: &SplitConfig,
    rng: &mut ChaCha8Rng,
) -> Result<(Vec<usize>, Vec<usize>)> {
    let (smallest, largest) = (num_edges / fold.count(), num_edges.div_ceil(fold.count()));
    let num_validation = (num_edges as f64 * config.val_fraction).floor() as usize;
    let num_train = num_edges.saturating_sub(largest + num_validation);
    if smallest == 0 || num_train == 0 || (config.val_fraction > 0.0 && num_validation == 0) {
        let problem = format!(
            "too few edges ({num_edges}) for `split.fold = {fold}` and `split.val_fraction = {}`: over the folds, train, \
             validation and test would get at least {num_train}, {num_validation} and {smallest}; each needs at least 1. \
             Hint: another number of folds, or `split.val_fraction = 0` to validate nothing",
            config.val_fraction
        );
        return Err(Error::config("split.fold", problem));
    }
    let [_, validation, test] = cut((0..num_edges).collect(), fold, config.val_fraction, rng);
    rng.set_stream(FOLDS_STREAM + fold.number() as u64);
    Ok((validation, test))
}

/// Shuffles `items` and returns those for training, validation and test. The test items are those of `fold`, one
/// of k pieces of the shuffled items whose sizes differ by at most 1. The ⌊n · `val_fraction`⌋ items that follow,
/// or come first after the last piece, are for validation.
pub(super) fn cut(
    mut items: Vec<usize>,
    fold: Fold,
    val_fraction: f64,
    rng: &mut ChaCha8Rng,
) -> [Vec<usize>; 3] {
    let n = items.len();
    let range = fold.range(n);
    items.shuffle(rng);
    items.rotate_left(range.start);
    let mut validation = items.split_off(range.len());
    let num_validation = ((n as f64 * val_fraction).floor() as usize).min(validation.len());
    let train = validation.split_off(num_validation);
    [train, validation, items]
}
