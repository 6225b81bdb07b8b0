//! Figures per degree bucket and per list of negatives.

use vgae::evaluate::metrics;
use vgae::evaluate::negatives::NegativeLists;
use vgae::evaluate::{BUCKETS, Scored};
use vgae::graph::Pair;
use vgae::model::score::Score;

/// A score whose logit of (u, v) is 10 u + v.
struct Sum;

impl Score for Sum {
    fn logits(&self, pairs: &[Pair]) -> Vec<f64> {
        pairs.iter().map(|&(u, v)| f64::from(10 * u + v)).collect()
    }
}

#[test]
fn degree_buckets_by_hand() {
    // The degrees of nodes 0 to 5.
    let degrees = [0, 1, 4, 5, 11, 30];
    let edges = [(0, 5), (3, 4), (2, 3), (4, 5)];
    let negatives = NegativeLists::Shared(vec![(0, 1), (1, 5), (2, 4), (3, 5), (1, 2)]);
    let scored = Scored::new(&Sum, &edges, &negatives);
    let buckets = scored.by_degree(&degrees).unwrap();
    let counts: Vec<(usize, usize)> =
        buckets.iter().map(|bucket| (bucket.num_edges, bucket.num_negatives)).collect();
    assert_eq!(counts, [(1, 1), (0, 2), (0, 0), (2, 2), (0, 0), (1, 0)]);
    let with_metrics: Vec<usize> = (0..6).filter(|&at| buckets[at].metrics.is_some()).collect();
    assert_eq!(with_metrics, [0, 3]);
    // 5 is above 1; of 34 and 23 against 24 and 35, one pair of four is in order.
    assert_eq!(buckets[0].metrics.unwrap().roc_auc, 1.0);
    assert_eq!(buckets[3].metrics.unwrap().roc_auc, 0.25);
    for degree in 0..40 {
        assert_eq!(BUCKETS.iter().filter(|bucket| bucket.contains(degree)).count(), 1);
    }
}

#[test]
fn per_edge_lists_are_ranked_and_pooled() {
    let edges = [(1, 0), (3, 0)];
    let lists = NegativeLists::PerEdge(vec![vec![(0, 9), (1, 2)], vec![(2, 9)]]);
    let scored = Scored::new(&Sum, &edges, &lists);
    assert_eq!((scored.num_edges(), scored.num_negatives()), (2, 3));
    // The edge at 10 lies between its negatives 12 and 9; the edge at 30 is above 29.
    assert_eq!(scored.ranks().unwrap().mean_reciprocal_rank(), 0.75);
    let pooled =
        metrics::evaluate(&[10.0, 30.0, 9.0, 12.0, 29.0], &[true, true, false, false, false]).unwrap();
    assert_eq!(scored.metrics().unwrap(), pooled);
}
