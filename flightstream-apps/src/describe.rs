use std::io::{self, Write};

use flightstream_core::runtime::Topology;

use crate::action::{Action, Describe};
use crate::cli::{Stage, TopologyFormat};
use crate::error::CommandError;
use crate::{Outcome, cli, pipeline, statistics};

/// `describe`: topics, operators and stores of stages, without running them.
pub(crate) fn describe(options: &cli::Describe) -> Outcome {
    let stages = match options.stages.as_slice() {
        [] => &[Stage::Process, Stage::Index],
        stages => stages,
    };
    for stage in stages {
        let topology = of(*stage, &options.data, &options.processing, &Describe)?;
        // Nobody reads it if standard output is closed.
        let _ = writeln!(io::stdout(), "{}", shown(&topology, options.format));
    }
    Ok(())
}

/// Does something with a stage.
pub(crate) fn of<A: Action>(
    stage: Stage,
    data: &cli::Data,
    options: &cli::Processing,
    action: &A,
) -> Result<A::Outcome, CommandError> {
    let airports = pipeline::airports(&options.reference)?;
    match stage {
        Stage::Process => pipeline::processing(data, options, &airports.table, action),
        Stage::Index => pipeline::indexing(data, &Default::default(), &Default::default(), action),
        Stage::Statistics(kind) => {
            statistics::statistics(kind, &options.state, &airports.table, action)
        }
    }
}

fn shown(topology: &Topology, format: TopologyFormat) -> String {
    match format {
        TopologyFormat::Text => topology.to_string(),
        TopologyFormat::Mermaid => topology.mermaid(),
        TopologyFormat::Json => topology.json(),
    }
}
