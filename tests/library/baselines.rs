//! Training-free scores and feature transforms against networkx, scipy and scikit-learn
//! (tests/golden/make_baselines.py), by hand, and by properties.

use proptest::prelude::*;
use serde_json::Value;
use vgae::config::{BaselineKind, FeatureTransform};
use vgae::graph::transform::transform;
use vgae::graph::{Csr, EdgeList, Features, Pair};
use vgae::model::baseline::{Baseline, ClosedForm};

fn golden() -> Value {
    serde_json::from_str(include_str!("../golden/baselines.json")).unwrap()
}

fn parse<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap()
}

fn edges(num_nodes: usize, pairs: Vec<Pair>) -> EdgeList {
    EdgeList::new(num_nodes, pairs, None).0
}

fn csr(rows: &[Vec<f32>]) -> Features {
    let mut parts = (vec![0], Vec::new(), Vec::new());
    for row in rows {
        for (column, &value) in row.iter().enumerate().filter(|(_, value)| **value != 0.0) {
            parts.1.push(column as u32);
            parts.2.push(value);
        }
        parts.0.push(parts.1.len());
    }
    Csr::new((rows.len(), rows[0].len()), parts.0, parts.1, parts.2).into()
}

/// Returns the graph, features and pairs of the golden file.
fn golden_data(golden: &Value) -> (EdgeList, Features, Vec<Pair>) {
    let train = edges(parse(&golden["num_nodes"]), parse(&golden["edges"]));
    (train, csr(&parse::<Vec<Vec<f32>>>(&golden["features"])), parse(&golden["pairs"]))
}

/// Compares with `expected`, in which null means that the reference has no value.
fn assert_close(name: &str, found: &[f64], expected: &Value, tolerance: f64) {
    let expected: Vec<Option<f64>> = parse(expected);
    assert_eq!(found.len(), expected.len());
    for (at, (found, expected)) in found.iter().zip(&expected).enumerate() {
        if let Some(expected) = expected {
            assert!((found - expected).abs() <= tolerance, "{name}, pair {at}: {found}, expected {expected}");
        }
    }
}

#[test]
fn transforms_match_scikit_learn() {
    let golden = golden();
    let (_, features, _) = golden_data(&golden);
    for (kind, name) in [
        (FeatureTransform::None, "features"),
        (FeatureTransform::Row, "row"),
        (FeatureTransform::Tfidf, "tfidf"),
    ] {
        let found = transform(&features, kind).to_dense().mapv(f64::from);
        for (node, row) in golden[name].as_array().unwrap().iter().enumerate() {
            assert_close(name, &found.row(node).to_vec(), row, 1e-7);
        }
    }
}

#[test]
fn transforms_of_dense_and_sparse_agree() {
    let (_, features, _) = golden_data(&golden());
    let dense = Features::Dense(features.to_dense());
    let sparse = Features::Sparse(features.to_sparse().into_owned());
    for kind in [FeatureTransform::None, FeatureTransform::Row, FeatureTransform::Tfidf] {
        assert_eq!(transform(&dense, kind).to_dense(), transform(&sparse, kind).to_dense());
    }
}

#[test]
fn row_transform_divides_by_absolute_sum() {
    let found = transform(&csr(&[vec![-1.0, 3.0], vec![0.0, 0.0]]), FeatureTransform::Row).to_dense();
    assert_eq!(found.as_slice().unwrap(), [-0.25, 0.75, 0.0, 0.0]);
}

#[test]
fn baselines_match_networkx_scipy_and_scikit_learn() {
    let golden = golden();
    let (train, features, pairs) = golden_data(&golden);
    for kind in BaselineKind::ALL {
        let baseline = Baseline::new(kind, &train, Some(&features), 0).unwrap();
        let name = kind.to_string();
        let expected = &golden["baselines"][&name];
        assert!(!expected.is_null(), "add {name} to tests/golden/make_baselines.py, and run it");
        assert_close(&name, &baseline.scores(&pairs), expected, 2e-7);
    }
}

#[test]
fn closed_form_scores_match_scipy_and_scikit_learn() {
    let golden = golden();
    let (train, features, pairs) = golden_data(&golden);
    for features in [Some(&features), None] {
        let scores = ClosedForm::new(&train, features, 0).unwrap();
        let found = scores.scores(&pairs);
        assert_eq!(found.dim(), (pairs.len(), scores.names().len()));
        for (name, column) in scores.names().iter().zip(found.columns()) {
            let expected = &golden["closed_form"][name];
            let tolerance = match *name {
                // The cube root of a score that is zero up to rounding is not small.
                "root-spectral" => 0.01,
                // Walks are counted in f32.
                "log-katz" | "log-pagerank" | "log-paths-of-three" | "log-random-walk"
                | "log-propagation" => 1e-6,
                _ => 2e-7,
            };
            assert_close(name, &column.to_vec(), expected, tolerance);
        }
    }
}

#[test]
fn eigenvectors_match_scipy_for_any_seed() {
    let large = &golden()["large"];
    let (train, pairs) = (edges(400, parse(&large["edges"])), parse::<Vec<Pair>>(&large["pairs"]));
    for seed in [0, 1] {
        let baseline = Baseline::new(BaselineKind::Spectral, &train, None, seed).unwrap();
        assert_close("spectral", &baseline.scores(&pairs), &large["spectral"], 2e-5);
    }
}

#[test]
fn baselines_by_hand() {
    // 0–1–2–3–0 and 3–4; node 5 is isolated.
    let train = edges(6, vec![(0, 1), (1, 2), (2, 3), (0, 3), (3, 4)]);
    let score = |kind, pair| Baseline::new(kind, &train, None, 0).unwrap().scores(&[pair])[0];
    let close = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12, "{found}, {expected}");
    close(score(BaselineKind::CommonNeighbours, (0, 2)), 2.0);
    close(score(BaselineKind::Jaccard, (1, 3)), 2.0 / 3.0);
    close(score(BaselineKind::AdamicAdar, (0, 2)), 1.0 / 2f64.ln() + 1.0 / 3f64.ln());
    close(score(BaselineKind::ResourceAllocation, (4, 2)), 1.0 / 3.0);
    close(score(BaselineKind::PreferentialAttachment, (3, 1)), 6.0);
    // A walk from 4 must step to 3 first and return there: in 0 edges 1 way, in 2 edges 3 ways (via 0, 2 or
    // 4), in 4 edges 3² ways through 3 itself and 2² through 1.
    close(score(BaselineKind::Katz, (4, 3)), 0.05 + 3.0 * 0.05f64.powi(3) + 13.0 * 0.05f64.powi(5));
    // Node 5 has no neighbours, so a random walk that starts there stops after the first step.
    for kind in BaselineKind::ALL.into_iter().filter(|kind| !kind.needs_features()) {
        close(score(kind, (5, 3)), 0.0);
        close(score(kind, (3, 5)), 0.0);
    }
    close(score(BaselineKind::Jaccard, (5, 5)), 0.0);
    close(score(BaselineKind::PersonalizedPagerank, (5, 5)), 0.3);
    // A node shares neighbours of degree 1 only with itself; their weight would be 1 / ln 1.
    close(score(BaselineKind::AdamicAdar, (4, 4)), 1.0 / 3f64.ln());
    close(score(BaselineKind::AdamicAdar, (3, 3)), 2.0 / 2f64.ln());
}

#[test]
fn baselines_ignore_weights() {
    let pairs = vec![(0, 1), (1, 2), (2, 3)];
    let weighted = EdgeList::new(4, pairs.clone(), Some(vec![0.5, 7.0, 3.0])).0;
    let features = csr(&[vec![1.0, 0.0], vec![0.5, 1.0], vec![0.0, 0.0], vec![2.0, 1.0]]);
    for kind in BaselineKind::ALL {
        let scores =
            |train| Baseline::new(kind, train, Some(&features), 0).unwrap().scores(&[(0, 2), (1, 3)]);
        assert_eq!(scores(&weighted), scores(&edges(4, pairs.clone())), "{kind}");
    }
}

#[test]
fn feature_scores_need_features() {
    let train = edges(3, vec![(0, 1)]);
    for kind in BaselineKind::ALL.into_iter().filter(|kind| kind.needs_features()) {
        let error = Baseline::new(kind, &train, None, 0).err().unwrap();
        assert!(matches!(error, vgae::Error::Config { setting: "read.features", .. }));
        assert!(error.to_string().starts_with(&format!("{kind} compares node features, but there are none")));
    }
}

#[test]
fn baselines_of_empty_graphs() {
    for n in 0..4 {
        let train = edges(n, Vec::new());
        let pairs: Vec<Pair> = (1..n as u32).map(|v| (0, v)).collect();
        for kind in BaselineKind::ALL.into_iter().filter(|kind| !kind.needs_features()) {
            let scores = Baseline::new(kind, &train, None, 0).unwrap().scores(&pairs);
            assert_eq!(scores, vec![0.0; pairs.len()], "{kind}");
        }
        let scores = ClosedForm::new(&train, None, 0).unwrap().scores(&pairs);
        assert!(scores.iter().all(|score| score.is_finite()));
    }
}

/// Generates a graph of 2 to 30 nodes, features with some zero rows, and pairs of its nodes.
fn cases() -> impl Strategy<Value = (EdgeList, Features, Vec<Pair>)> {
    (2usize..30, 1usize..6).prop_flat_map(|(n, f)| {
        let pair = (0..n as u32, 0..n as u32);
        let value = prop_oneof![3 => Just(0f32), 1 => -2f32..2.0];
        let rows = prop::collection::vec(prop::collection::vec(value, f), n);
        let pairs = prop::collection::vec(pair.clone(), 1..60);
        (prop::collection::vec(pair, 0..2 * n), rows, pairs)
            .prop_map(move |(train, rows, pairs)| (edges(n, train), csr(&rows), pairs))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn scores_do_not_depend_on_batch_or_threads((train, features, pairs) in cases()) {
        let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        for kind in BaselineKind::ALL {
            let baseline = Baseline::new(kind, &train, Some(&features), 3).unwrap();
            let together = baseline.scores(&pairs);
            prop_assert!(together.iter().all(|score| score.is_finite()));
            let alone: Vec<f64> = pairs.iter().map(|&pair| baseline.scores(&[pair])[0]).collect();
            prop_assert_eq!(&together, &alone, "{}", kind);
            let again = one_thread.install(|| {
                Baseline::new(kind, &train, Some(&features), 3).unwrap().scores(&pairs)
            });
            prop_assert_eq!(&together, &again, "{}", kind);
            let reversed: Vec<Pair> = pairs.iter().map(|&(u, v)| (v, u)).collect();
            for (score, reversed) in together.iter().zip(baseline.scores(&reversed)) {
                prop_assert!((score - reversed).abs() <= 1e-9 * score.abs().max(1.0), "{}", kind);
            }
        }
        for features in [Some(&features), None] {
            let scores = ClosedForm::new(&train, features, 3).unwrap();
            let together = scores.scores(&pairs);
            prop_assert!(together.iter().all(|score| score.is_finite()));
            for (row, &pair) in together.rows().into_iter().zip(&pairs) {
                let alone = scores.scores(&[pair]);
                prop_assert_eq!(row, alone.row(0));
            }
        }
    }
}
