//! The command line, with one file per verb.

mod audit;
mod benchmark;
mod datasets;
mod embed;
mod evaluate;
mod explore;
mod generate;
mod inspect;
mod packaging;
mod plot;
mod predict;
mod progress;
mod reconstruct;
mod report;
mod reproduce;
mod score;
mod shared_args;
mod signals;
mod stdout;
mod threshold;
mod train;

use std::process::ExitCode;

use crate::{Error, Result, renamed_flags};
use clap::error::ErrorKind;
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};
use vgae::error::printable;
use vgae::kernels::device::Devices;
use vgae::system::threads::{Caller, use_threads};

use progress::{OutputArgs, Reporter};

/// The version of this program, and of the libtorch it was built with.
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("VGAE_LIBTORCH"), ")");

/// The first lines that `--version` prints; the devices follow.
const LONG_VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\n", env!("VGAE_LIBTORCH"));

/// The largest number of threads, because threads beyond the number of cores only wait for each other.
const MAX_THREADS: i64 = 512;

/// Find the missing links of a graph with variational graph auto-encoders
///
/// Train a model on an edge list and measure AUC and AP on held-out links. Then predict links, score pairs of
/// nodes, or export the embeddings.
#[derive(Parser)]
#[command(name = "vgae", version = VERSION, long_version = LONG_VERSION, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    output: OutputArgs,
    /// Number of threads to compute on; 0 for one per core
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
    Completions(packaging::CompletionsArgs),
    Man(packaging::ManArgs),
}

/// Runs the command line of this process and returns its exit code: 0 for success, 1 for an error, 2 for a
/// usage error, and 128 plus the number of the signal that stopped training; the other verbs are ended by the
/// signal itself.
pub fn main() -> ExitCode {
    let parsed =
        Cli::command().try_get_matches().and_then(|given| Ok((Cli::from_arg_matches(&given)?, given)));
    let (cli, given) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return print_and_exit(&error),
    };
    let caller = if let Verb::Explore(_) = cli.verb { Caller::Waits } else { Caller::Computes };
    use_threads(usize::from(cli.threads), caller);
    let reporter = Reporter::new(&cli.output);
    match run(cli, &given, &reporter) {
        Ok(()) => ExitCode::SUCCESS,
        // The reader of the output stopped early, as with `vgae score … | head`.
        Err(error) if error.is_broken_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", printable(&error.to_string()));
            match error {
                Error::Usage(_) => ExitCode::from(2),
                Error::Library(vgae::Error::Interrupted { signal, .. }) => {
                    ExitCode::from(signals::exit_code(signal) as u8)
                }
                _ => ExitCode::FAILURE,
            }
        }
    }
}

/// Runs the verb of `cli`; `given` are the same arguments with their sources.
fn run(cli: Cli, given: &ArgMatches, reporter: &Reporter) -> Result<()> {
    // Training and the server handle signals themselves.
    if !matches!(cli.verb, Verb::Train(_) | Verb::Explore(_)) {
        signals::discard_unfinished_on_signal()?;
    }
    match cli.verb {
        Verb::Train(args) => train::run(*args, given.subcommand_matches("train").unwrap_or(given), reporter),
        Verb::Evaluate(args) => evaluate::run(&args, reporter),
        Verb::Score(args) => score::run(&args, reporter),
        Verb::Predict(args) => predict::run(&args, reporter),
        Verb::Explore(args) => explore::run(&args, reporter),
        Verb::Threshold(args) => threshold::run(&args, reporter),
        Verb::Embed(args) => embed::run(&args, reporter),
        Verb::Inspect(args) => inspect::run(&args, reporter),
        Verb::Report(args) => report::run(&args, reporter),
        Verb::Plot(args) => plot::run(&args, reporter),
        Verb::Reconstruct(args) => reconstruct::run(&args, reporter),
        Verb::Generate(args) => generate::run(&args, reporter),
        Verb::Reproduce(args) => reproduce::run(&args, reporter),
        Verb::Audit(args) => audit::run(&args, reporter),
        Verb::Benchmark(args) => benchmark::run(&args, usize::from(cli.threads), reporter),
        Verb::Datasets(args) => datasets::run(&args),
        Verb::Completions(args) => packaging::completions(&args),
        Verb::Man(args) => packaging::man(&args),
    }
}

/// Prints the help, the version or a usage error that clap reports instead of the arguments of a verb.
fn print_and_exit(error: &clap::Error) -> ExitCode {
    let verb = renamed_flags::verb_of(error);
    if let Some(problem) = verb.and_then(|verb| renamed_flags::explain(&verb, error)) {
        eprintln!("error: {problem}");
        return ExitCode::from(2);
    }
    // Finding devices takes time, so only `--version` does it.
    if error.kind() == ErrorKind::DisplayVersion && error.to_string().contains(LONG_VERSION) {
        return match stdout::print_bytes(format!("{error}{}\n", Devices::find()).as_bytes()) {
            Err(error) if !error.is_broken_pipe() => ExitCode::FAILURE,
            _ => ExitCode::SUCCESS,
        };
    }
    error.exit()
}
