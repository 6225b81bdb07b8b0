//! Trains with node features, embeds a node that was not in the training graph, and writes all embeddings to
//! a CSV file.
//!
//! `cargo run --release --example embed_new_nodes -- embeddings.csv`

use std::error::Error;
use std::fs;
use std::path::Path;

use vgae::config::{Config, FeatureSource, ReadConfig};
use vgae::model::score::probability;
use vgae::system::threads::{Caller, use_threads};
use vgae::write::{Existing, Output, write_embeddings};
use vgae::{read, split, train};

/// Writes the embeddings of the karate club and of a newcomer to `path`, which must not exist yet.
pub fn embed(path: &Path) -> Result<(), Box<dyn Error>> {
    // A member's feature is the club that he joined later. The newcomer, 35, has met only member 34.
    let directory = tempfile::tempdir()?;
    let file = |name: &str| directory.path().join(name);
    let labels = fs::read_to_string("datasets/karate/labels.csv")?;
    let features: String = labels.lines().skip(1).map(|line| format!("{line},1\n")).collect();
    let edges = fs::read_to_string("datasets/karate/edges.csv")?;
    fs::write(file("members.csv"), format!("node,feature,value\n{features}"))?;
    fs::write(file("all.csv"), format!("node,feature,value\n{features}35,Officer,1\n"))?;
    fs::write(file("edges.csv"), format!("{edges}34,35\n"))?;
    let reading = |features: &str| ReadConfig {
        features: FeatureSource::File(file(features)),
        ..ReadConfig::default()
    };

    // The training graph has only the members.
    let config = Config { read: reading("members.csv"), ..Config::default() };
    let members = read::data("datasets/karate".as_ref(), &config.read)?;
    let split = split::edges(&members, &config.split, config.seed)?;
    let trained = train::fit(members.features(), &split, &config, |_| {})?;

    // Apply the trained weights to the larger graph, which has the same feature columns in the same order.
    let larger = read::data(&file("edges.csv"), &reading("all.csv"))?;
    let encoded = trained.model.encode(&larger.edges, larger.features())?;
    if let (Some(newcomer), Some(other)) = (larger.nodes.index("35"), larger.nodes.index("33")) {
        println!("35 – 33: {:.3}", probability(encoded.score.logits(&[(newcomer, other)])[0]));
    }
    if let Some(embeddings) = &encoded.embeddings {
        let output = Output::create(path, Existing::Keep)?;
        write_embeddings(output, &larger.nodes, &embeddings.mean, embeddings.log_variance.as_ref())?;
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    use_threads(0, Caller::Computes);
    let path = std::env::args_os().nth(1).unwrap_or("embeddings.csv".into());
    embed(Path::new(&path))
}
