use std::io;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::Outcome;
use crate::cli::Cli;

/// Prints a shell's completion script.
#[allow(clippy::unnecessary_wraps, reason = "a command like the others")]
pub(crate) fn print(shell: Shell) -> Outcome {
    clap_complete::generate(
        shell,
        &mut Cli::command(),
        "flightstream",
        &mut io::stdout(),
    );
    Ok(())
}
