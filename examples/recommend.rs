//! Recommends new links: the best for chosen nodes, and the best among pairs with a common neighbour.
//!
//! `cargo run --release --example recommend`

use vgae::config::Config;
use vgae::model::recommend::Candidates;
use vgae::model::score::{ScoredPair, probability};
use vgae::system::threads::{Caller, use_threads};
use vgae::{Result, read, split, train};

fn main() -> Result<()> {
    use_threads(0, Caller::Computes);
    let mut config = Config::default();
    // A recommender can train on all edges, so nothing is held out.
    (config.split.val_fraction, config.split.test_fraction) = (0.0, 0.0);
    let graph = read::data("datasets/karate".as_ref(), &config.read)?;
    let split = split::edges(&graph, &config.split, config.seed)?;
    let trained = train::fit(graph.features(), &split, &config, |_| {})?;
    let encoded = trained.model.encode(&split.train, graph.features())?;

    let show = |best: &ScoredPair| {
        let [source, target] = [best.pair.0, best.pair.1].map(|node| graph.nodes.id(node));
        println!("  {source} – {target}: {:.3}", probability(best.logit));
    };
    let nodes: Vec<u32> = ["1", "17", "34"].iter().filter_map(|id| graph.nodes.index(id)).collect();
    for (&node, best) in nodes.iter().zip(encoded.score.top_of_nodes(&nodes, 3, &graph.edges)) {
        println!("for {}:", graph.nodes.id(node));
        best.iter().for_each(show);
    }
    println!("among pairs with a common neighbour:");
    Candidates::TwoHop.top_pairs(&*encoded.score, 5, &graph.edges).iter().for_each(show);
    Ok(())
}
