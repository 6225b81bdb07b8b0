//! `--weighted-loss`: heavy edges count for more in the loss, and get higher logits.

use crate::common::{Workspace, ring, rows};

/// Returns two disjoint rings of 60 nodes with chords; the edges of the first have the weight 8, of the
/// second 1.
fn rings() -> String {
    let mut rows = String::from("source,target,weight\n");
    for (name, weight) in [("a", 8), ("b", 1)] {
        for at in 0..60 {
            for step in [1, 2] {
                rows += &format!("{name}{at},{name}{},{weight}\n", (at + step) % 60);
            }
        }
    }
    rows
}

/// Returns the mean logit of the heavy edges minus that of the light ones.
fn lead(workspace: &Workspace, run: &str) -> f64 {
    let edges: Vec<(String, bool)> = rings()
        .lines()
        .skip(1)
        .map(|row| (row.rsplit_once(',').unwrap().0.to_string(), row.starts_with('a')))
        .collect();
    let pairs: String = edges.iter().map(|(pair, _)| format!("{pair}\n")).collect();
    workspace.write("pairs.csv", format!("source,target\n{pairs}"));
    let scored = workspace.stdout(&format!("score {run} --pairs pairs.csv --quiet"));
    let logits: Vec<f64> =
        scored.lines().skip(1).map(|row| row.rsplit_once(',').unwrap().1.parse().unwrap()).collect();
    let mean = |of_heavy: bool| {
        let own: Vec<f64> = edges
            .iter()
            .zip(&logits)
            .filter(|(edge, _)| edge.1 == of_heavy)
            .map(|(_, &logit)| logit)
            .collect();
        own.iter().sum::<f64>() / own.len() as f64
    };
    mean(true) - mean(false)
}

#[test]
fn heavy_edges_get_higher_logits() {
    let workspace = Workspace::new();
    workspace.write("rings.csv", rings());
    let losses = [
        "--loss exact",
        "--loss sampled",
        "--loss reweighted",
        "--loss subgraph",
        "--loss sampled --mask-edges 0.5",
        "--decoder hadamard-mlp",
    ];
    for (at, loss) in losses.into_iter().enumerate() {
        let train = format!("train rings.csv --model gae --epochs 100 --seed 3 {loss} --quiet");
        workspace.stdout(&format!("{train} --output plain{at}"));
        workspace.stdout(&format!("{train} --output weighted{at} --weighted-loss"));
        let [plain, weighted] = ["plain", "weighted"].map(|run| lead(&workspace, &format!("{run}{at}")));
        assert!(weighted > plain + 0.5, "{loss}: {plain} without, {weighted} with");
    }
}

#[test]
fn inapplicable_weighted_loss_is_refused() {
    let workspace = Workspace::new();
    workspace.write("plain.csv", rows(&ring(40), ",")).write("rings.csv", rings());
    let error = workspace.failure("train plain.csv --weighted-loss --epochs 1 --output run --quiet", 2);
    assert_eq!(
        error,
        "error: --weighted-loss needs edge weights, but the graph has none; hint: add a column named weight, or give \
         --weight-column COLUMN\n"
    );
    for (model, what) in [("best", "has networks of its own settings"), ("katz", "needs no training")] {
        let error =
            workspace.failure(&format!("train rings.csv --model {model} --weighted-loss --output run"), 2);
        assert_eq!(error, format!("error: --weighted-loss has no effect: {model} {what}; leave it out\n"));
    }
    assert!(!workspace.exists("run"));
    // The exact loss of directed edges also takes weights.
    workspace.stdout(
        "train rings.csv --directed --model gravity-gae --weighted-loss --epochs 2 --output run --quiet",
    );
    assert_eq!(workspace.json("run/run.json")["config"]["train"]["weighted_loss"], true);
}
