//! Metrics against scikit-learn (tests/golden/make_metrics.py), by hand, and by properties.

use proptest::prelude::*;
use serde_json::Value;
use vgae::Error;
use vgae::evaluate::metrics::{self, Rank, Ranks};

fn close(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-12, "{found}, expected {expected}");
}

#[test]
fn tied_metrics_match_scikit_learn() {
    let golden: Value = serde_json::from_str(include_str!("../golden/metrics.json")).unwrap();
    let cases = golden["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 6);
    for case in cases {
        let probabilities: Vec<f64> = serde_json::from_value(case["probabilities"].clone()).unwrap();
        let labels: Vec<bool> = serde_json::from_value(case["labels"].clone()).unwrap();
        for (metric, name) in [
            (metrics::roc_auc as fn(&[f64], &[bool]) -> vgae::Result<f64>, "roc_auc"),
            (metrics::average_precision, "average_precision"),
            (metrics::brier, "brier"),
        ] {
            close(metric(&probabilities, &labels).unwrap(), case[name].as_f64().unwrap());
        }
    }
}

/// The logits of four edges and four negatives:
///
/// | edge | negatives above | alike | rank | 1 / rank |
/// |---|---|---|---|---|
/// | 5 | – | – | 1 | 1 |
/// | 3 | 4 | 3 | 1 + 1 + ½ = 2½ | 2/5 |
/// | 2 | 4, 3 | – | 3 | 1/3 |
/// | 1 | 4, 3 | 1, 1 | 1 + 2 + 1 = 4 | 1/4 |
const EDGES: [f64; 4] = [5.0, 3.0, 2.0, 1.0];
const NEGATIVES: [f64; 4] = [1.0, 4.0, 3.0, 1.0];

#[test]
fn pooled_ranks_by_hand() {
    let ranks = Ranks::pooled(&EDGES, &NEGATIVES).unwrap();
    assert_eq!(ranks.of_edges()[1], Rank { num_above: 1, num_tied: 1, num_negatives: 4 });
    let values: Vec<f64> = ranks.of_edges().iter().map(Rank::value).collect();
    assert_eq!(values, [1.0, 2.5, 3.0, 4.0]);
    // (1 + 2/5 + 1/3 + 1/4) / 4 = (60 + 24 + 20 + 15) / 240
    close(metrics::mean_reciprocal_rank(&EDGES, &NEGATIVES).unwrap(), 119.0 / 240.0);
    // The negatives in descending order are 4, 3, 1 and 1. The edge 5 is above 4; 5, but not the edge tied at
    // 3, is above 3; 5, 3 and 2, but not the edge tied at 1, are above 1.
    for (k, expected) in [(1, 0.25), (2, 0.25), (3, 0.75), (4, 0.75)] {
        close(metrics::hits_at(k, &EDGES, &NEGATIVES).unwrap(), expected);
    }
}

#[test]
fn per_edge_ranks_by_hand() {
    // Ranks 1 + 0 + ½ = 3/2, 1 + 2 = 3 and 1 + 0 + 2/2 = 2.
    let lists: [&[f64]; 3] = [&[0.0, 1.0], &[2.0, 3.0, 0.0], &[7.0, 7.0]];
    let ranks = Ranks::per_edge(&[1.0, 1.0, 7.0], &lists).unwrap();
    // (2/3 + 1/3 + 1/2) / 3
    close(ranks.mean_reciprocal_rank(), 0.5);
    // No rank is 1; 3/2 and 2 are at most 2.
    close(ranks.hits_at(1).unwrap(), 0.0);
    close(ranks.hits_at(2).unwrap(), 2.0 / 3.0);
    let error = ranks.hits_at(3).unwrap_err();
    assert!(matches!(error, Error::TooFewNegatives { k: 3, num_negatives: 2 }), "{error}");
    // An edge without negatives ranks first; 0 and −0 tie.
    let ranks = Ranks::per_edge(&[1.0, -0.0], &[&[], &[0.0]]).unwrap();
    assert_eq!(ranks.of_edges().iter().map(Rank::value).collect::<Vec<_>>(), [1.0, 1.5]);
    assert_eq!(Ranks::pooled(&[-0.0], &[0.0]).unwrap().of_edges()[0].value(), 1.5);
}

#[test]
fn brier_score_and_calibration_error_by_hand() {
    let labels = [false, true, false, true, true, false];
    let probabilities = [0.0, 0.1, 0.2, 0.35, 1.0, 0.95];
    // (0 + 0.81 + 0.04 + 0.4225 + 0 + 0.9025) / 6
    close(metrics::brier(&probabilities, &labels).unwrap(), 2.175 / 6.0);
    // The bin (0, 0.1], which includes 0, holds 0 and 0.1: mean label ½ against 0.05; (0.1, 0.2] 0 against
    // 0.2; (0.3, 0.4] 1 against 0.35; (0.9, 1] ½ against 0.975. Weighted by pairs: (2 · 0.45 + 0.2 + 0.65 + 2
    // · 0.475) / 6 = 2.7 / 6.
    close(metrics::expected_calibration_error(&probabilities, &labels).unwrap(), 2.7 / 6.0);
    let both = metrics::calibration(&probabilities, &labels).unwrap();
    close(both.expected_calibration_error, 0.45);
    // A probability of ½ that is right half of the time, and probabilities that are always wrong.
    close(metrics::expected_calibration_error(&[0.5, 0.5], &[true, false]).unwrap(), 0.0);
    close(metrics::expected_calibration_error(&[0.0, 1.0], &[true, false]).unwrap(), 1.0);
}

#[test]
fn invalid_input_is_refused() {
    let message = |error: Error| error.to_string();
    assert_eq!(
        message(metrics::hits_at(5, &EDGES, &NEGATIVES).unwrap_err()),
        "Hits@5 needs at least 5 negatives to rank an edge among; got 4; hint: a smaller K, or other negatives"
    );
    assert!(matches!(metrics::hits_at(0, &EDGES, &NEGATIVES), Err(Error::Argument { argument: "k", .. })));
    assert!(matches!(
        Ranks::pooled(&[], &NEGATIVES),
        Err(Error::OneClass { positives: 0, negatives: 4, .. })
    ));
    assert!(matches!(Ranks::pooled(&EDGES, &[0.0, f64::NAN]), Err(Error::NotANumber { index: 5 })));
    assert!(matches!(
        Ranks::per_edge(&[0.0, 1.0], &[&[2.0], &[f64::NAN]]),
        Err(Error::NotANumber { index: 3 })
    ));
    assert!(matches!(
        Ranks::per_edge(&[0.0], &[&[]]),
        Err(Error::OneClass { positives: 1, negatives: 0, .. })
    ));
    assert_eq!(
        message(metrics::brier(&[0.5, 1.5], &[true, false]).unwrap_err()),
        "the probability of pair 1 (counted from 0) is 1.5; expected a number from 0 to 1"
    );
    assert!(matches!(metrics::calibration(&[0.5], &[true]), Err(Error::OneClass { .. })));
    assert!(matches!(
        metrics::bootstrap(&[1.0, 0.0], &[true, false], 0, 0),
        Err(Error::Argument { argument: "num_resamples", .. })
    ));
}

/// Returns overlapping scores on a grid, so that some tie.
fn overlapping() -> (Vec<f64>, Vec<bool>) {
    let labels: Vec<bool> = (0..400).map(|at: usize| at.is_multiple_of(2)).collect();
    let score =
        |(at, &label): (usize, &bool)| ((at * 37) % 101) as f64 / 10.0 + if label { 3.0 } else { 0.0 };
    (labels.iter().enumerate().map(score).collect(), labels)
}

#[test]
fn bootstrap_intervals_contain_the_figure() {
    let (logits, labels) = overlapping();
    let on_threads = |count: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(count).build().unwrap();
        pool.install(|| metrics::bootstrap(&logits, &labels, 1000, 7).unwrap())
    };
    let intervals = on_threads(1);
    assert_eq!(intervals, on_threads(2));
    assert_ne!(intervals, metrics::bootstrap(&logits, &labels, 1000, 8).unwrap());
    let found = metrics::evaluate(&logits, &labels).unwrap();
    for (interval, value) in
        [(intervals.roc_auc, found.roc_auc), (intervals.average_precision, found.average_precision)]
    {
        assert!(interval.lower < value && value < interval.upper, "{interval:?} without {value}");
    }
    // The standard error of an AUC by Hanley & McNeil 1982, with Q1 = A / (2 − A) and Q2 = 2A² / (1 + A),
    // assumes a shape of the score distributions; a bootstrap interval is about 2 · 1.96 standard errors
    // wide.
    let (a, m) = (found.roc_auc, 200.0);
    let (q1, q2) = (a / (2.0 - a), 2.0 * a * a / (1.0 + a));
    let error = ((a * (1.0 - a) + (m - 1.0) * (q1 - a * a) + (m - 1.0) * (q2 - a * a)) / (m * m)).sqrt();
    let width = (intervals.roc_auc.upper - intervals.roc_auc.lower) / (2.0 * 1.96 * error);
    assert!((0.75..1.25).contains(&width), "{width}");
}

#[test]
fn bootstrap_intervals_by_hand() {
    let intervals = metrics::bootstrap(&[2.0, 3.0, 1.0, 0.0], &[true, true, false, false], 100, 0).unwrap();
    for interval in [intervals.roc_auc, intervals.average_precision] {
        assert_eq!((interval.lower, interval.upper), (1.0, 1.0));
    }
    // An edge at 0 and negatives at −1 and 1: a resample has two negatives at −1, one at each, or two at 1,
    // so the AUC is 1, ½ or 0, and each extreme has probability ¼.
    let intervals = metrics::bootstrap(&[0.0, -1.0, 1.0], &[true, false, false], 1000, 0).unwrap();
    assert_eq!((intervals.roc_auc.lower, intervals.roc_auc.upper), (0.0, 1.0));
}

/// Generates logits of edges and of each edge's own negatives, on a grid so that many tie.
fn scored_lists() -> impl Strategy<Value = (Vec<f64>, Vec<Vec<f64>>)> {
    let logit = || (-4i8..4).prop_map(f64::from);
    let list = prop::collection::vec(logit(), 3..9);
    prop::collection::vec((logit(), list), 1..20).prop_map(|rows| rows.into_iter().unzip())
}

proptest! {
    #[test]
    fn ranks_are_bounded_and_hits_grow_with_k((edges, lists) in scored_lists()) {
        let negatives = lists.concat();
        let lists: Vec<&[f64]> = lists.iter().map(Vec::as_slice).collect();
        let shortest = lists.iter().map(|list| list.len()).min().unwrap();
        for (ranks, num_negatives) in [
            (Ranks::pooled(&edges, &negatives).unwrap(), negatives.len()),
            (Ranks::per_edge(&edges, &lists).unwrap(), shortest),
        ] {
            let mrr = ranks.mean_reciprocal_rank();
            prop_assert!(mrr > 0.0 && mrr <= 1.0);
            let mut last = 0.0;
            for k in 1..=num_negatives {
                let hits = ranks.hits_at(k).unwrap();
                prop_assert!((last..=1.0).contains(&hits), "{} after {}", hits, last);
                last = hits;
            }
            prop_assert!(ranks.hits_at(num_negatives + 1).is_err());
        }
        // Per-edge lists that each hold all negatives give the ranks of the pool.
        let pooled = Ranks::pooled(&edges, &negatives).unwrap();
        let alike = vec![negatives.as_slice(); edges.len()];
        let per_edge = Ranks::per_edge(&edges, &alike).unwrap();
        prop_assert_eq!(per_edge.of_edges(), pooled.of_edges());
        // By definition, hits among negatives of one's own have rank k or better.
        for k in 1..=negatives.len() {
            let num_hits = per_edge.of_edges().iter().filter(|rank| rank.value() <= k as f64).count();
            prop_assert_eq!(per_edge.hits_at(k).unwrap(), num_hits as f64 / edges.len() as f64);
        }
        // By definition, hits lie above the k-th highest negative.
        let mut descending = negatives.clone();
        descending.sort_by(|a, b| b.total_cmp(a));
        for (at, threshold) in descending.iter().enumerate() {
            let above = edges.iter().filter(|edge| *edge > threshold).count() as f64 / edges.len() as f64;
            prop_assert_eq!(pooled.hits_at(at + 1).unwrap(), above);
        }
        // AUC is the mean share of negatives below an edge, which also follows from the ranks.
        let logits = [edges.as_slice(), &negatives].concat();
        let labels: Vec<bool> = (0..logits.len()).map(|at| at < edges.len()).collect();
        let mean_rank = pooled.of_edges().iter().map(Rank::value).sum::<f64>() / edges.len() as f64;
        let auc = metrics::roc_auc(&logits, &labels).unwrap();
        prop_assert!((auc - (1.0 - (mean_rank - 1.0) / negatives.len() as f64)).abs() < 1e-12);
    }
}

proptest! {
    /// The area under the piecewise linear ROC curve is the AUC; that under the step-wise precision-recall
    /// curve is AP.
    #[test]
    fn curve_areas_are_the_metrics(
        scored in prop::collection::vec((0u8..12, any::<bool>()), 2..60)
            .prop_filter("both classes", |scored| {
                scored.iter().any(|pair| pair.1) && scored.iter().any(|pair| !pair.1)
            })
    ) {
        let (logits, labels): (Vec<f64>, Vec<bool>) =
            scored.into_iter().map(|(logit, label)| (f64::from(logit), label)).unzip();
        let curves = metrics::Curves::compute(&logits, &labels).unwrap();
        let metrics = metrics::evaluate(&logits, &labels).unwrap();
        let under_lines: f64 =
            curves.roc.windows(2).map(|ends| (ends[1].0 - ends[0].0) * (ends[0].1 + ends[1].1) / 2.0).sum();
        let mut recall = 0.0;
        let mut under_steps = 0.0;
        for &(next, precision) in &curves.precision_recall {
            under_steps += (next - recall) * precision;
            recall = next;
        }
        prop_assert!((under_lines - metrics.roc_auc).abs() < 1e-12);
        prop_assert!((under_steps - metrics.average_precision).abs() < 1e-12);
        prop_assert_eq!(curves.roc.last(), Some(&(1.0, 1.0)));
        prop_assert_eq!(recall, 1.0);
    }
}
