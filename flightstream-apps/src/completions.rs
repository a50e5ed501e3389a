use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::Shell;

use crate::Outcome;
use crate::cli::Cli;

/// Prints a shell's completion script.
#[allow(clippy::unnecessary_wraps, reason = "a command like the others")]
pub(crate) fn print(shell: Shell) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "flightstream", &mut script);
    // Nobody reads it if standard output is closed.
    let _ = io::stdout().write_all(&script);
    Ok(())
}
