use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _, Write};
use std::time::{Duration, Instant};

use flightstream_core::batch::{Offset, TopicPartition};
use flightstream_core::log::Log;
use flightstream_core::log::kafka::KafkaLog;

use crate::data::topics;
use crate::error::CommandError;
use crate::tasks::Tasks;
use crate::{Outcome, cli, cluster, signals};

/// The stages' groups, with what they read.
const STAGES: [(&str, &str); 2] = [("process", topics::FLIGHT), ("index", topics::ENRICHED)];

/// What the stages on a cluster have committed and what they are behind.
pub(crate) fn status(options: &cli::StatusOf) -> Outcome {
    let cluster = &options.data.cluster;
    let log = cluster::connect(cluster, cluster::required(cluster)?)?;
    let (runtime, interrupted) = signals::runtime().map_err(CommandError::Start)?;
    let mut before: Option<(Instant, Vec<Row>)> = None;
    let clears = io::stdout().is_terminal() && !options.once;
    runtime.block_on(async {
        let mut end = std::pin::pin!(interrupted.wait());
        loop {
            let at = Instant::now();
            let rows = rows(&log, &options.group)?;
            let tasks = Tasks::ask(&options.stage)?;
            print(&rows, &tasks, before.as_ref(), at, clears);
            if options.once {
                return Ok(());
            }
            before = Some((at, rows));
            tokio::select! {
                () = &mut end => return Ok(()),
                () = tokio::time::sleep(options.interval) => {}
            }
        }
    })
}

/// One partition as a group sees it.
struct Row {
    group: String,
    state: String,
    members: usize,
    partition: TopicPartition,
    committed: Option<Offset>,
    end: Offset,
    lag: u64,
}

fn rows(log: &KafkaLog, groups: &[String]) -> Result<Vec<Row>, CommandError> {
    let there_are = log.groups()?;
    let is_wanted = |group: &String| match groups {
        [] => {
            let is_stage = STAGES.iter().any(|(stage, _)| group == stage);
            is_stage || group.starts_with("statistics-") || group.starts_with("index-")
        }
        groups => groups.contains(group),
    };
    let names: Vec<String> = log.topics()?.into_iter().map(|topic| topic.name).collect();
    let mut rows = Vec::new();
    for (group, (state, members)) in there_are {
        if !is_wanted(&group) {
            continue;
        }
        for topic in &names {
            let committed = log.committed(&group, topic)?;
            if committed.is_empty() {
                continue;
            }
            for (range, number) in log.offsets(topic)?.into_iter().zip(0..) {
                let partition = TopicPartition::new(topic.as_str(), number);
                let committed = committed.get(&partition).copied();
                let from = committed.unwrap_or(range.start).max(range.start);
                rows.push(Row {
                    group: group.clone(),
                    state: state.clone(),
                    members,
                    partition,
                    committed,
                    end: range.end,
                    lag: range.end.saturating_sub(from),
                });
            }
        }
    }
    Ok(rows)
}

fn print(
    rows: &[Row],
    tasks: &Tasks,
    before: Option<&(Instant, Vec<Row>)>,
    at: Instant,
    clears: bool,
) {
    let mut text = String::new();
    if clears {
        // Back to the top, and everything away.
        text.push_str("\x1b[H\x1b[2J");
    }
    text.push_str(&format!(
        "{:<24} {:<12} {:>7} {:<32} {:>12} {:>12} {:>10} {:>10}  {}\n",
        "GROUP", "STATE", "MEMBERS", "PARTITION", "COMMITTED", "END", "LAG", "RECORDS/S", "TASK"
    ));
    let earlier = before.map(|(then, rows)| (at - *then, by_partition(rows)));
    for row in rows {
        let key = (row.group.as_str(), &row.partition);
        let rate = earlier.as_ref().and_then(|(elapsed, earlier)| {
            let moved = row.committed?.saturating_sub((*earlier.get(&key)?)?);
            Some(format!("{:.0}", rate(moved, *elapsed)))
        });
        text.push_str(&format!(
            "{:<24} {:<12} {:>7} {:<32} {:>12} {:>12} {:>10} {:>10}  {}\n",
            row.group,
            row.state,
            row.members,
            row.partition.to_string(),
            row.committed
                .map_or("-".to_owned(), |offset| offset.to_string()),
            row.end,
            row.lag,
            rate.unwrap_or_else(|| "-".to_owned()),
            tasks.describe(&row.group, &row.partition.partition().to_string()),
        ));
    }
    let lag: u64 = rows.iter().map(|row| row.lag).sum();
    text.push_str(&format!(
        "{} partitions, {lag} records behind\n",
        rows.len()
    ));
    // Nobody reads it if standard output is closed.
    let _ = io::stdout().write_all(text.as_bytes());
}

type Committed<'a> = BTreeMap<(&'a str, &'a TopicPartition), Option<Offset>>;

fn by_partition(rows: &[Row]) -> Committed<'_> {
    let rows = rows.iter();
    rows.map(|row| ((row.group.as_str(), &row.partition), row.committed))
        .collect()
}

#[allow(clippy::cast_precision_loss, reason = "a rate to look at")]
fn rate(moved: u64, elapsed: Duration) -> f64 {
    moved as f64 / elapsed.as_secs_f64().max(0.001)
}
