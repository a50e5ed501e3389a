use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _, Write};
use std::time::{Duration, Instant};

use flightstream_core::batch::{Offset, TopicPartition};
use flightstream_core::log::LogError;

use crate::error::CommandError;
use crate::groups::{Row, rows};
use crate::metrics::Monitor;
use crate::tasks::Tasks;
use crate::{Outcome, cli, cluster, metrics, signals};

/// What the stages on a cluster have committed and what they are behind. With `--metrics` it stays, whatever becomes of the
/// cluster, and tells Prometheus what that says of itself; a table is for a terminal then.
pub(crate) fn status(options: &cli::StatusOf) -> Outcome {
    let is_metric = options.monitoring.metrics.is_some();
    let is_terminal = io::stdout().is_terminal();
    let monitor = Monitor::start(&options.monitoring)?;
    let cluster = &options.data.cluster;
    let bootstrap = cluster::required(cluster)?;
    let (runtime, interrupted) = signals::runtime().map_err(CommandError::Start)?;
    let mut log = None;
    let mut before: Option<(Instant, Vec<Row>)> = None;
    runtime.block_on(async {
        let mut end = std::pin::pin!(interrupted.wait());
        loop {
            let at = Instant::now();
            let mut look = || {
                let log = match &mut log {
                    Some(log) => log,
                    none => none.insert(cluster::connect(cluster, bootstrap)?),
                };
                rows(log, &options.group, is_metric.then_some(&monitor))
            };
            match look() {
                Ok(rows) => {
                    if is_terminal || !is_metric {
                        let tasks = Tasks::ask(&options.stage)?;
                        let clears = is_terminal && !options.once;
                        print(&rows, &tasks, before.as_ref(), at, clears);
                    }
                    before = Some((at, rows));
                }
                Err(
                    error @ (CommandError::Log(LogError::Unavailable { .. })
                    | CommandError::Kafka(LogError::Unavailable { .. })),
                ) if is_metric => {
                    tracing::warn!("{error}; asking again");
                    if log.is_none() {
                        monitor.publish("cluster", metrics::cluster::of_description(None));
                    }
                    // What partitions held a while ago would look like a cluster at rest.
                    monitor.publish("offsets", String::new());
                    monitor.publish("groups", String::new());
                }
                Err(error) => return Err(error),
            }
            if options.once {
                return Ok(());
            }
            tokio::select! {
                () = &mut end => return Ok(()),
                () = tokio::time::sleep(options.interval) => {}
            }
        }
    })
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
