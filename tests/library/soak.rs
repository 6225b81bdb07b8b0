//! Trains, resumes, scores and predicts repeatedly in one process: memory and open files must stay flat.

use std::fs;
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use vgae::Error;
use vgae::Result;
use vgae::config::{Config, LossKind, ModelKind};
use vgae::evaluate::RunMetrics;
use vgae::progress::Progress;
use vgae::run::{Run, RunDir, Timings};
use vgae::system::memory::memory_bytes;
use vgae::write::Existing;
use vgae::{read, split, train};

use crate::own_process;

/// Returns the graph and settings of a round; sizes, models and losses alternate.
fn settings(round: u64) -> (String, Config) {
    let mut rng = ChaCha8Rng::seed_from_u64(round % 12);
    let num_nodes = [40, 300, 1200][round as usize % 3];
    let edges = (0..num_nodes * 4).map(|_| {
        // Squared shares make some degrees far larger than others.
        let end = |share: f64| (share * share * num_nodes as f64) as usize;
        format!("n{},n{}\n", end(rng.random()), end(rng.random()))
    });
    let graph = format!("source,target\n{}", edges.collect::<String>());
    let mut config = Config { seed: round, ..Config::default() };
    config.model.model =
        [ModelKind::Vgae, ModelKind::Gae, ModelKind::Gnae, ModelKind::Best][round as usize % 4];
    config.train.epochs = Some(10);
    if config.model.model == ModelKind::Vgae {
        config.train.loss = [None, Some(LossKind::Sampled), Some(LossKind::Subgraph)][round as usize / 4 % 3];
    }
    (graph, config)
}

/// Trains, stops halfway, resumes, and applies the run.
fn round(number: u64, directory: &std::path::Path) -> Result<()> {
    let (text, config) = settings(number);
    let file = directory.join("edges.csv");
    fs::write(&file, text).unwrap();
    let graph = read::data(&file, &config.read, &Progress::default())?;
    let split = split::edges(&graph, &config.split, config.seed)?;
    let path = directory.join("run");
    let mut run = RunDir::create(&path, &config, &graph, &split, Existing::Replace)?;
    let stopped =
        train::fit_from(None, &split, &config, &Progress::default(), None, &mut |epoch, moment| match epoch
            .epoch
        {
            5 => {
                run.write_checkpoint(&moment.checkpoint())?;
                Err(Error::argument("on_epoch", "stopped"))
            }
            _ => Ok(()),
        });
    assert!(stopped.is_err());
    drop(run);
    let unfinished = RunDir::resume(&path)?;
    let (run, graph, split) = (unfinished.run, unfinished.graph, unfinished.split);
    let from = unfinished.checkpoint.as_ref();
    let trained = train::fit_from(None, &split, &config, &Progress::default(), from, &mut |_, _| Ok(()))?;
    let encoded = trained.model.encode(&split.train, None)?;
    let metrics = RunMetrics::compute(&trained.model, &*encoded.score, &split, None, &config)?;
    run.finish(&graph, &trained, &encoded, &metrics, Timings::default())?;
    let run = Run::open(&path)?;
    let score = run.encode()?.score;
    assert_eq!(run.evaluate(&*score)?, metrics);
    let best = score.top_pairs(100, &run.graph.edges);
    let logits = score.logits(&best.iter().map(|best| best.pair).collect::<Vec<_>>());
    assert!(best.iter().zip(&logits).all(|(best, &logit)| best.logit == logit));
    Ok(())
}

fn num_handles() -> usize {
    fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

/// Other tests of this program allocate memory and open files too.
#[test]
fn memory_and_file_handles_stay_flat() {
    own_process::run("soak::memory_and_file_handles_stay_flat", train_repeatedly);
}

fn train_repeatedly() {
    let seconds: u64 = std::env::var("VGAE_SOAK_SECONDS").map_or(3, |seconds| seconds.parse().unwrap());
    let directory = tempfile::tempdir().unwrap();
    // Every setting runs once first, so that one-time allocations do not count.
    for number in 0..12 {
        round(number, directory.path()).unwrap();
    }
    let (start, handles, memory) = (Instant::now(), num_handles(), memory_bytes().unwrap_or(0));
    let (mut number, mut most) = (12, memory);
    while start.elapsed() < Duration::from_secs(seconds) || number < 24 {
        round(number, directory.path()).unwrap();
        assert_eq!(num_handles(), handles, "file handles after round {number}");
        most = most.max(memory_bytes().unwrap_or(0));
        number += 1;
    }
    let names: Vec<_> =
        fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    // An allocator takes some rounds to settle; a leak in every round would grow beyond this bound.
    assert!(
        most < memory + memory / 2 + 32_000_000,
        "{memory} bytes after the first rounds, {most} after {number}"
    );
    eprintln!(
        "soak: {} rounds of train, stop, resume, score and predict in {:.0} s: {:.1} MB after the first 12, at most {:.1} MB \
         after; {handles} file handles throughout",
        number - 12,
        start.elapsed().as_secs_f64(),
        memory as f64 / 1e6,
        most as f64 / 1e6
    );
}
