//! Trains every model on every edge case, in this process.

use clap::{Args, Command, FromArgMatches};
use vgae::Result;
use vgae::config::{Config, ModelKind};
use vgae::pipeline::{self, Evaluated};
use vgae::progress::Progress;
use vgae::split::Split;
use vgae::train;

use crate::shared::Workspace;
use crate::shared::edge_cases::{self as cases, Case};

const SETTINGS: &[&str] = &[
    "--model vgae",
    "--model gae",
    "--model linear-gae",
    "--model linear-vgae",
    "--model tuned-gae",
    "--model tuned-gae --features none",
    "--model gnae",
    "--model vgnae",
    "--model gravity-gae --directed",
    "--model gravity-vgae --directed",
    "--model vae",
    "--model vae --likelihood gaussian",
    "--model best",
    "--model common-neighbours",
    "--model jaccard",
    "--model adamic-adar",
    "--model resource-allocation",
    "--model preferential-attachment",
    "--model katz",
    "--model personalized-pagerank",
    "--model spectral",
    "--model feature-cosine",
    "--model propagated-cosine",
    "--model neighbourhood-cosine",
    "--model vgae --features none",
    "--model gnae --features none",
    "--model gravity-vgae --directed --features none",
    "--model best --features none",
    "--model vgae --loss sampled",
    "--model vgae --loss reweighted",
    "--model vgae --loss subgraph --subgraph-nodes 20",
    "--model gnae --loss exact",
    "--model gae --decoder hadamard-mlp",
    "--model gae --layers 3 --layer-norm --decoder residual-mlp",
    "--model gae --normalize-embeddings",
    "--model gae --normalize-embeddings --features none",
    "--model vgae --weighted-loss",
    "--model gae --mask-edges 0.5",
    "--model gae --dropout 0.5",
    "--model vgae --calibrate isotonic",
    "--model gae --calibrate platt",
    "--model vgae --feature-transform row",
    "--model vgae --feature-transform tfidf",
    "--model vgae --kl-weight elbo",
];

/// Parses flags of `vgae train`.
fn config(flags: &str) -> Config {
    let command = Config::augment_args(Command::new("train").no_binary_name(true));
    Config::from_arg_matches(&command.try_get_matches_from(flags.split_whitespace()).unwrap()).unwrap()
}

fn are_finite<'a>(numbers: impl IntoIterator<Item = &'a f32>) -> bool {
    numbers.into_iter().all(|number| number.is_finite())
}

/// Trains, and returns the name of a result that is not finite, if any.
fn train(workspace: &Workspace, case: &Case, flags: &str) -> Result<Option<String>> {
    let mut config = config(flags);
    if !matches!(config.model.model, ModelKind::Baseline(_)) {
        config.train.epochs = Some(25);
    }
    let progress = Progress::default();
    let graph = pipeline::read(&workspace.path(&cases::write(workspace, case)), &config, &progress)?;
    let split: Split = pipeline::split(&graph, &config, None)?;
    let trained = train::fit(graph.features(), &split, &config, |_| {})?;
    let Evaluated { encoded, metrics, calibrator } =
        pipeline::evaluate(&trained.model, &graph, &split, &config, &progress)?;
    let n = graph.num_nodes() as u32;
    let pairs: Vec<_> = (0..n).flat_map(|u| (0..n).map(move |v| (u, v))).collect();
    let logits = encoded.score.logits(&pairs);
    let weights = trained.model.weights();
    let losses = trained.history.iter().flat_map(|epoch| [epoch.loss, epoch.reconstruction, epoch.kl]);
    let embeddings = encoded.embeddings.as_ref();
    let parts = [
        ("weights", are_finite(weights.values().flatten())),
        ("losses", losses.into_iter().all(f64::is_finite)),
        ("embeddings", embeddings.is_none_or(|of| are_finite(&of.mean))),
        ("log-variances", embeddings.is_none_or(|of| are_finite(of.log_variance.iter().flatten()))),
        ("logits", logits.iter().all(|logit| logit.is_finite())),
        (
            "metrics",
            [metrics.links.validation, metrics.links.test].iter().flatten().all(|of| of.roc_auc.is_finite()),
        ),
        (
            "probabilities",
            calibrator
                .is_none_or(|of| logits.iter().all(|&logit| (0.0..=1.0).contains(&of.probability(logit)))),
        ),
        ("top pairs", encoded.score.top_pairs(5, &graph.edges).iter().all(|pair| pair.logit.is_finite())),
    ];
    Ok(parts.into_iter().find(|(_, is_finite)| !is_finite).map(|(part, _)| part.to_string()))
}

/// Returns the error message that may, or for impossible cases must, replace training.
fn excuse(case: &Case, flags: &str) -> Option<&'static str> {
    let holds_out = !flags.contains("--val-fraction 0");
    let needs_negatives =
        ["--loss sampled", "--loss reweighted", "gnae", "hadamard", "residual", "tuned-gae"];
    let needs_negatives = needs_negatives.iter().any(|word| flags.contains(word)) && !flags.contains("exact");
    match case.name {
        "two nodes" if holds_out => {
            Some("too few edges (1) for `split.val_fraction = 0.05` and `split.test_fraction = 0.1`")
        }
        "complete" if holds_out && !flags.contains("--directed") => Some(
            "need 9 negative pairs but the graph has only 0 non-edges; hint: smaller `split.val_fraction`",
        ),
        "two nodes" | "complete" if flags.contains("best") => {
            Some("pairs that are not edges, but the graph has 0 to spare; hint: another `model.model`")
        }
        "two nodes" | "complete" if needs_negatives => Some(
            "draws pairs that are not edges, but every pair of nodes is an edge; hint: `train.loss = exact`",
        ),
        "one giant value" | "features of 1e10" | "features of 1e18" | "features of 1e38"
        | "features of 3.4e38" => Some("; hint: bring the features to about the size of 1 (they reach "),
        "features of 1e-38" | "features of 1e-44" if flags.contains("--model vae") => {
            Some("the loss is NaN at epoch 1; hint: bring the features to about the size of 1 (they reach ")
        }
        _ => None,
    }
}

/// Returns `true` if training on this graph is impossible, so that the error must occur.
fn is_certain(case: &Case) -> bool {
    ["two nodes", "complete"].contains(&case.name)
}

#[test]
fn every_model_trains_or_reports_reason() {
    let workspace = Workspace::new();
    let (mut problems, mut num_trained, mut num_refused) = (Vec::new(), 0, 0);
    for case in cases::all() {
        for holdout in ["", " --val-fraction 0 --test-fraction 0"] {
            for flags in SETTINGS {
                if !holdout.is_empty() && (flags.contains("calibrate") || !is_certain(&case))
                    || flags.contains("weighted") && !case.name.contains("weight")
                {
                    continue;
                }
                let flags = format!("{flags}{holdout}");
                let excuse = excuse(&case, &flags);
                match (train(&workspace, &case, &flags), excuse) {
                    (Ok(None), None) => num_trained += 1,
                    (Ok(None), Some(_)) if !is_certain(&case) => num_trained += 1,
                    (Err(error), Some(excuse)) if error.to_string().contains(excuse) => num_refused += 1,
                    (Err(error), _) => problems.push(format!("{}: {flags}: {error}", case.name)),
                    (Ok(Some(part)), _) => {
                        problems.push(format!("{}: {flags}: {part} are not finite", case.name))
                    }
                    (Ok(None), Some(excuse)) => {
                        problems.push(format!("{}: {flags}: trained; expected: {excuse}", case.name));
                    }
                }
            }
        }
    }
    eprintln!("degenerate: {num_trained} trainings to finite numbers, {num_refused} refused with a reason");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
