//! The stack's logistic regression against scikit-learn's (tests/golden/make_combiner.py).

use ndarray::Array2;
use serde_json::Value;
use vgae::model::stack::Combiner;

#[test]
fn ranking_combiner_matches_scipy() {
    let golden: Value = serde_json::from_str(include_str!("../golden/combiner.json")).unwrap();
    let cases = golden["rankings"].as_array().unwrap();
    assert_eq!(cases.len(), 4);
    for case in cases {
        let rows: Vec<Vec<f64>> = serde_json::from_value(case["scores"].clone()).unwrap();
        let scores = Array2::from_shape_vec((rows.len(), rows[0].len()), rows.concat()).unwrap();
        let lengths: Vec<usize> = serde_json::from_value(case["lengths"].clone()).unwrap();
        let copies: Vec<f64> = serde_json::from_value(case["copies"].clone()).unwrap();
        let combiner = Combiner::fit_ranking(scores.view(), &lengths, &copies);
        for (found, expected) in combiner.weights.iter().zip(case["weights"].as_array().unwrap()) {
            assert!((found - expected.as_f64().unwrap()).abs() < 1e-6, "{found}, expected {expected}");
        }
        // Calibration keeps the order, and gives the links the higher probabilities.
        let mut firsts = vec![false; rows.len()];
        lengths.iter().fold(0, |first, length| {
            firsts[first] = true;
            first + length
        });
        let calibrated = combiner.clone().calibrated(scores.view(), &firsts);
        let logits = |combiner: &Combiner| scores.rows().into_iter().map(|row| combiner.logit(row)).collect();
        let (before, after): (Vec<f64>, Vec<f64>) = (logits(&combiner), logits(&calibrated));
        for (a, b) in before.iter().zip(&after).flat_map(|a| before.iter().zip(&after).map(move |b| (a, b))) {
            assert!((a.0 < b.0) == (a.1 < b.1) || (a.0 - b.0).abs() < 1e-9);
        }
    }
}

#[test]
fn combiner_matches_scikit_learn() {
    let golden: Value = serde_json::from_str(include_str!("../golden/combiner.json")).unwrap();
    for case in golden["cases"].as_array().unwrap() {
        let rows: Vec<Vec<f64>> = serde_json::from_value(case["scores"].clone()).unwrap();
        let scores = Array2::from_shape_vec((rows.len(), rows[0].len()), rows.concat()).unwrap();
        let labels: Vec<bool> = serde_json::from_value(case["labels"].clone()).unwrap();
        let combiner = Combiner::fit(scores.view(), &labels);
        let close = |found: f64, expected: &Value| (found - expected.as_f64().unwrap()).abs() < 1e-7;
        assert!(close(combiner.intercept, &case["intercept"]), "{}", combiner.intercept);
        for (found, expected) in combiner.weights.iter().zip(case["weights"].as_array().unwrap()) {
            assert!(close(*found, expected), "{found}, expected {expected}");
        }
        for (row, expected) in scores.rows().into_iter().zip(case["logits"].as_array().unwrap()) {
            assert!(close(combiner.logit(row), expected), "{expected}");
        }
    }
}
