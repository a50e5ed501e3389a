use std::io::{self, Write};
use std::path::Path;

use clap::CommandFactory;
use clap_mangen::Man;

use crate::Outcome;
use crate::cli::Cli;
use crate::error::CommandError;

/// Prints the manual page, or writes that of each command to a directory.
pub(crate) fn man(directory: Option<&Path>) -> Outcome {
    let Some(directory) = directory else {
        let mut page = Vec::new();
        Man::new(Cli::command())
            .render(&mut page)
            .map_err(CommandError::Start)?;
        // Nobody reads it if standard output is closed.
        let _ = io::stdout().write_all(&page);
        return Ok(());
    };
    let written = std::fs::create_dir_all(directory)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), directory));
    written.map_err(|source| CommandError::Write {
        path: directory.to_owned(),
        source,
    })
}
