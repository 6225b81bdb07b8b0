//! Recall and discounted gain of the pairs at one end.

use super::RankedEnd;

/// The links at one end, as groups of equal logits.
pub(super) struct Node {
    groups: Vec<Tied>,
    num_links: usize,
}

/// The pairs at an end that share a logit with some of its links.
struct Tied {
    /// The number of pairs, links or not, that are scored above.
    num_above: usize,
    /// The number of pairs with this logit.
    num_tied: usize,
    /// The number of links among them.
    num_links: usize,
}

impl Node {
    pub(super) fn new(ranked: &[RankedEnd]) -> Self {
        let mut descending = ranked.to_vec();
        descending.sort_unstable_by(|a, b| b.logit.total_cmp(&a.logit));
        let mut num_links = 0;
        let groups = descending.chunk_by(|a, b| a.logit == b.logit).map(|links| {
            // The counts of a rank leave out the other links of the end.
            let num_above = links[0].rank.num_above + num_links;
            num_links += links.len();
            Tied { num_above, num_tied: links[0].rank.num_tied + links.len(), num_links: links.len() }
        });
        Node { groups: groups.collect(), num_links: ranked.len() }
    }

    /// Returns the expected share of the links among the `k` highest pairs, over the orders of tied ones.
    pub(super) fn recall_at(&self, k: usize) -> f64 {
        let found = |tied: &Tied| {
            let num_places = k.saturating_sub(tied.num_above).min(tied.num_tied);
            tied.num_links as f64 * num_places as f64 / tied.num_tied as f64
        };
        self.groups.iter().map(found).sum::<f64>() / self.num_links as f64
    }

    /// Returns the expected discounted gain of the `k` highest pairs over the largest possible one.
    pub(super) fn ndcg_at(&self, k: usize) -> f64 {
        let gain = |tied: &Tied| {
            let last = (tied.num_above + tied.num_tied).min(k);
            tied.num_links as f64 * sum_of_discounts(tied.num_above, last) / tied.num_tied as f64
        };
        self.groups.iter().map(gain).sum::<f64>() / sum_of_discounts(0, self.num_links.min(k))
    }
}

/// Sums 1 / log₂(1 + place) over the places after `first` up to `last`, counted from 1.
fn sum_of_discounts(first: usize, last: usize) -> f64 {
    (first + 1..=last).map(|place| 1.0 / ((1 + place) as f64).log2()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::metrics::Rank;

    #[test]
    fn gain_and_recall_are_those_of_scikit_learn_and_of_all_orders() {
        // Logits 0.9, 0.8 three times, 0.5, 0.3 twice, 0.1; links are one of 0.8, 0.5 and one of 0.3.
        let link = |logit, num_above, num_tied| {
            let rank = Rank { num_above, num_tied, num_negatives: 5 };
            RankedEnd { link: 0, node: 0, logit, rank }
        };
        let node = Node::new(&[link(0.3, 3, 1), link(0.8, 1, 2), link(0.5, 3, 0)]);
        // ndcg_score of scikit-learn, and the mean recall over every order of the tied pairs by itertools.
        for (k, gain) in [
            (1, 0.0),
            (2, 0.12895093574484717),
            (3, 0.17690709132574783),
            (5, 0.425817999363283),
            (8, 0.587611347850177),
        ] {
            assert!((node.ndcg_at(k) - gain).abs() < 1e-12, "{k}: {}", node.ndcg_at(k));
        }
        for (k, recall) in
            [(1, 0.0), (2, 1.0 / 9.0), (3, 2.0 / 9.0), (5, 2.0 / 3.0), (6, 5.0 / 6.0), (8, 1.0)]
        {
            assert!((node.recall_at(k) - recall).abs() < 1e-12, "{k}: {}", node.recall_at(k));
        }
    }
}
