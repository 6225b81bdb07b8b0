//! The same seed gives the same bits on one thread, two and four, for every model and loss and everything
//! derived from them. `VGAE_SEEDS=N` compares N seeds instead of one.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use clap::{Args, Command, FromArgMatches};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::{ThreadPool, ThreadPoolBuilder};
use sha2::{Digest, Sha256};
use vgae::config::{Config, ModelKind};
use vgae::graph::Pair;
use vgae::model::Model;
use vgae::model::recommend::Approximate;
use vgae::model::vae::Draw;
use vgae::pipeline::{self, Evaluated};
use vgae::progress::Progress;
use vgae::system::threads::{Caller, use_threads};
use vgae::train;

use crate::own_process;
use crate::shared::Workspace;
use crate::shared::thread_data::{edges, make_data};

const THREADS: [usize; 3] = [1, 2, 4];

/// Parses flags of `vgae train`.
fn config(flags: &str) -> Config {
    let command = Config::augment_args(Command::new("train").no_binary_name(true));
    Config::from_arg_matches(&command.try_get_matches_from(flags.split_whitespace()).unwrap()).unwrap()
}

/// Limits the epochs of models that have any.
fn shorten(config: &mut Config, epochs: usize) {
    if !matches!(config.model.model, ModelKind::Baseline(_)) {
        config.train.epochs = Some(epochs);
    }
}

/// Returns a hash of each result of a training.
fn hashes(data: &Path, config: &Config) -> BTreeMap<&'static str, String> {
    let progress = Progress::default();
    let graph = pipeline::read(data, config, &progress).unwrap();
    let split = pipeline::split(&graph, config, None).unwrap();
    let trained = train::fit(graph.features(), &split, config, |_| {}).unwrap();
    let Evaluated { encoded, metrics, calibrator } =
        pipeline::evaluate(&trained.model, &graph, &split, config, &progress).unwrap();
    let mut hashes = BTreeMap::new();
    let mut add = |name, bytes: Vec<u8>| hashes.insert(name, format!("{:x?}", Sha256::digest(bytes)));
    add("split", split.lists().iter().flat_map(|pairs| pair_bytes(pairs)).collect());
    let weights = trained.model.weights();
    add("weights", weights.values().flat_map(|weight| float_bytes(weight.iter())).collect());
    let losses = trained.history.iter().map(|epoch| (epoch.loss, epoch.kl, epoch.validation_roc_auc));
    add("history", losses.flat_map(|losses| format!("{losses:?}").into_bytes()).collect());
    add("metrics", serde_json::to_vec(&metrics).unwrap());
    add("calibration", serde_json::to_vec(&calibrator).unwrap());
    if let Some(embeddings) = &encoded.embeddings {
        add("embeddings", float_bytes(embeddings.mean.iter()));
        add("log-variances", embeddings.log_variance.iter().flat_map(|of| float_bytes(of.iter())).collect());
    }
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let n = graph.num_nodes() as u32;
    let pairs: Vec<Pair> = (0..5000).map(|_| (rng.random_range(0..n), rng.random_range(0..n))).collect();
    add("logits", encoded.score.logits(&pairs).iter().flat_map(|logit| logit.to_le_bytes()).collect());
    let nodes: Vec<u32> = (0..n).step_by(n.div_ceil(40) as usize).collect();
    let of_nodes = encoded.score.top_of_nodes(&nodes, 5, &graph.edges);
    add("top of nodes", format!("{of_nodes:?}").into_bytes());
    if n < 100 || encoded.score.factors().is_some() {
        let top = encoded.score.top_pairs(100, &graph.edges);
        add("top pairs", format!("{top:?}").into_bytes());
    }
    if let (Some(z), false) = (encoded.score.factors(), graph.edges.num_sources().is_some()) {
        let found = Approximate::new(z).unwrap().top_pairs(100, &graph.edges).unwrap();
        add("approximate", format!("{found:?}").into_bytes());
    }
    if let (Model::Vae(vae), Some(features)) = (&trained.model, graph.features()) {
        add("generated", float_bytes(vae.generate(30, Draw::Sample, &mut rng).iter()));
        add("reconstructed", float_bytes(vae.reconstruct(features, 0..graph.num_nodes()).iter()));
    }
    hashes
}

fn pair_bytes(pairs: &[Pair]) -> Vec<u8> {
    pairs.iter().flat_map(|&(u, v)| [u.to_le_bytes(), v.to_le_bytes()].concat()).collect()
}

fn float_bytes<'a>(numbers: impl Iterator<Item = &'a f32>) -> Vec<u8> {
    numbers.flat_map(|number| number.to_le_bytes()).collect()
}

fn num_seeds() -> u64 {
    std::env::var("VGAE_SEEDS").map_or(1, |text| text.parse().unwrap())
}

fn pools() -> Vec<ThreadPool> {
    // Restricts libtorch to one thread, as the program does.
    use_threads(1, Caller::Waits);
    THREADS.iter().map(|&count| ThreadPoolBuilder::new().num_threads(count).build().unwrap()).collect()
}

#[test]
fn every_setting_gives_same_bits_at_any_thread_count() {
    own_process::run("threads::every_setting_gives_same_bits_at_any_thread_count", compare_settings);
}

fn compare_settings() {
    let workspace = Workspace::new();
    let data = make_data(&workspace);
    let pools = pools();
    let (mut num_settings, mut num_differences) = (0, 0);
    for seed in 0..num_seeds() {
        for (name, path, settings) in &data {
            let reading = if *name == "kinds" { "--bipartite" } else { "" };
            for setting in settings {
                let mut config = config(&format!("{reading} {setting} --seed {seed}"));
                shorten(&mut config, 4);
                let all: Vec<_> =
                    pools.iter().map(|pool| pool.install(|| hashes(path.as_ref(), &config))).collect();
                num_settings += usize::from(seed == 0);
                for (hashes, threads) in all.iter().zip(THREADS).skip(1) {
                    for (what, hash) in hashes {
                        if all[0][what] != *hash {
                            num_differences += 1;
                            eprintln!("{name} {setting}, seed {seed}: {what} differs on {threads} threads");
                        }
                    }
                }
            }
        }
    }
    eprintln!(
        "threads: {} seeds × {num_settings} settings × {} thread counts, {num_differences} differences",
        num_seeds(),
        THREADS.len()
    );
    assert_eq!(num_differences, 0);
}

/// Otherwise code that reads a graph afterwards would wait forever.
#[test]
fn pool_outlives_configuring_thread() {
    own_process::run("threads::pool_outlives_configuring_thread", use_pool_after_configuring_thread);
}

fn use_pool_after_configuring_thread() {
    std::thread::spawn(|| use_threads(1, Caller::Waits)).join().unwrap();
    let (done, is_done) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        rayon::join(|| (), || ());
        done.send(()).unwrap();
    });
    is_done.recv_timeout(Duration::from_secs(60)).expect("a pool without threads");
}

/// Enough pairs for the code paths of sums and sorts that only large graphs take.
#[test]
fn large_graph_gives_same_bits_at_any_thread_count() {
    own_process::run("threads::large_graph_gives_same_bits_at_any_thread_count", compare_large_graph);
}

fn compare_large_graph() {
    let workspace = Workspace::new();
    workspace.write("large.csv", edges("n", 30_000, "n", 30_000, 90_000));
    for setting in [
        "--loss reweighted --negatives-per-edge 25 --val-fraction 0.2 --test-fraction 0.2",
        "--loss sampled --mask-edges 0.4 --features none",
        "--model gnae --latent 16",
    ] {
        let mut config = config(&format!("--model gae {setting}").replace("--model gae --model", "--model"));
        shorten(&mut config, 2);
        let all: Vec<_> = pools()
            .iter()
            .map(|pool| pool.install(|| hashes(&workspace.path("large.csv"), &config)))
            .collect();
        assert!(all.windows(2).all(|pair| pair[0] == pair[1]), "{setting}: {all:?}");
    }
}
