//! `vgae evaluate` with other negatives than the split's and more figures than AUC and AP, and what they are made of.

mod common;

use common::{Place, karate, text};
use serde_json::Value;
use vgae::evaluate::metrics;
use vgae::evaluate::negatives::NegativeLists;
use vgae::evaluate::{BUCKETS, Scored};
use vgae::graph::Pair;
use vgae::model::score::Score;

/// A run with as many as 15 validation and 15 test edges.
fn place() -> Place {
    let place = Place::new();
    place.train_karate("--val-fraction 0.2 --test-fraction 0.2");
    place
}

fn json(place: &Place, arguments: &str) -> Value {
    serde_json::from_str(&place.stdout(&format!("evaluate run --quiet --json {arguments}"))).unwrap()
}

/// The stderr of a `vgae` that must succeed.
fn stderr(place: &Place, arguments: &str) -> String {
    text(place.vgae(arguments).assert().success().get_output().stderr.clone())
}

#[test]
fn plainly_it_is_what_training_printed() {
    let place = Place::new();
    let printed = place.stdout(&format!("train {} --output run --epochs 20 -q", karate()));
    assert_eq!(place.stdout("evaluate run"), printed);
    assert_eq!(place.stdout("evaluate run --seed 3"), printed);
    let header = "part          roc_auc  average_precision      edges  negatives\n";
    assert!(printed.starts_with(header), "{printed}");
    assert_eq!(stderr(&place, "evaluate run"), "");
}

#[test]
fn each_kind_of_negatives_has_its_table() {
    let place = place();
    for (kind, note) in [
        ("uniform", ""),
        ("degree", "note: degree negatives are absent pairs"),
        ("hard", "note: hard negatives are, for each link, the up to 100 likeliest absent pairs"),
    ] {
        let arguments = format!("evaluate run --negatives {kind} --hits 10,1,3");
        let table = place.stdout(&arguments);
        let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
        let header =
            "part negatives roc_auc average_precision mrr hits@1 hits@3 hits@10 num_edges num_negatives";
        assert_eq!(rows[0], header.split(' ').collect::<Vec<_>>());
        assert_eq!([&rows[1][..2], &rows[2][..2]], [["validation", kind], ["test", kind]]);
        assert_eq!(rows.len(), 3);
        for row in &rows[1..] {
            assert!(row[2..8].iter().all(|figure| (0.0..=1.0).contains(&figure.parse::<f64>().unwrap())));
            assert_eq!(row[8], "15");
        }
        let width = table.lines().next().unwrap().len();
        assert!(table.lines().all(|line| line.len() == width), "{table}");
        let said = stderr(&place, &arguments);
        assert!(said.starts_with(note) && said.is_empty() == note.is_empty(), "{said}");
        assert_eq!(stderr(&place, &format!("{arguments} -q")), "");
    }
}

#[test]
fn json_gives_all_that_is_asked_for() {
    let place = place();
    let plain = json(&place, "");
    let uniform = json(&place, "--negatives uniform");
    assert_eq!(uniform["negatives"], "uniform");
    assert_eq!(uniform["test"]["roc_auc"], plain["test"]["roc_auc"]);
    assert_eq!(uniform["validation"]["average_precision"], plain["validation"]["average_precision"]);
    assert_eq!(uniform["test"].as_object().unwrap().len(), 5, "{uniform}");

    let everything = "--negatives hard --negatives-per-edge 20 --hits 5,10 --by-degree --bootstrap 50 \
                      --calibration --seed 9";
    let hard = json(&place, everything);
    assert_eq!((&hard["negatives"], &hard["negatives_per_edge"]), (&"hard".into(), &20.into()));
    assert_eq!((&hard["seed"], &hard["bootstrap"]["num_resamples"]), (&9.into(), &50.into()));
    for part in ["validation", "test"] {
        let part = &hard[part];
        assert_eq!((&part["num_edges"], &part["num_negatives"]), (&15.into(), &300.into()));
        for figure in ["roc_auc", "average_precision"] {
            let [lower, upper] =
                ["lower", "upper"].map(|end| part["intervals"][figure][end].as_f64().unwrap());
            assert!(lower < upper, "{part}");
        }
        let hits = |k: &str| part["hits"][k].as_f64().unwrap();
        assert!(hits("5") <= hits("10"));
        assert!(part["mean_reciprocal_rank"].as_f64().unwrap() > 0.0);
        assert!(part["calibration"]["brier"].as_f64().unwrap() > 0.0);
        assert!(part["calibration"]["expected_calibration_error"].as_f64().unwrap() > 0.0);
        let buckets = part["by_degree"].as_array().unwrap();
        assert_eq!(
            buckets.iter().map(|bucket| bucket["smaller_degree"].as_str().unwrap()).collect::<Vec<_>>(),
            ["0", "1", "2", "3-5", "6-10", ">10"]
        );
        for (count, expected) in [("num_edges", 15), ("num_negatives", 300)] {
            let sum: u64 = buckets.iter().map(|bucket| bucket[count].as_u64().unwrap()).sum();
            assert_eq!(sum, expected);
        }
    }
    assert_eq!(json(&place, &format!("{everything} --threads 2")), hard);
    assert_eq!(json(&place, &format!("{everything} --threads 1")), hard);
    let degree = json(&place, "--negatives degree");
    assert_eq!(json(&place, "--negatives degree --seed 0"), degree);
    assert_ne!(json(&place, "--negatives degree --seed 1")["test"], degree["test"]);
}

#[test]
fn intervals_calibration_and_degrees_are_in_the_table() {
    let place = place();
    let table = place.stdout("evaluate run --bootstrap --calibration --by-degree -q");
    let mut tables = table.split("\n\n");
    let (parts, degrees) = (tables.next().unwrap(), tables.next().unwrap());
    let header: Vec<&str> = parts.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(header[4..], ["mrr", "brier", "expected_calibration_error", "num_edges", "num_negatives"]);
    let uniform = json(&place, "--bootstrap 1000");
    let ends = &uniform["test"]["intervals"]["roc_auc"];
    let cell = format!(
        "{:.4} [{:.4}, {:.4}]",
        uniform["test"]["roc_auc"].as_f64().unwrap(),
        ends["lower"].as_f64().unwrap(),
        ends["upper"].as_f64().unwrap()
    );
    assert!(parts.lines().nth(2).unwrap().contains(&cell), "{parts}");
    assert_eq!(degrees.lines().count(), 1 + 2 * BUCKETS.len());
    assert!(
        degrees.starts_with("part        smaller_degree  roc_auc  average_precision  num_edges  num_neg")
    );
    let said = stderr(&place, "evaluate run --calibration");
    assert_eq!(
        said,
        "note: this run is not calibrated; --calibrate isotonic|platt shows what that would change\n"
    );
}

#[test]
fn pairs_of_ones_own_have_the_further_figures_too() {
    let place = place();
    let own = "--pairs run/split/test.csv --negatives run/split/test_negatives.csv --hits 3 --calibration";
    let (own, uniform) = (json(&place, own), json(&place, "--hits 3 --calibration"));
    assert_eq!(own["pairs"], uniform["test"]);
    assert_eq!(own["negatives"], "file");
    // A file that is called as a kind is.
    place.write("uniform", place.read("run/split/test_negatives.csv"));
    let named = "--pairs run/split/test.csv --negatives ./uniform";
    assert_eq!(json(&place, named)["pairs"], json(&place, "")["test"]);
}

#[test]
fn what_does_not_fit_is_refused() {
    let place = place();
    let error = place.failure("evaluate run --hits 3,16 --json", 1);
    assert_eq!(
        error,
        "error: Hits@16 needs at least 16 negatives to rank an edge among; got 15; hint: a smaller K for --hits, or \
         other --negatives\n"
    );
    let error = place.failure("evaluate run --negatives degree --pairs run/split/test.csv", 2);
    assert_eq!(
        error,
        "error: --negatives degree are drawn for the held-out links, not for --pairs run/split/test.csv; expected a \
         file, ./degree if it is called so\n"
    );
    let error = place.failure("evaluate run --negatives hrad", 2);
    assert!(error.starts_with("error: --negatives hrad is none of uniform, degree and hard"), "{error}");
    let error = place.failure("evaluate run --negatives degree --negatives-per-edge 3", 2);
    assert_eq!(error, "error: --negatives-per-edge 3 is for hard negatives; add --negatives hard\n");
    for arguments in [
        "--negatives hard --negatives-per-edge 0",
        "--negatives hard --negatives-per-edge -1",
        "--hits 0",
        "--hits few",
        "--bootstrap 0",
        "--pairs - --negatives -",
        "--pairs run/split/test.csv",
    ] {
        place.failure(&format!("evaluate run {arguments}"), 2);
    }
}

#[test]
fn a_part_of_which_nothing_was_held_out_has_no_figures() {
    let place = Place::new();
    place.train_karate("--val-fraction 0");
    for kind in ["uniform", "degree", "hard"] {
        let report = json(&place, &format!("--negatives {kind} --by-degree --bootstrap 20"));
        assert!(report["validation"].is_null() && report["test"].is_object(), "{report}");
        assert_eq!(place.stdout(&format!("evaluate run --negatives {kind} -q")).lines().count(), 2);
    }
}

#[test]
fn directed_runs_have_directed_negatives() {
    let place = Place::new();
    place.stdout(&format!("train {} --directed --model gravity-gae --output run --epochs 5 -q", karate()));
    for kind in ["uniform", "degree", "hard"] {
        assert_eq!(json(&place, &format!("--negatives {kind}"))["test"]["num_edges"], 7);
    }
}

/// The logit of (u, v) is 10 u + v.
struct Sum;

impl Score for Sum {
    fn logits(&self, pairs: &[Pair]) -> Vec<f64> {
        pairs.iter().map(|&(u, v)| f64::from(10 * u + v)).collect()
    }
}

#[test]
fn edges_meet_the_negatives_of_their_own_bucket() {
    // Nodes 0 to 5 with these degrees.
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
    // 5 above 1; of 34 and 23 against 24 and 35 one pair of four is in order.
    assert_eq!(buckets[0].metrics.unwrap().roc_auc, 1.0);
    assert_eq!(buckets[3].metrics.unwrap().roc_auc, 0.25);
    for degree in 0..40 {
        assert_eq!(BUCKETS.iter().filter(|bucket| bucket.contains(degree)).count(), 1);
    }
}

#[test]
fn lists_are_ranked_one_by_one_and_pooled_for_auc() {
    let edges = [(1, 0), (3, 0)];
    let lists = NegativeLists::PerEdge(vec![vec![(0, 9), (1, 2)], vec![(2, 9)]]);
    let scored = Scored::new(&Sum, &edges, &lists);
    assert_eq!((scored.num_edges(), scored.num_negatives()), (2, 3));
    // 10 after 12 and before 9; 30 before 29.
    assert_eq!(scored.ranks().unwrap().mean_reciprocal_rank(), 0.75);
    let pooled =
        metrics::evaluate(&[10.0, 30.0, 9.0, 12.0, 29.0], &[true, true, false, false, false]).unwrap();
    assert_eq!(scored.metrics().unwrap(), pooled);
}
