//! The stack's logistic regression against scikit-learn's (tests/golden/make_combiner.py).

use ndarray::Array2;
use serde_json::Value;
use vgae::model::stack::Combiner;

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
