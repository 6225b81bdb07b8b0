//! The same sum over the pairs of two kinds of rows alone.

use super::{Blocks, meet_all, sum_of_rows, write_rows};

/// Σ softplus(z_i·z_j) over the ordered pairs of rows of which one is among the first `num_sources` and the other is
/// not, and into `gradient` the matrix Σ_j σ(z_i·z_j) z_j over these, [n, d], which is half the sum's gradient. `z` is
/// [n, d], row by row. O(sources · targets · d) time, O(n·d) memory; the same to the bit for any number of threads.
pub(crate) fn softplus_sum_across(z: &[f32], num_sources: usize, d: usize, gradient: &mut [f32]) -> f64 {
    let (sources, targets) = z.split_at(num_sources * d);
    // Blocks that meet have one height.
    let height = Blocks::height_for(num_sources.max(targets.len() / d), d);
    let mut blocks = Blocks::of_height(sources, height, d);
    let num_source_blocks = blocks.blocks.len();
    blocks.blocks.extend(Blocks::of_height(targets, height, d).blocks);
    let is_source = |block: usize| block < num_source_blocks;
    let sums = meet_all(&blocks, |first, second| is_source(first) != is_source(second));
    let (of_sources, of_targets) = gradient.split_at_mut(num_sources * d);
    write_rows(&sums[..num_source_blocks], &blocks, of_sources);
    write_rows(&sums[num_source_blocks..], &blocks, of_targets);
    // The halves of x, as in the sum over all pairs, each x both ways round.
    let halves = sum_of_rows(sources, d).iter().zip(sum_of_rows(targets, d)).map(|(a, b)| a * b).sum::<f64>();
    sums.iter().map(|sums| sums.total).sum::<f64>() + halves
}
