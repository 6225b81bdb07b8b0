//! Runs the session of the README with the library: trains, evaluates, scores, predicts, and writes
//! embeddings to a CSV file.
//!
//! `cargo run --example session -- embeddings.csv`

use std::path::Path;

use vgae::Result;
use vgae::config::Config;
use vgae::evaluate::PartMetrics;
use vgae::model::score::probability;
use vgae::progress::Progress;
use vgae::system::threads::{Caller, use_threads};
use vgae::write::{Existing, Output, write_embeddings};
use vgae::{read, split, train};

/// Writes the embeddings to `path`, which must not exist yet.
pub fn session(path: &Path) -> Result<()> {
    let config = Config { seed: 1, ..Config::default() };
    let graph = read::data("datasets/karate".as_ref(), &config.read, &Progress::default())?;
    let split = split::edges(&graph, &config.split, config.seed)?;
    let trained = train::fit(graph.features(), &split, &config, |epoch| {
        if epoch.epoch % 50 == 0 {
            eprintln!("epoch {}: loss {:.4}", epoch.epoch, epoch.loss);
        }
    })?;
    let encoded = trained.model.encode(&split.train, graph.features())?;
    println!("held-out links: {:?}", PartMetrics::compute(&*encoded.score, &split)?);

    if let (Some(u), Some(v)) = (graph.nodes.index("1"), graph.nodes.index("34")) {
        println!("1 – 34: probability {:.3}", probability(encoded.score.logits(&[(u, v)])[0]));
    }
    for best in encoded.score.top_pairs(3, &graph.edges) {
        let [u, v] = [best.pair.0, best.pair.1].map(|node| graph.nodes.id(node));
        println!("{u} – {v}: logit {:.3}", best.logit);
    }
    if let Some(embeddings) = &encoded.embeddings {
        let output = Output::create(path, Existing::Keep)?;
        write_embeddings(output, &graph.nodes, &embeddings.mean, embeddings.log_variance.as_ref())?;
    }
    Ok(())
}

fn main() -> Result<()> {
    use_threads(0, Caller::Computes);
    let path = std::env::args_os().nth(1).unwrap_or("embeddings.csv".into());
    session(Path::new(&path))
}
