//! The edges that can be held out without dividing a connected component.

use petgraph::unionfind::UnionFind;
use rand::Rng;
use rand::seq::SliceRandom;

use crate::config::SplitConfig;
use crate::error::{Error, Result};
use crate::graph::EdgeList;

/// Returns those positions among `candidates` whose edges may all be missing from `all` at once without more
/// connected components, in random order. The other candidates, with the edges that are no candidates, hold the
/// components together: a spanning forest, drawn at random. As many edges as possible are spare, whatever is
/// drawn. Directions do not matter. Nearly O(n + m) time.
pub(super) fn edges(all: &EdgeList, mut candidates: Vec<usize>, rng: &mut impl Rng) -> Vec<usize> {
    let mut is_candidate = vec![false; all.len()];
    candidates.iter().for_each(|&at| is_candidate[at] = true);
    let mut components = UnionFind::<u32>::new(all.num_nodes());
    for (&(u, v), is_candidate) in all.pairs().iter().zip(is_candidate) {
        if !is_candidate {
            components.union(u, v);
        }
    }
    candidates.shuffle(rng);
    // An edge that joins two components belongs to the forest.
    candidates.retain(|&at| {
        let (u, v) = all.pairs()[at];
        !components.union(u, v)
    });
    candidates
}

/// Fails if fewer than both `parts` together, of validation and test edges, are spare. `what` names the
/// `num_edges` edges that the fractions of `config` refer to.
pub(super) fn check(
    what: &'static str,
    num_edges: usize,
    num_spare: usize,
    config: &SplitConfig,
    [num_validation, num_test]: [usize; 2],
) -> Result<()> {
    if num_validation + num_test <= num_spare {
        return Ok(());
    }
    let SplitConfig { val_fraction, test_fraction, .. } = *config;
    let largest_fraction = rounded_down(num_spare as u64, num_edges as u64);
    Err(Error::TooFewSpareEdges {
        what,
        num_edges,
        num_spare,
        val_fraction,
        test_fraction,
        num_validation,
        num_test,
        largest_fraction,
    })
}

/// Returns `part` / `whole`, rounded down to four decimals, or to the first that is not 0.
fn rounded_down(part: u64, whole: u64) -> f64 {
    let mut scale: u64 = 10_000;
    while part > 0 && part * scale < whole {
        scale *= 10;
    }
    (part * scale / whole.max(1)) as f64 / scale as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_rounded_down() {
        assert_eq!(rounded_down(1, 3), 0.3333);
        assert_eq!(rounded_down(2, 3), 0.6666);
        assert_eq!(rounded_down(7, 7), 1.0);
        assert_eq!(rounded_down(0, 7), 0.0);
        assert_eq!(rounded_down(3, 1_000_000), 0.000003);
        assert_eq!(rounded_down(5, 300_000), 0.00001);
    }
}
