use std::io::{self, Write};

use flightstream_core::runtime::ResetTo;

use crate::action::Begin;
use crate::cli::{Position, Stage};
use crate::error::CommandError;
use crate::{Outcome, cli, data, describe};

/// `reset`: the stores of a stage emptied, and its group's offsets set, while it does not run.
pub(crate) fn reset(options: &cli::Reset) -> Outcome {
    if options.stage == Stage::Index {
        return Err(CommandError::Usage(
            "the index is rebuilt from its topic at each start; there is nothing to reset"
                .to_owned(),
        ));
    }
    let log = data::open_existing(&options.data, "simulate")?;
    let to = match options.to {
        Position::Committed => ResetTo::Committed,
        Position::Earliest => ResetTo::Earliest,
        Position::Latest => ResetTo::Latest,
    };
    let begin = Begin(&log, to);
    let done = describe::of(options.stage, &options.data, &options.processing, &begin)?;
    let mut text = String::new();
    for (store, entries) in &done.stores {
        text.push_str(&format!("store {store}: {entries} entries removed\n"));
    }
    for (partition, offset) in &done.offsets {
        text.push_str(&format!("{partition}: goes on at {offset}\n"));
    }
    // Nobody reads it if standard output is closed.
    let _ = io::stdout().write_all(text.as_bytes());
    Ok(())
}
