//! The same sum restricted to pairs of a source and a target.

use super::{Blocks, sum_of_rows, sum_over_blocks, write_rows};

/// Returns Σ softplus(z_i·z_j) over the ordered pairs of rows of which exactly one is among the first
/// `num_sources`, and writes the matrix Σ_j σ(z_i·z_j) z_j over the same pairs, [n, d], to `gradient`; it is
/// half the gradient of the sum. `z` is [n, d], row by row. O(sources · targets · d) time, O(n·d) memory. The
/// result is bit-identical for any number of threads.
pub(crate) fn softplus_sum_across(z: &[f32], num_sources: usize, d: usize, gradient: &mut [f32]) -> f64 {
    let (sources, targets) = z.split_at(num_sources * d);
    // Both blocks of a pair must have the same height.
    let height = Blocks::block_height(num_sources.max(targets.len() / d), d);
    let mut blocks = Blocks::with_height(sources, height, d);
    let num_source_blocks = blocks.blocks.len();
    blocks.blocks.extend(Blocks::with_height(targets, height, d).blocks);
    let is_source = |block: usize| block < num_source_blocks;
    let sums = sum_over_blocks(&blocks, |first, second| is_source(first) != is_source(second));
    let (source_gradient, target_gradient) = gradient.split_at_mut(num_sources * d);
    write_rows(&sums[..num_source_blocks], &blocks, source_gradient);
    write_rows(&sums[num_source_blocks..], &blocks, target_gradient);
    // Σ x/2, as in the sum over all pairs; each x counts in both directions.
    let halves = sum_of_rows(sources, d).iter().zip(sum_of_rows(targets, d)).map(|(a, b)| a * b).sum::<f64>();
    sums.iter().map(|sums| sums.total).sum::<f64>() + halves
}
