use proptest::prelude::*;

use super::*;
use crate::model::score::probability;

const METHODS: [Calibration; 2] = [Calibration::Isotonic, Calibration::Platt];

#[test]
fn isotonic_steps_match_a_calculation_by_hand() {
    // Edges at 1, 2, 4 and an added one at 0; negatives at 0, 1, 3 and an added one at 4. Each weighs a
    // quarter, so the shares by logit are 1/2, 1/2, 1, 0, 1/2, which pool into 1/2 up to 1 and 1/2 from 2 to
    // 4.
    let fitted = Isotonic::fit(&[1.0, 2.0, 4.0], &[0.0, 1.0, 3.0]);
    for logit in [-9.0, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 9.0] {
        assert!((fitted.probability(logit) - 0.5).abs() < 1e-12, "{logit}");
    }
    // Edges at 3, 4, 5 and −1; negatives at −1, 0, 1 and 5: 1/2, 0, 0, 1, 1, 1/2 pool into 1/4 up to 1 and
    // 3/4 from 3.
    let fitted = Isotonic::fit(&[3.0, 4.0, 5.0], &[-1.0, 0.0, 1.0]);
    for (logit, expected) in [(-2.0, 0.25), (1.0, 0.25), (2.0, 0.5), (2.5, 0.625), (3.0, 0.75), (9.0, 0.75)] {
        assert!((fitted.probability(logit) - expected).abs() < 1e-12, "{logit}");
    }
}

#[test]
fn a_shift_follows_bayes_rule() {
    // The odds are 4 to 1 for equally frequent edges and negatives, and 4 to 99 if one pair in a hundred is
    // an edge.
    assert!((shift(0.8, 0.01) - 4.0 / 103.0).abs() < 1e-12);
    assert_eq!(shift(0.3, 0.5), 0.3);
}

#[test]
fn a_model_that_ranks_backwards_gets_the_density_as_its_probability() {
    let calibrator = Calibrator::fit(Calibration::Platt, &[0.0, 1.0], &[5.0, 6.0], 0.25).unwrap();
    for logit in [f64::NEG_INFINITY, -3.0, 7.0, f64::INFINITY] {
        assert!((calibrator.probability(logit) - 0.25).abs() < 1e-9, "{logit}");
    }
}

#[test]
fn platt_finds_the_sigmoid_that_made_the_outcomes() {
    // Negatives are normal around 0 and edges around 2, both with variance 1, so the log-odds at logit x are
    // 2x − 2.
    let quantile = |p: f64| std::f64::consts::SQRT_2 * statrs::function::erf::erf_inv(2.0 * p - 1.0);
    let normal: Vec<f64> = (0..20_000).map(|at| quantile((at as f64 + 0.5) / 20_000.0)).collect();
    let edges: Vec<f64> = normal.iter().map(|x| x + 2.0).collect();
    let Platt { slope, intercept } = Platt::fit(&edges, &normal);
    assert!((slope - 2.0).abs() < 0.01 && (intercept + 2.0).abs() < 0.01, "{slope} {intercept}");
}

#[test]
fn invalid_input_is_refused() {
    for method in METHODS {
        let fit = |edges: &[f64], negatives: &[f64], density| {
            Calibrator::fit(method, edges, negatives, density).unwrap_err().to_string()
        };
        assert!(fit(&[], &[1.0], 0.5).contains("0 positives, 1 negatives"));
        assert!(fit(&[1.0], &[0.0, f64::NAN], 0.5).contains("pair 2"));
        for density in [0.0, 1.0, f64::NAN] {
            assert!(fit(&[1.0], &[0.0], density).contains("above 0 and below 1"));
        }
    }
}

proptest! {
    #[test]
    fn probabilities_never_fall_and_are_never_certain(
        edges in prop::collection::vec(-20.0f64..30.0, 1..60),
        negatives in prop::collection::vec(-30.0f64..20.0, 1..60),
        density in 1e-6f64..0.9,
        mut logits in prop::collection::vec(-40.0f64..40.0, 2..40),
    ) {
        logits.extend([f64::NEG_INFINITY, f64::INFINITY]);
        logits.sort_by(f64::total_cmp);
        for method in METHODS {
            let calibrator = Calibrator::fit(method, &edges, &negatives, density).unwrap();
            let found: Vec<f64> = logits.iter().map(|&logit| calibrator.probability(logit)).collect();
            // Platt's probabilities saturate, but only far outside the logits of the fit.
            prop_assert!(found.iter().all(|p| (0.0..=1.0).contains(p)), "{:?}", found);
            prop_assert!(found.is_sorted_by(|a, b| *a <= *b + 1e-15), "{:?}", found);
            let mut fitted = edges.iter().chain(&negatives).map(|&logit| calibrator.probability(logit));
            if method == Calibration::Isotonic {
                prop_assert!(fitted.all(|p| p > 0.0 && p < 1.0));
            }
            prop_assert!(calibrator.problem().is_none());
            let json = serde_json::to_string(&calibrator).unwrap();
            let read: Calibrator = serde_json::from_str(&json).unwrap();
            for &logit in &logits {
                let (before, after) = (calibrator.probability(logit), read.probability(logit));
                prop_assert!((before - after).abs() < 1e-9, "{} {}", before, after);
            }
        }
    }

    #[test]
    fn an_isotonic_curve_predicts_the_actual_share_of_edges(
        edges in prop::collection::vec(-2i32..5, 200..300), negatives in prop::collection::vec(-5i32..2, 200..300),
    ) {
        let numbers = |logits: &[i32]| logits.iter().map(|&logit| f64::from(logit)).collect();
        let classes = ClassLogits { edges: numbers(&edges), negatives: numbers(&negatives) };
        let calibrator = Calibrator::fit(Calibration::Isotonic, &classes.edges, &classes.negatives, 0.1).unwrap();
        for density in [0.1, 0.5] {
            let reliability =
                |predict: &dyn Fn(f64) -> f64| Reliability::compute(&classes, density, predict).unwrap();
            let calibrated = reliability(&|logit| calibrator.probability_at(logit, density));
            prop_assert!(calibrated.expected_calibration_error < 0.02, "{:?}", calibrated);
            prop_assert!(calibrated.brier <= reliability(&probability).brier + 0.001);
        }
    }
}

#[test]
fn an_unreachable_precision_names_the_best_cut() {
    let classes = ClassLogits { edges: vec![1.0, 2.0], negatives: vec![3.0; 9] };
    let error = Threshold::with_precision(&classes, 0.01, 0.5).unwrap_err().to_string();
    assert!(
        error.contains("no threshold has the precision 0.5") && error.contains("the best is 0.0100"),
        "{error}"
    );
}
