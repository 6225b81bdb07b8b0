//! Graphs, and the settings of `vgae train` for each, that must give the same bits at any thread count.

use std::fmt::Write;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::shared::{Workspace, karate};

/// Settings for every graph.
pub const SETTINGS: &[&str] = &[
    "--model vgae --loss exact",
    "--model vgae --loss sampled --negatives-per-edge 3",
    "--model vgae --loss reweighted",
    "--model vgae --loss subgraph --subgraph-nodes 300",
    "--model gae --loss exact --select best",
    "--model gae --loss sampled",
    "--model gae --loss reweighted",
    "--model gae --loss subgraph --subgraph-nodes 300",
    "--model linear-gae --loss exact",
    "--model linear-vgae --loss reweighted",
    "--model gnae --loss exact --latent 16",
    "--model vgnae --latent 40",
    "--model vgnae --loss subgraph --subgraph-nodes 300 --latent 16",
    "--model best",
    "--model tuned-gae --latent 48",
    "--model linear-gae --layers 3 --layer-norm --average-layers --dropout 0.2",
    "--model vgae --features none --layers 3 --bias",
    "--model vgae --features none --loss sampled",
    "--model tuned-gae --features none --latent 16 --decoder-layers 2",
    "--model gnae --features none --latent 16",
    "--model vgae --dropout 0.3 --mask-edges 0.2",
    "--model gae --loss sampled --mask-edges 0.3",
    "--model vgae --normalize-embeddings --feature-transform row",
    "--model gae --decoder hadamard-mlp",
    "--model vgae --decoder hadamard-mlp --feature-transform tfidf",
    "--model vgae --calibrate isotonic --val-fraction 0.2",
    "--model gae --calibrate platt --val-fraction 0.2",
    "--model vgae --kl-weight elbo --free-bits 0.1 --kl-warmup 2",
    "--model preferential-attachment",
    "--model katz",
    "--model personalized-pagerank",
    "--model spectral",
];

/// Settings for graphs that are not bipartite.
const NOT_BIPARTITE: &[&str] = &[
    "--model common-neighbours",
    "--model jaccard",
    "--model adamic-adar",
    "--model resource-allocation",
    "--directed --model gravity-gae",
    "--directed --model gravity-vgae",
    "--directed --model gravity-gae --loss sampled --mask-edges 0.3",
    "--directed --model gravity-vgae --loss reweighted --negatives-per-edge 3",
    "--directed --model vgae",
];

/// Settings for graphs with features.
const OF_FEATURES: &[&str] = &[
    "--model vae",
    "--model vae --likelihood gaussian --dropout 0.2 --layers 3",
    "--model feature-cosine",
    "--model propagated-cosine",
    "--model neighbourhood-cosine",
];

/// Settings for graphs with weights.
const OF_WEIGHTS: &[&str] = &[
    "--model vgae --weighted-loss",
    "--model vgae --weighted-loss --loss reweighted",
    "--model gae --weighted-loss --loss subgraph --subgraph-nodes 300",
    "--directed --model gravity-vgae --weighted-loss",
];

/// Returns random edges between `num_sources` sources and `num_targets` targets. Most belong to few sources,
/// so some degrees are large.
pub fn edges(
    sources: &str,
    num_sources: usize,
    targets: &str,
    num_targets: usize,
    num_rows: usize,
) -> String {
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let mut text = String::from("source,target,weight\n");
    for _ in 0..num_rows {
        let mut draw = |count: usize, power| (count as f64 * rng.random::<f64>().powi(power)) as usize;
        let (u, v) = (draw(num_sources, 3), draw(num_targets, 1));
        writeln!(text, "{sources}{u},{targets}{v},{}", 0.5 + (u * v % 7) as f32).unwrap();
    }
    text
}

/// Returns rows of random numbers, about half of them zero.
fn features(names: impl Iterator<Item = String>, count: usize) -> String {
    let mut rng = ChaCha8Rng::seed_from_u64(10);
    let header: Vec<String> = (0..count).map(|at| format!("f{at}")).collect();
    let mut text = format!("node,{}\n", header.join(","));
    for name in names {
        let numbers: Vec<String> =
            (0..count).map(|_| (rng.random_range(-3i32..=3).max(0) as f32 / 4.0).to_string()).collect();
        writeln!(text, "{name},{}", numbers.join(",")).unwrap();
    }
    text
}

/// Writes all graphs, and returns the name, path and settings of each.
pub fn make_data(workspace: &Workspace) -> Vec<(&'static str, String, Vec<&'static str>)> {
    workspace.write("made/edges.csv", edges("n", 900, "n", 900, 4000));
    workspace.write("made/features.csv", features((0..900).map(|at| format!("n{at}")), 40));
    workspace.write("kinds.csv", edges("user", 400, "item", 500, 3000));
    let path = |name: &str| workspace.path(name).display().to_string();
    vec![
        ("karate", karate().to_string(), [SETTINGS, NOT_BIPARTITE].concat()),
        ("made", path("made"), [SETTINGS, NOT_BIPARTITE, OF_FEATURES, OF_WEIGHTS].concat()),
        ("kinds", path("kinds.csv"), SETTINGS.to_vec()),
    ]
}
