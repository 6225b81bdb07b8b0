//! `vgae man`: the manual, made of the same definitions as the help.

use clap::CommandFactory;
use clap_mangen::Man;
use vgae::{Error, Result};

use super::{Cli, completions};

/// Print a man page of this program, or of one verb
///
/// For example: vgae man train | man -l -
#[derive(clap::Args)]
pub(super) struct Args {
    /// The verb
    #[arg(value_name = "VERB")]
    verb: Option<String>,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let mut program = Cli::command();
    program.build();
    let command = match &args.verb {
        None => program,
        Some(verb) => match program.find_subcommand(verb) {
            Some(command) => command.clone(),
            None => {
                let verbs: Vec<&str> = program.get_subcommands().map(|command| command.get_name()).collect();
                return Err(Error::Config(format!(
                    "{verb} is no verb; expected one of {}",
                    verbs.join(", ")
                )));
            }
        },
    };
    let mut page = Vec::new();
    let error = |source| Error::Io { action: "write", path: "-".into(), source };
    Man::new(command).render(&mut page).map_err(error)?;
    completions::write(&page)
}
