//! Evaluates two models on the same split, which the program makes itself, so that their metrics can be
//! compared.
//!
//! `cargo run --release --example own_split`

use std::path::Path;

use vgae::config::{BaselineKind, Config, ModelConfig, ModelKind};
use vgae::evaluate::PartMetrics;
use vgae::graph::Pair;
use vgae::progress::Progress;
use vgae::split::Split;
use vgae::system::threads::{Caller, use_threads};
use vgae::{Result, read, train};

fn main() -> Result<()> {
    use_threads(0, Caller::Computes);
    let config = Config::default();
    let graph = read::data("datasets/karate".as_ref(), &config.read, &Progress::default())?;

    // Every fifth edge goes to the test part. The negatives are pairs that are not edges of the graph.
    let is_held_out = |&(place, _): &(usize, &Pair)| place % 5 == 0;
    let (test, train): (Vec<_>, Vec<_>) = graph.edges.pairs().iter().enumerate().partition(is_held_out);
    let pairs = |list: Vec<(usize, &Pair)>| list.into_iter().map(|(_, &pair)| pair).collect::<Vec<Pair>>();
    let (test, train) = (pairs(test), pairs(train));
    let n = graph.num_nodes() as u32;
    let absent =
        (0..n).flat_map(|u| (u + 1..n).map(move |v| (u, v))).filter(|&pair| !graph.edges.contains(pair));
    let negatives: Vec<Pair> = absent.step_by(17).take(test.len()).collect();

    // The lists are: train, validation, validation negatives, test, test negatives. A pair in two lists is an
    // error.
    let lists = [&train[..], &[], &[], &test, &negatives];
    let split = Split::from_lists(lists, &graph, Path::new("every fifth edge"))?;

    for model in [ModelKind::Gae, ModelKind::Baseline(BaselineKind::PersonalizedPagerank)] {
        let config = Config { model: ModelConfig { model, ..ModelConfig::default() }, ..config.clone() };
        let trained = train::fit(graph.features(), &split, &config, |_| {})?;
        let encoded = trained.model.encode(&split.train, graph.features())?;
        if let Some(test) = PartMetrics::compute(&*encoded.score, &split)?.test {
            println!("{model}: AUC {:.4}, AP {:.4}", test.roc_auc, test.average_precision);
        }
    }
    Ok(())
}
