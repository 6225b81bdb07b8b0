//! Trains a model on an edge list and reports how well it ranks links that it was not trained on.
//!
//! `cargo run --release --example train_and_evaluate -- datasets/karate`

use vgae::config::{Config, Select};
use vgae::evaluate::PartMetrics;
use vgae::progress::Progress;
use vgae::system::threads::{Caller, use_threads};
use vgae::{Result, read, split, train};

fn main() -> Result<()> {
    use_threads(0, Caller::Computes);
    let data = std::env::args().nth(1).unwrap_or("datasets/karate".into());

    let mut config = Config { seed: 1, ..Config::default() };
    config.split.test_fraction = 0.2;
    config.train.select = Some(Select::Best); // keep the epoch with the best validation metrics
    config.validate()?;

    let graph = read::data(data.as_ref(), &config.read, &Progress::default())?;
    println!("{} nodes, {} edges", graph.num_nodes(), graph.edges.len());

    // Only the edges in `split.train` carry messages. The test part is used once, at the end.
    let split = split::edges(&graph, &config.split, config.seed)?;
    let trained = train::fit(graph.features(), &split, &config, |epoch| {
        if epoch.epoch % 50 == 0 {
            println!("epoch {}: loss {:.4}", epoch.epoch, epoch.loss);
        }
    })?;

    let encoded = trained.model.encode(&split.train, graph.features())?;
    let metrics = PartMetrics::compute(&*encoded.score, &split)?;
    if let (Some(validation), Some(test)) = (metrics.validation, metrics.test) {
        println!("validation: AUC {:.4}, AP {:.4}", validation.roc_auc, validation.average_precision);
        println!("test:       AUC {:.4}, AP {:.4}", test.roc_auc, test.average_precision);
    }
    Ok(())
}
