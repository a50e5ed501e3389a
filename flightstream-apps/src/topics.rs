use std::io::{self, Write};

use flightstream_core::log::kafka::{TopicPlan, TopicState};

use crate::error::CommandError;
use crate::{Outcome, archive, cli, cluster, data};

/// `topics plan`, `apply`, `check` and `delete`.
pub(crate) fn topics(command: &cli::Topics) -> Outcome {
    match command {
        cli::Topics::Plan(data) => plans(data).map(|plans| plans.iter().for_each(print)),
        cli::Topics::Apply(data) => apply(data),
        cli::Topics::Check(data) => {
            let plans = plans(data)?;
            plans.iter().for_each(print);
            cluster::check(&plans)
        }
        cli::Topics::Export(options) => archive::export(options),
        cli::Topics::Import(options) => archive::import(options),
        cli::Topics::Delete { name, data } => {
            let log = connect(data)?;
            log.delete_topic(name)?;
            say(&format!("{name}: deleted"));
            Ok(())
        }
    }
}

fn connect(data: &cli::Data) -> Result<flightstream_core::log::kafka::KafkaLog, CommandError> {
    cluster::connect(&data.cluster, cluster::required(&data.cluster)?)
}

fn plans(data: &cli::Data) -> Result<Vec<TopicPlan>, CommandError> {
    Ok(connect(data)?.plan(&data::specs(data))?)
}

fn apply(data: &cli::Data) -> Outcome {
    let log = connect(data)?;
    for plan in log.plan(&data::specs(data))? {
        log.apply(&plan)?;
        print(&plan);
    }
    // What cannot be set is told now, not when a stage starts.
    cluster::check(&cluster::settled_plan(&log, &data::specs(data))?)
}

fn print(plan: &TopicPlan) {
    let name = &plan.spec.name;
    match &plan.state {
        TopicState::Missing => say(&format!(
            "{name}: create, {} partitions",
            plan.spec.partitions
        )),
        TopicState::Exists {
            partitions,
            replicas,
            differences,
        } => {
            let state = if differences.is_empty() {
                "as wanted"
            } else {
                "change"
            };
            say(&format!(
                "{name}: {state}, {partitions} partitions, {replicas} replicas"
            ));
            for difference in differences {
                say(&format!("  {difference}"));
            }
        }
    }
}

fn say(line: &str) {
    // Nobody reads it if standard output is closed.
    let _ = writeln!(io::stdout(), "{line}");
}
