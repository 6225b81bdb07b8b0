//! Every case with every model, in this process.

use clap::{Args, Command, FromArgMatches};
use vgae::config::Config;
use vgae::pipeline::{self, Evaluated};
use vgae::split::Split;
use vgae::watch::Watch;
use vgae::{Error, Result, train};

use crate::cases::{self, Case};
use crate::common::Place;

const SETTINGS: &[&str] = &[
    "--model vgae",
    "--model gae",
    "--model linear-gae",
    "--model linear-vgae",
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
    "--model vgae --features none",
    "--model gnae --features none",
    "--model gravity-vgae --directed --features none",
    "--model best --features none",
    "--model vgae --loss sampled",
    "--model vgae --loss reweighted",
    "--model vgae --loss subgraph --subgraph-nodes 20",
    "--model gnae --loss exact",
    "--model gae --decoder hadamard-mlp",
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

/// The settings that these flags of `vgae train` mean.
fn config(flags: &str) -> Config {
    let command = Config::augment_args(Command::new("train").no_binary_name(true));
    Config::from_arg_matches(&command.try_get_matches_from(flags.split_whitespace()).unwrap()).unwrap()
}

fn are_finite<'a>(numbers: impl IntoIterator<Item = &'a f32>) -> bool {
    numbers.into_iter().all(|number| number.is_finite())
}

/// What is not finite after training; nothing if all is.
fn train(place: &Place, case: &Case, flags: &str) -> Result<Option<String>> {
    let mut config = config(flags);
    config.train.epochs = Some(25);
    let watch = Watch::default();
    let graph = pipeline::read(&place.path(&cases::write(place, case)), &config, &watch)?;
    let split: Split = pipeline::split(&graph, &config, None)?;
    let trained = train::fit(graph.features(), &split, &config, |_| {})?;
    let Evaluated { encoded, metrics, calibrator } =
        pipeline::evaluate(&trained.model, &graph, &split, &config, &watch)?;
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
        ("metrics", [metrics.links.validation, metrics.links.test].iter().flatten().all(|of| of.roc_auc.is_finite())),
        (
            "probabilities",
            calibrator
                .is_none_or(|of| logits.iter().all(|&logit| (0.0..=1.0).contains(&of.probability(logit)))),
        ),
        ("top pairs", encoded.score.top_pairs(5, &graph.edges).iter().all(|pair| pair.logit.is_finite())),
    ];
    Ok(parts.into_iter().find(|(_, is_finite)| !is_finite).map(|(part, _)| part.to_string()))
}

#[test]
fn every_model_trains_to_finite_numbers_or_says_why_not() {
    let place = Place::new();
    let mut problems = Vec::new();
    for case in cases::all() {
        for holdout in ["", " --val-fraction 0 --test-fraction 0"] {
            for flags in SETTINGS {
                if flags.contains("calibrate") && !holdout.is_empty()
                    || flags.contains("weighted") && !case.name.contains("weight")
                {
                    continue;
                }
                let flags = format!("{flags}{holdout}");
                match train(&place, &case, &flags) {
                    Ok(None) => {}
                    Ok(Some(part)) => problems.push(format!("{}: {flags}: not finite: {part}", case.name)),
                    Err(error) => problems.push(format!("{}: {flags}: {}", case.name, said(&error))),
                }
            }
        }
    }
    eprintln!("{}", problems.join("\n"));
}

fn said(error: &Error) -> String {
    error.to_string()
}
