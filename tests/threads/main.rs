//! The same seed gives the same bits on one thread, two and four: every model, every loss, what they say of pairs, and
//! the real binary's files and output. `VGAE_SEEDS=N` compares N seeds instead of one.

#[path = "../common/mod.rs"]
mod common;

mod settings;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use clap::{Args, Command, FromArgMatches};
use common::Place;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::{ThreadPool, ThreadPoolBuilder};
use settings::{edges, make_data};
use sha2::{Digest, Sha256};
use vgae::config::{Config, ModelKind};
use vgae::graph::{Graph, Pair};
use vgae::model::Model;
use vgae::model::recommend::Approximate;
use vgae::model::vae::Draw;
use vgae::pipeline::{self, Evaluated};
use vgae::progress::Watch;
use vgae::system::threads::{Caller, use_threads};
use vgae::train;

const THREADS: [usize; 3] = [1, 2, 4];

/// The settings that these flags of `vgae train` mean.
fn config(flags: &str) -> Config {
    let command = Config::augment_args(Command::new("train").no_binary_name(true));
    Config::from_arg_matches(&command.try_get_matches_from(flags.split_whitespace()).unwrap()).unwrap()
}

/// Fewer epochs, of what has any.
fn shorten(config: &mut Config, epochs: usize) {
    if !matches!(config.model.model, ModelKind::Baseline(_)) {
        config.train.epochs = Some(epochs);
    }
}

/// The hash of each thing that comes of a training.
fn hashes(data: &Path, config: &Config) -> BTreeMap<&'static str, String> {
    let watch = Watch::default();
    let graph = pipeline::read(data, config, &watch).unwrap();
    let split = pipeline::split(&graph, config, None).unwrap();
    let trained = train::fit(graph.features(), &split, config, |_| {}).unwrap();
    let Evaluated { encoded, metrics, calibrator } =
        pipeline::evaluate(&trained.model, &graph, &split, config, &watch).unwrap();
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
    // libtorch's own threads are switched off, as in the program.
    use_threads(1, Caller::Waits);
    THREADS.iter().map(|&count| ThreadPoolBuilder::new().num_threads(count).build().unwrap()).collect()
}

#[test]
fn every_model_and_loss_gives_the_same_bits_at_any_thread_count() {
    let place = Place::new();
    let data = make_data(&place);
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

/// Or whoever reads a graph after it would wait for ever.
#[test]
fn work_is_done_after_the_thread_that_chose_how_many_has_ended() {
    std::thread::spawn(|| use_threads(1, Caller::Waits)).join().unwrap();
    let (done, is_done) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        rayon::join(|| (), || ());
        done.send(()).unwrap();
    });
    is_done.recv_timeout(Duration::from_secs(60)).expect("a pool without threads");
}

/// So many pairs that sums and sorts take the ways that only large graphs take.
#[test]
fn a_graph_of_many_pairs_gives_the_same_bits_at_any_thread_count() {
    let place = Place::new();
    place.write("large.csv", edges("n", 30_000, "n", 30_000, 90_000));
    for setting in [
        "--loss reweighted --negatives-per-edge 25 --val-fraction 0.2 --test-fraction 0.2",
        "--loss sampled --mask-edges 0.4 --features none",
        "--model gnae --latent 16",
    ] {
        let mut config = config(&format!("--model gae {setting}").replace("--model gae --model", "--model"));
        shorten(&mut config, 2);
        let all: Vec<_> =
            pools().iter().map(|pool| pool.install(|| hashes(&place.path("large.csv"), &config))).collect();
        assert!(all.windows(2).all(|pair| pair[0] == pair[1]), "{setting}: {all:?}");
    }
}

#[test]
fn the_real_programs_files_and_output_are_the_same_bytes_at_any_thread_count() {
    let place = Place::new();
    make_data(&place);
    let graph: Graph = vgae::read::data(&place.path("made"), &Default::default()).unwrap();
    let ids: Vec<&str> = graph.nodes.iter().collect();
    place.write(
        "pairs.csv",
        ids.windows(2).map(|pair| format!("{},{}\n", pair[0], pair[1])).collect::<String>(),
    );
    let of_all =
        ["score RUN --pairs pairs.csv", "predict RUN --top 20", "evaluate RUN --json --bootstrap 50"];
    let of_network = ["embed RUN", "predict RUN --top 20 --approximate", "predict RUN --all-nodes --top 2"];
    let cases: [(&str, &[&str]); 4] = [
        ("--model vgae --calibrate isotonic", &of_network),
        ("--model vgae --loss subgraph --subgraph-nodes 300", &["generate RUN", "inspect RUN --json"]),
        ("--model vae", &["embed RUN", "reconstruct RUN", "generate RUN"]),
        ("--model best", &[]),
    ];
    for (flags, verbs) in cases {
        let outputs = |threads: usize| {
            let run = format!("run-{threads}");
            let name = |text: String| text.replace(&run, "RUN");
            let metrics = place.stdout(&format!(
                "train made {flags} --epochs 4 --output {run} --force --no-report --quiet --threads {threads}"
            ));
            let files = [
                "weights.safetensors",
                "embeddings.csv",
                "metrics.json",
                "split/train.csv",
                "split/test.csv",
            ];
            let files = files.map(|file| {
                (
                    file.to_string(),
                    Sha256::digest(std::fs::read(place.path(&format!("{run}/{file}"))).unwrap()).to_vec(),
                )
            });
            let printed = of_all.iter().chain(verbs).map(|verb| {
                let text =
                    place.stdout(&format!("{} --quiet --threads {threads}", verb.replace("RUN", &run)));
                (verb.to_string(), name(text).into_bytes())
            });
            let mut all: BTreeMap<String, Vec<u8>> = files.into_iter().chain(printed).collect();
            all.insert("train".into(), metrics.into_bytes());
            all
        };
        let one = outputs(1);
        for threads in &THREADS[1..] {
            for (what, bytes) in outputs(*threads) {
                assert!(one[&what] == bytes, "{flags}: {what} on {threads} threads");
            }
        }
    }
}

/// One run looked at on other numbers of threads: figures, links and map.
#[test]
fn a_report_is_the_same_bytes_at_any_thread_count() {
    let place = Place::new();
    make_data(&place);
    place.stdout("train made --epochs 5 --output run --no-report --quiet");
    for verb in ["report run --map tsne -o -", "report run --text", "plot run --kind embedding -o -"] {
        let outputs = THREADS.map(|threads| place.stdout(&format!("{verb} --quiet --threads {threads}")));
        assert!(outputs[0] == outputs[1] && outputs[0] == outputs[2], "{verb}");
    }
}
