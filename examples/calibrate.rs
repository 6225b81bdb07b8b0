//! Turns logits into calibrated probabilities for the density of the graph, checks them, and evaluates a
//! threshold.
//!
//! `cargo run --release --example calibrate`

use vgae::config::{Calibration, Config};
use vgae::evaluate::calibrate::{Population, Reliability, Threshold};
use vgae::model::score::probability;
use vgae::progress::Progress;
use vgae::system::threads::{Caller, use_threads};
use vgae::{Result, read, split, train};

fn main() -> Result<()> {
    use_threads(0, Caller::Computes);
    let mut config = Config { seed: 2, ..Config::default() };
    (config.split.val_fraction, config.split.test_fraction) = (0.2, 0.2);
    let graph = read::data("datasets/karate".as_ref(), &config.read, &Progress::default())?;
    let split = split::edges(&graph, &config.split, config.seed)?;
    let trained = train::fit(graph.features(), &split, &config, |_| {})?;
    let encoded = trained.model.encode(&split.train, graph.features())?;

    // The calibrator is fitted to the validation part. Platt's sigmoid suits few edges.
    let population = Population::draw(&*encoded.score, &graph.edges, &split, config.seed)?;
    let calibrator = population.calibrate(Calibration::Platt)?;
    let density = population.density;
    println!("{:.1} % of the pairs are edges", 100.0 * density);
    for logit in [-2.0, 0.0, 2.0] {
        let calibrated = calibrator.probability(logit);
        println!("logit {logit}: sigmoid {:.3}, calibrated {calibrated:.3}", probability(logit));
    }

    // The test part shows how accurate the probabilities are.
    let raw = Reliability::compute(&population.test, density, probability)?;
    let fitted = Reliability::compute(&population.test, density, |logit| calibrator.probability(logit))?;
    println!("Brier score: sigmoid {:.3}, calibrated {:.3}", raw.brier, fitted.brier);

    // The expected quality if every pair with a logit of at least 2 is taken for a link.
    let threshold = Threshold::at(&population.test, density, 2.0)?;
    println!(
        "from logit {}: precision {:.3}, recall {:.3}",
        threshold.logit, threshold.precision, threshold.recall
    );
    Ok(())
}
