//! `vgae completions` and `vgae man`: the files that packagers ship with the program, generated from the
//! definitions of the command line.

use crate::{Error, Result};
use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;

use super::{Cli, stdout};

/// Print the completion script for a shell
///
/// For bash, for example: vgae completions bash > ~/.local/share/bash-completion/completions/vgae
#[derive(clap::Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn completions(args: &CompletionsArgs) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "vgae", &mut script);
    stdout::print_bytes(&script)
}

/// Print the man page of this program or of one verb
///
/// For example: vgae man train | man -l -
#[derive(clap::Args)]
pub(super) struct ManArgs {
    /// The verb
    #[arg(value_name = "VERB")]
    verb: Option<String>,
}

pub(super) fn man(args: &ManArgs) -> Result<()> {
    let mut program = Cli::command();
    program.build();
    let command = match &args.verb {
        None => program,
        Some(verb) => match program.find_subcommand(verb) {
            Some(command) => command.clone(),
            None => {
                let verbs: Vec<&str> = program.get_subcommands().map(|command| command.get_name()).collect();
                return Err(Error::Usage(format!(
                    "unknown verb {verb}; expected one of {}",
                    verbs.join(", ")
                )));
            }
        },
    };
    stdout::print(|output| Man::new(command).render(output))
}
