//! `vgae threshold`: chooses a threshold for the logits, and estimates the precision and recall above it.

use std::io::{self, Write};
use std::path::PathBuf;

use crate::{Error, Result};
use serde::Serialize;
use vgae::evaluate::calibrate::{ClassLogits, Population, ShareAbove, Threshold};
use vgae::run::Run;
use vgae::write::Output;

use super::progress::Reporter;
use super::shared_args::CalibrateArgs;
use super::stdout;

/// Choose the logit above which to predict links
///
/// --precision chooses this threshold on the validation part. --budget ranks all pairs that are not edges and
/// puts the threshold after the given number of them.
///
/// The printed recall is the share of the test links above the threshold. num_predicted is the number of
/// pairs above the threshold that are not edges; to list them, give that number to `vgae predict --top`. It is
/// counted in graphs of up to some thousand nodes, or up to 20,000 for models of inner products. In larger
/// ones it is estimated from a sample; num_predicted_low and num_predicted_high are the ends of its 95 %
/// interval. The precision is the share of links among all pairs above the threshold, if links are as rare as in
/// the graph. How many of the predicted pairs are links missing from the graph cannot be known.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The run directory
    run: PathBuf,
    #[command(flatten)]
    goal: Goal,
    /// Assumed share of pairs that are links [default: the share of pairs that are edges in the graph]
    #[arg(long, allow_negative_numbers = true, value_name = "SHARE")]
    density: Option<f64>,
    #[command(flatten)]
    calibrate: CalibrateArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct Goal {
    /// Choose the lowest threshold above which this share of the pairs are links
    #[arg(long, allow_negative_numbers = true, value_name = "SHARE")]
    precision: Option<f64>,
    /// Choose the threshold above which this many pairs are not edges
    #[arg(long, allow_negative_numbers = true, value_name = "COUNT")]
    budget: Option<usize>,
}

/// The least number of edges and of negatives above the threshold for an estimate that is not mostly chance.
const FEW_PAIRS: usize = 20;

/// The most pairs that are counted one by one if a logit is an inner product: some seconds.
const MAX_PRODUCTS: u64 = 200_000_000;
/// The same for other models.
const MAX_PAIRS: u64 = 8_000_000;

/// The printed result.
#[derive(Serialize)]
struct ThresholdReport {
    logit: f64,
    probability: f64,
    precision: f64,
    recall: f64,
    #[serde(flatten)]
    num_predicted: NumPredicted,
    density: f64,
}

/// The number of pairs above the threshold that are not edges, and the ends of its interval.
#[derive(Serialize)]
struct NumPredicted {
    #[serde(rename = "num_predicted")]
    count: u64,
    #[serde(rename = "num_predicted_low")]
    low: u64,
    #[serde(rename = "num_predicted_high")]
    high: u64,
}

pub(super) fn run(args: &Args, reporter: &Reporter) -> Result<()> {
    for (flag, share) in [("--precision", args.goal.precision), ("--density", args.density)] {
        if let Some(share) = share.filter(|share| !(*share > 0.0 && *share < 1.0)) {
            return Err(Error::Usage(format!("{flag} is {share}; expected a share above 0 and below 1")));
        }
    }
    if args.goal.budget == Some(0) {
        return Err(Error::Usage("--budget is 0; expected at least 1".into()));
    }
    let stage = reporter.stage("opening the run");
    let run = Run::open(&args.run)?;
    stage.begin("encoding the nodes");
    let score = run.encode()?.score;
    stage.begin("scoring links and non-links");
    let population = run.population(&*score)?;
    let density = args.density.unwrap_or(population.density);
    if population.reported().edges.is_empty() {
        let problem = "this run held out no links, so precision and recall cannot be estimated";
        return Err(Error::Usage(problem.into()));
    }
    let num_candidates = run.graph.edges.num_pairs() - run.graph.edges.len() as u64;
    let with_count = |threshold: Threshold, count: u64| {
        let share = count as f64 / num_candidates as f64;
        (threshold.with_negatives(share, density), NumPredicted::counted(count))
    };
    let (threshold, num_predicted) = match (args.goal.precision, args.goal.budget) {
        (Some(precision), _) => {
            let logit = logit_with_precision(&population, density, precision, reporter)?;
            let threshold = Threshold::at(population.reported(), density, logit)?;
            let max_pairs = if score.factors().is_some() { MAX_PRODUCTS } else { MAX_PAIRS };
            let (threshold, num_predicted) = match num_candidates <= max_pairs {
                true => {
                    stage.begin("counting pairs");
                    with_count(threshold, score.num_above(logit, &run.graph.edges))
                }
                false => {
                    let sample = &population.reported().negatives;
                    let estimated = NumPredicted::estimated(sample, logit, num_candidates);
                    reporter.note(format!(
                        "num_predicted is estimated from {} of the {num_candidates} pairs that are not edges: {} to \
                         {} with a probability of 95 %",
                        sample.len(),
                        estimated.low,
                        estimated.high
                    ));
                    (threshold, estimated)
                }
            };
            if threshold.precision < precision {
                reporter.note(format!(
                    "the precision on the test part is {:.4}, below the {precision} reached on the \
                     validation part; try a somewhat higher --precision, or --budget, which ranks all pairs",
                    threshold.precision
                ));
            }
            (threshold, num_predicted)
        }
        (None, budget) => {
            let budget = budget.unwrap_or_default();
            stage.begin("searching all pairs");
            let best = score.top_pairs(budget, &run.graph.edges);
            if best.len() < budget {
                reporter.note(format!("there are only {} pairs that are not edges", best.len()));
            }
            let Some(last) = best.last() else {
                return Err(Error::Usage("every pair is an edge, so there is nothing to predict".into()));
            };
            let threshold = Threshold::at(population.reported(), density, last.logit)?;
            with_count(threshold, best.len() as u64)
        }
    };
    drop(stage);
    let Threshold { logit, precision, recall, .. } = threshold;
    let probability = match args.calibrate.calibrator_by(&run, &population)? {
        Some(calibrator) => calibrator.probability_at(logit, density),
        None => vgae::model::score::probability(logit),
    };
    if population.test.edges.is_empty() {
        reporter.note("nothing was held out for testing; these are the metrics of the validation part");
    }
    let report = ThresholdReport { logit, probability, precision, recall, num_predicted, density };
    stdout::print(|output| match args.json {
        true => stdout::write_json(output, &report),
        false => report.write(output),
    })
}

/// Returns the logit at which the validation part has the requested precision.
fn logit_with_precision(
    population: &Population,
    density: f64,
    precision: f64,
    reporter: &Reporter,
) -> Result<f64> {
    if population.validation.edges.is_empty() {
        return Err(Error::Usage("--precision needs validation edges; this run held out none".into()));
    }
    let Threshold { logit, .. } = Threshold::with_precision(&population.validation, density, precision)?;
    let above = |logits: &[f64]| logits.iter().filter(|&&other| other >= logit).count();
    let ClassLogits { edges, negatives } = &population.validation;
    let (num_edges, num_negatives) = (above(edges), above(negatives));
    if num_edges.min(num_negatives) < FEW_PAIRS {
        reporter.note(format!(
            "the threshold is uncertain: only {num_edges} of the {} validation edges and {num_negatives} of the \
             {} negatives are above it",
            edges.len(),
            negatives.len()
        ));
    }
    Ok(logit)
}

impl NumPredicted {
    fn counted(count: u64) -> Self {
        NumPredicted { count, low: count, high: count }
    }

    /// Estimates the number from a sample of the pairs that are not edges.
    fn estimated(sample: &[f64], logit: f64, num_candidates: u64) -> Self {
        let ShareAbove { share, low, high } = ShareAbove::estimate(sample, logit);
        let number = |share: f64| (share * num_candidates as f64).round() as u64;
        NumPredicted { count: number(share), low: number(low), high: number(high) }
    }
}

impl ThresholdReport {
    fn write(&self, output: &mut Output) -> io::Result<()> {
        let ThresholdReport { logit, probability, precision, recall, num_predicted, density } = self;
        let NumPredicted { count, low, high } = num_predicted;
        writeln!(
            output,
            "logit,probability,precision,recall,num_predicted,num_predicted_low,num_predicted_high,density"
        )?;
        writeln!(
            output,
            "{logit},{probability},{precision:.4},{recall:.4},{count},{low},{high},{density:.4e}"
        )
    }
}
