//! The command line: one file per verb.

mod applied;
mod audit;
mod benchmark;
mod completions;
mod datasets;
mod embed;
mod evaluate;
mod explore;
mod generate;
mod inspect;
mod man;
mod plot;
mod predict;
mod probabilities;
mod progress;
mod reconstruct;
mod report;
mod reproduce;
mod score;
mod signals;
mod stdout;
mod threshold;
mod train;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};
use vgae::error::printable;
use vgae::kernels::device::Devices;
use vgae::system::threads::{Caller, use_threads};
use vgae::{Error, Result};

use progress::{Speech, Voice};

/// The version, and that of the libtorch it was built with.
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (libtorch ", env!("VGAE_LIBTORCH_VERSION"), ")");

/// The same, as `--version` begins; the devices follow.
const LONG_VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\nlibtorch ", env!("VGAE_LIBTORCH_VERSION"));

/// More threads than any machine has cores only wait for each other.
const MAX_THREADS: i64 = 512;

/// Finds the missing links of a graph with variational graph auto-encoders.
///
/// Train on an edge list, get an honest AUC and AP on held-out links, then score, predict and embed.
#[derive(Parser)]
#[command(version = VERSION, long_version = LONG_VERSION, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    speech: Speech,
    /// Threads to compute on; 0 for one per core
    #[arg(long, global = true, value_name = "COUNT", default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=MAX_THREADS))]
    threads: u16,
}

#[derive(Subcommand)]
enum Verb {
    Train(Box<train::Args>),
    Evaluate(evaluate::Args),
    Score(score::Args),
    Predict(predict::Args),
    Explore(explore::Args),
    Threshold(threshold::Args),
    Embed(embed::Args),
    Inspect(inspect::Args),
    Report(report::Args),
    Plot(plot::Args),
    Reconstruct(reconstruct::Args),
    Generate(generate::Args),
    Reproduce(reproduce::Args),
    Audit(audit::Args),
    Benchmark(benchmark::Args),
    Datasets(datasets::Args),
    Completions(completions::Args),
    Man(man::Args),
}

/// Runs the command line of this process. Exit codes: 0 done, 1 an error, 2 a mistake in the usage, 128 and the number of
/// the signal that stopped a training; the other verbs end by the signal itself.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    let caller = if let Verb::Explore(_) = cli.verb { Caller::Waits } else { Caller::Computes };
    use_threads(usize::from(cli.threads), caller);
    let voice = Voice::new(&cli.speech);
    match run(&cli, &voice) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read our output has seen enough, as with `vgae score … | head`.
        Err(error) if error.is_broken_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", printable(&error.to_string()));
            match error {
                Error::Config(_) => ExitCode::from(2),
                Error::Interrupted { signal, .. } => ExitCode::from(train::code(signal) as u8),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

fn run(cli: &Cli, voice: &Voice) -> Result<()> {
    // These two have their own ways to end.
    if !matches!(cli.verb, Verb::Train(_) | Verb::Explore(_)) {
        signals::leave_nothing_unfinished()?;
    }
    match &cli.verb {
        Verb::Train(args) => train::run(args, voice),
        Verb::Evaluate(args) => evaluate::run(args, voice),
        Verb::Score(args) => score::run(args, voice),
        Verb::Predict(args) => predict::run(args, voice),
        Verb::Explore(args) => explore::run(args, voice),
        Verb::Threshold(args) => threshold::run(args, voice),
        Verb::Embed(args) => embed::run(args, voice),
        Verb::Inspect(args) => inspect::run(args, voice),
        Verb::Report(args) => report::run(args, voice),
        Verb::Plot(args) => plot::run(args, voice),
        Verb::Reconstruct(args) => reconstruct::run(args, voice),
        Verb::Generate(args) => generate::run(args, voice),
        Verb::Reproduce(args) => reproduce::run(args, voice),
        Verb::Audit(args) => audit::run(args, voice),
        Verb::Benchmark(args) => benchmark::run(args, usize::from(cli.threads), voice),
        Verb::Datasets(args) => datasets::run(args),
        Verb::Completions(args) => completions::run(args),
        Verb::Man(args) => man::run(args),
    }
}

/// Prints what clap has to say instead of running a verb: help, the version, or a mistake in the usage.
fn refuse(error: &clap::Error) -> ExitCode {
    // Looking for devices takes time, so that it is done only where they are asked for.
    if error.kind() == ErrorKind::DisplayVersion && error.to_string().contains(LONG_VERSION) {
        return match completions::write(format!("{error}{}\n", Devices::find()).as_bytes()) {
            Err(error) if !error.is_broken_pipe() => ExitCode::FAILURE,
            _ => ExitCode::SUCCESS,
        };
    }
    error.exit()
}
