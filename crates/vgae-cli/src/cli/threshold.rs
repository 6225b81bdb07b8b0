//! `vgae threshold`: where to cut a ranking, and what to expect above the cut.

use std::io::{self, Write};
use std::path::PathBuf;

use serde::Serialize;
use vgae::evaluate::calibrate::{Classes, Cut, Population};
use vgae::run::Run;
use vgae::write::Output;
use vgae::{Error, Result};

use super::probabilities::Probabilities;
use super::progress::Voice;
use super::stdout;

/// Say from which logit on pairs are to be taken for links
///
/// The cut for --precision is chosen on the validation part. By the test part: recall, the share of the links that are above
/// it; num_predicted, how many pairs above it are no edges of the graph, which are what predict gives; and precision, the
/// share of links among both, where links are as rare as in the graph. How many of the predicted pairs are links that the
/// graph lacks, nobody knows. --budget cuts after so many predicted pairs, by ranking all.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The run directory
    run: PathBuf,
    #[command(flatten)]
    aim: Aim,
    /// The share of pairs that are links [default: the share of the graph's pairs that are edges]
    #[arg(long, allow_negative_numbers = true, value_name = "SHARE")]
    density: Option<f64>,
    #[command(flatten)]
    probabilities: Probabilities,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct Aim {
    /// The lowest cut above which this share of the pairs are links
    #[arg(long, allow_negative_numbers = true, value_name = "SHARE")]
    precision: Option<f64>,
    /// The cut above which there are so many pairs that are no edges
    #[arg(long, allow_negative_numbers = true, value_name = "COUNT")]
    budget: Option<usize>,
}

/// Edges or negatives above a cut below which it is mostly chance.
const FEW: usize = 20;

/// What is printed.
#[derive(Serialize)]
struct Answer {
    logit: f64,
    probability: f64,
    precision: f64,
    recall: f64,
    num_predicted: u64,
    density: f64,
}

pub(super) fn run(args: &Args, voice: &Voice) -> Result<()> {
    for (flag, share) in [("--precision", args.aim.precision), ("--density", args.density)] {
        if let Some(share) = share.filter(|share| !(*share > 0.0 && *share < 1.0)) {
            return Err(Error::Config(format!("{flag} is {share}; expected a share above 0 and below 1")));
        }
    }
    if args.aim.budget == Some(0) {
        return Err(Error::Config("--budget is 0; expected at least 1".into()));
    }
    let stage = voice.stage("opening the run");
    let run = Run::open(&args.run)?;
    stage.begin("encoding the nodes");
    let score = run.encode()?.score;
    stage.begin("scoring links and non-links");
    let population = run.population(&*score)?;
    let density = args.density.unwrap_or(population.density);
    if population.reported().edges.is_empty() {
        let problem = "this run held no links out: nothing can be said of precision and recall";
        return Err(Error::Config(problem.into()));
    }
    let num_candidates = run.graph.edges.num_pairs() - run.graph.edges.len() as u64;
    let (cut, num_predicted) = match (args.aim.precision, args.aim.budget) {
        (Some(precision), _) => {
            let logit = chosen(&population, density, precision, voice)?;
            let cut = Cut::at(population.reported(), density, logit)?;
            if cut.precision < precision {
                voice.say(format!(
                    "note: by the test part its precision is {:.4}, less than the {precision} that it has by the validation \
                     part; --precision somewhat higher, or --budget, which ranks all pairs",
                    cut.precision
                ));
            }
            (cut, (cut.share_of_negatives * num_candidates as f64).round() as u64)
        }
        (None, budget) => {
            let budget = budget.unwrap_or_default();
            stage.begin("searching all pairs");
            let best = score.top_pairs(budget, &run.graph.edges);
            if best.len() < budget {
                voice.say(format!("note: there are no more pairs that are no edges: {}", best.len()));
            }
            let Some(last) = best.last() else {
                return Err(Error::Config("every pair is an edge: there is nothing to cut".into()));
            };
            let cut = Cut::at(population.reported(), density, last.logit)?;
            (cut.with_negatives(best.len() as f64 / num_candidates as f64, density), best.len() as u64)
        }
    };
    drop(stage);
    let Cut { logit, precision, recall, .. } = cut;
    let probability = match args.probabilities.calibrator_by(&run, &population)? {
        Some(calibrator) => calibrator.probability_at(logit, density),
        None => vgae::model::score::probability(logit),
    };
    if population.test.edges.is_empty() {
        voice.say("note: nothing was held out to test; the figures are those of the validation part");
    }
    let answer = Answer { logit, probability, precision, recall, num_predicted, density };
    stdout::print(|output| match args.json {
        true => stdout::write_json(output, &answer),
        false => answer.write(output),
    })
}

/// The cut for a precision, by the validation part.
fn chosen(population: &Population, density: f64, precision: f64, voice: &Voice) -> Result<f64> {
    if population.validation.edges.is_empty() {
        return Err(Error::Config("--precision needs validation edges, and this run held none out".into()));
    }
    let Cut { logit, .. } = Cut::with_precision(&population.validation, density, precision)?;
    let above = |logits: &[f64]| logits.iter().filter(|&&other| other >= logit).count();
    let Classes { edges, negatives } = &population.validation;
    let (num_edges, num_negatives) = (above(edges), above(negatives));
    if num_edges.min(num_negatives) < FEW {
        voice.say(format!(
            "note: the cut rests on little: above it are {num_edges} of the {} validation edges and {num_negatives} of {} \
             negatives",
            edges.len(),
            negatives.len()
        ));
    }
    Ok(logit)
}

impl Answer {
    fn write(&self, output: &mut Output) -> io::Result<()> {
        let Answer { logit, probability, precision, recall, num_predicted, density } = self;
        writeln!(output, "logit,probability,precision,recall,num_predicted,density")?;
        writeln!(output, "{logit},{probability},{precision:.4},{recall:.4},{num_predicted},{density:.4e}")
    }
}
