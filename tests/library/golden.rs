//! Values computed by scipy, PyTorch and scikit-learn (tests/golden/make.py).

use serde_json::Value;
use vgae::evaluate::metrics;
use vgae::graph::EdgeList;
use vgae::graph::normalize;
use vgae::model::loss::ExactReconstruction;

fn golden() -> Value {
    serde_json::from_str(include_str!("../golden/golden.json")).unwrap()
}

fn rows(value: &Value) -> Vec<Vec<f64>> {
    serde_json::from_value(value.clone()).unwrap()
}

fn edges(golden: &Value, weights: Option<Vec<f32>>) -> EdgeList {
    EdgeList::new(7, serde_json::from_value(golden["edges"].clone()).unwrap(), weights).0
}

#[test]
fn adj_norm_matches_scipy() {
    let golden = golden();
    let weights = serde_json::from_value(golden["weights"].clone()).unwrap();
    for (edges, name) in
        [(edges(&golden, None), "adj_norm"), (edges(&golden, Some(weights)), "weighted_adj_norm")]
    {
        let found = normalize::symmetric(&edges).to_dense();
        for (u, row) in rows(&golden[name]).iter().enumerate() {
            for (v, expected) in row.iter().enumerate() {
                assert!((found[[u, v]] as f64 - expected).abs() < 1e-7, "{name}[{u}, {v}]");
            }
        }
    }
}

#[test]
fn blocked_loss_and_gradient_match_autograd() {
    let golden = golden();
    let case = &golden["reconstruction"];
    let z: Vec<f32> = rows(&case["z"]).concat().iter().map(|&value| value as f32).collect();
    let loss = ExactReconstruction::new(&edges(&golden, None));
    let (value, gradient) = loss.value_and_gradient(&z, 3);
    let expected = case["value"].as_f64().unwrap();
    assert!((value - expected).abs() < 1e-6 * expected, "{value}, expected {expected}");
    let expected = rows(&case["gradient"]).concat();
    let size = expected.iter().fold(0f64, |most, value| most.max(value.abs()));
    for (found, expected) in gradient.iter().zip(&expected) {
        assert!((*found as f64 - expected).abs() < 1e-6 * size, "{found}, expected {expected}");
    }
}

#[test]
fn metrics_match_scikit_learn() {
    for case in golden()["metrics"].as_array().unwrap() {
        let scores: Vec<f64> = serde_json::from_value(case["scores"].clone()).unwrap();
        let labels: Vec<bool> = serde_json::from_value(case["labels"].clone()).unwrap();
        let found = metrics::evaluate(&scores, &labels).unwrap();
        for (found, name) in [(found.roc_auc, "roc_auc"), (found.average_precision, "average_precision")] {
            let expected = case[name].as_f64().unwrap();
            assert!(
                (found - expected).abs() < 1e-12,
                "{}: {name} {found}, expected {expected}",
                case["name"]
            );
        }
    }
}

#[test]
fn metrics_need_both_classes_and_numbers() {
    let error = metrics::evaluate(&[0.5, 0.25], &[false, false]).unwrap_err();
    assert_eq!(error.to_string(), "ROC AUC needs both classes; got 0 positives, 2 negatives");
    let error = metrics::roc_auc(&[0.5, f64::NAN], &[true, false]).unwrap_err();
    assert_eq!(error.to_string(), "the score of pair 1 (counted from 0) is NaN; a ranking needs numbers");
}
