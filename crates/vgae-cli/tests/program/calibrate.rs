//! Probabilities fitted to the validation part: recorded, used by every command, and reported.

use crate::common::{Workspace, karate, ring, rows};
use serde_json::Value;

/// Trains on a ring of 300 nodes with chords: 600 edges, of which 120 validate.
fn trained(more: &str) -> Workspace {
    let workspace = Workspace::new();
    workspace.write("ring.csv", rows(&ring(300), ","));
    workspace.stdout(&format!("train ring.csv --output run --epochs 60 --val-fraction 0.2 -q {more}"));
    workspace
}

/// Returns (probability, logit) of each row of scores.
fn scores(csv: &str) -> Vec<(f64, f64)> {
    let numbers =
        |line: &str| -> Vec<f64> { line.split(',').skip(2).map(|field| field.parse().unwrap()).collect() };
    csv.lines().skip(1).map(|line| (numbers(line)[0], numbers(line)[1])).collect()
}

#[test]
fn calibration_is_recorded_and_applied() {
    for method in ["isotonic", "platt"] {
        let workspace = trained(&format!("--calibrate {method}"));
        let record = workspace.json("run/run.json");
        assert_eq!(record["config"]["calibrate"], method);
        let calibration = &record["calibration"];
        let density = 600.0 / (300.0 * 299.0 / 2.0);
        assert!((calibration["density"].as_f64().unwrap() - density).abs() < 1e-12);
        assert_eq!((&calibration["method"], &calibration["num_edges"]), (&method.into(), &120.into()));
        assert!(calibration["num_negatives"].as_u64().unwrap() > 10_000);

        let pairs = "score run --pairs run/split/test_negatives.csv";
        let calibrated = scores(&workspace.stdout(pairs));
        let mean =
            |scores: &[(f64, f64)]| scores.iter().map(|score| score.0).sum::<f64>() / scores.len() as f64;
        // Negatives get probabilities near the density of the graph.
        assert!(mean(&calibrated) < 0.05, "{method}: {}", mean(&calibrated));
        let best = workspace.stdout("predict run --top 50");
        workspace.write("best.csv", &best);
        assert_eq!(workspace.stdout("score run --pairs best.csv"), best);
        // Probabilities never decrease as logits increase.
        let mut sorted = [calibrated, scores(&best)].concat();
        sorted.sort_by(|a, b| a.1.total_cmp(&b.1));
        assert!(sorted.is_sorted_by(|a, b| a.0 <= b.0), "{sorted:?}");

        // Calibrating afterwards gives the same probabilities.
        let later = trained("");
        assert!(later.json("run/run.json").get("calibration").is_none());
        let plain = scores(&later.stdout("score run --pairs run/split/test.csv"));
        assert!(plain.iter().all(|(p, logit)| (p - 1.0 / (1.0 + (-logit).exp())).abs() < 1e-12));
        assert_eq!(later.stdout(&format!("{pairs} --calibrate {method}")), workspace.stdout(pairs));
    }
}

#[test]
fn evaluate_compares_calibrations() {
    let workspace = trained("--calibrate isotonic");
    let report: Value = serde_json::from_str(&workspace.stdout("evaluate run --reliability --json")).unwrap();
    let claims = report["probabilities"].as_array().unwrap();
    let names: Vec<&str> = claims.iter().map(|claim| claim["probability"].as_str().unwrap()).collect();
    assert_eq!(names, ["sigmoid", "isotonic", "sigmoid", "isotonic"]);
    let figure = |at: usize, name: &str| claims[at][name].as_f64().unwrap();
    assert_eq!(figure(1, "density"), 0.5);
    for name in ["brier", "expected_calibration_error"] {
        assert!(figure(3, name) < figure(2, name) / 5.0, "{name} {claims:?}");
    }
    for claim in claims {
        let sum = |of: &dyn Fn(&Value) -> f64| claim["bins"].as_array().unwrap().iter().map(of).sum::<f64>();
        let number = |bin: &Value, name: &str| bin[name].as_f64().unwrap();
        assert!((sum(&|bin| number(bin, "share_of_pairs")) - 1.0).abs() < 1e-9);
        let edges = sum(&|bin| number(bin, "share_of_pairs") * number(bin, "share_of_edges"));
        assert!((edges - claim["density"].as_f64().unwrap()).abs() < 1e-9, "{claim}");
    }
    let table = workspace.stdout("evaluate run --reliability");
    for word in ["probability", "share_of_edges", "isotonic", "0–0.001"] {
        assert!(table.contains(word), "{word}: {table}");
    }
    assert!(workspace.failure("evaluate run --calibrate platt", 2).contains("--reliability"));
}

#[test]
fn threshold_meets_budget_and_precision() {
    let workspace = trained("");
    let threshold = |arguments: &str| -> Value {
        serde_json::from_str(&workspace.stdout(&format!("threshold run --json {arguments}"))).unwrap()
    };
    let number = |answer: &Value, name: &str| answer[name].as_f64().unwrap();
    // The threshold for a budget is the logit of the last prediction within it.
    let budget = threshold("--budget 40");
    let best = scores(&workspace.stdout("predict run --top 40"));
    assert_eq!(number(&budget, "logit"), best[39].1);
    assert_eq!(budget["num_predicted"], 40);
    // The recall is the share of test edges above the threshold.
    let test = scores(&workspace.stdout("score run --pairs run/split/test.csv"));
    let answer = threshold("--precision 0.05");
    for answer in [&budget, &answer] {
        let above = test.iter().filter(|score| score.1 >= number(answer, "logit")).count();
        assert!((number(answer, "recall") - above as f64 / test.len() as f64).abs() < 1e-12, "{answer}");
    }
    // `predict` gives as many pairs above the threshold.
    let above = scores(&workspace.stdout("predict run --top 100000 -q")).into_iter();
    let above = above.filter(|score| score.1 >= number(&answer, "logit")).count() as f64;
    for count in ["num_predicted", "num_predicted_low", "num_predicted_high"] {
        assert_eq!(number(&answer, count), above, "{count}");
    }
    // Precision, recall and both counts are consistent.
    for answer in [&budget, &answer] {
        let links = number(answer, "recall") * 600.0;
        let precision = links / (links + number(answer, "num_predicted"));
        assert!((number(answer, "precision") - precision).abs() < 0.01, "{answer}");
    }
    assert_eq!(
        workspace.failure("threshold run --budget 0", 2),
        "error: --budget is 0; expected at least 1\n"
    );
    // A higher density lowers the threshold.
    let common = threshold("--precision 0.05 --density 0.2");
    assert!(number(&common, "logit") <= number(&answer, "logit"));
    assert!(number(&common, "recall") >= number(&answer, "recall"));
    assert_eq!(number(&common, "density"), 0.2);
    let table = workspace.stdout("threshold run --budget 40");
    assert_eq!(
        table.lines().next().unwrap(),
        "logit,probability,precision,recall,num_predicted,num_predicted_low,num_predicted_high,density"
    );

    let error = workspace.failure("threshold run --precision 0.999999", 1);
    assert!(error.contains("no threshold has the precision 0.999999 where 1.338e-2 of the pairs"), "{error}");
    assert!(workspace.failure("threshold run", 2).contains("--precision"));
    assert!(
        workspace.failure("threshold run --precision 2", 2).contains("--precision is 2; expected a share")
    );
    assert!(workspace.failure("threshold run --precision 0.5 --budget 3", 2).contains("cannot be used with"));
}

#[test]
fn calibration_needs_validation_edges() {
    let workspace = Workspace::new();
    let train = format!("train {} --output run --epochs 2 -q --val-fraction 0", karate());
    let error = workspace.failure(&format!("{train} --calibrate platt"), 2);
    assert_eq!(error, "error: --calibrate platt needs validation edges; --val-fraction is 0\n");
    workspace.stdout(&train);
    let error = workspace.failure("score run --pairs run/split/test.csv --calibrate platt", 2);
    assert!(error.contains("needs validation edges"), "{error}");
    assert!(workspace.failure("threshold run --precision 0.5", 2).contains("needs validation edges"));
    workspace.stdout("threshold run --budget 3");
}

#[test]
fn tampered_calibration_is_refused() {
    let workspace = trained("--calibrate isotonic");
    let record = workspace.read("run/run.json");
    for (from, to) in
        [("\"density\": 0.0", "\"density\": 9.0"), ("\"probabilities\": [", "\"probabilities\": [7,")]
    {
        assert!(record.contains(from));
        workspace.write("run/run.json", record.replace(from, to));
        let error = workspace.failure("predict run", 1);
        assert!(error.contains("run.json") && error.contains("calibration"), "{error}");
    }
}
