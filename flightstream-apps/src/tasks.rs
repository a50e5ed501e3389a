use std::collections::BTreeMap;

use flightstream_core::runtime::metrics::{RESTORE_REMAINING, TASK_STATE};

use crate::error::CommandError;
use crate::healthcheck;

/// What tasks do, by app and partition, as processes tell it at their `--metrics`.
#[derive(Default)]
pub(crate) struct Tasks(BTreeMap<(String, String), Task>);

#[derive(Clone, Copy, Default)]
struct Task {
    /// As [`TASK_STATE`] has it.
    state: u64,
    /// Changelog entries that it has still to read.
    remaining: u64,
}

impl Tasks {
    /// Asks each address once.
    pub(crate) fn ask(addresses: &[String]) -> Result<Self, CommandError> {
        let mut tasks = Self::default();
        for address in addresses {
            let told = healthcheck::ask(address, "metrics").map_err(|error| {
                CommandError::Usage(format!(
                    "--stage: {address} does not answer: {error}; it is what a stage's --metrics says"
                ))
            })?;
            tasks.take(&told);
        }
        Ok(tasks)
    }

    fn take(&mut self, text: &str) {
        for line in text.lines() {
            let Some((series, value)) = line.rsplit_once(' ') else {
                continue;
            };
            let Some((name, labels)) = series.split_once('{') else {
                continue;
            };
            let (Some(app), Some(partition)) = (label(labels, "app"), label(labels, "partition"))
            else {
                continue;
            };
            // Gauges are written as numbers with or without a fraction.
            let whole = value.split('.').next().and_then(|whole| whole.parse().ok());
            let (Some(value), TASK_STATE | RESTORE_REMAINING) = (whole, name) else {
                continue;
            };
            let task = self.0.entry((app, partition)).or_default();
            match name {
                // A partition that moved is told by the process that had it, too, as no task.
                TASK_STATE => task.state = task.state.max(value),
                _ => task.remaining = task.remaining.max(value),
            }
        }
    }

    /// What a group's task of a partition does, in a word or two.
    pub(crate) fn describe(&self, group: &str, partition: &str) -> String {
        let mut tasks = self.0.iter();
        let found = tasks.find(|((app, of), _)| {
            let is_app = group == app
                || group
                    .strip_prefix(app)
                    .is_some_and(|rest| rest.starts_with('-'));
            is_app && of == partition
        });
        match found.map(|(_, task)| task) {
            None | Some(Task { state: 0, .. }) => "-".to_owned(),
            Some(Task { state: 1, .. }) => "restarts".to_owned(),
            Some(Task {
                state: 2,
                remaining,
            }) => format!("restores {remaining}"),
            Some(_) => "runs".to_owned(),
        }
    }
}

fn label(labels: &str, name: &str) -> Option<String> {
    let start = labels.find(&format!("{name}=\""))? + name.len() + 2;
    let rest = labels.get(start..)?;
    Some(rest.get(..rest.find('"')?)?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_are_told_apart_by_app_and_partition() {
        let mut tasks = Tasks::default();
        tasks.take(
            "# TYPE flightstream_task_state gauge\n\
             flightstream_task_state{app=\"process\",partition=\"0\"} 3\n\
             flightstream_task_state{app=\"process\",partition=\"1\"} 2\n\
             flightstream_restore_remaining{app=\"process\",partition=\"1\"} 1250\n\
             flightstream_task_state{app=\"index\",partition=\"0\"} 1\n\
             flightstream_task_state{app=\"process\",partition=\"2\"} 0\n",
        );
        // Another process, which has had partition 0 before.
        tasks.take("flightstream_task_state{app=\"process\",partition=\"0\"} 0\n");
        assert_eq!(tasks.describe("process", "0"), "runs");
        assert_eq!(tasks.describe("process", "1"), "restores 1250");
        assert_eq!(tasks.describe("process", "2"), "-");
        assert_eq!(tasks.describe("index-a", "0"), "restarts");
        assert_eq!(tasks.describe("indexer", "0"), "-");
    }
}
